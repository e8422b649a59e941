import type { MessageCounts } from '../broker/counts.ts';
import { Outcome, Publisher } from '../broker/publish.ts';
import type { Routed } from '../broker/publish.ts';
import type { Content } from '../wire/content.ts';
import { AmqpError, replies } from '../wire/errors.ts';
import type { MethodOf } from '../wire/methods.ts';
import type { Channel } from './channel.ts';
import { Confirms } from './confirms.ts';

/** What one channel publishes, and what it is told of it: returns and confirms. */
export class Publishing {
  readonly publisher: Publisher;
  readonly #channel: Channel;
  readonly #counts: MessageCounts;
  /** Undefined until confirm.select. */
  #confirms: Confirms | undefined = undefined;

  /** @param counts of the channel */
  constructor(channel: Channel, counts: MessageCounts) {
    this.#channel = channel;
    this.#counts = counts;
    this.publisher = new Publisher(channel.peer.vhost, channel.peer.actor, counts);
  }

  /** In confirm mode. */
  get isConfirmed(): boolean {
    return this.#confirms !== undefined;
  }

  /** Published and neither acked nor nacked. */
  get unconfirmedCount(): number {
    return this.#confirms?.count ?? 0;
  }

  confirm(): void {
    this.#confirms ??= new Confirms();
  }

  /** The channel is over: nobody is told any more. */
  release(): void {
    this.#confirms = undefined;
  }

  /** Everything that can be refused. Nothing has happened yet. */
  route(method: MethodOf<'basic.publish'>, { body, size, properties }: Content): Routed {
    if (method.immediate) throw new AmqpError('NOT_IMPLEMENTED', 'immediate=true'); // PUB-02
    if (body === undefined) throw this.#tooLarge(size);
    return this.publisher.route(method, properties);
  }

  publish(method: MethodOf<'basic.publish'>, routed: Routed, body: Buffer): void {
    const outcome = this.enqueue(method, routed, body);
    if (this.#confirms === undefined) return;
    const { journal } = this.#channel.peer.broker;
    const number = this.#confirms.next();
    if ((outcome & Outcome.REFUSED) !== 0) {
      this.#confirms.nack(number);
    } else if ((outcome & Outcome.DURABLE) !== 0 && journal.gathering > journal.committed) {
      this.#confirms.ackAfter(number, journal.gathering);
      journal.onCommit(this.#channel);
      return;
    } else {
      this.#confirms.ack(number);
    }
    this.#channel.peer.beforeFlush(this.#channel);
  }

  /**
   * Puts it in its queues, or returns it.
   * @returns bits of `Outcome`
   */
  enqueue(method: MethodOf<'basic.publish'>, routed: Routed, body: Buffer): number {
    const outcome = this.publisher.enqueue(routed, body);
    if ((outcome & Outcome.ROUTED) === 0) this.#unroutable(method, routed.properties, body);
    return outcome;
  }

  /** A batch of the journal is on disk. */
  committed(batch: number): void {
    if (this.#confirms === undefined) return;
    this.#confirms.committed(batch);
    if (this.#confirms.hasOpen) this.#channel.peer.broker.journal.onCommit(this.#channel);
  }

  sendConfirms(): void {
    if (this.#confirms === undefined || !this.#confirms.hasDecided) return;
    const { peer, number } = this.#channel;
    this.#counts.confirm += this.#confirms.send({
      ack: (deliveryTag, multiple) => peer.output.ack(number, deliveryTag, multiple),
      nack: (deliveryTag) => peer.output.nack(number, deliveryTag),
    });
  }

  #tooLarge(size: number): AmqpError {
    const { largestBody } = this.#channel.peer.limits;
    return new AmqpError(
      'PRECONDITION_FAILED',
      `message size ${size} is larger than configured max size ${largestBody}`,
    );
  }

  #unroutable(method: MethodOf<'basic.publish'>, properties: Buffer, body: Buffer): void {
    if (method.mandatory) this.#return(method, properties, body);
    else this.#counts.dropped++;
  }

  /** Comes before the confirm of the same publish, with the properties that a consumer would have seen (PUB-07). */
  #return({ exchange, routingKey }: MethodOf<'basic.publish'>, properties: Buffer, body: Buffer): void {
    this.#counts.returned++;
    const replyText = 'NO_ROUTE';
    const copy = { properties: Buffer.from(properties), body: Buffer.from(body) };
    this.#channel.sendContent(
      { name: 'basic.return', replyCode: replies[replyText].code, replyText, exchange, routingKey },
      { ...copy, propertiesAt: 0, propertiesLength: properties.length, bodyAt: 0, bodyLength: body.length },
    );
  }
}
