#!/usr/bin/env bash
# Delays, dead letters and mistakes with the command-line tools of rabbitmq-c. They declare no arguments: LEVERET, the
# command line of Leveret, declares the queues that have a TTL, on whichever broker it is.
set -uo pipefail
failed=0

check() {
  if [ "$2" = "$3" ]; then
    echo "ok   $1"
  else
    failed=1
    printf 'FAIL %s\n     expected %s\n     saw      %s\n' "$1" "$3" "$2"
  fi
}

leveret() { $LEVERET "$@" --url "$AMQP_URL"; }

# Ends with the same message when it has come, or after ten seconds.
get() {
  for _ in $(seq 200); do
    amqp-get --url "$AMQP_URL" -q "$1" && return
    sleep 0.05
  done
}

# What a tool complains of.
complaint() { "$@" 2>&1 </dev/null | tr -d '\n'; }

check 'a queue is declared' "$(amqp-declare-queue --url "$AMQP_URL" -d -q tools.work)" tools.work
leveret declare queue tools.wait --ttl 300ms --dead-letter-exchange '' --dead-letter-routing-key tools.work >/dev/null
started=$(date +%s%3N)
amqp-publish --url "$AMQP_URL" -r tools.wait -p -b later
check 'a message that waits is not there yet' "$(amqp-get --url "$AMQP_URL" -q tools.work)" ''
check 'and comes late' "$(get tools.work)" later
check 'but not early' "$(($(date +%s%3N) - started >= 300))" 1

printf 'one\ntwo\nthree\n' | amqp-publish --url "$AMQP_URL" -r tools.work -p -l
check 'a consumer runs a command for each message' \
  "$(amqp-consume --url "$AMQP_URL" -q tools.work -c 3 -p 1 cat 2>/dev/null | tr '\n' ' ')" 'one two three '

# A command that fails rejects the message, which is requeued.
amqp-publish --url "$AMQP_URL" -r tools.work -p -b 'again'
amqp-consume --url "$AMQP_URL" -q tools.work -c 1 false >/dev/null 2>&1
check 'what a command could not do comes again' "$(get tools.work)" again

amqp-publish --url "$AMQP_URL" -r tools.wait -p -C text/plain -H 'colour: blue' -b 'with a header'
check 'headers travel with a dead letter' "$(leveret consume tools.work --count 1 --ack --json | grep -o '"colour":"blue"')" '"colour":"blue"'

wrong=${AMQP_URL/guest:guest@/guest:wrong@}
check 'a wrong password' "$(complaint amqp-get --url "$wrong" -q tools.work)" \
  "logging in to AMQP server: server connection error 403, message: ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile."
check 'a missing queue' "$(complaint amqp-get --url "$AMQP_URL" -q tools.missing)" \
  "basic.get: server channel error 404, message: NOT_FOUND - no queue 'tools.missing' in vhost '/'"
check 'an argument that differs' "$(complaint amqp-declare-queue --url "$AMQP_URL" -d -q tools.wait)" \
  "queue.declare: server channel error 406, message: PRECONDITION_FAILED - inequivalent arg 'x-message-ttl' for queue 'tools.wait' in vhost '/': received none but current is the value '300' of type 'short'"
check 'a missing exchange' "$(complaint amqp-publish --url "$AMQP_URL" -e tools.missing -r x -b x)" \
  "closing channel: server channel error 404, message: NOT_FOUND - no exchange 'tools.missing' in vhost '/'"

amqp-publish --url "$AMQP_URL" -r tools.work -p -b left
check 'a queue is deleted with what it holds' "$(amqp-delete-queue --url "$AMQP_URL" -q tools.work)" 1
amqp-delete-queue --url "$AMQP_URL" -q tools.wait >/dev/null
exit $failed
