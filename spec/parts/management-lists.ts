import assert from 'node:assert/strict';
import {
  answered,
  at,
  each,
  hasFields,
  list,
  object,
  objects,
  read,
  sampled,
} from '../support/management-http.ts';
import type { Json } from '../support/management-http.ts';
import type { Define } from '../support/suite.ts';
import type { Context } from '../support/context.ts';

/** How a list is cut, sorted and filtered, and when statistics are there. */
export function lists(test: Define): void {
  test('a list can be cut to some columns', { rules: ['API-10', 'API-70'] }, async (t) => {
    const [queue] = await queuesOf(t, ['a']);
    const shown = await list(t, `${at('queues', '/')}?columns=name,durable`);
    assert.deepEqual(
      shown.find((one) => one['name'] === queue),
      { name: queue, durable: true },
    );
    assert.ok(shown.every((one) => Object.keys(one).length === 2));
  });

  test('a column may be inside another one', { rules: ['API-10'] }, async (t) => {
    const path = at('queues', '/', await t.queue({ 'x-expires': 6e6, 'x-max-length': 5 }));
    const { arguments: args } = await read(t, `${path}?columns=arguments.x-expires`);
    assert.equal(object(args)['x-expires'], 6e6);
  });

  test('a single object can be cut to some columns', { rules: ['API-10'] }, async (t) => {
    const queue = await t.queue();
    assert.deepEqual(await read(t, `${at('queues', '/', queue)}?columns=name,vhost`), {
      name: queue,
      vhost: '/',
    });
  });

  test('a list is sorted by a column, also in reverse', { rules: ['API-10', 'API-70'] }, async (t) => {
    const [b, c, a] = await queuesOf(t, ['b', 'c', 'a']);
    const sorted = async (query: string): Promise<unknown[]> => {
      const names = each(await list(t, `${at('queues', '/')}?columns=name&${query}`), 'name');
      return names.filter((name) => [a, b, c].includes(String(name)));
    };
    assert.deepEqual(await sorted('sort=name'), [a, b, c]);
    assert.deepEqual(await sorted('sort=name&sort_reverse=true'), [c, b, a]);
  });

  test('a page says what it is a page of', { rules: ['API-11', 'API-70'] }, async (t) => {
    const [a, b, c] = await queuesOf(t, ['a', 'b', 'c']);
    const page = async (number: number): Promise<Json> => {
      const query = `page=${number}&page_size=2&name=${t.prefix}.&columns=name&sort=name`;
      const { total_count, ...others } = await read(t, `${at('queues', '/')}?${query}`);
      assert.ok(Number(total_count) >= 3);
      return others;
    };
    const common = { page_count: 2, page_size: 2, filtered_count: 3 };
    const first = { page: 1, item_count: 2, items: [{ name: a }, { name: b }] };
    assert.deepEqual(await page(1), { ...common, ...first });
    assert.deepEqual(await page(2), { ...common, page: 2, item_count: 1, items: [{ name: c }] });
  });

  test('a page has up to 100 objects unless it is said', { rules: ['API-10', 'API-11'] }, async (t) => {
    const { page_size } = await read(t, `${at('exchanges', '/')}?page=1`);
    assert.equal(page_size, 100);
  });

  test('a page beyond the last one is refused', { rules: ['API-11'] }, async (t) => {
    await queuesOf(t, ['a']);
    const query = `page=99&page_size=1&name=${t.prefix}.`;
    answered(await t.admin.get(`${at('queues', '/')}?${query}`), 400, {
      error: 'page_out_of_range',
      reason: 'Page out of range, page: 99 page size: 1, len: 1',
    });
  });

  for (const [query, error] of [
    ['page=0', 'invalid_pagination_parameters'],
    ['page=1&page_size=501', 'invalid_pagination_parameters'],
    ['page=1&page_size=0', 'invalid_pagination_parameters'],
    ['page=x', 'bad_request'],
  ] as const) {
    test(`a page asked for by ${query} is refused`, { rules: ['API-10', 'API-11'] }, async (t) => {
      const { status, json } = await t.admin.get(`${at('exchanges', '/')}?${query}`);
      assert.equal(status, 400);
      assert.equal(object(json)['error'], error);
    });
  }

  test(
    'a page is filtered by a part of the name, or by a regular expression',
    { rules: ['API-10', 'API-11'] },
    async (t) => {
      const [blue, green, bluish] = await queuesOf(t, ['blue', 'green', 'bluish']);
      const named = async (query: string): Promise<unknown[]> => {
        const { items, filtered_count, item_count } = await read(
          t,
          `${at('queues', '/')}?page=1&sort=name&${query}`,
        );
        assert.deepEqual([filtered_count, item_count], [objects(items).length, objects(items).length]);
        return each(objects(items), 'name');
      };
      assert.deepEqual(await named(`name=${t.prefix}.blu`), [blue, bluish]);
      assert.deepEqual(await named(`name=%5E${t.prefix}.*e%5B0-9%5D%24&use_regex=true`), [blue]);
      assert.deepEqual(await named(`name=%5E${t.prefix}`), []);
      assert.deepEqual(await named(`name=${t.prefix}.g`), [green]);
    },
  );

  test('a list of queues without statistics can still have totals', { rules: ['API-10'] }, async (t) => {
    const [name] = await queuesOf(t, ['a']);
    const query = 'disable_stats=true&enable_queue_totals=true';
    const shown = await list(t, `${at('queues', '/')}?${query}`);
    const queue = shown.find((one) => one['name'] === name) ?? {};
    hasFields(queue, ['name', 'vhost', 'type', 'messages', 'messages_ready', 'messages_unacknowledged']);
    assert.equal(queue['message_stats'], undefined);
  });

  test(
    'the counters of a queue come with their rates, at the latest with the next sample',
    { rules: ['API-12', 'API-13'], slow: true },
    async (t) => {
      const queue = await t.queue();
      await t.send(queue, 'x');
      const shown = await sampled(t, at('queues', '/', queue), (json) => json['messages'] === 1);
      for (const counter of ['messages', 'messages_ready', 'messages_unacknowledged']) {
        assert.equal(typeof shown[counter], 'number');
        assert.equal(typeof object(shown[`${counter}_details`])['rate'], 'number');
      }
    },
  );

  test('a new queue has its static fields at once', { rules: ['API-12', 'API-34'] }, async (t) => {
    const queue = await t.queue();
    const shown = await read(t, at('queues', '/', queue));
    hasFields(shown, ['name', 'vhost', 'type', 'durable', 'auto_delete', 'exclusive', 'arguments']);
  });
}

/** The names of new queues with these labels. */
async function queuesOf(t: Context, labels: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  for (const label of labels) names.push(await t.queue({}, { queue: t.name(label) }));
  return names;
}
