import type { Ending, Explanation, Hop, Loss, PlainDeath, Stay, Step } from '../advice/explanation.ts';
import { exchangeName } from '../advice/names.ts';
import { formatDuration } from '../app/durations.ts';

/** The future of a message as a tree, each line with its time from the publish on. */
export function describeExplanation({ publish, ends, assumptions, start }: Explanation): string {
  const tree = new Tree(start);
  tree.hop(publish, 'published to', 0, 1);
  return [
    ...tree.lines,
    '',
    ...ends.map((end) => describeEnding(end, start)),
    ...assumptions.map((text) => `Assumed: ${text}`),
  ].join('\n');
}

const TIME_WIDTH = 10;

class Tree {
  readonly lines: string[] = [];
  readonly #start: number;

  constructor(start: number) {
    this.#start = start;
  }

  /** @param inner how deep the queues stand that take it */
  hop(hop: Hop, how: string, depth: number, inner: number): void {
    const { time, exchange, routingKey, way, deaths, queues, lost, delay } = hop;
    this.#add(time, depth, `${how} ${exchangeName(exchange)} with key ${JSON.stringify(routingKey)}`);
    for (const death of deaths) this.#add(undefined, depth, `  x-death: ${describeDeath(death)}`);
    for (const step of way) this.#add(undefined, depth, `  ${describeStep(step)}`);
    if (delay !== undefined) {
      this.#add(
        undefined,
        depth,
        `  held back by ${exchangeName(delay.exchange)} until ${this.#relative(delay.until)}`,
      );
      if (delay.released !== undefined) this.hop(delay.released, 'let go by', inner, inner + 1);
    }
    for (const stay of queues) this.#stay(stay, inner);
    for (const loss of lost) this.#add(time, inner, describeLoss(loss));
  }

  #stay(stay: Stay, depth: number): void {
    const { queue, arrives, expires, expiresBy, leaves, end, lost, deadLetter } = stay;
    const deadline =
      expires === undefined ? '' : `, expires at ${this.#relative(expires)} by ${describeCause(expiresBy)}`;
    this.#add(arrives, depth, `queue '${queue}'${deadline}`);
    if (deadLetter === undefined) {
      const loss = lost === undefined || lost === end ? '' : `, and lost: ${lost}`;
      this.#add(leaves, depth + 1, `${describeEnd(end)}${loss}`);
    } else this.hop(deadLetter, `${describeEnd(end)}, dead-lettered to`, depth + 1, depth + 1);
  }

  #add(time: number | undefined, depth: number, text: string): void {
    const when = time === undefined ? '' : this.#relative(time);
    this.lines.push(`${when.padEnd(TIME_WIDTH)}${'  '.repeat(depth)}${text}`);
  }

  #relative(time: number): string {
    return `+${formatDuration(time - this.#start)}`;
  }
}

function describeStep(step: Step): string {
  if ('alternate' in step) return `no binding takes it: on to the alternate ${exchangeName(step.alternate)}`;
  const { source, bindingKey, to, destination } = step;
  return `binding ${source} -[${bindingKey}]-> ${to} '${destination}'`;
}

function describeDeath({ queue, reason, count, originalExpiration }: PlainDeath): string {
  const expiration = originalExpiration === undefined ? '' : `, expiration was ${originalExpiration}`;
  return `${count}x in '${queue}' (${reason}${expiration})`;
}

function describeCause(cause: string | undefined): string {
  return cause === 'expiration' ? 'its own expiration' : (cause ?? 'nobody knows what');
}

function describeLoss({ queue, why }: Loss): string {
  if (queue === undefined) return 'lost: no queue gets it';
  const reason = {
    cycle: 'it comes back there and nobody rejected it on the way',
    refused: 'it is full and refuses it',
  };
  return `lost for queue '${queue}': ${why in reason ? reason[why as keyof typeof reason] : why}`;
}

const ENDS: Readonly<Record<Stay['end'], string>> = {
  expired: 'expired',
  rejected: 'rejected by a consumer',
  refused: 'refused, as the queue is full',
  maxlen: 'pushed out, as the queue is full',
  delivery_limit: 'returned too often',
  consumed: 'consumed',
  waiting: 'waits for a consumer',
  stuck: 'past its deadline, behind messages that do not leave',
  kept: 'dead, and kept until every queue it should go to takes it',
  logged: 'is in the stream',
  'queue deleted': 'gone with the queue, which expires unused',
};

function describeEnd(end: Stay['end']): string {
  return ENDS[end];
}

function describeEnding({ time, queue, end, why }: Ending, start: number): string {
  const when = `+${formatDuration(time - start)}, ${new Date(time).toISOString()}`;
  const where = queue === undefined ? '' : ` '${queue}'`;
  if (end === 'lost')
    return `Ends lost${queue === undefined ? '' : `, at queue${where}`}: ${why ?? ''} (${when})`;
  return `Ends in queue${where}: ${end === 'consumed' ? 'consumed' : ENDS[end]} (${when})`;
}
