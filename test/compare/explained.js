// Why Leveret, the second of the two, answers otherwise than RabbitMQ. What is not in this table is a failure. An entry is
// tried on the request, on the field (without names: `[].policy`) and, where that says more, on the kind of difference.

const ONLY_THERE = 'only in the first';
const ONLY_HERE = 'only in the second';
const ORDER = 'another order';
const VALUE = 'another value';
const LISTS = /^GET .*\/queues/;

/** @type {readonly { why: string, request?: RegExp, field?: RegExp, kind?: string | readonly string[], version?: RegExp }[]} */
export const explanations = [
  // Erlang, its tables and its files
  {
    why: 'there is no Erlang: no reductions, garbage collector, file reads of its own, schema database',
    field:
      /(^|\.)(reductions|garbage_collection|backing_queue_status|io_\w+|msg_store_\w+|queue_index_\w+|mnesia_\w+|metrics_gc_queue_length|ra_open_file_metrics|gc_\w+|context_switches\w*|open_files|segments|readers|first_timestamp|applications\[\]|ets|binary|persistent_term|memory\.\w+|\w+_ram|\w+_paged_out|messages_ready_returned|publishers|recoverable_slaves|messages_active_priorities|messages_by_priority|head_message_timestamp)(_details)?(\.|$|\[)/,
  },
  {
    why: 'of the machine and the process, not of the broker',
    request: /^GET \/nodes/,
    kind: [VALUE, ONLY_THERE],
  },
  {
    why: 'a node says what there is to say of a process of Node.js',
    request: /^GET \/nodes/,
    kind: ONLY_HERE,
  },
  {
    why: 'other listeners: of the cluster, of metrics, on other ports; there are no options of Erlang for sockets',
    request: /^GET \/overview/,
    field: /^(listeners|contexts)\[\]/,
  },
  { why: 'other samples are kept', field: /^sample_retention_policies\./ },
  { why: 'types that RabbitMQ has with plugins', field: /^exchange_types\[\]$/, kind: ONLY_HERE },
  {
    why: 'what there was before',
    request: /^GET \/overview/,
    field: /^(object|queue)_totals\./,
    kind: VALUE,
  },
  {
    why: 'only some versions have it',
    request: /^GET \/overview/,
    field:
      /^(require_definition_json_extension|release_series_support_status|cluster_tags|node_tags|crypto_lib_version|default_queue_type|is_op_policy_updating_enabled)$/,
  },
  {
    why: 'what there was before',
    request: /^GET \/overview/,
    field: /^message_stats\./,
    kind: [VALUE, ONLY_THERE],
  },
  {
    why: 'RabbitMQ fails on a node that is not there',
    version: /3\.10/,
    request: /^GET \/nodes\/nosuch/,
    field: /^status$/,
  },
  { why: 'names the broker, as RabbitMQ has no need to', field: /^platform$/ },
  { why: 'since 4.3', version: /4\.3/, request: /^GET \/definitions\/compare$/, field: /^description$/ },
  { why: 'live is what 3.10 calls running', version: /3\.10/, field: /state$/ },
  {
    why: 'RabbitMQ lists in the order of its tables, which differs from run to run; Leveret by name',
    kind: ORDER,
  },
  {
    why: 'other feature flags: those of the version that is followed',
    request: /^GET \/(feature-flags|deprecated-features)/,
  },
  { why: 'there is no web page that could be extended', request: /^GET \/extensions/ },
  { why: 'what the brokers did before', request: /^GET \/auth\/attempts/ },
  { why: 'the cluster has the name of the node', request: /^GET \/cluster-name/ },
  { why: 'the version that is followed', request: /^GET \/version/ },

  // versions: Leveret follows RabbitMQ 4.2
  {
    why: 'RabbitMQ 4.3 has the path only with the plugin for OAuth, and 3.10 other fields',
    request: /^GET \/auth$/,
  },
  {
    why: 'newer than 3.10',
    version: /3\.10/,
    request:
      /^GET \/(queues\/detailed|health\/checks\/(is-in-service|ready-to-serve-clients|below-node-connection-limit|metadata-store))/,
  },
  {
    why: 'only before mirrored queues went',
    version: /3\.10/,
    request: /^GET \/health\/checks\/node-is-mirror-sync-critical/,
  },
  {
    why: 'newer than 3.10',
    version: /3\.10/,
    field:
      /(is_internal_user|x-last-death-\w+|storage_version|protected_from_deletion|default_queue_type|rabbitmq_version|product_\w+|rabbitmq_definition_format|original_\w+|explanation|\.metadata|^metadata|\.limits|^limits|\]\.type|online|delivery_limit|delayed_retry|messages_delayed|consumer_timeout)$/,
    kind: ONLY_HERE,
  },
  { why: '3.10 has no default type of queues', version: /3\.10/, field: /default_queue_type$/ },
  {
    why: 'the type of a queue is always among its arguments since 4.0',
    version: /3\.10/,
    field: /arguments\.x-queue-type$/,
    kind: ONLY_HERE,
  },
  { why: 'renamed since 3.10', version: /3\.10/, field: /single_active_consumer_ctag$/ },
  {
    why: 'without their vhost since 4.0, as the export is of one',
    version: /3\.10/,
    request: /^GET \/definitions\/compare/,
    field: /^(policies|parameters|queues|exchanges|bindings)/,
  },
  {
    why: 'a list of protocols since 4.1',
    version: /3\.10/,
    request: /protocol-listener/,
    field: /^(protocols?|missing)/,
  },
  {
    why: 'other words since 3.13',
    version: /3\.10/,
    field: /^reason$/,
    request: /^(PUT \/exchanges|POST \/queues|PUT \/policies|GET \/whoami)/,
  },
  {
    why: 'another status since 3.13',
    version: /3\.10/,
    request: /^POST \/(exchanges\/compare\/nosuch\/publish|queues\/compare\/work\/get)/,
    field: /^status$/,
  },
  {
    why: 'a wrong expression matches nothing since 3.12, and is refused before',
    version: /3\.10/,
    request: /use_regex=true/,
    field: /^status$/,
  },
  {
    why: '4.3 tells who may not see a vhost that there is none',
    request: /^GET \/queues\/compare%2F2 as/,
    field: /^status$/,
  },
  {
    why: '4.3 marks what a reject dead-lettered as redelivered (DLV-06)',
    request: /^POST \/queues\/compare\/late\/get/,
    field: /redelivered$/,
  },
  { why: 'the same, counted (DLV-06)', field: /message_stats\.redeliver$/, kind: VALUE },

  // what is nothing, and what was not counted
  {
    why: 'an object without fields is `{}` here and may be `[]` there (API-14)',
    field: /(^|\.)(properties|arguments|value)$/,
    kind: 'another type',
  },
  {
    why: 'what is null here may be left out there, or the other way round',
    field:
      /(policy|exclusive_consumer_tag|single_active_consumer_tag|exclusive|head_message_timestamp|online|totals|type_specific|effective_policy_definition|delivery_limit|internal|internal_owner|node|leader|members|consumer_capacity|consumer_utilisation|owner_pid_details)$/,
    request: LISTS,
  },
  {
    why: 'counters of a kind that never counted are left out there and 0 here',
    field: /(message_stats|recv_oct|send_oct|messages\w*)(\.|_details|$)/,
    kind: ONLY_HERE,
  },
  {
    why: 'it comes with the next sample there',
    field: /(^|\.|\])(idle_since|memory|message_stats)$/,
    kind: [ONLY_THERE, ONLY_HERE],
  },
  {
    why: 'the sizes of a quorum queue count more than bodies there',
    field: /message_bytes(_ready|_persistent)?$/,
    kind: VALUE,
  },

  // choices
  {
    why: 'columns are not cut from vhosts, the overview and objects inside of others by RabbitMQ',
    request: /[?&]columns=/,
    kind: ONLY_THERE,
  },
  {
    why: 'exchanges that every vhost has were made by the broker here, and there by who added the vhost',
    field: /user_who_performed_action$/,
  },
  {
    why: 'parameters of the cluster: its id, its name, its tags',
    request: /^GET \/(definitions|global-parameters)$/,
    field: /^(global_parameters)?\[\](\.value)?$/,
  },
  {
    why: 'definitions keep internal exchanges, which newer versions leave out, and with them their bindings',
    field: /^(exchanges\[\](\.internal)?|bindings\[\])$/,
    kind: ONLY_HERE,
    request: /^GET \/definitions/,
  },
  { why: 'policies are not also parameters', request: /^GET \/parameters\/policy/ },
  {
    why: 'a queue that is not there has no bindings: RabbitMQ makes that to the default exchange up',
    request: /^GET \/queues\/compare\/nosuch\/bindings/,
  },
  { why: 'RabbitMQ encodes the key in the path twice (API-41)', field: /^header location$/ },
  { why: 'the hash of arguments in a key may be any (API-42)', field: /(properties_key|location)$/ },
  {
    why: 'other listeners: of the cluster and of metrics',
    request: /^GET \/health\/checks\/(protocol|port)-listener/,
    field: /^(protocols|ports|body)/,
  },
  {
    why: 'the expression is not given back as a list of the codes of its letters',
    request: /^PUT \/permissions/,
    field: /^reason\[\]/,
  },
];

/** The entry of the table that explains a difference; undefined for none. */
export function explanationOf({ request, field, kind, version }) {
  const general = field.replace(/\[[^\]]*\]/g, '[]');
  return explanations.find(
    (entry) =>
      (entry.request?.test(request) ?? true) &&
      ((entry.field?.test(general) ?? true) || entry.field.test(field)) &&
      [entry.kind ?? kind].flat().includes(kind) &&
      (entry.version?.test(version) ?? true),
  );
}
