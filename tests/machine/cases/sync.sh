#!/usr/bin/env bash
# The configuration: saving it is enough, a mistake is told with its line and changes nothing, timers follow it.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
file=/etc/weir/servers.yaml
original=$(cat $file)

save() { printf '%s\n' "$1" >$file; } # what an editor does
server() { printf '  - name: %s\n    p4port: %s\n    p4user: weir\n    stream_mask: "*"\n' "$1" "$2"; }
known() { weirctl servers --json | json "' '.join(sorted(s['name'] for s in d))"; }
knows() { [ "$(known)" = "$1" ]; }

is "the sample server is known" "$(known)" demo
sleep 1
is "it was read once" "$(journalctl -q -o cat UNIT=weir-sync.service JOB_TYPE=start | grep -c '^Starting')" 1
weirctl measure >/dev/null
save "$original
$(server second localhost:1667)"
ok "saving servers.yaml is enough" eventually 10 knows "demo second"

# --- mistakes ---
mistake() { # NAME LINE TEXT
    since=$(date '+%F %T.%6N')
    save "$3"
    ok "$1: told with file and line" eventually 10 sh -c "journalctl -q -t weir-sync --since '$since' -o cat | grep -q 'servers.yaml:$2:'"
    is "$1: the last good list stays" "$(known)" "demo second"
}
good="$original
$(server second localhost:1667)"
mistake "no YAML" 3 "servers:
  - name: demo
   p4port: [
"
mistake "unknown key" 3 "servers:
  - name: demo
    p4prot: localhost:1666
    p4user: weir"
mistake "missing key" 2 "servers:
  - name: demo
    p4port: localhost:1666"
mistake "one port twice" 7 "servers:
  - name: demo
    p4port: localhost:1666
    p4user: weir
  - name: twin
    p4user: weir
    p4port: LOCALHOST:1666"
ok "measuring goes on meanwhile" weirctl measure demo
save "$good"
sleep 0.3

# --- renamed, retired, back ---
save "$(printf 'servers:\n%s\n%s' "$(server renamed localhost:1666)" "$(server second localhost:1667)")"
ok "a new name for the same port" eventually 10 knows "renamed second"
is "keeps streams and history" "$(samples_of //demo/main renamed)" 1
save "$(printf 'servers:\n%s' "$(server second localhost:1667)")"
ok "a server that left the file is retired" eventually 10 knows second
is "its history stays" "$(samples_of //demo/main renamed)" 1
save "$original"
ok "and it may come back" eventually 10 knows demo
is "with its history" "$(samples_of //demo/main demo)" 1

# --- names as people type them ---
save "$(printf 'servers:\n%s' "$(server my-server localhost:1666)")"
ok "a name with a hyphen" eventually 10 knows my-server
ok "typed as it is after weir-measure@" systemctl start weir-measure@my-server
ok "escaped" systemctl start 'weir-measure@my\x2dserver'
make_stream //demo/by-hand development //demo/main >/dev/null
ok "measured" weirctl measure my-server
ok "a stream of it, typed as it is" systemctl start weir-measure@my-server--demo-by-hand
like "is the one that was measured" "$(journalctl -q -t weir-measure -o cat -n 2)" 'Measured //demo/by-hand on my-server'
fails "a server there is none of" any systemctl start weir-measure@my-other
like "is named" "$(journalctl -q -t weir-measure -o cat -n 3)" 'my-other.*no such server'
systemctl reset-failed weir-measure@my-other.service

# --- a mistake, and the person who made it ---
printf 'servers:\n  - name: x\n' >/etc/weir/servers.yaml
like "weirctl sync says file and line" "$(weirctl sync 2>&1)" 'servers.yaml:2: p4port is missing'

# --- timers ---
save "$original
    interval: 90min"
ok "a server with an interval has a timer of its own" eventually 10 systemctl is-active -q weir-measure@demo.timer
like "that list-timers shows" "$(systemctl list-timers --no-pager 'weir-*')" 'weir-measure@demo.timer'
printf 'measure:\n  interval: 2h\n' >/etc/weir/weir.yaml
ok "weir.yaml sets the common interval" eventually 10 sh -c "systemctl show -P TimersCalendar weir-measure.timer | grep -q '/2:00:00'"
printf 'measure:\n  calendar: Mon..Fri 06,18:00\n' >/etc/weir/weir.yaml
ok "or a calendar" eventually 10 sh -c "systemctl show -P TimersCalendar weir-measure.timer | grep -q 'Mon..Fri'"
printf 'measure:\n  interval: often\n' >/etc/weir/weir.yaml
ok "a mistake there is told" eventually 10 sh -c "journalctl -q -t weir-sync -o cat | grep -q 'weir.yaml:2:'"
systemctl daemon-reload
like "and the last good calendar stays" "$(systemctl show -P TimersCalendar weir-measure.timer)" 'Mon..Fri'

rm /etc/weir/weir.yaml
save "$original"
ok "without its interval a server has no timer" eventually 10 sh -c '! systemctl list-timers --all --no-legend | grep -q weir-measure@'
ok "and no unit has failed" eventually 10 sh -c '[ -z "$(systemctl --failed --plain --no-legend)" ]'

fails "nobody may not have it read" any runuser -u nobody -- weirctl sync

systemctl stop weir.target
save "$original
    interval: 45min"
systemctl start weir-sync
sleep 1
is "what was stopped stays stopped" "$(systemctl is-active weir.target weir-measure@demo.timer weir-measure.timer | tr '\n' ' ')" "inactive inactive inactive "
