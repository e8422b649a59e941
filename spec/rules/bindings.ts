import type { Catalogue } from '../support/catalogue.ts';

/** Bindings. */
export const bindingsRules = {
  'BND-01': {
    says: 'A binding is told apart by source, destination, key and arguments, whose order does not matter. Binding again the same way changes nothing. With other arguments it is another binding, but a queue still gets one copy of each message.',
  },
  'BND-02': {
    says: 'Unbinding what is not bound succeeds, also when the queue or an exchange is missing. Key and arguments must be those of the binding for it to go.',
  },
  'BND-03': {
    says: 'The default exchange can be neither end in bind and unbind: 403 ACCESS_REFUSED - operation not permitted on the default exchange. amq.default is no other name of it: 404.',
  },
  'BND-04': {
    says: "Binding to or from something that does not exist: 404 NOT_FOUND - no queue 'Q' in vhost '/' or no exchange 'X' in vhost '/'. When both ends are missing the source is named.",
  },
  'BND-05': {
    says: 'Every queue is bound to the default exchange by its name. That binding cannot be removed; the HTTP API lists it with the source "".',
  },
  'BND-06': {
    says: 'A binding between exchanges leads on the messages that match it. Circles and bindings of an exchange to itself are allowed: a message visits each exchange once and each queue gets one copy.',
  },
  'BND-07': {
    says: 'Exchange and routing key of a delivery are those of the publish, through however many exchanges it came.',
  },
  'BND-08': {
    says: 'A binding survives a restart when both its ends are durable. Ends of which only one is durable may be bound.',
  },
  'BND-09': {
    says: 'Some types refuse bindings, with 406. headers: PRECONDITION_FAILED - Invalid x-match field value <<"foo">>; expected all, any, all-with-x, or any-with-x, and Invalid x-match field type byte (value 5); expected longstr. x-consistent-hash: The binding key must be an integer: <<"abc">>, and The binding key must be greater than 0.',
  },
  'BND-10': {
    says: "A queue of direct reply-to cannot be bound: since 4.2 403 ACCESS_REFUSED - cannot bind or unbind to a volatile (direct reply-to) queue, before 404 NOT_FOUND - no queue 'Q' in vhost '/'.",
  },
  'BND-11': {
    says: 'queue.unbind has no no-wait and is always answered. queue.bind, exchange.bind and exchange.unbind may be sent with no-wait and are not answered then.',
  },
} satisfies Catalogue;
