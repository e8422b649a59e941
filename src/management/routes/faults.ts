import { badRequest, NO_CONTENT, notFound, ok, Refusal } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call } from '../call.ts';
import type { FaultDesk } from '../host.ts';
import type { Route } from '../route.ts';

/** What the broker is to do wrong. An extension: RabbitMQ has nothing like it. */
export const faultRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/faults',
    access: 'administrator',
    summary: 'What the broker is asked to do wrong, and how often it did',
    handle: (call) => ok(desk(call).list()),
  },
  {
    method: 'POST',
    path: '/faults',
    access: 'administrator',
    summary: 'Asks the broker to do something wrong; what can be said depends on the kind',
    body: {
      kind: 'what goes wrong: one of those in /api/faults/kinds',
      times: 'how often: a number, or always',
    },
    handle: (call) => ({ status: 201, json: told(desk(call).add(call.json())) }),
  },
  {
    method: 'DELETE',
    path: '/faults',
    access: 'administrator',
    summary: 'Removes all faults; chance begins anew',
    handle: clear,
  },
  {
    method: 'GET',
    path: '/faults/kinds',
    access: 'administrator',
    summary: 'Every kind of fault, and what can be said of it',
    handle: (call) => ok(desk(call).kinds()),
  },
  {
    method: 'PUT',
    path: '/faults/seed',
    access: 'administrator',
    summary: 'Says where chance begins, for faults with a probability',
    body: { seed: 'a whole number' },
    handle: seed,
  },
  {
    method: 'GET',
    path: '/faults/:fault',
    access: 'administrator',
    summary: 'A fault, by its number',
    handle: (call) => ok(found(desk(call).get(numberOf(call)))),
  },
  {
    method: 'DELETE',
    path: '/faults/:fault',
    access: 'administrator',
    summary: 'Removes a fault; what it keeps waiting goes on',
    handle: remove,
  },
];

/** @throws {Refusal} 404 when faults were not allowed at the start */
function desk({ host }: Call): FaultDesk {
  if (host.faults !== undefined) return host.faults;
  const reason = 'this broker takes no faults: start it with --faults allow';
  throw new Refusal(404, { error: 'Object Not Found', reason });
}

function numberOf(call: Call): number {
  return Number(call.param('fault'));
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw notFound();
  return value;
}

/** @throws {Refusal} 400 with what is wrong */
function told<T>(answer: T | string): T {
  if (typeof answer === 'string') throw badRequest(answer);
  return answer;
}

function clear(call: Call): Answer {
  desk(call).clear();
  return NO_CONTENT;
}

function seed(call: Call): Answer {
  told(desk(call).seed(call.jsonWith('seed')['seed']));
  return NO_CONTENT;
}

function remove(call: Call): Answer {
  if (!desk(call).remove(numberOf(call))) throw notFound();
  return NO_CONTENT;
}
