/** The first octet of a frame. */
export const FrameType = { METHOD: 1, HEADER: 2, BODY: 3, HEARTBEAT: 8 } as const;

/** The last octet of every frame. */
export const FRAME_END = 206;

/** Type, channel and size: what precedes a payload. */
export const FRAME_HEADER = 7;

/** Header and end octet: what a frame costs beside its payload. */
export const FRAME_OVERHEAD = 8;

/** What a client of this protocol sends first. */
export const PROTOCOL_HEADER = Buffer.from('AMQP\u0000\u0000\u0009\u0001', 'latin1');

/** AMQP 0-9 announces itself like this and is served the same way. */
export const PROTOCOL_HEADER_0_9 = Buffer.from('AMQP\u0001\u0001\u0000\u0009', 'latin1');

/** The class of every content: basic. */
export const BASIC_CLASS = 60;
