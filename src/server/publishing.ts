import type { MessageCounts } from '../broker/counts.ts';
import { messageTooLarge, Outcome, Publisher } from '../broker/publish.ts';
import type { Routed } from '../broker/publish.ts';
import type { Content } from '../wire/content.ts';
import { AmqpError, replies } from '../wire/errors.ts';
import type { MethodOf } from '../wire/methods.ts';
import type { Channel } from './channel.ts';
import { Confirms } from './confirms.ts';
import type { Diversion } from './confirms.ts';
import type { PublishFault } from './connection-faults.ts';

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

  /** Published in confirm mode. */
  get confirmsAsked(): number {
    return this.#confirms?.asked ?? 0;
  }

  confirm(): void {
    this.#confirms ??= new Confirms();
  }

  /** The channel is over: nobody is told any more. */
  release(): void {
    this.#channel.peer.vhost.confirmsAsked += this.confirmsAsked;
    this.#confirms = undefined;
  }

  /** Everything that can be refused. Nothing has happened yet. */
  route(method: MethodOf<'basic.publish'>, { body, size, properties }: Content): Routed {
    if (method.immediate) throw new AmqpError('NOT_IMPLEMENTED', 'immediate=true'); // PUB-02
    if (body === undefined) throw messageTooLarge(size, this.#channel.peer.limits.largestBody);
    return this.publisher.route(method, properties);
  }

  publish(method: MethodOf<'basic.publish'>, routed: Routed, body: Buffer): void {
    const { faults } = this.#channel.peer;
    const fault = faults.isArmed ? faults.ofPublish(method, routed, this.isConfirmed) : undefined;
    if (fault !== undefined) return this.#misbehave(fault, method, routed, body);
    this.#confirm(this.enqueue(method, routed, body));
  }

  /** @param instead for a number that is not to be acked as it should */
  #confirm(outcome: number, instead?: Diversion): void {
    if (this.#confirms === undefined) return;
    const { journal } = this.#channel.peer.broker;
    const number = this.#confirms.next();
    if (instead !== undefined) this.#confirms.divert(number, instead);
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

  /** As a fault wants it. */
  #misbehave(fault: PublishFault, method: MethodOf<'basic.publish'>, routed: Routed, body: Buffer): void {
    const { setting } = fault;
    if (setting.kind === 'return-message') {
      this.#return(method, routed.properties, body, setting.code, setting.text);
      this.#confirm(0);
    } else if (setting.kind === 'nack-confirm' && !setting.stored) {
      this.#confirm(Outcome.REFUSED);
    } else {
      this.#confirm(this.enqueue(method, routed, body), this.#diversion(fault));
    }
  }

  #diversion(fault: PublishFault): Diversion {
    const { setting } = fault;
    if (setting.kind === 'nack-confirm') return () => true;
    return (number) => {
      if (setting.kind === 'withhold-confirm') this.#withhold(fault, number, setting.delay);
      else this.#channel.peer.faults.confirming(fault, this.#channel);
      return false;
    };
  }

  /** Until the fault is removed, or for so many milliseconds. */
  #withhold(fault: PublishFault, number: number, delay: number | undefined): void {
    const confirms = this.#confirms;
    const { clock } = this.#channel.peer.broker;
    const confirm = (): void => {
      confirms?.ack(number);
      this.#channel.peer.beforeFlush(this.#channel);
    };
    const keep = fault.onRemove(confirm);
    if (delay === undefined) return;
    clock.at(clock.now() + delay, () => {
      keep();
      confirm();
    });
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

  #unroutable(method: MethodOf<'basic.publish'>, properties: Buffer, body: Buffer): void {
    if (method.mandatory) this.#return(method, properties, body);
    else this.#counts.dropped++;
  }

  /** Comes before the confirm of the same publish, with the properties that a consumer would have seen (PUB-07). */
  #return(
    { exchange, routingKey }: MethodOf<'basic.publish'>,
    properties: Buffer,
    body: Buffer,
    replyCode: number = replies.NO_ROUTE.code,
    replyText = 'NO_ROUTE',
  ): void {
    this.#counts.returned++;
    const copy = { properties: Buffer.from(properties), body: Buffer.from(body) };
    this.#channel.sendContent(
      { name: 'basic.return', replyCode, replyText, exchange, routingKey },
      { ...copy, propertiesAt: 0, propertiesLength: properties.length, bodyAt: 0, bodyLength: body.length },
    );
  }
}
