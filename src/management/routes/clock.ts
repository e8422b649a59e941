import { ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import type { ClockMove, ClockStatus } from '../host.ts';
import type { Route } from '../route.ts';

const PATIENCE = 'how long clients have for their answers before time moves on, in milliseconds of real time';

/** The time in the broker, and moving it. What is asked for has happened, with all it caused, when it is answered. */
export const clockRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/clock',
    access: 'administrator',
    summary: 'What time it is in the broker, and when the next thing happens by itself',
    handle: ({ host }) => ok(shown(host.clock.status())),
  },
  moving('advance', 'Moves time on, and lets everything happen that falls due on the way', {
    body: {
      by: 'how far: a text such as 30m or 1h30m, or milliseconds',
      to: 'instead of `by`, the time it is to be: 2026-05-01T10:00:00Z',
      patience: PATIENCE,
    },
  }),
  moving('run', 'Moves time from deadline to deadline until nothing is left to happen', {
    body: { most: 'how many deadlines may be passed before it is refused as endless', patience: PATIENCE },
  }),
  moving('settle', 'Waits until nothing is going on, without moving time', { body: { patience: PATIENCE } }),
  moving('freeze', 'Lets time stand still'),
  moving('resume', 'Lets time pass as it does elsewhere'),
  moving('auto', 'Lets time skip to the next deadline whenever nothing else is going on, or not any more', {
    body: { on: 'true or false' },
  }),
];

function moving(how: ClockMove, summary: string, { body }: Pick<Route, 'body'> = {}): Route {
  return {
    method: 'POST',
    path: `/clock/${how}`,
    access: 'administrator',
    summary,
    ...(body === undefined ? {} : { body }),
    handle: (call) => move(call, how),
  };
}

async function move(call: Call, how: ClockMove): Promise<Answer> {
  const { clock } = call.host;
  await clock.move(how, call.json());
  return ok(shown(clock.status()));
}

function shown({ mode, isFrozen, autoAdvance, now, nextDeadline }: ClockStatus): object {
  return {
    mode,
    now: iso(now),
    frozen: isFrozen,
    auto_advance: autoAdvance,
    next_deadline: nextDeadline === undefined ? null : iso(nextDeadline),
  };
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
