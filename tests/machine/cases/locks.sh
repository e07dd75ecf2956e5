#!/usr/bin/env bash
# Locks on a real bus: who excludes whom, who is named, and that no way of ending leaves a lock or loses one.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"

hold() { # RESOURCE [OPTION…]: holds it until `release`
    local resource=$1
    shift
    systemd-run --quiet --collect --unit="holder-$((++holders))" weirctl lock "$resource" "$@" sleep 600
    eventually 5 is_held "$resource" || tap_note "$resource was not taken"
}
is_held() { weirctl locks --json | json "exit(not any(l['resource'] == '$1' and not l['waiting'] for l in d))"; }
is_free() { ! is_held "$1"; }
release() { systemctl stop "holder-*"; }
holders=0

fails "a command under a lock passes its status through" 5 weirctl lock server/demo sh -c 'exit 5'
ok "the lock ends with the command" is_free server/demo

hold server/demo --why='moving the server'
fails "a second one is busy" 75 weirctl lock server/demo true
like "and told who, and why" "$(weirctl lock server/demo true 2>&1)" 'holder-1\.service.*moving the server|moving the server.*holder-1\.service'
fails "what is below is locked" 75 weirctl lock server/demo/stream///demo/dev true
fails "what is above, too" 75 weirctl lock / true
ok "another server is not" weirctl lock server/other true
fails "not even with patience" 75 timeout 20 weirctl lock server/demo --wait=1 true
like "weirctl locks shows it" "$(weirctl locks)" 'server/demo .*exclusive.*holder-1\.service|server/demo .*holder-1\.service'

release
ok "a stopped holder's lock is free" eventually 3 is_free server/demo
hold server/demo
systemctl kill --kill-whom=all -s KILL holder-2.service
ok "a killed holder's lock is free" eventually 3 is_free server/demo

hold server/demo/stream///demo/dev
fails "one stream: the same is busy" 75 weirctl lock server/demo/stream///demo/dev true
ok "one stream: another one is not" weirctl lock server/demo/stream///demo/main true
ok "nor is one whose path begins alike" weirctl lock server/demo/stream///demo/developers true
fails "one stream: the server as a whole is" 75 weirctl lock server/demo true
release

hold config --mode=shared
ok "shared beside shared" weirctl lock config --mode=shared true
fails "exclusive beside shared" 75 weirctl lock config true
release

# --- the waiting ones ---
hold server/demo
for n in 1 2 3; do
    systemd-run --quiet --collect --unit=waiter-$n sh -c "weirctl lock server/demo --wait sh -c 'echo $n >>/run/order; sleep 0.2'"
    ok "waiter $n is seen waiting" eventually 5 sh -c "[ \$(weirctl locks --json | grep -c waiting.*true) -ge 1 ] &&
        [ \$(weirctl locks --json | python3 -c 'import json,sys; print(sum(l[\"waiting\"] for l in json.load(sys.stdin)))') = $n ]"
done
release
ok "all of them get their turn" eventually 10 sh -c '[ "$(wc -l </run/order)" = 3 ]'
is "in the order of asking" "$(tr '\n' ' ' </run/order)" "1 2 3 "
ok "and nothing is left" eventually 5 is_free server/demo

# --- the lock manager itself ---
hold server/demo --why='over a restart'
before=$(weirctl locks --json | json "[(l['resource'], l['holder'], l['why'], l['since']) for l in d]")
systemctl restart weir-lockd
is "a restart keeps every lock and all that is known of it" \
    "$(weirctl locks --json | json "[(l['resource'], l['holder'], l['why'], l['since']) for l in d]")" "$before"
fails "and it is still busy" 75 weirctl lock server/demo true
for n in 1 2 3; do
    systemctl kill -s KILL weir-lockd
    eventually 5 sh -c 'systemctl is-active -q weir-lockd && weirctl locks' >/dev/null
done
is "so does kill -9, three times over" \
    "$(weirctl locks --json | json "[(l['resource'], l['holder'], l['why'], l['since']) for l in d]")" "$before"
systemctl kill -s KILL weir-lockd
systemctl kill --kill-whom=all -s KILL holder-*.service
ok "a holder that dies while the manager is dead leaves no lock" eventually 5 sh -c 'weirctl lock server/demo true'

# --- breaking ---
hold server/demo
ok "root may break a lock" weirctl locks break server/demo
ok "then it is free" weirctl lock server/demo true
release
hold server/demo
fails "nobody may not" any runuser -u nobody -- weirctl locks break server/demo
fails "nor take one" any runuser -u nobody -- weirctl lock server/other true
ok "but everybody may look" runuser -u nobody -- weirctl locks
is "user weir may take one" "$(runuser -u weir -- weirctl lock server/other echo had)" had
release

fails "nonsense is a usage error" 64 weirctl lock 'no such//thing' true

hold server/demo
busy=$(weirctl measure demo 2>&1)
like "a measuring that meets a lock names its holder" "$busy" 'Busy: holder-.* holds server/demo'
like "so does its status line" "$(systemctl show -P StatusText weir-measure@demo.service)" 'holds server/demo'
release
unknown=$(weirctl measure nobody 2>&1)
like "an unknown server is told" "$unknown" 'There is no server nobody'
ok "without a unit that failed" sh -c '! systemctl is-failed weir-measure@nobody.service'
