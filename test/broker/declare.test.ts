import { describe, expect, test } from 'vitest';
import {
  declareQueue,
  deleteExchange,
  deleteQueue,
  findExchange,
  findQueue,
} from '../../src/broker/declare.ts';
import type { Actor } from '../../src/broker/declare.ts';
import { fieldTable, longstr } from '../../src/wire/table.ts';
import { Core } from '../support/core.ts';
import { byte } from '../support/deaths.ts';
import { refusal } from '../support/refusal.ts';

const X = "exchange 'x' in vhost '/'";
const Q = "queue 'q' in vhost '/'";
const LOCKED =
  `405 RESOURCE_LOCKED - cannot obtain exclusive access to locked ${Q}. It could be originally declared on another ` +
  'connection or the exclusive property value does not match that of the original declaration.';

/** A user who may do only what is said, on a connection of its own. */
function aUser(core: Core, permission: { configure?: string; write?: string; read?: string }): Actor {
  core.broker.addUser('bob', 'secret');
  core.broker.grant('bob', '/', { configure: '', write: '', read: '', ...permission });
  return { user: 'bob', users: core.broker.users, connection: {} };
}

function declareAs(actor: Actor, core: Core, args: Parameters<typeof fieldTable>[0]): string | undefined {
  const flags = { durable: true, exclusive: false, autoDelete: false };
  return refusal(() =>
    declareQueue(core.vhost, { name: 'q', ...flags, arguments: fieldTable(args) }, actor, () => 'generated'),
  );
}

const removeQueue = (core: Core, flags = {}, actor = core.actor): number =>
  deleteQueue(core.vhost, 'q', { ifUnused: false, ifEmpty: false, ...flags }, actor);

describe('declaring an exchange', () => {
  test('an unknown type is refused, an empty one too [EXC-04]', () => {
    const core = new Core();
    expect(refusal(() => core.exchange('x', 'bogus'))).toBe(
      "406 PRECONDITION_FAILED - unknown exchange type 'bogus'",
    );
    expect(refusal(() => core.exchange('x', ''))).toBe("406 PRECONDITION_FAILED - invalid exchange type ''");
  });

  test('the default exchange cannot be declared; the type is looked at before [EXC-03, EXC-05]', () => {
    const core = new Core();
    expect(refusal(() => core.exchange(''))).toBe(
      '403 ACCESS_REFUSED - operation not permitted on the default exchange',
    );
    expect(refusal(() => core.exchange('', 'bogus'))).toContain('unknown exchange type');
  });

  test('names that begin with amq. are reserved, but what exists can be declared again [EXC-06]', () => {
    const core = new Core();
    expect(refusal(() => core.exchange('amq.foo'))).toBe(
      "403 ACCESS_REFUSED - exchange name 'amq.foo' contains reserved prefix 'amq.*'",
    );
    expect(refusal(() => core.exchange('amq.direct', 'direct'))).toBeUndefined();
  });

  test('the first difference is reported: type, durable, auto_delete, internal, alternate [EXC-07, EXC-08]', () => {
    const core = new Core();
    core.exchange('x', 'direct', { 'alternate-exchange': longstr('foo') });
    const again = (...args: [string, Record<string, ReturnType<typeof longstr>>, object]): string =>
      String(refusal(() => core.exchange('x', ...args))).replace('406 PRECONDITION_FAILED - ', '');
    const foo = { 'alternate-exchange': longstr('foo') };
    const flags = { durable: false, autoDelete: true, internal: true };
    expect(again('fanout', {}, flags)).toBe(
      `inequivalent arg 'type' for ${X}: received 'fanout' but current is 'direct'`,
    );
    expect(again('direct', {}, flags)).toBe(
      `inequivalent arg 'durable' for ${X}: received 'false' but current is 'true'`,
    );
    expect(again('direct', {}, { autoDelete: true, internal: true })).toBe(
      `inequivalent arg 'auto_delete' for ${X}: received 'true' but current is 'false'`,
    );
    expect(again('direct', {}, { internal: true })).toBe(
      `inequivalent arg 'internal' for ${X}: received 'true' but current is 'false'`,
    );
    expect(again('direct', { 'alternate-exchange': longstr('foo2') }, {})).toBe(
      `inequivalent arg 'alternate-exchange' for ${X}: received 'foo2' but current is 'foo'`,
    );
    expect(again('direct', {}, {})).toBe(
      `inequivalent arg 'alternate-exchange' for ${X}: received none but current is the value 'foo' of type 'longstr'`,
    );
    expect(again('direct', foo, {})).toBe('undefined');
    core.exchange('y');
    expect(refusal(() => core.exchange('y', 'direct', foo))).toBe(
      "406 PRECONDITION_FAILED - inequivalent arg 'alternate-exchange' for exchange 'y' in vhost '/': " +
        "received the value 'foo' of type 'longstr' but current is none",
    );
  });

  test('other arguments may differ [EXC-07]', () => {
    const core = new Core();
    core.exchange('x', 'direct', { own: byte(1) });
    expect(refusal(() => core.exchange('x', 'direct', { own: byte(2), more: byte(3) }))).toBeUndefined();
  });

  test('what is asked for but missing is named [EXC-09, PUB-04]', () => {
    const core = new Core();
    expect(refusal(() => findExchange(core.vhost, 'x'))).toBe(`404 NOT_FOUND - no ${X}`);
    core.exchange('x', 'fanout');
    expect(findExchange(core.vhost, 'x').identity.type).toBe('fanout');
  });

  test('an alternate exchange is a string and need not exist [EXC-10]', () => {
    const core = new Core();
    expect(refusal(() => core.exchange('x', 'direct', { 'alternate-exchange': byte(1) }))).toBe(
      `406 PRECONDITION_FAILED - invalid type 'byte' for arg 'alternate-exchange' in ${X}`,
    );
    expect(refusal(() => core.exchange('x', 'direct', { 'alternate-exchange': longstr('no') }))).toBe(
      undefined,
    );
  });

  test('the right to configure is asked for before anything is compared or reserved [EXC-03, AUT-04]', () => {
    const core = new Core();
    const bob = aUser(core, { configure: '^mine' });
    const refused = new Core();
    Object.assign(refused, { actor: bob, vhost: core.vhost });
    expect(refusal(() => refused.exchange('amq.foo'))).toBe(
      "403 ACCESS_REFUSED - configure access to exchange 'amq.foo' in vhost '/' refused for user 'bob'",
    );
    expect(refusal(() => refused.exchange('mine'))).toBeUndefined();
    expect(refusal(() => refused.exchange('mine2', 'direct', { 'alternate-exchange': longstr('a') }))).toBe(
      "403 ACCESS_REFUSED - read access to exchange 'mine2' in vhost '/' refused for user 'bob'",
    );
  });
});

describe('deleting an exchange', () => {
  test('a missing one succeeds, the default and those of the system do not [EXC-11, EXC-12]', () => {
    const core = new Core();
    const remove = (name: string): string | undefined =>
      refusal(() => deleteExchange(core.vhost, name, false, core.actor));
    expect(remove('x')).toBeUndefined();
    expect(remove('')).toBe('403 ACCESS_REFUSED - operation not permitted on the default exchange');
    for (const name of ['amq.direct', 'amq.none']) {
      expect(remove(name)).toBe(
        `403 ACCESS_REFUSED - deletion of system exchange '${name}' in vhost '/' not allowed`,
      );
    }
  });

  test('if-unused looks at bindings that leave it, not at those that lead to it [EXC-13]', () => {
    const core = new Core();
    core.exchange('x');
    core.exchange('y');
    core.bind('x', 'y', '', 'exchange');
    expect(refusal(() => deleteExchange(core.vhost, 'x', true, core.actor))).toBe(
      `406 PRECONDITION_FAILED - ${X} in use`,
    );
    expect(refusal(() => deleteExchange(core.vhost, 'y', true, core.actor))).toBeUndefined();
    expect(refusal(() => deleteExchange(core.vhost, 'x', true, core.actor))).toBeUndefined();
  });

  test('the right to configure is asked for before existence [AUT-04]', () => {
    const core = new Core();
    const bob = aUser(core, {});
    expect(refusal(() => deleteExchange(core.vhost, 'x', false, bob))).toBe(
      `403 ACCESS_REFUSED - configure access to ${X} refused for user 'bob'`,
    );
  });
});

describe('declaring a queue', () => {
  test('without a name it is always a new one with a generated name [QUE-03]', () => {
    const core = new Core();
    const first = core.queue('');
    const second = core.queue('');
    expect(first.name).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/);
    expect(second.name).not.toBe(first.name);
  });

  test('names that begin with amq. are reserved, even its own [QUE-04]', () => {
    const core = new Core();
    const { name } = core.queue('');
    for (const reserved of ['amq.foo', name]) {
      expect(refusal(() => core.queue(reserved))).toBe(
        `403 ACCESS_REFUSED - queue name '${reserved}' contains reserved prefix 'amq.*'`,
      );
    }
  });

  test('a reserved name is refused before its arguments [ARG-01]', () => {
    expect(refusal(() => new Core().queue('amq.x', { 'x-dead-letter-exchange': byte(1) }))).toContain('403');
  });

  test('what is asked for but missing is named, whatever its name [QUE-05, QUE-06]', () => {
    const core = new Core();
    expect(refusal(() => findQueue(core.vhost, 'q', core.actor))).toBe(`404 NOT_FOUND - no ${Q}`);
    expect(refusal(() => findQueue(core.vhost, '', core.actor))).toBe(
      "404 NOT_FOUND - no queue '' in vhost '/'",
    );
  });

  test('again it is the same queue, and nothing in it changes [QUE-30]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.send('q', 'a');
    expect(core.queue('q')).toBe(queue);
    expect(queue.ready.length).toBe(1);
  });

  test('durable is compared before auto_delete, both before arguments [QUE-10, ARG-08, ARG-11]', () => {
    const core = new Core();
    core.queue('q');
    const args = { 'x-message-ttl': byte(1) };
    expect(refusal(() => core.queue('q', args, { durable: false, autoDelete: true }))).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'durable' for ${Q}: received 'false' but current is 'true'`,
    );
    expect(refusal(() => core.queue('q', args, { autoDelete: true }))).toBe(
      `406 PRECONDITION_FAILED - inequivalent arg 'auto_delete' for ${Q}: received 'true' but current is 'false'`,
    );
  });

  test('an exclusive queue is locked for other connections, in all they do [QUE-07, ARG-12]', () => {
    const core = new Core();
    core.queue('q', {}, { exclusive: true });
    const stranger = { ...core.actor, connection: {} };
    const asked = { name: 'q', durable: true, exclusive: true, autoDelete: false, arguments: new Map() };
    expect(refusal(() => declareQueue(core.vhost, asked, stranger, () => ''))).toBe(LOCKED);
    expect(refusal(() => findQueue(core.vhost, 'q', stranger))).toBe(LOCKED);
    expect(refusal(() => removeQueue(core, {}, stranger))).toBe(LOCKED);
    expect(findQueue(core.vhost, 'q', core.actor).name).toBe('q');
  });

  test('another exclusive flag is refused in the same words, before all else [QUE-09, ARG-08]', () => {
    const core = new Core();
    core.queue('q');
    expect(refusal(() => core.queue('q', {}, { exclusive: true, autoDelete: true }))).toBe(LOCKED);
    const other = new Core();
    other.queue('q', {}, { exclusive: true });
    expect(refusal(() => other.queue('q'))).toBe(LOCKED);
  });

  test('an exclusive queue is never durable, and declared again with either flag [QUE-13, ARG-12]', () => {
    const core = new Core();
    const queue = core.queue('q', {}, { exclusive: true, durable: true });
    expect(queue.durable).toBe(false);
    for (const durable of [true, false]) {
      expect(core.queue('q', {}, { exclusive: true, durable })).toBe(queue);
    }
  });

  test('a dead-letter exchange takes the right to read the queue and to write to it [DLX-06]', () => {
    const core = new Core();
    const bob = aUser(core, { configure: '.*' });
    const args = { 'x-dead-letter-exchange': longstr('dx') };
    expect(declareAs(bob, core, args)).toBe(
      `403 ACCESS_REFUSED - read access to ${Q} refused for user 'bob'`,
    );
    core.broker.grant('bob', '/', { configure: '.*', write: '', read: '^q$' });
    expect(declareAs(bob, core, args)).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'dx' in vhost '/' refused for user 'bob'",
    );
    expect(declareAs(bob, core, { 'x-dead-letter-exchange': longstr('') })).toBe(
      "403 ACCESS_REFUSED - write access to exchange 'amq.default' in vhost '/' refused for user 'bob'",
    );
    core.broker.grant('bob', '/', { configure: '.*', write: '^dx$', read: '^q$' });
    expect(declareAs(bob, core, args)).toBeUndefined();
  });

  test('the rights come after the type of the exchange and before other arguments [ARG-01, DLX-06]', () => {
    const core = new Core();
    const bob = aUser(core, { configure: '.*' });
    expect(declareAs(bob, core, { 'x-dead-letter-exchange': byte(1) })).toContain("invalid type 'byte'");
    expect(declareAs(bob, core, { 'x-dead-letter-exchange': longstr('dx'), 'x-expires': byte(0) })).toContain(
      'read access',
    );
    expect(declareAs(bob, core, { 'x-expires': byte(0) })).toContain('{value_zero,0}');
  });

  test('declared again it takes no right on the dead-letter exchange [DLX-07]', () => {
    const core = new Core();
    core.queue('q', { 'x-dead-letter-exchange': longstr('dx') });
    const bob = aUser(core, { configure: '.*' });
    expect(declareAs(bob, core, { 'x-dead-letter-exchange': longstr('dx') })).toBeUndefined();
  });

  test('the right to configure is asked for first [QUE-02, AUT-04]', () => {
    const core = new Core();
    const bob = aUser(core, {});
    expect(declareAs(bob, core, { 'x-dead-letter-exchange': byte(1) })).toBe(
      `403 ACCESS_REFUSED - configure access to ${Q} refused for user 'bob'`,
    );
  });
});

describe('deleting a queue', () => {
  test('a missing one is no error and had no messages [QUE-23]', () => {
    expect(removeQueue(new Core())).toBe(0);
  });

  test('the answer is the number of ready messages [QUE-24]', () => {
    const core = new Core();
    const queue = core.queue('q');
    for (const body of ['a', 'b', 'c']) core.send('q', body);
    core.get(queue);
    expect(removeQueue(core)).toBe(2);
  });

  test('if-empty looks at ready messages only, if-unused at consumers only; if-empty is reported first [QUE-25]', () => {
    const core = new Core();
    const queue = core.queue('q');
    core.consume(queue, 1);
    core.send('q', 'a');
    expect(refusal(() => removeQueue(core, { ifUnused: true }))).toBe(
      `406 PRECONDITION_FAILED - ${Q} in use`,
    );
    expect(queue.unackedCount).toBe(1);
    core.send('q', 'b');
    expect(refusal(() => removeQueue(core, { ifUnused: true, ifEmpty: true }))).toBe(
      `406 PRECONDITION_FAILED - ${Q} not empty`,
    );
    core.get(queue);
    expect(removeQueue(core, { ifEmpty: true })).toBe(0);
  });
});
