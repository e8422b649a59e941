import * as fc from 'fast-check';
import { Reader } from '../../src/wire/buffer.ts';
import { methods, type Field, type Method, type MethodName } from '../../src/wire/methods.ts';
import type { Properties } from '../../src/wire/properties.ts';
import type { FieldTable, FieldValue } from '../../src/wire/table.ts';

const bytes = (maxLength = 40): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((b) => Buffer.from(b));

/** Text of at most 255 bytes, mostly ASCII. */
export const shortText = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.constant('x'.repeat(255)),
);

const i64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });

const tagged = <T extends FieldValue['tag'], V>(tag: T, values: fc.Arbitrary<V>) =>
  values.map((value) => ({ tag, value }));

const { value: fieldValue, table: fieldTable } = fc.letrec<{ value: FieldValue; table: FieldTable }>(
  (tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      tagged('t', fc.boolean()),
      tagged('b', fc.integer({ min: -0x80, max: 0x7f })),
      tagged('B', u8),
      tagged('s', fc.integer({ min: -0x8000, max: 0x7fff })),
      tagged('u', u16),
      tagged('I', fc.integer()),
      tagged('i', u32),
      tagged('l', i64),
      tagged('L', i64),
      tagged('T', u64),
      tagged('f', fc.float()),
      tagged('d', fc.double()),
      tagged('D', fc.record({ scale: u8, digits: u32 })),
      tagged('S', bytes()),
      tagged('x', bytes()),
      tagged('V', fc.constant(null)),
      tagged('A', fc.array(tie('value'), { maxLength: 5 })),
      tagged('F', tie('table')),
    ),
    table: fc
      .array(fc.tuple(shortText, tie('value')), { maxLength: 5 })
      .map((entries): FieldTable => new Map(entries)),
  }),
);

/** Tables with values of every type, some inside one another. */
export { fieldTable, fieldValue };

/** Properties, each of them present or not. */
export const properties: fc.Arbitrary<Properties> = fc.record(
  {
    contentType: shortText,
    contentEncoding: shortText,
    headers: fieldTable,
    deliveryMode: u8,
    priority: u8,
    correlationId: shortText,
    replyTo: shortText,
    expiration: shortText,
    messageId: shortText,
    timestamp: u64,
    type: shortText,
    userId: shortText,
    appId: shortText,
    clusterId: shortText,
  },
  { requiredKeys: [] },
);

const numbersBySize: Readonly<Record<number, fc.Arbitrary<number>>> = {
  1: u8,
  2: u16,
  4: u32,
  8: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
};

/** What a field can hold is seen from what it makes of zeros. */
function valuesOf(field: Field<unknown>): fc.Arbitrary<unknown> {
  const reader = new Reader(Buffer.alloc(16));
  const sample = field.read(reader);
  if (typeof sample === 'boolean') return fc.boolean();
  if (typeof sample === 'string') return shortText;
  if (Buffer.isBuffer(sample)) return bytes(300);
  if (sample instanceof Map) return fieldTable;
  const numbers = numbersBySize[reader.at];
  if (numbers === undefined) throw new Error(`no values for a field of ${reader.at} octets`);
  return numbers;
}

/** The names of all methods. */
export const methodNames = Object.keys(methods) as MethodName[];

/** One method with any arguments. */
export function methodOf(name: MethodName): fc.Arbitrary<Method> {
  const fields = Object.entries<Field<unknown>>(methods[name].fields);
  const values = fields.map(([key, field]) => [key, valuesOf(field)] as const);
  return fc.record(
    { name: fc.constant(name), ...Object.fromEntries(values) },
    { noNullPrototype: true },
  ) as fc.Arbitrary<Method>;
}

/** What a call throws, or else what it returns. */
export function refusal(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
