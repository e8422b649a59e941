import { describe, expect, test } from 'vitest';
import { deleteExchange } from '../../src/broker/declare.ts';
import { Core } from '../support/core.ts';

describe('vhost', () => {
  test('a new one has the exchanges everybody expects [EXC-01]', () => {
    const { vhost } = new Core();
    const found = [...vhost.exchanges.values()].map(({ identity }) => identity);
    expect(found.map(({ name, type, internal }) => `${name} ${type}${internal ? ' internal' : ''}`)).toEqual([
      ' direct',
      'amq.direct direct',
      'amq.fanout fanout',
      'amq.topic topic',
      'amq.headers headers',
      'amq.match headers',
      'amq.rabbitmq.trace topic internal',
    ]);
    expect(found.every(({ durable, autoDelete }) => durable && !autoDelete)).toBe(true);
  });

  test('deleting an exchange removes its bindings, from it and to it [EXC-14]', () => {
    const core = new Core();
    const x = core.exchange('x', 'fanout');
    const y = core.exchange('y', 'fanout');
    const queue = core.queue('q');
    core.bind('x', 'y', '', 'exchange');
    core.bind('y', 'q');
    deleteExchange(core.vhost, 'y', false, core.actor);
    expect(x.bindingCount).toBe(0);
    expect(y.bindingCount).toBe(0);
    expect(queue.incoming.size).toBe(0);
    expect(core.publish('x', '', 'a')).toBe(0);
  });

  test('an auto-delete exchange goes with its last binding as a source, however that goes [EXC-15]', () => {
    const ways: readonly ((core: Core) => void)[] = [
      (core) => core.unbind('x', 'q'),
      (core) => core.vhost.remove(core.queue('q')),
    ];
    for (const lose of ways) {
      const core = new Core();
      core.exchange('x', 'direct', {}, { autoDelete: true });
      core.queue('q');
      core.queue('other');
      core.bind('x', 'q');
      core.bind('x', 'other');
      core.unbind('x', 'other');
      expect(core.vhost.exchanges.has('x')).toBe(true);
      lose(core);
      expect(core.vhost.exchanges.has('x')).toBe(false);
    }
  });

  test('an auto-delete exchange goes when the exchange it led to is deleted [EXC-15]', () => {
    const core = new Core();
    core.exchange('x', 'direct', {}, { autoDelete: true });
    core.exchange('y', 'direct', {}, { autoDelete: true });
    core.exchange('z');
    core.bind('x', 'y', '', 'exchange');
    core.bind('y', 'z', '', 'exchange');
    deleteExchange(core.vhost, 'z', false, core.actor);
    expect(core.vhost.exchanges.has('y')).toBe(false);
    expect(core.vhost.exchanges.has('x')).toBe(false);
  });

  test('an auto-delete exchange that never was a source stays [EXC-15]', () => {
    const core = new Core();
    core.exchange('x');
    core.exchange('y', 'direct', {}, { autoDelete: true });
    core.bind('x', 'y', '', 'exchange');
    core.unbind('x', 'y', '', 'exchange');
    expect(core.vhost.exchanges.has('y')).toBe(true);
  });

  test('deleting a queue removes bindings and messages and cancels consumers, afterwards [QUE-27, CNS-25]', () => {
    const core = new Core();
    const dead = core.queue('dead');
    const queue = core.queue('q');
    const x = core.exchange('x', 'fanout');
    core.bind('x', 'q');
    const consumer = core.consume(queue, 1);
    core.publish('x', '', 'a');
    core.vhost.remove(queue);
    expect(consumer.isCancelled).toBe(false);
    core.settle();
    expect(consumer.isCancelled).toBe(true);
    expect(x.bindingCount).toBe(0);
    expect(queue.ready.length).toBe(0);
    consumer.ack(...consumer.entries);
    expect(dead.ready.length).toBe(0);
    expect(core.send('q', 'b')).toBe(0);
  });

  test('exclusive queues are deleted when their connection ends, others stay [QUE-29]', () => {
    const core = new Core();
    core.queue('mine', {}, { exclusive: true });
    core.queue('too', {}, { exclusive: true });
    core.queue('shared');
    core.vhost.remove(core.queue('too', {}, { exclusive: true }));
    core.vhost.removeOwnedBy({});
    expect([...core.vhost.queues.keys()]).toEqual(['mine', 'shared']);
    core.vhost.removeOwnedBy(core.actor.connection);
    expect([...core.vhost.queues.keys()]).toEqual(['shared']);
  });

  test('a queue of the same name is another queue', () => {
    const core = new Core();
    const first = core.queue('q');
    core.vhost.remove(first);
    const second = core.queue('q');
    expect(second).not.toBe(first);
    expect(second.identity.id).toBeGreaterThan(first.identity.id);
  });
});
