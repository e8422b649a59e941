// How two answers differ.

/** Of these only the type must agree: they are of the moment, of the machine or of the version. */
const OF_THE_MOMENT =
  /(^|\.)(rate|samples|avg|avg_rate|uptime|memory|reductions|idle_since|timestamp|rates_mode|.*_details|cluster_name|original_cluster_name|explanation|node|name_of_node|os_pid|rabbit_version|rabbitmq_version|product_version|management_version|erlang_version|erlang_full_version|crypto_lib_version|value_of_cluster|mem_.*|disk_free.*|fd_.*|sockets_.*|proc_.*|run_queue|processors|net_ticktime|db_dir|config_files\..*|log_files\..*|statistics_db_event_queue|connected_at|password_hash|garbage_collection\..*|metadata_store.*|run_queue|context_switches|recv_.*|send_.*|io_.*|msg_store.*|queue_index.*|mnesia.*|connection_.*|channel_.*|queue_(created|declared|deleted)|gc_.*|location)$/;

/**
 * The differences of two answers: statuses, types, names of fields, and values where they must agree.
 * @returns {{ field: string, kind: string, values: [unknown, unknown] }[]}
 */
export function compareAnswers(a, b) {
  if (a.status !== b.status)
    return [{ field: 'status', kind: 'differs', values: [`${a.status} ${a.text}`, `${b.status} ${b.text}`] }];
  const location = compareValues(
    a.headers.get('location') ?? undefined,
    b.headers.get('location') ?? undefined,
    'header location',
  );
  if (a.json === undefined || b.json === undefined) {
    return a.text === b.text ? location : [{ field: 'body', kind: 'differs', values: [a.text, b.text] }];
  }
  return [...location, ...compareValues(a.json, b.json, '')];
}

function compareValues(a, b, field) {
  const [one, other] = [typeOf(a), typeOf(b)];
  if (one !== other) {
    const kind =
      one === 'nothing' ? 'only in the second' : other === 'nothing' ? 'only in the first' : 'another type';
    return [{ field, kind, values: [a, b] }];
  }
  if (one === 'list') return compareLists(a, b, field);
  if (one === 'object') return compareObjects(a, b, field);
  return a === b || OF_THE_MOMENT.test(field) ? [] : [{ field, kind: 'another value', values: [a, b] }];
}

function compareObjects(a, b, field) {
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.flatMap((name) => compareValues(a[name], b[name], field === '' ? name : `${field}.${name}`));
}

/** Entries with names are compared with those of the same name; the others in order. */
function compareLists(one, other, field) {
  const [a, b] = [one, other].map((items) => items.filter((item) => isOurs(item, field)));
  const keyed = [...a, ...b].every((item) => keyOf(item) !== undefined);
  if (!keyed) {
    return Array.from({ length: Math.max(a.length, b.length) }, (_, i) =>
      compareValues(a[i], b[i], `${field}[]`),
    ).flat();
  }
  const [ones, others] = [a, b].map((items) => new Map(items.map((item) => [keyOf(item), item])));
  const keys = [...new Set([...ones.keys(), ...others.keys()])];
  const common = (items) => items.map(keyOf).filter((key) => ones.has(key) && others.has(key));
  const order =
    JSON.stringify(common(a)) === JSON.stringify(common(b))
      ? []
      : [{ field: `${field}[]`, kind: 'another order', values: [common(a), common(b)] }];
  return [
    ...order,
    ...keys.flatMap((key) => compareValues(ones.get(key), others.get(key), `${field}[${key}]`)),
  ];
}

/** Other things are on the brokers, too. */
function isOurs(item, field) {
  if (typeof item !== 'object' || item === null) return true;
  if (item.name === '/' || item.name === 'guest') return false;
  const name =
    item.vhost ??
    item.queue?.vhost ?? // of a consumer
    (/^(users|vhosts)$/.test(field) || 'password_hash' in item || 'cluster_state' in item
      ? item.name
      : undefined);
  return name === undefined || String(name).startsWith('compare');
}

const KEYS = [
  ['source', 'destination', 'destination_type', 'routing_key', 'vhost', 'arguments'],
  ['user', 'vhost', 'exchange'],
  ['component', 'name', 'vhost'],
  ['name', 'vhost'],
  ['name'],
  ['protocol'],
];

/** What tells an entry of a list from the others; undefined for one that has no name. */
function keyOf(item) {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined;
  const names = KEYS.find((fields) => item[fields[0]] !== undefined);
  return names
    ?.map((name) =>
      typeof item[name] === 'object'
        ? JSON.stringify(Object.entries(item[name]).sort(([one], [other]) => (one < other ? -1 : 1)))
        : item[name],
    )
    .join(' ');
}

function typeOf(value) {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'list' : typeof value;
}
