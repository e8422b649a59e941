import { AmqpError } from '../wire/errors.ts';
import { longstr, typeNames } from '../wire/table.ts';
import type { FieldTable } from '../wire/table.ts';
import { limitOf } from './admission.ts';
import {
  checkDeadLetterExchange,
  checkMayBeNamed,
  checkProperties,
  checkSameArgument,
  checkSameQueueArguments,
  inequivalent,
  queueLabel,
  readQueueArguments,
  storedQueueArguments,
} from './arguments.ts';
import type { DeclaredQueue } from './declared-queue.ts';
import { exchangeLabel } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { exchangeTypeName, exchangeTypes } from './exchange-types.ts';
import { QUORUM, STREAM } from './queue-type.ts';
import { SharedArguments } from './shared-arguments.ts';
import { checkStreamArguments } from './stream-arguments.ts';
import { textOf } from './term.ts';
import type { Users } from './users.ts';
import type { Vhost } from './vhost.ts';

const sharedArguments = new SharedArguments();

/** On whose behalf something is asked for. */
export interface Actor {
  readonly user: string;
  readonly users: Users;
  /** The connection: owner of exclusive queues. */
  readonly connection: object;
  /** May use names that begin with `amq.`: definitions name what a broker made. */
  readonly mayReserve?: boolean;
}

export interface ExchangeDeclaration {
  readonly name: string;
  readonly type: string;
  readonly durable: boolean;
  readonly autoDelete: boolean;
  readonly internal: boolean;
  readonly arguments: FieldTable;
}

export interface QueueDeclaration {
  readonly name: string;
  readonly durable: boolean;
  readonly exclusive: boolean;
  readonly autoDelete: boolean;
  readonly arguments: FieldTable;
}

/** @throws {AmqpError} NOT_FOUND */
export function findExchange(vhost: Vhost, name: string): Exchange {
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) throw new AmqpError('NOT_FOUND', `no ${exchangeLabel(vhost.name, name)}`);
  return exchange;
}

export function noQueue(vhost: Vhost, name: string): AmqpError {
  return new AmqpError('NOT_FOUND', `no ${queueLabel(vhost.name, name)}`);
}

/** @throws {AmqpError} NOT_FOUND; RESOURCE_LOCKED for the exclusive queue of another connection (QUE-07) */
export function findQueue(vhost: Vhost, name: string, actor: Actor): DeclaredQueue {
  const queue = vhost.queues.get(name) ?? vhost.replies.find(name);
  if (queue === undefined) throw noQueue(vhost, name);
  const { owner } = queue.identity;
  if (owner !== undefined && owner !== actor.connection) throw locked(queue);
  return queue;
}

/** Checks in the order of EXC-03. */
export function declareExchange(vhost: Vhost, asked: ExchangeDeclaration, actor: Actor): Exchange {
  const type = exchangeTypeName(asked.type);
  refuseDefault(asked.name);
  actor.users.check(actor.user, vhost.name, 'configure', 'exchange', asked.name);
  const existing = vhost.exchanges.get(asked.name);
  if (existing !== undefined) {
    checkSameExchange(existing, asked);
    return existing;
  }
  refuseReserved('exchange', asked.name, actor);
  checkAlternate(vhost, asked, actor);
  const { name, durable, autoDelete, internal, arguments: table } = asked;
  exchangeTypes[type].checkArguments?.(table, exchangeLabel(vhost.name, name));
  const declaredBy = actor.user;
  return vhost.addExchange({ name, type, durable, autoDelete, internal, table, declaredBy });
}

/** Any operation on the default exchange but publishing to it (EXC-05, EXC-12, BND-03). */
export function refuseDefault(name: string): void {
  if (name === '') throw new AmqpError('ACCESS_REFUSED', 'operation not permitted on the default exchange');
}

function refuseReserved(kind: 'exchange' | 'queue', name: string, { mayReserve }: Actor): void {
  if (!name.startsWith('amq.') || mayReserve === true) return;
  throw new AmqpError('ACCESS_REFUSED', `${kind} name '${name}' contains reserved prefix 'amq.*'`);
}

/** EXC-07: these four, then the alternate exchange, and nothing else. */
function checkSameExchange({ label, identity }: Exchange, asked: ExchangeDeclaration): void {
  const pairs = [
    ['type', asked.type, identity.type],
    ['durable', asked.durable, identity.durable],
    ['auto_delete', asked.autoDelete, identity.autoDelete],
    ['internal', asked.internal, identity.internal],
  ] as const;
  for (const [name, received, current] of pairs) {
    if (received !== current) throw inequivalent(label, name, `'${received}' but current is '${current}'`);
  }
  const alternate = 'alternate-exchange';
  checkSameArgument(label, alternate, asked.arguments.get(alternate), identity.table.get(alternate));
}

/** EXC-10, and the rights it takes (AUT-09). */
function checkAlternate(vhost: Vhost, { name, arguments: table }: ExchangeDeclaration, actor: Actor): void {
  const value = table.get('alternate-exchange');
  if (value === undefined) return;
  const alternate = textOf(value);
  if (alternate === undefined) {
    const where = `for arg 'alternate-exchange' in ${exchangeLabel(vhost.name, name)}`;
    throw new AmqpError('PRECONDITION_FAILED', `invalid type '${typeNames[value.tag]}' ${where}`);
  }
  actor.users.check(actor.user, vhost.name, 'read', 'exchange', name);
  actor.users.check(actor.user, vhost.name, 'write', 'exchange', alternate);
}

export function deleteExchange(vhost: Vhost, name: string, ifUnused: boolean, actor: Actor): void {
  refuseDefault(name);
  if (name.startsWith('amq.')) {
    const label = exchangeLabel(vhost.name, name);
    throw new AmqpError('ACCESS_REFUSED', `deletion of system ${label} not allowed`);
  }
  actor.users.check(actor.user, vhost.name, 'configure', 'exchange', name);
  const exchange = vhost.exchanges.get(name);
  if (exchange === undefined) return; // EXC-11
  if (ifUnused && exchange.bindingCount > 0)
    throw new AmqpError('PRECONDITION_FAILED', `${exchange.label} in use`);
  vhost.removeExchange(exchange);
}

/**
 * Checks in the order of QUE-02 and ARG-01.
 * @param generatedName for a queue without a name (QUE-03)
 */
export function declareQueue(
  vhost: Vhost,
  declaration: QueueDeclaration,
  actor: Actor,
  generatedName: () => string,
): DeclaredQueue {
  const asked = withDefaultType(vhost, declaration);
  refuseReserved('queue', asked.name, actor);
  if (asked.name === '') checkMayBeNamed(asked.arguments);
  const name = asked.name === '' ? generatedName() : asked.name;
  actor.users.check(actor.user, vhost.name, 'configure', 'queue', name);
  vhost.churn.queuesDeclared++;
  const existing = vhost.queues.get(name);
  if (existing === undefined) return createQueue(vhost, { ...asked, name }, actor);
  checkSameQueue(existing, asked, actor);
  return existing;
}

/** QUE-20: what is exclusive, transient or auto-delete can only be classic. */
function withDefaultType({ settings }: Vhost, asked: QueueDeclaration): QueueDeclaration {
  const { defaultQueueType: type } = settings;
  if (type === undefined || type === 'classic') return asked;
  if (!asked.durable || asked.exclusive || asked.autoDelete || asked.arguments.has('x-queue-type'))
    return asked;
  return { ...asked, arguments: new Map([...asked.arguments, ['x-queue-type', longstr(type)]]) };
}

function createQueue(vhost: Vhost, asked: QueueDeclaration, actor: Actor): DeclaredQueue {
  const { name, exclusive, autoDelete, arguments: table } = asked;
  const label = queueLabel(vhost.name, name);
  checkDeadLetterExchange(label, table);
  const deadLetterExchange = textOf(table.get('x-dead-letter-exchange'));
  if (deadLetterExchange !== undefined) {
    actor.users.check(actor.user, vhost.name, 'read', 'queue', name); // DLX-06
    actor.users.check(actor.user, vhost.name, 'write', 'exchange', deadLetterExchange);
  }
  const stored = sharedArguments.of(table, () => {
    const args = readQueueArguments(label, table);
    return { arguments: args, table: storedQueueArguments(args, table) };
  });
  const { arguments: args } = stored;
  checkProperties(args, label, asked);
  if (args.type === STREAM) checkStreamArguments(table);
  checkQueueLimits(vhost, name);
  const durable = asked.durable && !exclusive; // QUE-13
  const owner = exclusive ? actor.connection : undefined;
  const id = vhost.nextQueueId();
  return vhost.addQueue(
    { id, vhost: vhost.name, name, durable, autoDelete, owner, table: stored.table },
    args,
  );
}

/** That of the vhost first, then that of all vhosts together (QUE-21). */
function checkQueueLimits(vhost: Vhost, name: string): void {
  const most = limitOf(vhost.settings.limits?.maxQueues);
  if (vhost.queues.size >= most) throw queueLimit(name, `vhost '${vhost.name}'`, most);
  const ofAll = vhost.reachedQueueLimit;
  if (ofAll !== undefined) throw queueLimit(name, 'cluster', ofAll);
}

function queueLimit(name: string, where: string, most: number): AmqpError {
  const text = `cannot declare queue '${name}': queue limit in ${where} (${most}) is reached`;
  return new AmqpError('PRECONDITION_FAILED', text);
}

/** QUE-09 to QUE-13: exclusive first, then durable and auto_delete, then arguments. */
function checkSameQueue(queue: DeclaredQueue, asked: QueueDeclaration, actor: Actor): void {
  const { label, identity } = queue;
  const isExclusive = identity.owner !== undefined;
  if (asked.exclusive !== isExclusive || (isExclusive && identity.owner !== actor.connection))
    throw locked(queue);
  if (!isExclusive && asked.durable !== identity.durable) {
    throw inequivalent(label, 'durable', `'${asked.durable}' but current is '${identity.durable}'`);
  }
  if (asked.autoDelete !== identity.autoDelete) {
    throw inequivalent(label, 'auto_delete', `'${asked.autoDelete}' but current is '${identity.autoDelete}'`);
  }
  checkSameQueueArguments(queue.arguments, label, asked.arguments, identity.table);
}

function locked({ label }: DeclaredQueue): AmqpError {
  const reason =
    'It could be originally declared on another connection or the exclusive property value does not match that of the ' +
    'original declaration.';
  return new AmqpError('RESOURCE_LOCKED', `cannot obtain exclusive access to locked ${label}. ${reason}`);
}

/** QUE-26 */
function refuseConditions({ label }: DeclaredQueue, ifUnused: boolean, ifEmpty: boolean): void {
  if (!ifUnused && !ifEmpty) return;
  const flag = ifUnused ? 'if-unused' : 'if-empty';
  const why = `queue.delete operations with ${flag} flag set are not supported by quorum queues`;
  throw new AmqpError('NOT_IMPLEMENTED', `cannot delete ${label}. ${why}`);
}

/** @returns how many ready messages went with it (QUE-24) */
export function deleteQueue(
  vhost: Vhost,
  name: string,
  { ifUnused, ifEmpty }: { readonly ifUnused: boolean; readonly ifEmpty: boolean },
  actor: Actor,
): number {
  actor.users.check(actor.user, vhost.name, 'configure', 'queue', name);
  if (!vhost.queues.has(name)) return 0; // QUE-23
  const queue = findQueue(vhost, name, actor);
  if (queue.isStream) {
    vhost.remove(queue);
    return 0; // STR-13
  }
  if (queue.arguments.type === QUORUM) refuseConditions(queue, ifUnused, ifEmpty);
  if (ifEmpty && queue.messageCount > 0)
    throw new AmqpError('PRECONDITION_FAILED', `${queue.label} not empty`);
  if (ifUnused && queue.consumers.count > 0)
    throw new AmqpError('PRECONDITION_FAILED', `${queue.label} in use`);
  const count = queue.messageCount;
  vhost.remove(queue);
  return count;
}
