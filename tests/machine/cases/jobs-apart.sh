#!/usr/bin/env bash
# Jobs are one user on the host, but of different people: what the hook of one can find out about another that runs, and about its own ticket.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
ticket=$(p4 tickets | awk '{ print $NF; exit }')
bytes=$(printf %s "$ticket" | od -An -v -tu1 | tr -s ' \n' ' ')

call() { busctl --json=short call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager "$@"; }
create() { # SHELL-TEXT of its hook: prints the id
    call CreateJob 'ssa{sv}' integrate "$(python3 -c 'import json, sys
print(json.dumps({"server": "demo", "stream": "//demo/dev", "trial": True, "hooks": {"pre_submit": ["/bin/bash", "-c", sys.argv[1]]}}))' "$1")" \
        2 p4user s super credential ay ${#ticket} $bytes | json "d['data'][0]"
}
status() { call GetJob s "$1" | json "d['data'][0]['status']['data']"; }
has_ended() { case $(status "$1") in done|failed|cancelled) ;; *) return 1 ;; esac; }
in_hook() { journalctl --sync; journalctl -q -o cat "WEIR_JOB=$1" | grep -qx 'in the hook'; }
log_of() { journalctl --sync; journalctl -q -o cat "WEIR_JOB=$1"; }

first=$(create 'echo in the hook; sleep 60')
ok "a job is in a hook" eventually 20 in_hook "$first"
pid=$(systemctl show -P MainPID "weir-job-$first-1.service")
is "its runner leaves no core" "$(awk '/^Max core/ { print $5, $6 }' "/proc/$pid/limits")" "0 0"
hook=$(pgrep -u weir-run -f -n 'sleep 60')
second=$(create "echo folders \$(ls /run/weir-job)
for place in /run/weir-job/$first-1/tickets /run/credentials/weir-job-$first-1.service/p4-ticket; do
    for root in '' /proc/$pid/root /proc/$hook/root; do cat \$root\$place; done
done 2>/dev/null | grep -a -c . | sed 's/^/tickets /'
cat /proc/{$pid,$hook}/{environ,maps} 2>/dev/null | wc -c | sed 's/^/bytes /'
kill -STOP $pid 2>/dev/null; echo in the hook")
ok "so is another" eventually 20 in_hook "$second"
ok "which ends" eventually 20 has_ended "$second"
log=$(log_of "$second")
is "it saw one folder of tickets, its own" "$(sed -n 's/^folders //p' <<<"$log")" "$second-1"
is "and no ticket of the first, also not by way of its processes" "$(sed -n 's/^tickets //p' <<<"$log")" 0
is "nor their environment or memory" "$(sed -n 's/^bytes //p' <<<"$log")" 0
is "it is done, its ticket was good to the end" "$(status "$second")" "done"
is "its folders are gone" "$(ls /var/lib/weir-run | grep -x "$second"; ls -A /run/weir-job | grep "^$second")" ""
ok "the first can be cancelled" call CancelJob 'sa{sv}' "$first" 0
ok "and ends" eventually 30 has_ended "$first"
is "as cancelled" "$(status "$first")" cancelled
