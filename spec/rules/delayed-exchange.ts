import type { Catalogue } from '../support/catalogue.ts';

/** The exchange type x-delayed-message, which holds messages before it routes them. */
export const delayedExchangeRules = {
  'DLM-01': {
    says: 'An exchange of type x-delayed-message routes, and checks bindings, as the exchange type that its argument x-delayed-type names. It may be durable, transient, auto-delete or internal as any other.',
  },
  'DLM-02': {
    says: "Without x-delayed-type, or when it is no string, the declaration fails with 406 `PRECONDITION_FAILED - Invalid argument, 'x-delayed-type' must be an existing exchange type`. When it is x-delayed-message itself: `Invalid argument, 'x-delayed-message' can't be used for 'x-delayed-type'`.",
  },
  'DLM-03': {
    says: "An x-delayed-type that does not exist fails with 406 `PRECONDITION_FAILED - unknown exchange type 'X'`, and an empty one with `invalid exchange type ''`. Before 3.13 both close the connection with 503.",
  },
  'DLM-04': {
    says: 'x-delayed-type is not compared when the exchange is declared again: another value is accepted and ignored.',
  },
  'DLM-05': {
    says: 'The header x-delay says the delay in milliseconds. From 1 to 4294967295 the message is delayed; otherwise, and without the header, it is routed at once and unchanged. In a transaction the delay begins with the commit.',
  },
  'DLM-06': {
    says: 'x-delay may be an integer of any width, a float, which is truncated, or a string with an integer. A boolean, a timestamp, an array and a table mean no delay. RabbitMQ since 4.0 also overlooks a signed byte; a broker may not.',
  },
  'DLM-07': {
    says: 'RabbitMQ closes the connection with 541 for an x-delay that is a string without an integer, a decimal, or void; a broker closes the channel with 406 instead.',
  },
  'DLM-08': {
    says: 'A delayed message is in no queue while it waits, and other ways than over the delayed exchange are taken at once. When it is due it is routed once, by the bindings there are then; what matches none is dropped or goes to the alternate exchange. When its exchange was deleted meanwhile, it is dropped.',
  },
  'DLM-09': {
    says: 'The publisher gets its ack when the message is accepted, and not when it is due.',
  },
  'DLM-10': {
    says: 'A delayed message that is mandatory is returned at once with 312 NO_ROUTE, then acked, and nevertheless routed when it is due.',
  },
  'DLM-11': {
    says: 'RabbitMQ gives a delayed message to the alternate exchange at once and to the real target when it is due. A broker gives it to the alternate exchange only when it is due and matches nothing.',
  },
  'DLM-12': {
    says: 'A delayed message arrives with its exchange, routing key and properties as they were published. Since 4.0 its x-delay is a negated 64-bit integer, before it usually is as published. The negation keeps a further delayed exchange from delaying it again.',
  },
  'DLM-13': {
    says: 'A delayed exchange may be a DLX: it delays the first dead letter with a positive x-delay, and passes on later deaths of the same message at once.',
  },
  'DLM-14': {
    says: 'Delayed messages are routed in the order in which they are due; those due at the same time in the order of publishing.',
  },
  'DLM-15': {
    says: 'The expiration of a delayed message begins when it reaches its queue.',
  },
  'DLM-16': {
    says: 'Delayed messages survive a restart whatever their delivery mode, with the time when they are due; those due meanwhile are routed at the start.',
  },
  'DLM-17': {
    says: 'The statistics of the exchange say in messages_delayed how many wait.',
  },
} satisfies Catalogue;
