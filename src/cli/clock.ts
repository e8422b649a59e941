import type { Command } from 'commander';
import { formatDuration } from '../app/durations.ts';
import { addBrokerOptions, Management } from './management.ts';
import { count, duration } from './options.ts';
import { Output } from './output.ts';

interface ClockOptions {
  readonly url: string;
  readonly patience?: number;
  readonly json?: true;
}

/** What the management API says of the clock. */
interface ClockStatus {
  readonly mode: 'real' | 'manual';
  readonly now: string;
  readonly frozen: boolean;
  readonly auto_advance: boolean;
  readonly next_deadline: string | null;
}

const EXAMPLES = `
A broker whose clock can be moved is started with: leveret serve --clock manual
What a command asks for has happened, with all it caused, when the command ends.

Examples:
  $ leveret clock now
  $ leveret clock advance 30m
  $ leveret clock advance-to 2026-05-01T10:00:00Z
  $ leveret clock run`;

/** Adds `clock` and what can be done with it. */
export function addClockCommand(program: Command): void {
  const clock = program
    .command('clock')
    .summary('move the time of a broker')
    .description('Shows what time it is in a broker, and moves it.')
    .addHelpText('after', EXAMPLES);
  add(clock, 'now', 'show what time it is there, and when the next thing happens').action(
    (options: ClockOptions) => show(options, (management) => management.get(['clock'])),
  );
  addMoving(clock, 'advance', 'move time on, and let everything happen that falls due on the way')
    .argument('<duration>', 'how far, for example 30m', duration)
    .action((by: number, options: ClockOptions) => move('advance', { by }, options));
  addMoving(clock, 'advance-to', 'the same, to a moment')
    .argument('<time>', 'for example 2026-05-01T10:00:00Z')
    .action((to: string, options: ClockOptions) => move('advance', { to }, options));
  addMoving(clock, 'run', 'move from deadline to deadline until nothing is left to happen')
    .option('--most <number>', 'how many deadlines may be passed; more are taken for endless', count)
    .action(({ most, ...options }: ClockOptions & { most?: number }) => move('run', { most }, options));
  addMoving(clock, 'settle', 'wait until nothing is going on, without moving time').action(
    (options: ClockOptions) => move('settle', {}, options),
  );
  add(clock, 'freeze', 'let time stand still').action((options: ClockOptions) => move('freeze', {}, options));
  add(clock, 'resume', 'let time pass as it does elsewhere').action((options: ClockOptions) =>
    move('resume', {}, options),
  );
  add(clock, 'auto', 'let time skip to the next deadline whenever nothing else is going on')
    .option('--off', 'not any more')
    .action(({ off, ...options }: ClockOptions & { off?: true }) =>
      move('auto', { on: off !== true }, options),
    );
}

function add(parent: Command, name: string, description: string): Command {
  return addBrokerOptions(parent.command(name).description(description));
}

function addMoving(parent: Command, name: string, description: string): Command {
  return add(parent, name, description).option(
    '--patience <duration>',
    'how long clients have for their answers before time moves on (10ms)',
    duration,
  );
}

async function move(how: string, request: object, options: ClockOptions): Promise<void> {
  const body = { ...request, patience: options.patience };
  await show(options, (management) => management.post(['clock', how], body));
}

async function show(
  { url, json }: ClockOptions,
  ask: (management: Management) => Promise<ClockStatus>,
): Promise<void> {
  const status = await ask(new Management(url));
  await new Output(json === true).result(describe(status), status);
}

function describe({ now, frozen, auto_advance: isAuto, next_deadline: next }: ClockStatus): string {
  const how = isAuto ? 'skips to what comes next' : frozen ? 'stands still' : 'goes on';
  if (next === null) return `${now}  ${how}, nothing is due`;
  const left = Math.max(0, Date.parse(next) - Date.parse(now));
  return `${now}  ${how}, next in ${formatDuration(left)} (${next})`;
}
