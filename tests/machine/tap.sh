# TAP for shell: source it, state what holds, and the plan is printed at the end.
#   ok NAME COMMAND…           COMMAND succeeds (its output is shown when it does not)
#   fails NAME STATUS COMMAND… COMMAND ends with STATUS (or any but 0, when STATUS is `any`)
#   is NAME GOT WANTED         two texts are equal
#   like NAME GOT PATTERN      an extended regular expression is found in a text
#   skip NAME REASON
#   eventually SECONDS COMMAND…   repeats COMMAND until it succeeds; to be used as ok's COMMAND
tap_count=0 tap_failed=0

tap_result() { # STATUS NAME
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap_count - $2"
    fi
}

tap_note() { printf '%s\n' "$1" | sed 's/^/#   /'; }

ok() {
    local name=$1 output status=0
    shift
    output=$("$@" 2>&1) || status=$?
    tap_result $status "$name"
    [ $status -eq 0 ] || tap_note "$* ended with $status: $output"
}

fails() {
    local name=$1 wanted=$2 output status=0
    shift 2
    output=$("$@" 2>&1) || status=$?
    if [ "$wanted" = any ] && [ $status -ne 0 ]; then wanted=$status; fi
    [ $status -eq "$wanted" ] 2>/dev/null
    tap_result $? "$name"
    [ "$status" = "$wanted" ] || tap_note "$* ended with $status instead of $wanted: $output"
}

is() {
    [ "$2" = "$3" ]
    tap_result $? "$1"
    [ "$2" = "$3" ] || { tap_note "got:    $2"; tap_note "wanted: $3"; }
}

like() {
    local status=0
    printf '%s\n' "$2" | grep -Eq -- "$3" || status=1
    tap_result $status "$1"
    [ $status -eq 0 ] || { tap_note "got:     $2"; tap_note "pattern: $3"; }
}

skip() { tap_count=$((tap_count + 1)); echo "ok $tap_count - $1 # SKIP $2"; }

eventually() {
    local end=$(($(date +%s%N) / 1000000 + $1 * 1000)) output
    shift
    until output=$("$@" 2>&1); do
        [ $(($(date +%s%N) / 1000000)) -lt $end ] || { echo "$output"; return 1; }
        sleep 0.05
    done
}

tap_end() { # a script that dies half-way prints no plan, and is counted as failed for it
    local status=$?
    [ $status -ne 0 ] || { echo "1..$tap_count"; [ $tap_failed -eq 0 ] || exit 1; }
}
trap tap_end EXIT
