import assert from 'node:assert/strict';
import { segment } from './admin.ts';
import type { Channel } from './channel.ts';
import type { Client } from './client.ts';
import type { Context, Permissions } from './context.ts';
import type { Args, MethodName } from './protocol.ts';

type Access = 'configure' | 'write' | 'read';

/** A user with few permissions, and an open connection of it. */
export class User {
  readonly name: string;
  readonly client: Client;
  readonly #t: Context;

  private constructor(t: Context, name: string, client: Client) {
    this.#t = t;
    this.name = name;
    this.client = client;
  }

  static async with(t: Context, permissions: Permissions, tags = ''): Promise<User> {
    const login = await t.user(permissions, tags);
    return new User(t, login.user, await t.connect(login));
  }

  /** A new channel of its connection. */
  channel(): Promise<Channel> {
    return this.#t.channel(this.client);
  }

  async permitTopic(exchange: string, permissions: Omit<Permissions, 'configure'>): Promise<void> {
    const path = `/topic-permissions/%2F/${segment(this.name)}`;
    await this.#t.admin.must('PUT', path, { exchange, write: '', read: '', ...permissions });
  }

  /** The request succeeds. */
  async may<N extends MethodName>(name: N, args: Args<N>): Promise<void> {
    const channel = await this.channel();
    send(channel, name, args);
    if (name === 'basic.publish') return channel.settled();
    assert.notEqual(await channel.client.peek(channel.number), 'channel.close');
    await channel.client.frame(channel.number);
  }

  /** The request is refused for want of this access to this resource. */
  async mayNot<N extends MethodName>(name: N, args: Args<N>, access: Access, what: string): Promise<void> {
    const channel = await this.channel();
    send(channel, name, args);
    await channel.refused(403, this.refusal(access, what), name);
  }

  refusal(access: Access, what: string): string {
    return `ACCESS_REFUSED - ${this.accessTo(access)} ${what} in vhost '/' refused for user '${this.name}'`;
  }

  /** How a refusal names the access that is missing. */
  accessTo(access: Access): string {
    return this.#t.broker.since('3.12') ? `${access} access to` : 'access to';
  }
}

function send<N extends MethodName>(channel: Channel, name: N, args: Args<N>): void {
  if (name === 'basic.publish') channel.client.publish(channel.number, args, 'x');
  else channel.send(name, args);
}
