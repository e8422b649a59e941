import { Subscription } from '../broker/consumers.ts';
import type { Receiver } from '../broker/consumers.ts';
import type { DeclaredQueue } from '../broker/declared-queue.ts';
import { readDefinitions } from '../broker/definitions.ts';
import type { Entry } from '../broker/message.ts';
import { Publisher } from '../broker/publish.ts';
import { Queue } from '../broker/queue.ts';
import { textOf } from '../broker/term.ts';
import { ALL_ACCESS } from '../broker/users.ts';
import type { Vhost } from '../broker/vhost.ts';
import { encodeProperties } from '../wire/properties.ts';
import type { Properties } from '../wire/properties.ts';
import { EMPTY_TABLE } from '../wire/table.ts';
import type { Ending, Explanation, Hop, Stay } from './explanation.ts';
import { withVhost } from './one-vhost.ts';
import { QuestionError } from './question.ts';
import type { Question } from './question.ts';
import { Recorder } from './recorder.ts';
import { buildTopology, createScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

/** Longer ways are cut off. */
const MOST_HOPS = 1000;

const ACTOR = 'explain';

/**
 * The future of a message, played through in a broker of its own with a clock moved by hand.
 * @param json definitions as RabbitMQ exports them, of a broker or of one vhost
 * @param now when it is published, in milliseconds since the epoch
 * @throws {DefinitionsError} when the definitions cannot be read
 * @throws {QuestionError} when something the question is about does not exist
 * @throws {AmqpError} when the broker would refuse the publish
 */
export function explainInDefinitions(json: unknown, question: Question, now: number): Explanation {
  const scratch = createScratch(now);
  const refusals = buildTopology(scratch.broker, readDefinitions(withVhost(json)));
  const left = refusals
    .filter(({ what }) => what === 'refused')
    .map(({ path, reason }) => `${path} is left out, as the broker refuses it: ${reason}.`);
  return foretell(scratch, question, [], left);
}

/** @param consumed the queues that are known to have consumers */
export function foretell(
  scratch: Scratch,
  question: Question,
  consumed: readonly string[],
  assumptions: readonly string[],
): Explanation {
  const { vhost: name, exchange, routingKey, properties, rejects, consumers } = question;
  const vhost = scratch.broker.vhosts.get(name);
  if (vhost === undefined) throw new QuestionError('vhost', name, scratch.broker.vhosts.keys());
  if (!vhost.exchanges.has(exchange)) throw new QuestionError('exchange', exchange, vhost.exchanges.keys());
  for (const queue of consumers) {
    if (!vhost.queues.has(queue)) throw new QuestionError('queue', queue, vhost.queues.keys());
  }
  const start = scratch.clock.now();
  const recorder = new Recorder(vhost, [routingKey, ...senderKeys(properties)]);
  const play = new Play(scratch, vhost, recorder, rejects);
  for (const queue of new Set([...consumed, ...consumers])) play.consume(queue);
  scratch.settle();
  const end = scratch.broker.events.observe((event) => recorder.hear(event));
  scratch.broker.grant(ACTOR, name, ALL_ACCESS);
  const actor = { user: ACTOR, users: scratch.broker.users, connection: {} };
  new Publisher(vhost, actor).publish(
    { exchange, routingKey },
    encodeProperties(properties),
    Buffer.alloc(0),
  );
  play.run();
  end();
  const publish = recorder.finish() as Hop;
  return {
    vhost: name,
    start,
    assumptions: [...assumptions, ...play.assumptions],
    publish,
    ends: endsOf(publish),
  };
}

function senderKeys({ headers }: Properties): string[] {
  return ['CC', 'BCC'].flatMap((name) => {
    const value = headers?.get(name);
    return value?.tag === 'A' ? value.value.flatMap((key) => textOf(key) ?? []) : [];
  });
}

/** Lets everything happen that will, with consumers that reject as often as they are to. */
class Play implements Receiver {
  readonly #scratch: Scratch;
  readonly #vhost: Vhost;
  readonly #recorder: Recorder;
  readonly #consumesAll: boolean;
  #rejects: number;
  readonly #assumed = new Set<string>();
  #isCut = false;

  constructor(scratch: Scratch, vhost: Vhost, recorder: Recorder, rejects: number) {
    this.#scratch = scratch;
    this.#vhost = vhost;
    this.#recorder = recorder;
    this.#rejects = rejects;
    this.#consumesAll = rejects > 0;
  }

  get assumptions(): readonly string[] {
    const queues = [...this.#assumed].map((name) => `'${name}'`).join(', ');
    return [
      ...(this.#assumed.size > 0 ? [`Somebody consumes ${queues} and takes it at once.`] : []),
      ...(this.#rejects > 0 && !this.#isCut
        ? [`Of the rejects asked for, ${this.#rejects} did not come about: no consumer had it.`]
        : []),
      ...(this.#isCut ? [`It goes on after ${MOST_HOPS} hops; the rest is cut off.`] : []),
    ];
  }

  consume(name: string): void {
    const queue = this.#vhost.queues.get(name);
    if (queue === undefined || queue.isStream) return;
    queue.addConsumer(new Subscription(queue, this, SUBSCRIPTION));
  }

  run(): void {
    for (;;) {
      this.#scratch.settle();
      if (this.#recorder.hopCount > MOST_HOPS) {
        this.#isCut = true;
        return;
      }
      const next = this.#next();
      if (next < Infinity) this.#scratch.clock.advance(next - this.#scratch.clock.now());
      else if (!this.#consumeRest()) return;
    }
  }

  hasCredit(): boolean {
    return true;
  }

  deliver(subscription: Subscription, entry: Entry): void {
    const isAskedFor = this.#recorder.knows(entry.message.id);
    if (this.#recorder.hopCount > MOST_HOPS) return; // or rejects would go round until there are none left
    if (isAskedFor) this.#assumed.add(subscription.queue.name);
    this.#scratch.soon(() => {
      subscription.unacked--;
      if (this.#rejects === 0 || !isAskedFor) return subscription.queue.ack(entry);
      this.#rejects--;
      subscription.queue.reject(entry);
    });
  }

  cancelled(): void {}

  /** When something happens next; Infinity when nothing will. */
  #next(): number {
    const now = this.#scratch.clock.now();
    let next = this.#recorder.nextRelease;
    for (const { queue: name, expires = Infinity } of this.#recorder.waiting) {
      if (expires > now) next = Math.min(next, expires);
      next = Math.min(next, this.#headLeaves(name));
      const lease = leaseOf(this.#vhost.queues.get(name));
      if (lease !== undefined) next = Math.min(next, now + lease);
    }
    return next;
  }

  /** When the message at the head expires, behind which it may be stuck. */
  #headLeaves(name: string): number {
    const queue = this.#vhost.queues.get(name);
    const head = queue instanceof Queue ? queue.ready.peek() : undefined;
    return head !== undefined && head.expiresAt > this.#scratch.clock.now() ? head.expiresAt : Infinity;
  }

  /** Where it would wait for ever somebody takes it, if there are rejects to come; returns whether there was somebody. */
  #consumeRest(): boolean {
    if (!this.#consumesAll) return false;
    const resting = this.#recorder.waiting.find(({ queue }) => this.#isUnconsumed(queue));
    if (resting === undefined) return false;
    this.consume(resting.queue);
    return true;
  }

  #isUnconsumed(name: string): boolean {
    const queue = this.#vhost.queues.get(name);
    return queue !== undefined && !queue.isStream && queue.consumers.count === 0;
  }
}

const SUBSCRIPTION = {
  consumerTag: ACTOR,
  noAck: false,
  exclusive: false,
  priority: 0,
  prefetch: 0,
  hasChannelLimit: false,
  arguments: EMPTY_TABLE,
};

/** How long a queue lives unused. */
function leaseOf(queue: DeclaredQueue | undefined): number | undefined {
  if (!(queue instanceof Queue) || queue.consumers.count > 0) return undefined;
  return queue.settings.expires === Infinity ? undefined : queue.settings.expires;
}

/** Where copies end, from the first to the last. */
function endsOf(publish: Hop): Ending[] {
  const ends: Ending[] = [];
  const look = ({ time, queues, lost, delay }: Hop): void => {
    for (const { queue, why } of lost) ends.push({ time, queue, end: 'lost', why });
    if (delay?.released !== undefined) look(delay.released);
    for (const stay of queues) lookAt(stay);
  };
  const lookAt = (stay: Stay): void => {
    const { queue, arrives, leaves, end, lost, deadLetter } = stay;
    if (deadLetter !== undefined) return look(deadLetter);
    const time = leaves ?? arrives;
    if (lost !== undefined) ends.push({ time, queue, end: 'lost', why: lost });
    else if (end === 'consumed' || end === 'waiting' || end === 'stuck' || end === 'kept' || end === 'logged')
      ends.push({ time, queue, end, why: undefined });
  };
  look(publish);
  return ends.sort((a, b) => a.time - b.time);
}
