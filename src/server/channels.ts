import { checkChannelLimit } from '../broker/admission.ts';
import type { Broker } from '../broker/broker.ts';
import { decodeMethod } from '../wire/codec.ts';
import { FrameType } from '../wire/constants.ts';
import { AmqpError, NO_METHOD } from '../wire/errors.ts';
import { methodIds } from '../wire/methods.ts';
import { Channel } from './channel.ts';
import type { ChannelPeer } from './channel.ts';

/** The channels of one connection, by their numbers. */
export class Channels {
  readonly #peer: ChannelPeer & { readonly user: string; readonly broker: Broker };
  readonly #byNumber = new Map<number, Channel>();
  /** Those with something to say before this turn's output leaves. */
  readonly #dirty = new Set<Channel>();

  constructor(peer: ChannelPeer & { readonly user: string; readonly broker: Broker }) {
    this.#peer = peer;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  /** Those that are not just being closed. */
  get all(): Channel[] {
    return [...this.#byNumber.values()].filter((channel) => !channel.isClosing);
  }

  get(number: number): Channel | undefined {
    return this.#byNumber.get(number);
  }

  /**
   * Takes a frame for a number that has no channel: it opens one.
   * @throws {AmqpError} when it does not, or when there are too many
   */
  open(type: number, number: number, payload: Buffer, channelMax: number): void {
    const method = type === FrameType.METHOD ? decodeMethod(payload) : undefined;
    if (method?.name !== 'channel.open') {
      const at = method === undefined ? NO_METHOD : methodIds(method.name);
      throw new AmqpError('CHANNEL_ERROR', `expected 'channel.open'`, at); // CHN-05
    }
    if (this.count >= channelMax) {
      const text = `number of channels opened (${channelMax}) has reached the negotiated channel_max (${channelMax})`;
      throw new AmqpError('NOT_ALLOWED', text, NO_METHOD);
    }
    const peer = this.#peer;
    checkChannelLimit(peer.broker, peer.user);
    this.#byNumber.set(number, new Channel(number, peer));
    peer.broker.churn.channelsOpened++;
    peer.output.method(number, { name: 'channel.open-ok', channelId: Buffer.alloc(0) });
  }

  closed(channel: Channel): void {
    if (this.#byNumber.delete(channel.number)) this.#peer.broker.churn.channelsClosed++;
  }

  /** Has `endTurn` of the channel called with the next `endTurn`. */
  beforeFlush(channel: Channel): void {
    this.#dirty.add(channel);
  }

  endTurn(): void {
    for (const channel of this.#dirty) channel.endTurn();
    this.#dirty.clear();
  }

  /** Consumers may have credit again. */
  resume(): void {
    for (const channel of this.#byNumber.values()) channel.resume();
  }

  /** Ends all of them without a word. */
  release(): void {
    this.#peer.broker.churn.channelsClosed += this.count;
    for (const channel of this.#byNumber.values()) channel.release();
    this.#byNumber.clear();
  }
}
