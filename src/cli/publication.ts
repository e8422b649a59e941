import { once } from 'node:events';
import type { Channel, ConfirmChannel, Message, Options } from 'amqplib';
import { plural } from './output.ts';

/** A message to publish, and where to. */
export interface Outgoing {
  readonly exchange: string;
  readonly key: string;
  readonly content: Buffer;
  readonly properties: Options.Publish;
}

/** What became of a publication, as `--json` prints it. */
export interface PublicationRecord {
  readonly published: number;
  readonly exchange: string;
  readonly routing_key: string;
  readonly returned: number;
  readonly reason?: string;
  readonly confirmed?: number;
  readonly nacked?: number;
}

/** One message, published a number of times; counts what the broker says about it. */
export class Publication {
  readonly #message: Outgoing;
  readonly #times: number;
  #returned = 0;
  #reason: string | undefined;
  #answers: { confirmed: number; nacked: number } | undefined;

  constructor(message: Outgoing, times: number) {
    this.#message = message;
    this.#times = times;
  }

  /** Publishes, and waits until the broker has taken or refused everything. */
  async send(channel: Channel): Promise<void> {
    const { exchange, key, content, properties } = this.#message;
    await this.#repeat(channel, () => channel.publish(exchange, key, content, properties));
    await channel.prefetch(1); // any call would do: its answer comes after every return, and it fails if a publish did
  }

  /** Publishes, and waits for the confirm of each. */
  async confirm(channel: ConfirmChannel): Promise<void> {
    const { exchange, key, content, properties } = this.#message;
    const answers = { confirmed: 0, nacked: 0 };
    this.#answers = answers;
    await new Promise<void>((resolve, reject) => {
      const answered = (error: unknown): void => {
        if (error === null || error === undefined) answers.confirmed++;
        else answers.nacked++;
        if (answers.confirmed + answers.nacked === this.#times) resolve();
      };
      this.#repeat(channel, () => channel.publish(exchange, key, content, properties, answered)).catch(
        reject,
      );
    });
  }

  /** Publishes as fast as the connection takes it. */
  async #repeat(channel: Channel, publish: () => boolean): Promise<void> {
    channel.on('return', (message) => this.#onReturn(message));
    for (let left = this.#times; left > 0; left--) {
      if (!publish() && left > 1) await once(channel, 'drain');
    }
  }

  #onReturn(message: Message): void {
    this.#returned++;
    this.#reason = (message.fields as unknown as { replyText: string }).replyText;
  }

  /** What has become of it so far. */
  record(): PublicationRecord {
    return {
      published: this.#times,
      exchange: this.#message.exchange,
      routing_key: this.#message.key,
      returned: this.#returned,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...this.#answers,
    };
  }
}

/** The outcome in a line. */
export function publicationText(record: PublicationRecord): string {
  const { published, confirmed, nacked = 0, returned } = record;
  const parts = [`published ${plural(published, 'message')} to ${destination(record)}`];
  if (confirmed !== undefined) parts.push(`${confirmed} confirmed`);
  if (nacked > 0) parts.push(`${nacked} refused`);
  if (returned > 0) parts.push(`${returned} returned`);
  return parts.join(', ');
}

/** What is wrong with the outcome, if anything is. */
export function publicationProblem(record: PublicationRecord): string | undefined {
  const { published, nacked = 0, returned, reason } = record;
  const of = `of ${plural(published, 'message')} to ${destination(record)}`;
  if (returned > 0) return `the broker returned ${returned} ${of}: ${reason ?? ''}, no queue took it`;
  return nacked > 0
    ? `the broker did not confirm ${nacked} ${of}: a queue refused it, or is full`
    : undefined;
}

function destination({ exchange, routing_key: key }: PublicationRecord): string {
  const via = exchange === '' ? 'the default exchange' : `exchange ${exchange}`;
  return `${via} with key ${JSON.stringify(key)}`;
}
