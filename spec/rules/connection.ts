import type { Catalogue } from '../support/catalogue.ts';

/** Connections. */
export const connectionRules = {
  'CON-01': {
    says: 'A client begins with the eight octets "AMQP" 0 0 9 1, and the broker answers with connection.start on channel 0. "AMQP" 1 1 0 9, the header of AMQP 0-9, is served in the same way.',
  },
  'CON-02': {
    says: 'Any other eight octets are answered with the eight octets of a header the broker knows, and nothing else; then it closes the socket at once.',
  },
  'CON-03': {
    says: 'A broker that does not speak AMQP 1.0 answers its headers, "AMQP" 0, 2 or 3 and 1 0 0, with "AMQP" 0 0 9 1 and closes the socket. One that speaks it may answer with the AMQP 1.0 header instead.',
  },
  'CON-04': {
    says: 'From the accepted socket to connection.open a client has 10 seconds. One that has not come so far is dropped without a word, wherever it stopped.',
  },
  'CON-05': {
    says: 'connection.start says version 0-9, the locale en_US and the mechanisms with spaces between them: PLAIN and AMQPLAIN, since 4.0 also ANONYMOUS unless it is switched off, and EXTERNAL only where TLS is spoken.',
  },
  'CON-06': {
    says: 'The server-properties are capabilities (a table) and cluster_name, copyright, information, platform, product and version (long strings), sorted by key. The product is "RabbitMQ" and the version plain numbers with dots, as clients read them.',
  },
  'CON-07': {
    says: 'The capabilities of a broker are booleans that are true: publisher_confirms, exchange_exchange_bindings, basic.nack, consumer_cancel_notify, connection.blocked, consumer_priorities, authentication_failure_close, per_consumer_qos and direct_reply_to. A broker that lacks one of the last kind, connection.blocked or direct_reply_to, leaves it out.',
  },
  'CON-08': {
    says: 'What a client can do stands in the table capabilities of its client-properties; anything but the boolean true does not count. A broker acts on authentication_failure_close, connection.blocked and consumer_cancel_notify, and keeps all others and all other properties to show them.',
  },
  'CON-09': {
    says: 'The client property connection_name is shown as the user-provided name of the connection in the HTTP API. The name of the connection itself is "host:port -> host:port", first the client and then the broker.',
  },
  'CON-10': { says: 'The locale a client asks for is not looked at.' },
  'CON-11': {
    says: 'The response of the mechanism PLAIN is a NUL, the user, a NUL and the password. It must begin with NUL and hold exactly these two; any other is dropped without a word.',
  },
  'CON-12': {
    says: 'The response of the mechanism AMQPLAIN is the inside of a field table, without its length, with the long strings LOGIN and PASSWORD; since 4.0 their type may be binary too. When one is missing or cannot be decoded the client is dropped without a word; one of another type is a wrong login.',
  },
  'CON-13': {
    says: 'The mechanism ANONYMOUS logs a client in as the user configured for it, whatever the response; it is offered only when there is such a user. EXTERNAL takes the user from the certificate of the client and is offered only over TLS.',
  },
  'CON-14': {
    says: 'A wrong password, a blank one, or an unknown user: a client that announced authentication_failure_close gets connection.close 403 (0/0) "ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile." with the mechanism it used. One that did not is dropped without a word after about 3 seconds.',
  },
  'CON-15': {
    says: 'Any other fault before a client is logged in (a mechanism that is unknown or not offered, a malformed response, the wrong method) is not told, whatever the client can do: the socket is dropped after about 3 seconds.',
  },
  'CON-16': { says: 'A user without a password cannot log in with one, not even with an empty one.' },
  'CON-17': {
    says: 'Unless the broker is configured otherwise, the user guest may connect from the same machine only; from elsewhere it is refused like a wrong password.',
    unproven: 'it takes a client on another machine',
  },
  'CON-18': {
    says: 'PLAIN and AMQPLAIN are done with start-ok: connection.tune follows it. Only mechanisms of several steps use connection.secure.',
  },
  'CON-19': {
    says: 'Unless configured otherwise connection.tune proposes 2047 channels, frames of 131072 octets and a heartbeat of 60 seconds.',
  },
  'CON-20': {
    says: 'A client may take frame-max from the smallest allowed (4096; since 4.1, 8192) to 131072 and channel-max from 1 to 2047. 0 means no limit and so counts as too high in both.',
  },
  'CON-21': {
    says: 'A tune-ok outside these limits ends the connection: the socket is dropped after about 3 seconds, or the broker says before that connection.close 530 "NOT_ALLOWED - negotiated channel_max = 0 (no limit) is higher than the maximum allowed value (2047)".',
  },
  'CON-22': {
    says: 'The heartbeat of tune-ok is taken as it is, also when it is longer than what was proposed. 0 switches heartbeats off in both directions.',
  },
  'CON-23': {
    says: 'With a heartbeat of T seconds the broker sends an empty frame of type 8 on channel 0 whenever it has sent nothing for T/2 seconds, beginning with tune-ok.',
  },
  'CON-24': {
    says: 'A client of which nothing was received in two checks running, one every T seconds, is dropped without a close method: between 2T and 3T after its last octet. Any octet counts, also one that is part of a frame.',
  },
  'CON-25': {
    says: 'While a connection is blocked by an alarm, and so not read, the silence of its client does not count. The broker goes on to send heartbeats.',
    unproven: 'it takes a memory or disk alarm',
  },
  'CON-26': {
    says: 'connection.open of a vhost that does not exist, the empty name included, closes the connection with 530 "NOT_ALLOWED - vhost VHOST not found".',
  },
  'CON-27': {
    says: "connection.open of a vhost for which the user has no permissions set closes the connection with 530 \"NOT_ALLOWED - access to vhost 'VHOST' refused for user 'USER'\".",
  },
  'CON-28': {
    says: "A connection beyond the limit of its vhost is closed with 530 \"NOT_ALLOWED - access to vhost 'VHOST' refused for user 'USER': connection limit (N) is reached\", one beyond the limit of its user with 530 \"NOT_ALLOWED - connection refused for user 'USER': user connection limit (N) is reached\". The limits are looked at before the permissions.",
  },
  'CON-29': {
    says: 'connection.open is answered with open-ok and empty known-hosts; only then may channels be used.',
  },
  'CON-52': {
    says: 'Before the broker answers connection.close, all that came before it is done: what was published is in its queues, what was not acked is back in them, and the exclusive queues of the connection are gone.',
  },
  'CON-53': {
    says: 'After its close-ok the broker leaves it to the client to close the socket. It closes it itself after the heartbeat of the connection, 30 seconds at most, and 30 when there is none.',
  },
  'CON-54': {
    says: 'After its own connection.close the broker looks at nothing but connection.close, which it answers, and close-ok, after which it closes the socket at once. When no close-ok comes it closes the socket after the time of CON-53, or after 3 seconds when the connection was not yet tuned.',
  },
  'CON-55': {
    says: 'A method on channel 0 that is not due closes the connection with 504 "CHANNEL_ERROR - unexpected method in connection state running" (or opening). While tune-ok is due a broker may drop the socket without a word instead, and it does so before the client is logged in.',
  },
  'CON-56': {
    says: 'A frame on another channel than 0 before open-ok closes the connection with 505 (0/0) "UNEXPECTED_FRAME - type 1, all octets = <<0,20,0,10,0>>".',
  },
  'CON-57': {
    says: 'An administrator closes a connection with 320 (0/0): "CONNECTION_FORCED - " and the reason of the HTTP header X-Reason, or "Closed via management plugin". The texts of others: "user \'USER\' is deleted", "vhost \'VHOST\' is deleted" or "is down", and "broker forced connection closure with reason \'shutdown\'" when the broker stops.',
  },
  'CON-58': {
    says: 'In a memory or disk alarm a connection is blocked once it publishes: it is not read any more, and a client that announced connection.blocked is told so with the reason "low on memory", "low on disk" or "low on memory & disk". Those who only consume go on.',
    unproven: 'it takes a memory or disk alarm',
  },
  'CON-59': {
    says: 'When the last alarm is over a blocked client gets connection.unblocked; a second alarm before that sends nothing. A blocked client still gets deliveries, but its acks are read only later.',
    unproven: 'it takes a memory or disk alarm',
  },
  'CON-60': {
    says: 'connection.update-secret of an open connection is answered with update-secret-ok. Where users have passwords the new secret is not looked at.',
  },
  'CON-61': {
    says: 'A connection that is lost without a close is treated as if it and its channels had been closed: unacked messages are back in their order as redelivered, transactions that were not committed are dropped, exclusive queues are deleted.',
  },
} satisfies Catalogue;
