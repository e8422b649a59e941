import { compareDefinitions } from '../../dist/src/advice/comparison.js';
import { cleaning, history, OTHER, USERS, VHOST } from './history.js';

const IN_VHOST = [
  'permissions',
  'topic_permissions',
  'parameters',
  'policies',
  'exchanges',
  'queues',
  'bindings',
];

/**
 * Takes the definitions of a broker through another one and back, and looks for what got lost on either way.
 * @param from the broker whose definitions they are
 * @param through the other one
 */
export async function roundTrip(from, through) {
  await clean(from, through);
  for (const request of history) await from.request(request);
  const first = withoutLooseEnds(await exported(from));
  await imported(through, first);
  const second = await exported(through);
  const isKept = report(`${from.version} into ${through.version}`, first, second);
  await clean(from);
  await imported(from, second);
  const isBack = report(`and back into ${from.version}`, second, await exported(from));
  await clean(from, through);
  return isKept && isBack;
}

async function clean(...apis) {
  for (const api of apis) for (const request of cleaning) await api.request(request);
}

/** What the history made, without what else there is. */
async function exported(api) {
  const { json, status, text } = await api.request(['GET', '/definitions']);
  if (status !== 200) throw new Error(`an export was answered ${status} ${text}`);
  const vhosts = [VHOST, OTHER];
  const inVhosts = IN_VHOST.map((name) => [name, json[name].filter(({ vhost }) => vhosts.includes(vhost))]);
  return {
    users: json.users.filter(({ name }) => USERS.includes(name)),
    vhosts: json.vhosts.filter(({ name }) => vhosts.includes(name)),
    global_parameters: json.global_parameters.filter(({ name }) => name === 'compare'),
    ...Object.fromEntries(inVhosts),
  };
}

/** Newer RabbitMQs leave internal exchanges out, keep their bindings, and then refuse to import what they exported. */
function withoutLooseEnds(definitions) {
  const isThere = (vhost, name) =>
    name.startsWith('amq.') || definitions.exchanges.some((one) => one.vhost === vhost && one.name === name);
  const bindings = definitions.bindings.filter(
    ({ vhost, source, destination, destination_type: type }) =>
      isThere(vhost, source) && (type === 'queue' || isThere(vhost, destination)),
  );
  return { ...definitions, bindings };
}

async function imported(api, definitions) {
  const { status, text } = await api.request(['POST', '/definitions', definitions]);
  if (status !== 204) throw new Error(`an import was answered ${status} ${text}`);
}

function report(name, before, after) {
  const differences = compareDefinitions(before, after);
  const number = Object.values(before).reduce((sum, items) => sum + items.length, 0);
  for (const { kind, subject, fields } of differences) {
    process.stdout.write(`${kind} ${subject} ${fields.length > 0 ? JSON.stringify(fields) : ''}\n`);
  }
  process.stdout.write(`${name}: ${number} definitions, ${differences.length} differences\n`);
  return differences.length === 0;
}
