/** What the tests use of Rascal, which comes without types. */
declare module 'rascal' {
  import type { EventEmitter } from 'node:events';
  import type { Message } from 'amqplib';

  type Recovery = Readonly<Record<string, unknown>>;
  type AckOrNack = (error?: Error, recovery?: Recovery | readonly Recovery[]) => void;

  interface Publication extends EventEmitter {
    on(event: 'success' | 'return', listener: (id: unknown) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  interface Subscription extends EventEmitter {
    on(event: 'message', listener: (message: Message, content: unknown, ackOrNack: AckOrNack) => void): this;
    on(event: 'error', listener: (error: Error) => void): this;
  }
  export class BrokerAsPromised extends EventEmitter {
    static create(config: object): Promise<BrokerAsPromised>;
    publish(publication: string, content: unknown, overrides?: object): Promise<Publication>;
    subscribe(subscription: string): Promise<Subscription>;
    shutdown(): Promise<void>;
  }
  export function withDefaultConfig(config: object): object;
}
