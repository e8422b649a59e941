import { commonFields, faultKinds, knownAt, momentHelp } from '../server/fault-kinds.ts';
import type { FaultField, FaultKind, FaultSetting, Moment } from '../server/fault-kinds.ts';
import { OptionError } from './options.ts';
import { suggestion } from './suggest.ts';

export const faultKindNames = Object.keys(faultKinds) as FaultKind[];
/** What a fault can be narrowed down by, but only where it is known. */
const NARROWING = ['exchange', 'routingKey', 'queue', 'consumerTag'];

/** What can be said of faults of this kind. */
export function fieldsOf(kind: FaultKind): Readonly<Record<string, FaultField<unknown>>> {
  return { ...faultKinds[kind].fields, ...commonFields };
}

/** What goes wrong, and at which moments it can, for those who ask on a command line. */
export function helpOf(kind: FaultKind): string {
  const { help } = faultKinds[kind];
  const moments = fieldsOf(kind)['on']?.names?.filter((name) => name in momentHelp) ?? [];
  if (moments.length === 0) return help;
  const lines = moments.map((name) => `  ${name.padEnd(14)} ${momentHelp[name as keyof typeof momentHelp]}`);
  return `${help}\n\nMoments, beside the methods of AMQP such as basic.publish:\n${lines.join('\n')}`;
}

/**
 * Reads what a fault is asked for with, from a program, JSON or the command line.
 * @throws {OptionError} naming what is wrong and the nearest thing that is not
 */
export function readFault(asked: unknown): FaultSetting {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) {
    throw new OptionError(`a fault is an object with a "kind": ${faultKindNames.join(', ')}`);
  }
  const { kind: name, ...values } = asked as Record<string, unknown>;
  const kind = faultKindNames.find((one) => one === name);
  if (kind === undefined) {
    const given = name === undefined ? 'a fault needs a "kind"' : `${shown(name)} is no kind of fault`;
    throw new OptionError(`${given}; ${suggestion(textOf(name), faultKindNames)}`);
  }
  const fields = fieldsOf(kind);
  for (const given of Object.keys(values)) {
    if (Object.hasOwn(fields, given)) continue;
    throw new OptionError(
      `"${given}" is not an option of ${kind}; ${suggestion(given, Object.keys(fields))}`,
    );
  }
  const setting: Record<string, unknown> = { kind };
  for (const [field, row] of Object.entries(fields))
    setting[field] = readField(row, field, kind, values[field]);
  if (values['times'] === undefined && setting['on'] === 'now') setting['times'] = Infinity; // all that are there
  checkNarrowing(kind, setting);
  return setting as unknown as FaultSetting;
}

function readField(row: FaultField<unknown>, name: string, kind: FaultKind, value: unknown): unknown {
  if (value === undefined) return row.fallback;
  const read = row.read(value);
  if (read !== undefined) return read;
  const given = `"${name}" of ${kind}`;
  if (row.names === undefined) throw new OptionError(`${given} is ${row.takes}, got ${shown(value)}`);
  throw new OptionError(`${given} cannot be ${shown(value)}; ${suggestion(textOf(value), row.names)}`);
}

function shown(value: unknown): string {
  return JSON.stringify(value) ?? 'nothing';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : shown(value);
}

/** A fault that asks for what is not known at its moment would never happen. */
function checkNarrowing(kind: FaultKind, setting: Readonly<Record<string, unknown>>): void {
  const on = setting['on'] as Moment | undefined;
  if (on === undefined || kind === 'cancel-consumer') return;
  const known = knownAt(on);
  const unknown = NARROWING.find((name) => setting[name] !== undefined && !known.includes(name));
  if (unknown === undefined) return;
  const can = known.length === 0 ? 'nothing but the connection' : known.join(', ');
  throw new OptionError(`${kind} on ${on} cannot be narrowed down by "${unknown}": what is known is ${can}`);
}
