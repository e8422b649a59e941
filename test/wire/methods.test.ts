import { describe, expect, expectTypeOf, test } from 'vitest';
import {
  carriesContent,
  methodIds,
  methods,
  type ClientMethod,
  type Method,
  type MethodName,
  type MethodOf,
} from '../../src/wire/methods.ts';

const idsOf = (prefix: string): string =>
  Object.entries(methods)
    .filter(([name]) => name.startsWith(prefix))
    .map(([, { classId, methodId }]) => `${classId}/${methodId}`)
    .join(' ');

describe('the table of methods', () => {
  test.each([
    ['connection.', '10/10 10/11 10/20 10/21 10/30 10/31 10/40 10/41 10/50 10/51 10/60 10/61 10/70 10/71'],
    ['channel.', '20/10 20/11 20/20 20/21 20/40 20/41'],
    ['access.', '30/10 30/11'],
    ['exchange.', '40/10 40/11 40/20 40/21 40/30 40/31 40/40 40/51'],
    ['queue.', '50/10 50/11 50/20 50/21 50/30 50/31 50/40 50/41 50/50 50/51'],
    [
      'basic.',
      '60/10 60/11 60/20 60/21 60/30 60/31 60/40 60/50 60/60 60/70 60/71 60/72 60/80 60/90 60/100 60/110 60/111 60/120',
    ],
    ['confirm.', '85/10 85/11'],
    ['tx.', '90/10 90/11 90/20 90/21 90/30 90/31'],
  ])('the methods of %s have the ids of the protocol [CON-46]', (prefix, ids) => {
    expect(idsOf(prefix)).toBe(ids);
  });

  test('no two methods share their ids', () => {
    const ids = (Object.keys(methods) as MethodName[]).map((name) => JSON.stringify(methodIds(name)));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('four methods carry content', () => {
    expect([...carriesContent]).toEqual(['basic.publish', 'basic.return', 'basic.deliver', 'basic.get-ok']);
  });

  test('types follow from the table', () => {
    expectTypeOf<MethodOf<'basic.ack'>>().toEqualTypeOf<
      { readonly name: 'basic.ack' } & { readonly deliveryTag: number; readonly multiple: boolean }
    >();
    expectTypeOf<Extract<ClientMethod, { name: 'basic.deliver' }>>().toBeNever();
    expectTypeOf<Extract<ClientMethod, { name: 'basic.cancel' }>>().not.toBeNever();
    expectTypeOf<ClientMethod>().toExtend<Method>();
  });
});
