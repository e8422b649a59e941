import type { Publisher } from '../broker/publish.ts';
import { AmqpError } from '../wire/errors.ts';
import { EMPTY_TABLE } from '../wire/table.ts';
import type { MethodOf } from '../wire/methods.ts';
import type { Channel } from './channel.ts';
import { Consumer } from './consumer.ts';

/** What means nothing to a consumer of direct replies. */
const IGNORED = {
  exclusive: false,
  priority: 0,
  prefetch: 0,
  hasChannelLimit: false,
  arguments: EMPTY_TABLE,
};

/** The consumer of direct replies, of which a channel may have one beside its others (RTO-03). */
export class Requester {
  readonly #channel: Channel;
  readonly #publisher: Publisher;
  #consumer: Consumer | undefined = undefined;

  /** @param publisher of the channel, which is told the name of the requester */
  constructor(channel: Channel, publisher: Publisher) {
    this.#channel = channel;
    this.#publisher = publisher;
  }

  get consumerTag(): string | undefined {
    return this.#consumer?.consumerTag;
  }

  /** Needs no permission; exclusive, no-local and arguments mean nothing (RTO-01). */
  consume({ consumerTag: asked, noAck, noWait }: MethodOf<'basic.consume'>): void {
    if (!noAck) throw new AmqpError('PRECONDITION_FAILED', 'reply consumer cannot acknowledge'); // RTO-02
    if (this.#consumer !== undefined) {
      throw new AmqpError('PRECONDITION_FAILED', 'reply consumer already set');
    }
    const { broker, vhost } = this.#channel.peer;
    const consumerTag = asked === '' ? broker.generatedName('amq.ctag') : asked;
    const settings = { ...IGNORED, consumerTag, noAck };
    const queue = vhost.replies.open((bytes) => broker.secret(bytes));
    this.#consumer = new Consumer(queue, this.#channel, settings);
    queue.serve(this.#consumer);
    this.#publisher.replyName = queue.name;
    if (!noWait) this.#channel.send({ name: 'basic.consume-ok', consumerTag });
  }

  /** Answers that come from now on reach nobody (RTO-07, RTO-12). */
  cancel(): void {
    if (this.#consumer === undefined) return;
    const { queue } = this.#consumer;
    this.#channel.peer.vhost.replies.close(queue.name);
    queue.removeConsumer(this.#consumer);
    this.#consumer = undefined;
    this.#publisher.replyName = undefined;
  }

  resume(): void {
    this.#consumer?.resume();
  }
}
