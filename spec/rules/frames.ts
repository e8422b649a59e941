import type { Catalogue } from '../support/catalogue.ts';

/** Frames and content. */
export const framesRules = {
  'CON-30': {
    says: 'A frame is its type (1 octet), channel (2), size (4), so many octets of payload, and the octet 206. Type 1 is a method, 2 a content header, 3 a body, 8 a heartbeat. It may arrive in any pieces.',
  },
  'CON-31': {
    says: 'A payload may have as many octets as frame-max says, although 8 octets fewer would be due. A larger one closes the connection with 501 (0/0) "FRAME_ERROR - type 3, all octets = <<>>: {frame_too_large,200000,131064}", its size and frame-max less 8, as soon as the size was read.',
  },
  'CON-32': {
    says: 'A frame that does not end with 206 closes the connection with 501 (0/0) "FRAME_ERROR - type 1, all octets = <<...>>: {invalid_frame_end_marker,207}". How the text is broken into lines does not matter.',
  },
  'CON-33': {
    says: 'After a frame that is too large or has a wrong end nothing more is read from the client, not even close-ok: the socket is closed about 3 seconds later.',
  },
  'CON-34': {
    says: 'A frame of an unknown type, a heartbeat with a payload, and a method or content header too short to be one close the connection with 501 (0/0) "FRAME_ERROR - type 4, all octets = <<"hello">>: unknown_frame". Of more than 16 octets the text shows the "first 16 octets".',
  },
  'CON-35': {
    says: 'A heartbeat on another channel than 0, and a content header or body on channel 0, close the connection with 505 (0/0) "UNEXPECTED_FRAME - type 8, all octets = <<>>".',
  },
  'CON-36': {
    says: 'A frame that is not due on its channel closes the connection with 505 UNEXPECTED_FRAME: content without basic.publish (0/0) "expected method frame, got non method frame instead"; not a header after basic.publish, or one with a weight, "expected content header for class 60, got non content header frame instead"; a header of another class "expected content header for class 60, got one for class 50 instead"; not a body while octets are missing "expected content body, got non content body frame instead" (these three 60/40).',
  },
  'CON-37': {
    says: 'A header that announces no body completes the message: no body frame follows it, in either direction, and an empty one is a frame that is not due. While octets are missing, empty body frames do no harm.',
  },
  'CON-38': {
    says: 'A body frame with more octets than are missing: since 4.2 it closes the connection with 501 (60/40) "FRAME_ERROR - content body frame exceeds remaining content size".',
  },
  'CON-39': {
    says: 'A header that announces more than 536870912 octets: since 4.2 it closes the connection at once with 501 (60/40) "FRAME_ERROR - content body size N exceeds maximum allowed size 536870912".',
  },
  'CON-40': {
    says: 'The broker sends a body in frames of at most frame-max less 8 octets, each but the last of exactly that size. Methods and headers are never split.',
  },
  'CON-41': {
    says: 'Frames of several channels may be mixed between the frames of one message, in either direction; frames of one channel may not.',
  },
  'CON-42': {
    says: 'A method whose arguments are too short or too long closes the connection with 501 "FRAME_ERROR - cannot decode <<1,2>>", with the ids of that method. On channel 0 a broker may fail with 541 instead.',
  },
  'CON-43': {
    says: 'An unknown class or method, and an unknown type in a table among the arguments of a method, end the connection. A broker may drop the socket without a word, or close it first with 503 COMMAND_INVALID for the method and 502 SYNTAX_ERROR for the type.',
  },
  'CON-44': {
    says: 'A method that only a broker may send, or one of connection on another channel than 0, or a close-ok without a close, ends the connection with 503 "COMMAND_INVALID - unimplemented method". Since 4.0 a broker may take basic.cancel-ok for a basic.cancel without an answer, or fail over it with 541.',
  },
  'CON-45': {
    says: 'Properties that cannot be decoded close the connection with 541 (0/0) "INTERNAL_ERROR" or with 502; nothing is published. A broker may accept floats that are infinite or no number.',
  },
  'CON-46': {
    says: 'The methods beyond the standard have these ids: exchange.bind 40/30 and bind-ok 40/31, exchange.unbind 40/40 and unbind-ok 40/51, basic.nack 60/120, basic.recover-async 60/100, connection.blocked 10/60 and unblocked 10/61, connection.update-secret 10/70 and update-secret-ok 10/71, confirm.select 85/10 and select-ok 85/11.',
  },
} satisfies Catalogue;
