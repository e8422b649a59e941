import { laneOf } from './arguments.ts';
import type { Handout } from './handout.ts';
import { Entry } from './message.ts';
import type { Message } from './message.ts';
import type { QueueHost } from './queue-host.ts';
import type { Queue } from './queue.ts';

/** What becomes of messages when a queue is full. */
export class Overflow {
  readonly #queue: Queue;
  readonly #host: QueueHost;
  readonly #handout: Handout;

  constructor(queue: Queue, host: QueueHost, handout: Handout) {
    this.#queue = queue;
    this.#host = host;
    this.#handout = handout;
  }

  /**
   * Whether one more message would be too much (LEN-10). Dead letters that nobody took count, too (DLX-14), and what
   * waits to be tried again (DLV-09).
   */
  wouldBeOver({ bodyLength }: Message): boolean {
    const { ready, kept, delayed, settings } = this.#queue;
    const length = ready.length + 1 + (kept?.length ?? 0) + (delayed?.length ?? 0);
    const bytes = ready.bytes + bodyLength + (kept?.bytes ?? 0) + (delayed?.bytes ?? 0);
    return length > settings.maxLength || bytes > settings.maxLengthBytes;
  }

  /** Whether a message that would be too much is refused, once consumers took what they would have by now (LEN-07). */
  refuses(message: Message): boolean {
    const { overflow } = this.#queue.settings;
    if (overflow === 'drop-head') return false;
    this.#handout.deliver();
    if (!this.wouldBeOver(message)) return false;
    if (overflow === 'reject-publish-dlx') {
      message.places++;
      const lane = laneOf(this.#queue.arguments, message.priority);
      this.#host.bury(this.#queue, new Entry(message, Infinity, lane, false, 0), 'maxlen');
    }
    if (this.#host.events.isHeard) this.#host.events.happened('refused', this.#queue, message);
    return true;
  }

  /** drop-head: the oldest go until the rest is within the limits (LEN-05). */
  dropSurplus(): void {
    if (this.#queue.settings.overflow !== 'drop-head') return;
    while (this.#queue.ready.length > 0 && this.#isOver()) {
      this.#host.bury(this.#queue, this.#queue.ready.shift() as Entry, 'maxlen');
    }
  }

  /**
   * Over the limit means strictly greater; only ready messages and bodies count (LEN-02, LEN-03, LEN-04), and those that
   * are to be ready again (DLV-09).
   */
  #isOver(): boolean {
    const { ready, delayed, settings } = this.#queue;
    const length = ready.length + (delayed?.length ?? 0);
    return length > settings.maxLength || ready.bytes + (delayed?.bytes ?? 0) > settings.maxLengthBytes;
  }
}
