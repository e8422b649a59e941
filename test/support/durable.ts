import { onTestFinished } from 'vitest';
import type { Queue } from '../../src/broker/queue.ts';
import type { Store } from '../../src/store/open.ts';
import { Core } from './core.ts';
import { crashedCopy, openTestStore, temporaryDirectory } from './store.ts';

/** A broker on a store, and what is needed to stop it in order or to pull the plug. */
export interface Durable {
  readonly core: Core;
  readonly store: Store;
  readonly directory: string;
}

export async function start(directory: string, now?: number): Promise<Durable> {
  const store = await openTestStore(directory);
  let isOpen = true;
  onTestFinished(async () => {
    if (isOpen) await store.close();
  });
  const close = store.close.bind(store);
  const closing = { ...store, close: () => ((isOpen = false), close()) };
  return { core: new Core(store.journal, store.recovered, now), store: closing, directory };
}

export async function fresh(): Promise<Durable> {
  return start(await temporaryDirectory());
}

/** Stops in order and starts again on the same directory. */
export async function restart({ core, store, directory }: Durable): Promise<Durable> {
  await store.close();
  return start(directory, core.clock.now());
}

/** What a power failure would leave: the files as they are now, with nothing closed. */
export async function crash({ core, directory }: Durable): Promise<Durable> {
  return start(await crashedCopy(directory), core.clock.now());
}

export function queueOf({ core }: Durable, name: string): Queue {
  return core.vhost.queues.get(name) as Queue;
}

export function bodies(durable: Durable, name: string): string[] {
  return durable.core.drain(queueOf(durable, name)).map(({ body }) => body);
}
