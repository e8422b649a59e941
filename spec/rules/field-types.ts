import type { Catalogue } from '../support/catalogue.ts';

/** Field tables and properties. */
export const fieldTypesRules = {
  'CON-47': {
    says: 'A value in a table or array has one of these types: t bool, any octet but 0 is true; b byte, B unsignedbyte, s short (16 bits with sign), u unsignedshort, I signedint, i unsignedint, l and L long (64 bits with sign); f float, d double, D decimal; S longstr, x binary, T timestamp; A array, F table, V void. Headers of messages are passed on octet by octet; since 4.0 a broker may write every true as 1 and L as l.',
  },
  'CON-48': {
    says: 'No other type is accepted, not even U, the 16-bit integer of the original specification.',
  },
  'CON-49': {
    says: 'What a broker itself puts into tables are integers of the type l, strings S, arrays A, tables F and timestamps T.',
  },
  'CON-50': {
    says: 'The flags of the properties are, from bit 15 down to bit 2: content-type, content-encoding, headers, delivery-mode, priority, correlation-id, reply-to, expiration, message-id, timestamp, type, user-id, app-id, cluster-id. Bits 1 and 0 are not looked at; there is never a second word of flags.',
  },
  'CON-51': {
    says: 'A message comes out with its properties exactly as they were published: the same ones, with the keys of headers in the same order and integers of the same width. Since 4.0 a broker may sort headers by key and keep the first of several with one key. A broker changes only what it must: BCC, reply-to for direct replies, x-delivery-count, x-stream-offset, the headers of dead letters and of traces.',
  },
} satisfies Catalogue;
