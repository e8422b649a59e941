import { X509Certificate } from 'node:crypto';
import { badRequest, notFound, ok } from '../answer.ts';
import type { Answer } from '../answer.ts';
import type { Call, Json } from '../call.ts';
import type { Route } from '../route.ts';

const CHECKS = '/health/checks';
const WELL: Json = { status: 'ok' };
const DAY_MS = 86_400_000;
const UNITS: Readonly<Record<string, number>> = { days: 1, weeks: 7, months: 30, years: 365 };

/** Names of the listeners, by what a check may call them (API-61). */
const PROTOCOLS: Readonly<Record<string, string>> = {
  amqp: 'amqp',
  amqp091: 'amqp',
  'amqp0.9.1': 'amqp',
  'amqp0-9-1': 'amqp',
  'amqp/ssl': 'amqp/ssl',
  amqps: 'amqp/ssl',
  http: 'http',
  https: 'https',
};

/** Health checks (API-57 to API-63). */
export const healthRoutes: readonly Route[] = [
  check('/healthchecks/node', 'user', 'Whether this node is well', alarms),
  check('/healthchecks/node/:node', 'user', 'Whether a node is well', (call) => alarms(atNode(call))),
  check(`${CHECKS}/alarms`, 'user', 'Whether memory and disk suffice', alarms),
  check(`${CHECKS}/local-alarms`, 'user', 'The same on this node', localAlarms),
  check(`${CHECKS}/virtual-hosts`, 'user', 'Whether all vhosts run: always', () => ok(WELL)),
  check(`${CHECKS}/is-in-service`, 'anybody', 'Whether it serves clients', () => ok(WELL)),
  check(`${CHECKS}/ready-to-serve-clients`, 'anybody', 'The same', () => ok(WELL)),
  check(`${CHECKS}/metadata-store/initialized`, 'user', 'Whether definitions were read', () => ok(WELL)),
  check(`${CHECKS}/metadata-store/initialized/with-data`, 'user', 'The same', () => ok(WELL)),
  check(`${CHECKS}/reached-target-cluster-size`, 'anybody', 'Whether all nodes are there: always', () =>
    ok(WELL),
  ),
  ...['all-vhosts', 'all-vhosts/pattern/:pattern'].map((queues) => leaders(queues, 'user')),
  ...['vhost/:vhost', 'vhost/:vhost/pattern/:pattern'].map((queues) => leaders(queues, 'vhost-member')),
  check(`${CHECKS}/below-node-connection-limit`, 'anybody', 'Whether one more may connect', connectionLimit),
  check(`${CHECKS}/node-is-quorum-critical`, 'user', 'Whether it can be stopped', () =>
    ok({ ...WELL, reason: 'single node cluster' }),
  ),
  check(`${CHECKS}/port-listener/:port`, 'user', 'Whether something listens on a port', portListener),
  check(
    `${CHECKS}/protocol-listener/:protocols`,
    'user',
    'Whether protocols, with commas between them, are listened for',
    protocolListener,
  ),
  check(
    `${CHECKS}/certificate-expiration/:within/:unit`,
    'user',
    'Whether certificates last for so many days, weeks, months or years',
    certificateExpiration,
  ),
  {
    method: 'GET',
    path: '/aliveness-test/:vhost',
    access: 'vhost-member',
    summary: 'Whether a vhost is there',
    handle: aliveness,
  },
];

function check(path: string, access: Route['access'], summary: string, handle: Route['handle']): Route {
  return { method: 'GET', path, access, summary, handle };
}

/** A queue that is there has the only node for its leader. */
function leaders(queues: string, access: Route['access']): Route {
  const path = `${CHECKS}/quorum-queues-without-elected-leaders/${queues}`;
  return check(path, access, 'Whether all quorum queues have a leader: always', () => ok(WELL));
}

function failed(reason: string, facts: Json): Answer {
  return { status: 503, json: { status: 'failed', reason, ...facts } };
}

/** @throws {Refusal} 404 for another node than this one */
function atNode(call: Call): Call {
  if (call.param('node') !== call.host.nodeName) throw notFound();
  return call;
}

function alarms(call: Call): Answer {
  return alarmed(call, 'There are alarms in effect in the cluster');
}

function localAlarms(call: Call): Answer {
  return alarmed(call, 'There are alarms in effect on the node');
}

function alarmed({ host }: Call, reason: string): Answer {
  const { low } = host.alarms;
  if (low.length === 0) return ok(WELL);
  return failed(reason, { alarms: low.map((resource) => ({ node: host.nodeName, resource })) });
}

function connectionLimit({ host, broker }: Call): Answer {
  const { connections } = host.limits;
  if (broker.connections.count < connections) return ok(WELL);
  return failed('node connection limit is reached', { connections: broker.connections.count });
}

function portListener(call: Call): Answer {
  const port = portOf(call);
  const ports = call.host.listeners().map((listener) => listener.port);
  if (ports.includes(port)) return ok({ ...WELL, port });
  return failed('No active listener', { missing: port, ports });
}

/** @throws {Refusal} 400 */
function portOf(call: Call): number {
  const port = call.param('port');
  if (!/^\d+$/.test(port)) throw badRequest('Invalid port');
  return Number(port);
}

function protocolListener(call: Call): Answer {
  const protocols = [...new Set(call.host.listeners().map(({ protocol }) => protocol))];
  const asked = call.param('protocols').split(',');
  const missing = asked.filter((name) => !protocols.includes(PROTOCOLS[name.toLowerCase()] ?? name));
  if (missing.length === 0) return ok({ ...WELL, protocols });
  return failed('No active listener', { missing, protocols });
}

function certificateExpiration(call: Call): Answer {
  const before = call.host.wallClock.now() + periodOf(call.param('within'), call.param('unit'));
  const pem = call.host.node.certificates();
  if (pem === undefined) return ok(WELL);
  const { validTo } = new X509Certificate(pem);
  if (Date.parse(validTo) > before) return ok(WELL);
  const tls = call.host.listeners().filter(({ protocol }) => protocol === 'amqp/ssl' || protocol === 'https');
  const expired = tls.map(({ protocol, host, port }) => ({
    name: protocol,
    interface: host,
    port: String(port),
    certfile_expires_on: [new Date(validTo).toISOString()],
  }));
  return failed('Certificates expiring', { expired });
}

/** In milliseconds. @throws {Refusal} 400 */
function periodOf(within: string, unit: string): number {
  const days = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
  if (days === undefined) {
    throw badRequest('Time unit not recognised. Supported units: days, weeks, months, years.');
  }
  if (!/^\d+$/.test(within)) throw badRequest('Invalid expiration value.');
  return Number(within) * days * DAY_MS;
}

function aliveness(call: Call): Answer {
  void call.vhost; // a refusal when there is none
  return ok(WELL);
}
