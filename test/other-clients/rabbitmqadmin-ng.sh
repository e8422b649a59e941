#!/usr/bin/env bash
# Every subcommand of rabbitmqadmin-ng that a broker of one node without plugins can answer: RABBITMQADMIN is how it is run.
# What it makes it deletes.
set -uo pipefail
. "$(dirname "$0")/rabbitmqadmin.sh"
read -r user password host port <<<"$(sed -E 's#^http://([^:]*):([^@]*)@([^:/]*):([0-9]+).*#\1 \2 \3 \4#' <<<"$HTTP_URL")"

admin() { $RABBITMQADMIN -H "$host" -P "$port" -u "$user" -p "$password" "$@"; }
api() { curl -s -u "$user:$password" "http://$host:$port/api$1"; }
node=$(api /overview | sed 's/.*"node":"\([^"]*\)".*/\1/')
amqp_port=$(sed -E 's#.*:([0-9]+).*#\1#' <<<"$AMQP_URL")

works vhosts declare --name ng-vhost --description 'tried' --default-queue-type classic
works declare vhost --name ng-other --tracing
works declare user --name ng-user --password secret --tags monitoring
hash=$(admin passwords salt_and_hash secret 2>/dev/null | grep -oE '[A-Za-z0-9+/=]{40,}' | head -1)
works users declare --name ng-hashed --password-hash "$hash" --tags management
in_vhost=(-V ng-vhost)
works "${in_vhost[@]}" permissions declare --username ng-user --configure '.*' --write '.*' --read '.*'
works "${in_vhost[@]}" declare queue --name ng-queue --type classic --durable true --arguments '{"x-message-ttl":60000}'
works "${in_vhost[@]}" queues declare --name ng-quorum --type quorum
works "${in_vhost[@]}" streams declare --name ng-stream --expiration 1D --max-length-bytes 1000000
works "${in_vhost[@]}" declare stream --name ng-stream-2 --expiration 1h
works "${in_vhost[@]}" exchanges declare --name ng-exchange --type topic --durable true
works "${in_vhost[@]}" declare exchange --name ng-fanout --type fanout --durable true --arguments '{"alternate-exchange":"ng-exchange"}'
works "${in_vhost[@]}" bindings declare --source ng-exchange --destination-type queue --destination ng-queue --routing-key 'a.#'
works "${in_vhost[@]}" exchanges bind --source ng-fanout --destination-type exchange --destination ng-exchange --routing-key x
works "${in_vhost[@]}" declare binding --source ng-fanout --destination-type queue --destination ng-queue --routing-key '' --arguments '{"a":1}'
works "${in_vhost[@]}" policies declare --name ng-policy --pattern '^ng' --apply-to queues --priority 1 --definition '{"max-length":10}'
works "${in_vhost[@]}" policies patch --name ng-policy --definition '{"message-ttl":1000}'
works "${in_vhost[@]}" policies update_definition --name ng-policy --definition-key max-length --new-value 11
works "${in_vhost[@]}" policies update_definitions_of_all_in --definition-key max-length --new-value 12
works "${in_vhost[@]}" policies delete_definition_keys --name ng-policy --definition-keys message-ttl
works "${in_vhost[@]}" policies declare_override --name ng-policy --override-name ng-override --definition '{"max-length":9}'
works "${in_vhost[@]}" policies declare_blanket --name ng-blanket --apply-to queues --definition '{"max-length":100}'
shows 'ng-override' "${in_vhost[@]}" policies list_matching_object --name ng-queue --type queues
works "${in_vhost[@]}" policies list_conflicting
works "${in_vhost[@]}" policies list_conflicting_in
works "${in_vhost[@]}" operator_policies declare --name ng-roof --pattern '^ng' --apply-to queues --priority 1 --definition '{"max-length":5}'
works "${in_vhost[@]}" operator_policies patch --name ng-roof --definition '{"expires":100000}'
shows ng-roof "${in_vhost[@]}" operator_policies list_in
shows ng-roof operator_policies list
works "${in_vhost[@]}" declare vhost_limit --name max-queues --value 10
works declare user_limit --username ng-user --name max-channels --value 10
works global_parameters set --name ng-parameter --value '{"a":1}'
works "${in_vhost[@]}" parameters set --component vhost-limits --name limits --value '{"max-queues":20}'

works "${in_vhost[@]}" publish message --exchange ng-exchange --routing-key a.b --payload one
shows one "${in_vhost[@]}" get messages --queue ng-queue --count 1 --ack-mode ack_requeue_true
works "${in_vhost[@]}" publish message --routing-key ng-quorum --payload two --properties '{"delivery_mode":2}'
shows two "${in_vhost[@]}" get messages --queue ng-quorum --count 5 --ack-mode ack_requeue_false
works "${in_vhost[@]}" queues purge --name ng-queue
works "${in_vhost[@]}" purge queue --name ng-queue

for things in nodes users vhosts permissions connections channels queues exchanges bindings consumers parameters policies \
  operator_policies vhost_limits user_limits feature_flags deprecated_features deprecated_features_in_use; do
  works "${in_vhost[@]}" list "$things"
done
shows ng-queue "${in_vhost[@]}" queues list
shows ng-queue "${in_vhost[@]}" queues show --name ng-queue
shows ng-stream "${in_vhost[@]}" streams list
shows ng-stream "${in_vhost[@]}" streams show --name ng-stream
shows ng-exchange "${in_vhost[@]}" exchanges list
shows ng-exchange "${in_vhost[@]}" bindings list
shows ng-policy policies list
shows ng-policy "${in_vhost[@]}" policies list_in
shows ng-parameter global_parameters list
shows max-queues "${in_vhost[@]}" parameters list_in --component vhost-limits
works parameters list_all
shows max-queues "${in_vhost[@]}" vhost_limits list
shows max-channels user_limits list
shows max-channels users limits --username ng-user
shows ng-user "${in_vhost[@]}" permissions list
shows ng-user users list
works users permissions
works users connections --username guest
works list user_connections --username guest
works connections list
works connections list_of_user --username guest
works channels list
works feature_flags list
works feature_flags enable --name quorum_queue
works feature_flags enable_all
works deprecated_features list
works deprecated_features list_used
works plugins list_all
works plugins list_on_node --node "$node"
works nodes list
works nodes memory_breakdown_in_bytes --node "$node"
works nodes memory_breakdown_in_percent --node "$node"
works auth_attempts stats --node "$node"
shows 'RabbitMQ|Product' show overview
works show churn
works show endpoint
works show memory_breakdown_in_bytes --node "$node"
works show memory_breakdown_in_percent --node "$node"
for check in local_alarms cluster_wide_alarms node_is_quorum_critical; do works health_check $check; done
works health_check port_listener --port "$amqp_port"
works health_check protocol_listener --protocol amqp
refuses 'missing|No active|503|failed' health_check port_listener --port 1
works rebalance queues
works queues rebalance

shows ng-queue definitions export --stdout
shows ng-queue "${in_vhost[@]}" definitions export_from_vhost --stdout
shows ng-queue definitions export --stdout --transformations strip_cmq_keys_from_policies
exported=$(admin definitions export --stdout 2>/dev/null)
seen=$(admin definitions import --stdin 2>&1 <<<"$exported")
report $? 'definitions import --stdin' 'exit code 0' "$seen"
exported=$(admin "${in_vhost[@]}" definitions export_from_vhost --stdout 2>/dev/null)
seen=$(admin -V ng-other definitions import_into_vhost --stdin 2>&1 <<<"$exported")
report $? 'definitions import_into_vhost --stdin' 'exit code 0' "$seen"
shows ng-queue -V ng-other queues list

refuses 'inequivalent|equivalent|400' "${in_vhost[@]}" declare queue --name ng-queue --type classic --durable true --arguments '{"x-message-ttl":1}'
refuses 'not found|404|Not Found|does not exist' "${in_vhost[@]}" delete queue --name ng-nobody
refuses 'not found|404|Not Found|does not exist' connections close --name nobody
password=wrong refuses '401|nauthorized|Not_Authorized' list queues
works "${in_vhost[@]}" delete queue --name ng-nobody --idempotently

works vhosts enable_deletion_protection --name ng-other
refuses 'protected|412|Precondition|deletion' vhosts delete --name ng-other
works vhosts disable_deletion_protection --name ng-other
works "${in_vhost[@]}" bindings delete --source ng-exchange --destination-type queue --destination ng-queue --routing-key 'a.#'
works "${in_vhost[@]}" exchanges unbind --source ng-fanout --destination-type exchange --destination ng-exchange --routing-key x
works "${in_vhost[@]}" policies delete --name ng-policy
works "${in_vhost[@]}" delete policy --name ng-override
works "${in_vhost[@]}" operator_policies delete --name ng-roof
works "${in_vhost[@]}" delete vhost_limit --name max-queues
works delete user_limit --username ng-user --name max-channels
works global_parameters clear --name ng-parameter
works "${in_vhost[@]}" delete queue --name ng-queue
works "${in_vhost[@]}" streams delete --name ng-stream
works "${in_vhost[@]}" exchanges delete --name ng-exchange
works "${in_vhost[@]}" delete permissions --username ng-user
works connections close_of_user --username ng-user --idempotently
works users delete --name ng-user
works delete user --name ng-hashed
works vhosts delete --name ng-vhost
works vhosts delete_multiple --name-pattern '^ng-' --approve
exit $failed
