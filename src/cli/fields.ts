import { Failure } from './failure.ts';

/** A value that amqplib is told the wire type of, because a JavaScript number could not hold it. */
interface TypedField {
  readonly '!': 'long';
  readonly value: bigint;
}

export type Field = string | number | boolean | null | TypedField | readonly Field[] | FieldTable;

/** A field table of the protocol: the arguments of a declaration, or the headers of a message. */
export interface FieldTable {
  readonly [name: string]: Field;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;
const INT64 = 2n ** 63n;
const LONGEST_NAME = 255; // a field name is a short string

/** What `--argument` and `--header` take, for their help. */
export const FIELD_HELP =
  'whole numbers, true and false are sent as such, [..], {..} and ".." are read as JSON, the rest is text';

/** Adds one `name=value` to a table; the parser of an option that may be given several times. */
export function addField(text: string, table: FieldTable = {}): FieldTable {
  const cut = text.indexOf('=');
  if (cut < 1)
    throw new Failure('usage', `'${text}' must be written name=value, for example x-max-length=100`);
  const name = text.slice(0, cut);
  if (Buffer.byteLength(name) > LONGEST_NAME) {
    throw new Failure('usage', `the name '${name.slice(0, 20)}...' is longer than ${LONGEST_NAME} bytes`);
  }
  return mergeFields(table, { [name]: parseField(name, text.slice(cut + 1)) });
}

/** Both tables in one. A name that is in both is a contradiction, not an override. */
export function mergeFields(one: FieldTable, other: FieldTable): FieldTable {
  const twice = Object.keys(other).find((name) => Object.hasOwn(one, name));
  if (twice !== undefined) throw new Failure('usage', `'${twice}' is given twice`);
  return { ...one, ...other };
}

/** The value a user meant: see FIELD_HELP. `007` is text, since a number would lose its zeros. */
function parseField(name: string, text: string): Field {
  if (INTEGER.test(text)) return integer(name, text);
  if (text === 'true') return true;
  if (text === 'false') return false;
  if (!/^["[{]/.test(text)) return text;
  try {
    const value = JSON.parse(text) as Field;
    if (isSendable(value)) return value;
  } catch {
    throw new Failure('usage', `the value of '${name}' begins like JSON but is not: ${text}`);
  }
  throw new Failure(
    'usage',
    `the value of '${name}' has a number too large for JSON, or a name '!': ${text}`,
  );
}

function integer(name: string, text: string): Field {
  const number = Number(text);
  if (Number.isSafeInteger(number)) return number;
  const value = BigInt(text);
  if (value < INT64 && value >= -INT64) return { '!': 'long', value };
  throw new Failure(
    'usage',
    `the number of '${name}' does not fit 64 bits; as text it would be '${name}="${text}"'`,
  );
}

/** False for what amqplib would send as something else than was written. */
function isSendable(value: Field): boolean {
  if (typeof value === 'number') return !Number.isInteger(value) || Number.isSafeInteger(value);
  if (typeof value !== 'object' || value === null) return true;
  return !Object.hasOwn(value, '!') && Object.values(value).every((inner) => isSendable(inner as Field));
}
