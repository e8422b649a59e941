import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { Quiet } from '../../src/app/quiet.ts';
import type { QuietJournal } from '../../src/app/quiet.ts';
import { Traffic } from '../../src/app/traffic.ts';
import { LoopTurn } from '../../src/app/turn.ts';
import { pairOfStreams } from '../../src/server/stream-pair.ts';
import type { PairedStream } from '../../src/server/stream-pair.ts';

/** A journal whose batch is on disk when the test says so. */
class SlowJournal implements QuietJournal {
  isAwaited = false;
  finish: () => void = () => {};
  readonly #written = new Promise<void>((resolve) => {
    this.finish = resolve;
  });

  async flush(): Promise<void> {
    await this.#written;
    this.isAwaited = false;
  }
}

function aQuiet(
  streams: readonly PairedStream[] = [],
  journal?: QuietJournal,
): { quiet: Quiet; loop: LoopTurn } {
  const loop = new LoopTurn();
  const traffic = new Traffic(() => streams);
  onTestFinished(() => traffic.stop());
  return { quiet: new Quiet(loop, traffic, journal), loop };
}

/** Whether a promise is settled after many turns of the loop. */
async function isOver(promise: Promise<unknown>): Promise<boolean> {
  let over = false;
  void promise.then(() => (over = true));
  for (let turns = 0; turns < 50; turns++) await turn();
  return over;
}

test('what has happened is on disk, also when nobody waits for it', async () => {
  const journal = new SlowJournal();
  const { quiet } = aQuiet([], journal);
  expect(await isOver(quiet.wait(0))).toBe(true);
  const onDisk = quiet.waitForDisk(0);
  expect(await isOver(onDisk)).toBe(false);
  journal.finish();
  await onDisk;
});

test('while somebody waits for the disk it is not quiet, neither in one moment nor at all', async () => {
  const journal = new SlowJournal();
  journal.isAwaited = true;
  const { quiet } = aQuiet([], journal);
  const both = [quiet.afterMoment(0), quiet.wait(0)];
  expect(await isOver(Promise.race(both))).toBe(false);
  journal.finish();
  await Promise.all(both);
});

test('work that asks for more work is all done, before it is quiet', async () => {
  const { quiet, loop } = aQuiet();
  let left = 1000;
  const work = (): void => {
    if (--left > 0) loop.soon(work);
  };
  loop.soon(work);
  await quiet.wait(0);
  expect(left).toBe(0);
});

test('what was sent is waited for until it is read, and answered, turn by turn', async () => {
  const [near, far] = pairOfStreams();
  const { quiet } = aQuiet([far]);
  let answers = 0;
  near.on('data', () => {
    if (++answers < 20) setImmediate(() => near.write('again'));
  });
  far.on('data', () => far.write('and again'));
  far.write('begin');
  await quiet.wait(0);
  expect(answers).toBe(20);
});

test('somebody who does not read holds nobody up for long', async () => {
  const [near, far] = pairOfStreams();
  const { quiet } = aQuiet([far]);
  near.on('data', () => {});
  far.on('data', () => {});
  const full = Buffer.alloc(1024 * 1024);
  near.pause();
  far.write(full);
  await quiet.wait(0);
  expect(far.writableLength).toBeGreaterThan(0);
  near.resume();
  await quiet.wait(0);
  expect(far.writableLength).toBe(0);
});
