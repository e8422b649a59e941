import type { Catalogue } from '../support/catalogue.ts';

/** The management HTTP API. */
export const managementRules = {
  'API-01': {
    says: 'The API is under /api and speaks JSON; the user logs in with HTTP Basic. Every part of a path is percent-encoded, so that the vhost / is %2F; the default exchange is amq.default.',
  },
  'API-02': {
    says: 'Without credentials the answer is 401 with an empty body and www-authenticate: Basic realm="RabbitMQ Management". With wrong ones it is 401 with the error not_authorized (spelled with z) and the reason Login failed, in later versions Not_Authorized. A user without a management tag is answered 401 with the error not_authorised (with s) and the reason Not management user.',
  },
  'API-03': {
    says: 'The tag management shows the vhosts a user has permissions on and what is in them; policymaker adds setting policies and parameters, monitoring adds all vhosts, connections and nodes, administrator everything. What a tag does not suffice for is answered 401: Not monitor user, Not administrator user, or User not authorised to access object. A vhost the user has no permissions on: 401 User not authorised to access virtual host; since 4.3 404 not_found.',
  },
  'API-04': {
    says: 'What the AMQP permissions of the user do not allow, and reserved names, are refused with 401 not_authorised and the reason Access refused. A publish is refused with 400 and the text of the channel error instead, a fetch with 401 and that text.',
  },
  'API-05': {
    says: 'An object or a path that does not exist is answered 404 with the error Object Not Found and the reason Not Found. Declaring in a vhost that does not exist: 404 not_found, vhost_not_found. Since 3.13 publish and get name what is missing: exchange_not_found, queue_not_found.',
  },
  'API-06': {
    says: 'A method that a path does not have is answered 405 with an empty body; the header allow lists those it has. HEAD is answered as GET without a body, OPTIONS with the list.',
  },
  'API-07': {
    says: 'PUT is answered 201 when it created something and 204 when it was there already. DELETE is answered 204, and 404 when there is nothing. A POST that makes a binding is answered 201, other ones 200 with a body or 204. The bodies of 201 and 204 are empty.',
  },
  'API-08': {
    says: 'A request that cannot be understood or would break a rule is answered 400 with the error bad_request and a reason: a text (not_json, [{key_missing,pattern}], the text of the AMQP error without its code, Validation failed followed by an empty line and the explanation) or, for some, a list such as ["unsupported_encoding","hex"].',
  },
  'API-09': {
    says: 'A flag may be a JSON boolean or the text true or false; a count may be a number or a text with a number. Keys a request does not need are ignored.',
  },
  'API-10': {
    says: 'A list takes columns (which fields to show, with dots for fields inside fields; also on a single object), sort and sort_reverse, page with page_size (1 to 500, 100 unless it is said), name with use_regex, disable_stats and enable_queue_totals.',
  },
  'API-11': {
    says: 'With page the answer is an object of items, item_count, page, page_size, page_count, filtered_count and total_count. A page beyond the last one is answered 400 page_out_of_range; the page 0 and sizes out of bounds 400 invalid_pagination_parameters.',
  },
  'API-12': {
    says: 'A new object has its static fields at once. Its counters may come only with the next sample of the statistics, seconds later; a broker may always show them.',
  },
  'API-13': {
    says: 'A counter may have a companion of its name and _details with its rate. What is not known is null, in places an empty text.',
  },
  'API-14': {
    says: 'An object without fields may be written as an empty list, as in the properties of a fetched message that has none. A broker may write {}.',
  },
  'API-15': {
    says: 'A browser that asks for the root of the API is sent (301) to a page about it. A broker need not have pages.',
  },
  'API-20': {
    says: 'GET /overview tells the versions, the product, the node and the cluster, the exchange types and the listeners, the totals of messages and objects, and churn_rates of connections, channels and queues, each with its rate. Since 4.0 also cluster_tags, node_tags and default_queue_type. A user with the tag management gets it without the node and the listeners.',
  },
  'API-21': {
    says: 'GET /cluster-name is answered with an object of name; PUT with the same object sets it (204).',
  },
  'API-22': {
    says: 'GET /nodes and /nodes/NAME show what a node has and uses: name, type (disc), running, uptime in milliseconds, os_pid (a text), processors, run_queue, the limits and the use of memory, disk, files and processes with their alarms, the enabled plugins; later versions add being_drained. /nodes/NAME/memory, and memory=true, show what the memory is used for. All of it needs the tag monitoring.',
  },
  'API-23': {
    says: 'GET /extensions is answered with a list.',
  },
  'API-24': {
    says: 'GET /whoami is answered with the name of the user and a list of its tags.',
  },
  'API-25': {
    says: 'Since 4.0 GET /version is answered with the version as a JSON text; before it is not found.',
  },
  'API-26': {
    says: 'Connections are listed by /connections and /vhosts/VH/connections, shown by /connections/NAME, with who is connected to what, what was agreed on (channel_max, frame_max, timeout for heartbeats), the properties of the client, user_provided_name, counts of octets and frames, and connected_at in milliseconds. /connections/username/U shows only name, vhost, user and node. A user with the tag management sees only its own.',
  },
  'API-27': {
    says: 'DELETE /connections/NAME closes the connection with 320 CONNECTION_FORCED and the text of the header X-Reason, or Closed via management plugin (204; 404 when it is not there). DELETE /connections/username/U closes all connections of a user.',
  },
  'API-28': {
    says: 'Channels are listed by /channels, by connection and by vhost. The name of a channel is that of its connection and its number in parentheses. It is shown with its modes (confirm, transactional), its prefetch, its consumers and what is unacked, unconfirmed or uncommitted; by itself also with consumer_details, publishes and deliveries.',
  },
  'API-29': {
    says: 'GET /consumers and /consumers/VH list the consumers with their queue, their channel, ack_required, exclusive, prefetch_count, arguments, active and activity_status: up, single_active or waiting. Later versions add consumer_timeout, a number.',
  },
  'API-30': {
    says: 'Exchanges are listed by /exchanges and /exchanges/VH and shown by /exchanges/VH/X with type, flags, arguments, who declared them, the policy if one applies, and message_stats; by themselves also with incoming and outgoing. The default exchange has an empty name.',
  },
  'API-31': {
    says: 'PUT /exchanges/VH/X declares an exchange: type (direct), durable (false), auto_delete, internal, arguments. Another type or flag than the one that is there, and an unknown type, are answered 400 with the text of the AMQP error, a reserved name 401.',
  },
  'API-32': {
    says: "DELETE /exchanges/VH/X deletes an exchange, with if-unused=true only one without bindings: 400 exchange 'X' in vhost 'VH' in use. A reserved one is refused with 401.",
  },
  'API-33': {
    says: "POST /exchanges/VH/X/publish publishes one message; properties, routing_key, payload and payload_encoding (string or base64) are required, and properties are named with underscores. The answer says whether it was routed. What AMQP would refuse is answered 400 with the code and the text: 404 NOT_FOUND - no exchange 'X' in vhost 'VH' (since 3.13 a real 404, exchange_not_found), 406 PRECONDITION_FAILED - ... A missing key, an unknown encoding and what is no base64 are answered 400 too.",
  },
  'API-34': {
    says: 'Queues are listed by /queues and /queues/VH, since 3.13 with everything by /queues/detailed, and shown by /queues/VH/Q: type, flags, arguments (since 4.0 with x-queue-type), counts and bytes of messages, consumers, policies and their effective definition, statistics. An exclusive queue shows owner_pid_details, a quorum queue leader, members and online, a stream members and online (and leader in later versions).',
  },
  'API-35': {
    says: 'PUT /queues/VH/Q declares a queue: durable (false), auto_delete, arguments. JSON integers arrive as 64-bit integers. What AMQP would refuse is answered 400 with the text of the channel error without its name, a reserved name 401.',
  },
  'API-36': {
    says: "DELETE /queues/VH/Q deletes a queue, with if-empty=true and if-unused=true only if it is so: 400 queue 'Q' in vhost 'VH' not empty, or in use. An exclusive queue is locked: 400.",
  },
  'API-37': {
    says: 'DELETE /queues/VH/Q/contents purges a queue (204; 404 when there is none).',
  },
  'API-38': {
    says: 'POST /queues/VH/Q/get fetches up to count messages: ackmode says whether they are acked or rejected and whether they go back to the queue; encoding is auto (base64 only when the body is no UTF-8) or base64; truncate cuts the body. Each comes with payload_bytes (the whole size), redelivered, exchange, routing_key, message_count (how many are left), properties, payload and payload_encoding. Missing keys and unknown encodings are answered 400, an unknown mode 400 since 3.12 (500 before), a queue that does not exist 404, a locked one 400 405 RESOURCE_LOCKED - ...',
  },
  'API-39': {
    says: 'POST /queues/VH/Q/actions with sync or cancel_sync is answered 204 as long as there are mirrored queues (before 4.0). Another action is answered 400 ["unknown",ACTION].',
  },
  'API-40': {
    says: 'Bindings are listed by vhost, by queue, by the source or the destination of an exchange, and by the two names of what is bound, each with source, destination, destination_type, routing_key, arguments and properties_key. The binding of a queue to the default exchange is listed with an empty source. Names that do not exist have no bindings.',
  },
  'API-41': {
    says: "POST /bindings/VH/e/X/q/Q (or /e/X2) binds: 201 also when it was bound, with the place of the binding in the header location. What does not exist is answered 404: no exchange 'X' in vhost 'VH', no queue 'Q' in vhost 'VH'.",
  },
  'API-42': {
    says: 'A binding is shown and deleted by its properties_key: ~ for an empty key without arguments, else the key in form encoding (a space is +), with arguments followed by ~ and a stable hash of them that is safe in a path.',
  },
  'API-43': {
    says: 'Vhosts are listed by /vhosts (those the user may see) and shown by /vhosts/VH with description, tags, metadata, default_queue_type (a queue type since 4.0, undefined before), tracing and the state on every node.',
  },
  'API-44': {
    says: 'PUT /vhosts/VH makes a vhost with the exchanges every vhost has, and gives the user who made it all permissions on it. Put again it takes the new description and tags, and resets those that are left out. default_queue_type is honoured since 4.0. DELETE closes the connections of the vhost with 320. Since 4.0 POST and DELETE /vhosts/VH/deletion/protection say whether it may be deleted: 412 precondition_failed.',
  },
  'API-45': {
    says: 'Permissions are shown by vhost, by user, all together and by /permissions/VH/U. PUT needs configure, write and read; an unknown user or vhost is answered 400 vhost_or_user_not_found, what is no regular expression 400 with invalid_regexp. They hold also for connections that are open.',
  },
  'API-46': {
    says: 'Topic permissions are shown and set as permissions are, for one exchange at a time: exchange, write and read are required.',
  },
  'API-47': {
    says: 'Users are shown with name, password_hash, hashing_algorithm (rabbit_password_hashing_sha256), tags (a list) and limits. The hash is the base64 of four bytes of salt and the SHA-256 of salt and password. /users/without-permissions lists those that have none.',
  },
  'API-48': {
    says: 'PUT /users/U needs tags (a list, or a text with commas), else 400 tags_not_present, and takes a password or a password_hash: both are refused with 400, without either, or with an empty hash, the user cannot log in. POST /users/bulk-delete deletes several (204).',
  },
  'API-49': {
    says: 'PUT /policies/VH/NAME replaces a policy as a whole: pattern and definition are required, priority is 0 and apply-to is all unless they are said. Refused with 400 and Validation failed: an empty definition (no policy provided), unknown keys (are not recognised policy settings), values that are not valid, a pattern that is no regular expression, a priority that is no number, an unknown apply-to (queues, exchanges and all; since 4.0 also classic_queues, quorum_queues and streams).',
  },
  'API-50': {
    says: 'Of the policies whose pattern matches anywhere in the name, only the one of the highest priority applies. Setting, changing and deleting policies changes what they match. An operator policy is merged into it, and the smaller of two limits wins. Of a limit in the arguments and one in the policy the smaller holds; an alternate exchange in the arguments wins.',
  },
  'API-51': {
    says: 'Operator policies are set as policies are, by administrators only, and may only have limits (expires, message-ttl, max-length, max-length-bytes, later also overflow).',
  },
  'API-52': {
    says: 'Parameters have a component, a vhost, a name and a value. An unknown component is answered 400 component NAME not found when one is set, and an empty list when they are read; policies are not set as parameters. A global parameter has a name and any JSON as its value; internal_cluster_id is always there.',
  },
  'API-53': {
    says: 'max-connections and max-queues of a vhost, max-connections and max-channels of a user are set by PUT (204) with an object of value, taken away by DELETE, and shown together in one value. -1 is no limit. Unknown limits and values that are no number are answered 400.',
  },
  'API-54': {
    says: 'GET /definitions shows users, vhosts, permissions, topic_permissions, parameters, global_parameters, policies, queues, exchanges and bindings with the versions, to administrators. Exclusive queues, exchanges every vhost has and bindings to the default exchange are left out, by later versions internal exchanges too; a broker may leave out what is transient. Operator policies and limits are parameters. Since 4.0 a queue has its type, and the whole says its format and where it is from.',
  },
  'API-55': {
    says: 'GET /definitions/VH shows the parameters, policies, queues, exchanges and bindings of one vhost; they do not name the vhost. An unknown vhost is answered 400 vhost_not_found.',
  },
  'API-56': {
    says: 'POST /definitions and /definitions/VH take definitions as JSON or as an uploaded file and make what is missing (204). What is there stays as it is, also when it differs, and nothing is deleted. Every section is optional. What is no JSON is answered 400 failed_to_parse_json, and so is a queue of a vhost that does not exist, with another reason.',
  },
  'API-57': {
    says: 'GET /aliveness-test/VH is answered 200 with the status ok, for an unknown vhost 404. Before 4.0 a message went through a queue aliveness-test for that.',
  },
  'API-58': {
    says: 'GET /healthchecks/node, also with a name, is answered 200 with the status ok.',
  },
  'API-59': {
    says: 'The health checks alarms, local-alarms, virtual-hosts and certificate-expiration/N/UNIT are answered 200 with the status ok, or 503 with the status failed and a reason. Units are days, weeks, months and years; others are answered 400.',
  },
  'API-60': {
    says: 'The health check port-listener/PORT is answered 200 with the port, or 503 with No active listener, the missing port and those there are. What is no number is answered 400 Invalid port.',
  },
  'API-61': {
    says: 'The health check protocol-listener/P knows AMQP by the names amqp, amqp091 and amqp0-9-1. Before 4.1 it is answered with protocol; since then P may be a list with commas, and protocols and missing are lists. A missing one is answered 503.',
  },
  'API-62': {
    says: 'The health check node-is-quorum-critical of a single node is answered 200 with the reason single node cluster; so is node-is-mirror-sync-critical before 4.0, since then it is not found.',
  },
  'API-63': {
    says: 'Since 4.1 there are the health checks is-in-service, ready-to-serve-clients, below-node-connection-limit and metadata-store/initialized; newer ones are metadata-store/initialized/with-data, reached-target-cluster-size, which needs no login, and quorum-queues-without-elected-leaders with all-vhosts or vhost/VH behind it, and pattern/EXPRESSION behind that.',
  },
  'API-64': {
    says: 'GET /feature-flags lists the flags with name, desc, doc_url, state, stability and provided_by; PUT /feature-flags/NAME/enable is answered 204, for an unknown one 400 unsupported. Since 3.13 /deprecated-features and /deprecated-features/used are lists too.',
  },
  'API-65': {
    says: 'POST /login takes a form of username and password. /auth/attempts/NODE counts attempts to log in by protocol, with /source by who made them. POST /rebalance/queues is answered 204, DELETE /reset forgets statistics. Some versions tell at /auth, without credentials, how to log in.',
  },
  'API-66': {
    says: 'GET /auth/hash_password/PASSWORD is answered 200 with a hash as ok, another one each time, to administrators: a user who is made with it as the password_hash logs in with the password.',
  },
  'API-70': {
    says: 'Administration tools work: they send every value but tables, definitions, priorities and properties as a text, read the reason of a 400, take a 404 for not found (which is as good as deleted) and a 503 for a failed check, cut, sort and page lists, close connections, and move definitions from one broker to another.',
  },
} satisfies Catalogue;
