#!/usr/bin/env bash
# Every subcommand of rabbitmqadmin 3.x, the Python script that comes with RabbitMQ's management plugin: RABBITMQADMIN is
# where it is. What it makes it deletes.
set -uo pipefail
. "$(dirname "$0")/rabbitmqadmin.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf '[none]\n' >"$work/none.conf"
read -r user password host port <<<"$(sed -E 's#^http://([^:]*):([^@]*)@([^:/]*):([0-9]+).*#\1 \2 \3 \4#' <<<"$HTTP_URL")"

admin() { python3 "$RABBITMQADMIN" -c "$work/none.conf" -H "$host" -P "$port" -u "$user" -p "$password" "$@"; }

shows 'vhost declared' declare vhost name=v1-vhost tracing=false
works declare user name=v1-user password=secret tags=monitoring
works declare permission vhost=v1-vhost user=v1-user configure=.* write=.* read=.*
in_vhost=(-V v1-vhost)
shows 'exchange declared' "${in_vhost[@]}" declare exchange name=v1-exchange type=topic durable=true arguments='{"alternate-exchange":"amq.fanout"}'
shows 'queue declared' "${in_vhost[@]}" declare queue name=v1-queue durable=true arguments='{"x-message-ttl":60000}'
shows 'queue declared' "${in_vhost[@]}" declare queue name=v1-quorum queue_type=quorum
shows 'binding declared' "${in_vhost[@]}" declare binding source=v1-exchange destination=v1-queue routing_key='a.#'
shows 'binding declared' "${in_vhost[@]}" declare binding source=amq.direct destination=v1-exchange destination_type=exchange routing_key=k
shows 'policy declared' "${in_vhost[@]}" declare policy name=v1-policy pattern='^v1' definition='{"max-length":10}' apply-to=queues priority=1
shows 'operator_policy declared' "${in_vhost[@]}" declare operator_policy name=v1-roof pattern='^v1' definition='{"max-length":5}' apply-to=queues
works declare vhost_limit vhost=v1-vhost name=max-queues value=10
shows 'Message published$' "${in_vhost[@]}" publish exchange=v1-exchange routing_key=a.b payload='one'
shows 'NOT routed' "${in_vhost[@]}" publish exchange=amq.direct routing_key=nobody payload='lost'
shows 'one' "${in_vhost[@]}" get queue=v1-queue ackmode=ack_requeue_true
shows 'one' "${in_vhost[@]}" get queue=v1-queue ackmode=ack_requeue_false payload_file=
works "${in_vhost[@]}" publish routing_key=v1-quorum payload='{"a":1}' properties='{"delivery_mode":2,"headers":{"x":"y"}}'
shows '"payload_bytes": 7' "${in_vhost[@]}" -f pretty_json get queue=v1-quorum ackmode=reject_requeue_true count=5
works "${in_vhost[@]}" purge queue name=v1-quorum

shows v1-exchange "${in_vhost[@]}" list exchanges name type
shows v1-queue "${in_vhost[@]}" list queues name messages
shows v1-quorum -f long "${in_vhost[@]}" list queues
shows 'x-message-ttl' -f raw_json "${in_vhost[@]}" list queues
shows 'v1-queue' -f kvp list queues name
shows 'v1-queue' -f tsv list queues vhost name
shows 'v1-queue' -f bash list queues name
shows v1-exchange "${in_vhost[@]}" list bindings source destination
shows v1-user list users
shows v1-vhost list vhosts name
shows v1-user list permissions
shows v1-policy "${in_vhost[@]}" list policies
shows v1-roof "${in_vhost[@]}" list operator_policies
shows max-queues "${in_vhost[@]}" list vhost_limits
shows running list nodes name running
for things in connections channels consumers parameters; do works list "$things"; done
shows 'leveret|rabbit' show overview
shows v1-queue -S name --sort-reverse "${in_vhost[@]}" list queues name
works export "$work/definitions.json"
works "${in_vhost[@]}" export "$work/vhost.json"
works import "$work/definitions.json"
works "${in_vhost[@]}" import "$work/vhost.json"
works declare parameter component=vhost-limits name=limits value='{"max-queues":20}' -V v1-vhost
works delete parameter component=vhost-limits name=limits -V v1-vhost

refuses 'inequivalent arg' "${in_vhost[@]}" declare queue name=v1-queue durable=true arguments='{"x-message-ttl":1}'
refuses 'Not found' "${in_vhost[@]}" delete queue name=v1-nobody
refuses 'Validation failed' "${in_vhost[@]}" declare policy name=v1-wrong pattern='(' definition='{"max-length":10}'
refuses 'Not found' close connection name=nobody
refuses 'Access refused' -u v1-user -p wrong list queues

works "${in_vhost[@]}" delete binding source=v1-exchange destination_type=queue destination=v1-queue properties_key='a.%23'
works "${in_vhost[@]}" delete policy name=v1-policy
works "${in_vhost[@]}" delete operator_policy name=v1-roof
works "${in_vhost[@]}" delete queue name=v1-queue
works "${in_vhost[@]}" delete exchange name=v1-exchange
works delete permission vhost=v1-vhost user=v1-user
works delete user name=v1-user
works delete vhost name=v1-vhost
exit $failed
