# What both command lines of RabbitMQ for its management API are tried with: source this, with the function `admin`.
failed=0

report() {
  if [ "$1" = 0 ]; then
    echo "ok   $2"
  else
    failed=1
    printf 'FAIL %s\n     expected %s\n     saw      %s\n' "$2" "$3" "$(printf '%s' "$4" | tr '\n' ' ' | cut -c1-300)"
  fi
}

# works COMMAND...: it ends with 0.
works() {
  local seen status=0
  seen=$(admin "$@" 2>&1 </dev/null) || status=$?
  report "$status" "$*" 'exit code 0' "$seen"
}

# shows PATTERN COMMAND...: it ends with 0 and prints something.
shows() {
  local seen status=0 pattern=$1
  shift
  seen=$(admin "$@" 2>&1 </dev/null) || status=$?
  grep -qE -- "$pattern" <<<"$seen" || status=1
  report "$status" "$*" "$pattern" "$seen"
}

# refuses PATTERN COMMAND...: it ends with another code, and prints something.
refuses() {
  local seen status=1 pattern=$1
  shift
  seen=$(admin "$@" 2>&1 </dev/null) || status=0
  grep -qE -- "$pattern" <<<"$seen" || status=1
  report "$status" "$* is refused" "$pattern" "$seen"
}
