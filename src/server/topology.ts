import { bind, unbind } from '../broker/bind.ts';
import {
  declareExchange,
  declareQueue,
  deleteExchange,
  deleteQueue,
  findExchange,
  findQueue,
  noQueue,
  refuseDefault,
} from '../broker/declare.ts';
import { REPLY_TO } from '../broker/replies.ts';
import type { MethodOf } from '../wire/methods.ts';
import type { Channel } from './channel.ts';

/** `\r` and `\n` are taken out of names without a word (GEN-06). */
function clean(name: string): string {
  return name.replace(/[\r\n]/g, '');
}

/** What the exchange and queue classes do. */
export class TopologyMethods {
  readonly #channel: Channel;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  declareExchange(method: MethodOf<'exchange.declare'>): void {
    const { vhost, actor } = this.#channel.peer;
    const name = clean(method.exchange);
    if (method.passive) {
      refuseDefault(name);
      findExchange(vhost, name);
    } else {
      declareExchange(vhost, { ...method, name }, actor);
    }
    this.#reply(method.noWait, { name: 'exchange.declare-ok' });
  }

  deleteExchange(method: MethodOf<'exchange.delete'>): void {
    const { vhost, actor } = this.#channel.peer;
    deleteExchange(vhost, clean(method.exchange), method.ifUnused, actor);
    this.#reply(method.noWait, { name: 'exchange.delete-ok' });
  }

  bindExchange(method: MethodOf<'exchange.bind'>): void {
    const { vhost, actor } = this.#channel.peer;
    bind(vhost, exchangeBinding(method), actor);
    this.#reply(method.noWait, { name: 'exchange.bind-ok' });
  }

  unbindExchange(method: MethodOf<'exchange.unbind'>): void {
    const { vhost, actor } = this.#channel.peer;
    unbind(vhost, exchangeBinding(method), actor);
    this.#reply(method.noWait, { name: 'exchange.unbind-ok' });
  }

  declareQueue(method: MethodOf<'queue.declare'>): void {
    const { vhost, actor, broker } = this.#channel.peer;
    const name = clean(method.queue);
    if (name.startsWith(REPLY_TO)) return this.#declareReplies(name, method.noWait);
    const queue = method.passive
      ? findQueue(vhost, name, actor)
      : declareQueue(vhost, { ...method, name }, actor, () => broker.generatedName('amq.gen'));
    this.#channel.lastQueue = queue.name;
    if (method.noWait) return this.#channel.hold(); // no statistics are read, so nothing is renewed (QEX-04)
    queue.touch();
    const messageCount = queue.messageCount;
    const consumerCount = queue.consumers.count;
    this.#reply(false, { name: 'queue.declare-ok', queue: queue.name, messageCount, consumerCount });
  }

  /** Creates nothing: it only says whether somebody is there for answers (QUE-02, RTO-10). */
  #declareReplies(queue: string, noWait: boolean): void {
    const { vhost } = this.#channel.peer;
    if (queue !== REPLY_TO && !vhost.replies.has(queue)) throw noQueue(vhost, queue);
    this.#channel.lastQueue = queue;
    this.#reply(noWait, { name: 'queue.declare-ok', queue, messageCount: 0, consumerCount: 1 });
  }

  bindQueue(method: MethodOf<'queue.bind'>): void {
    const { vhost, actor } = this.#channel.peer;
    bind(vhost, this.#queueBinding(method), actor);
    this.#reply(method.noWait, { name: 'queue.bind-ok' });
  }

  unbindQueue(method: MethodOf<'queue.unbind'>): void {
    const { vhost, actor } = this.#channel.peer;
    unbind(vhost, this.#queueBinding(method), actor);
    this.#reply(false, { name: 'queue.unbind-ok' });
  }

  purgeQueue(method: MethodOf<'queue.purge'>): void {
    const { vhost, actor } = this.#channel.peer;
    const name = this.#channel.queueName(method.queue);
    actor.users.check(actor.user, vhost.name, 'read', 'queue', name);
    const messageCount = findQueue(vhost, name, actor).purge();
    this.#reply(method.noWait, { name: 'queue.purge-ok', messageCount });
  }

  deleteQueue(method: MethodOf<'queue.delete'>): void {
    const { vhost, actor } = this.#channel.peer;
    const messageCount = deleteQueue(vhost, this.#channel.queueName(clean(method.queue)), method, actor);
    this.#reply(method.noWait, { name: 'queue.delete-ok', messageCount });
  }

  /** With neither queue nor key the key becomes the queue's name too (GEN-10). */
  #queueBinding(method: MethodOf<'queue.bind' | 'queue.unbind'>): Parameters<typeof bind>[1] {
    const destination = this.#channel.queueName(clean(method.queue));
    const bindingKey = method.queue === '' && method.routingKey === '' ? destination : method.routingKey;
    return {
      source: clean(method.exchange),
      destination,
      to: 'queue',
      bindingKey,
      arguments: method.arguments,
    };
  }

  #reply(noWait: boolean, method: Parameters<Channel['send']>[0]): void {
    this.#channel.hold();
    if (!noWait) this.#channel.send(method);
  }
}

function exchangeBinding(method: MethodOf<'exchange.bind' | 'exchange.unbind'>): Parameters<typeof bind>[1] {
  const [source, destination] = [clean(method.source), clean(method.destination)];
  return { source, destination, to: 'exchange', bindingKey: method.routingKey, arguments: method.arguments };
}
