import type { Catalogue } from '../support/catalogue.ts';

/** Exchanges. */
export const exchangesRules = {
  'EXC-01': {
    says: 'A vhost has these exchanges from the beginning, all durable and none auto-delete: the default exchange (empty name, direct), amq.direct, amq.fanout, amq.topic, amq.headers and amq.match (both headers), and amq.rabbitmq.trace (topic, internal).',
  },
  'EXC-02': {
    says: 'The types direct, fanout, topic and headers always exist. A broker may also have x-consistent-hash, x-random, x-recent-history, x-modulus-hash, x-delayed-message and (since 4.0) x-local-random.',
  },
  'EXC-03': {
    says: 'exchange.declare looks first at the type, then whether it is the default exchange, then at the configure permission. An exchange that exists is compared with what was asked for. A new one is checked for the prefix amq., then for the type of its alternate-exchange argument, the permissions for that (read on the exchange, write on the alternate one), and last for what its type demands.',
  },
  'EXC-04': {
    says: "Since 3.13 a type that is not known closes the channel with 406 PRECONDITION_FAILED - unknown exchange type 'T'; before, the connection with 503 COMMAND_INVALID and the same words. An empty type is called invalid exchange type ''. A word that means something else to the broker may be called invalid instead of unknown.",
  },
  'EXC-05': {
    says: 'Declaring the default exchange, passively too, closes the channel with 403 ACCESS_REFUSED - operation not permitted on the default exchange.',
  },
  'EXC-06': {
    says: "A new exchange whose name begins with amq. is refused: 403 ACCESS_REFUSED - exchange name 'X' contains reserved prefix 'amq.*'. One that exists may be declared again as it is.",
  },
  'EXC-07': {
    says: "Declaring an exchange that exists compares type, durable, auto_delete, internal and alternate-exchange, in this order; other arguments are not compared. The first difference closes the channel: 406 PRECONDITION_FAILED - inequivalent arg 'type' for exchange 'X' in vhost '/': received 'fanout' but current is 'direct'.",
  },
  'EXC-08': {
    says: "The text about an argument shows both values, as in received 'foo2' but current is 'foo'. When only one side has it, that value is shown with its type: received the value 'foo' of type 'longstr' but current is none, or the reverse.",
  },
  'EXC-09': {
    says: "A passive declare asks only whether the exchange exists; type (even an unknown or empty one), flags and arguments do not matter. If it does not: 404 NOT_FOUND - no exchange 'X' in vhost '/'.",
  },
  'EXC-10': {
    says: "An alternate-exchange that is no long string is refused: 406 PRECONDITION_FAILED - invalid type 'byte' for arg 'alternate-exchange' in exchange 'X' in vhost '/'. The exchange it names need not exist.",
  },
  'EXC-11': { says: 'Deleting an exchange that does not exist succeeds.' },
  'EXC-12': {
    says: "The default exchange cannot be deleted (403, as when it is declared), nor can any name that begins with amq., whether it exists or not: 403 ACCESS_REFUSED - deletion of system exchange 'X' in vhost '/' not allowed.",
  },
  'EXC-13': {
    says: "With if-unused an exchange is not deleted while it is the source of a binding: 406 PRECONDITION_FAILED - exchange 'X' in vhost '/' in use. Being only a destination does not count as use.",
  },
  'EXC-14': { says: 'With an exchange go all bindings of which it is the source or the destination.' },
  'EXC-15': {
    says: 'An auto-delete exchange goes with the last binding of which it is the source, whether that is unbound or its queue or exchange is deleted. It stays as long as it never was a source.',
  },
  'EXC-16': {
    says: 'An internal exchange refuses what clients publish to it, but can be the source and the destination of bindings.',
  },
  'EXC-17': {
    says: 'A durable exchange is there after a restart. A transient one is not, and neither are its bindings.',
  },
  'EXC-18': {
    says: 'Deleting an exchange leaves the channels of its publishers open. The next publish closes that channel with 404.',
  },
} satisfies Catalogue;
