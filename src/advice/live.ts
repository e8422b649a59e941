import type { Broker } from '../broker/broker.ts';
import type { Exchange } from '../broker/exchange.ts';
import { Entry, Message } from '../broker/message.ts';
import { Queue } from '../broker/queue.ts';
import type { QueueArguments } from '../broker/arguments.ts';
import type { Vhost } from '../broker/vhost.ts';
import { foretell } from './explain.ts';
import type { Explanation } from './explanation.ts';
import { QuestionError } from './question.ts';
import type { Question } from './question.ts';
import { createScratch } from './scratch.ts';
import type { Scratch } from './scratch.ts';

/** More messages, or bytes of them, are not copied. */
const MOST_MESSAGES = 10_000;
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * The future of a message in a running broker, with all there is in its vhost now: what is exclusive or transient, and
 * the messages that are ready. The broker itself notices nothing.
 * @throws {QuestionError} when something the question is about does not exist
 * @throws {AmqpError} when the broker would refuse the publish
 */
export function explainInBroker(broker: Broker, question: Question): Explanation {
  const vhost = broker.vhosts.get(question.vhost);
  if (vhost === undefined) throw new QuestionError('vhost', question.vhost, broker.vhosts.keys());
  const scratch = createScratch(broker.clock.now());
  const copy = copyTopology(vhost, scratch);
  const assumptions = copyMessages(broker, vhost, copy, scratch);
  const consumed = [...vhost.queues.values()].filter(({ consumers }) => consumers.count > 0);
  return foretell(
    scratch,
    question,
    consumed.map(({ name }) => name),
    assumptions,
  );
}

function copyTopology(from: Vhost, { broker }: Scratch): Vhost {
  const to = broker.addVhost(from.name);
  for (const kind of ['policy', 'operator-policy'] as const) {
    for (const { name, pattern, applyTo, definition, priority } of from.policies.list(kind)) {
      to.policies.set(kind, name, { pattern, 'apply-to': applyTo, definition, priority });
    }
  }
  for (const { identity } of from.exchanges.values()) {
    if (!to.exchanges.has(identity.name)) to.addExchange(identity);
  }
  for (const queue of from.queues.values()) {
    to.addQueue({ ...queue.identity, id: broker.nextQueueId() }, queue.arguments as QueueArguments);
  }
  for (const exchange of from.exchanges.values()) copyBindings(exchange, to);
  return to;
}

function copyBindings({ bindings }: Exchange, to: Vhost): void {
  for (const { source, destination, bindingKey, arguments: table } of bindings) {
    const ends = destination.kind === 'queue' ? to.queues : to.exchanges;
    const [newSource, newDestination] = [to.exchanges.get(source.name), ends.get(destination.name)];
    if (newSource === undefined || newDestination === undefined) continue;
    to.addBinding({ source: newSource, destination: newDestination, bindingKey, arguments: table });
  }
}

/** @returns what is taken for granted, because it was too much */
function copyMessages(broker: Broker, from: Vhost, to: Vhost, scratch: Scratch): string[] {
  const queues = [...from.queues.values()].filter((queue): queue is Queue => queue instanceof Queue);
  const [count, bytes] = [sum(queues, ({ ready }) => ready.length), sum(queues, ({ ready }) => ready.bytes)];
  if (count > MOST_MESSAGES || bytes > MOST_BYTES) {
    return [`The ${count} messages that are ready in the vhost have left their queues by then.`];
  }
  for (const queue of queues) {
    const copy = to.queues.get(queue.name);
    if (copy instanceof Queue) copyReady(broker, queue, copy, scratch);
  }
  return [];
}

function copyReady(broker: Broker, from: Queue, to: Queue, scratch: Scratch): void {
  for (const { message, expiresAt, lane, returns } of from.ready) {
    const { exchange, routingKey, moreKeys, persistent, died, priority } = message;
    const id = scratch.broker.nextMessageId();
    const copy = new Message(id, exchange, routingKey, moreKeys, persistent, died, priority);
    const { propertiesAt, propertiesLength, bodyAt, bodyLength } = message;
    const { journal } = broker;
    const properties = (message.page.bytes ?? journal.load(message.page)).subarray(
      propertiesAt,
      propertiesAt + propertiesLength,
    );
    const body = (message.bodyPage.bytes ?? journal.load(message.bodyPage)).subarray(
      bodyAt,
      bodyAt + bodyLength,
    );
    scratch.broker.journal.write(copy, properties, body, 0);
    copy.places++;
    to.ready.push(new Entry(copy, expiresAt, lane, false, returns));
  }
  scratch.broker.later(to);
}

function sum<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}
