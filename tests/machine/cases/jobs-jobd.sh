#!/usr/bin/env bash
# weir-jobd with a real systemd and weir-unitd: the queue, cancels, ends without a word, restarts, rights. The job's programs are stand-ins here:
# they do what /srv/work and /srv/finish say, and speak with weir-jobd by busctl.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
programs=/usr/lib/weir
manager=(org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager)
canary=CANARY-51c0ffee-ticket

cat >$programs/weir-integrate <<'END'
#!/usr/bin/env bash
id=$1 attempt=$2
call() { busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager "$@"; }
report() { until call Report 'sua{sv}' "$id" "$attempt" "$@" >/dev/null 2>"$RUNTIME_DIRECTORY/error"; do
    grep -qE 'not provided|disconnected|activate|timed out|Connection' "$RUNTIME_DIRECTORY/error" || { cat "$RUNTIME_DIRECTORY/error"; exit 5; }
    sleep 0.1; done; }
stage() { for s; do report 1 stage s "$s"; done; }
busctl --json=short call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager TakeJob su "$id" "$attempt" >"$RUNTIME_DIRECTORY/work" || exit 4
. /srv/work
END
cat >$programs/weir-finish <<'END'
#!/usr/bin/env bash
id=$1 attempt=$2
finished() { busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager Finished 'sua{sv}' "$id" "$attempt" "$@"; }
. /srv/finish
exit 0
END
chmod 755 $programs/weir-{integrate,finish}
work() { cat >/srv/work; } # what runners do from now on
finish() { cat >/srv/finish; }
usual_finish() { finish <<'END'
case $SERVICE_RESULT-$EXIT_STATUS in
success-0) finished 2 outcome s done clean b true ;;
success-TERM) finished 2 outcome s cancelled clean b true ;;
exit-code-*) finished 3 outcome s failed reason s exit clean b true ;;
*) finished 3 outcome s failed reason s "$SERVICE_RESULT" clean b true ;;
esac
END
}
usual_finish
work <<<"stage SYNC INTEGRATE PRE_SUBMIT SHELVE P4PUSH DONE"

create() { # [CLIENT [OPTIONS…]] -> sets id
    local spec='{"server":"demo","path":"//demo/dev/..."'
    [ -z "${1:-}" ] || spec+=",\"client\":\"$1\""
    id=$(busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate "$spec}" "${@:2}" $([ $# -gt 1 ] || echo 0) | cut -d'"' -f2)
    [ -n "$id" ]
}
field() { # FIELD [ID]
    busctl --json=short call "${manager[@]}" GetJob s "${2:-$id}" | json "d['data'][0].get('$1', {}).get('data', '')"
}
cancel() { busctl call "${manager[@]}" CancelJob 'sa{sv}' "$1" 1 mode s "${2:-graceful}"; }
job_is() { [ "$(field status "${2:-$id}")" = "$1" ]; }
at_stage() { [ "$(field stage "${2:-$id}")" = "$1" ]; }
becomes() { eventually 60 job_is "$@"; }
queue() { busctl --json=short call "${manager[@]}" ListQueue | json "' '.join(j['id']['data'] for j in d['data'][0])"; }
no_units() { [ -z "$(systemctl list-units --all --plain --no-legend 'weir-job-INT-*')" ]; }
since() { echo $((($(date +%s%N) - $1) / 1000000)); } # milliseconds

# --- a job ---
create
like "a job is created" "$id" '^INT-[0-9]{8}-001$'
ok "and done" becomes done
is "it had one attempt" "$(field attempt)" 1
is "its unit was its own" "$(field unit)" "weir-job-$id-1.service"
is "its owner is root" "$(field owner)" root
is "history tells every stage" "$(field history | python3 -c 'print(*(s[1] for s in eval(input())))')" "SYNC INTEGRATE PRE_SUBMIT SHELVE P4PUSH DONE"
ok "no unit is left" eventually 30 no_units
like "the journal has its story" "$(journalctl --sync; journalctl -q -o cat WEIR_JOB="$id")" "$id: queued for root on demo"
like "to the end" "$(journalctl -q -o cat WEIR_JOB="$id")" "^$id: done"
work <<<"exit 3"
create
ok "one whose runner fails has failed" becomes failed
is "with a reason" "$(field reason)" exit
create_bad() { busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate "$1" 0; }
like "a bad one is refused by its field" "$(create_bad '{"server":"mars","path":"//a/b/..."}' 2>&1)" 'spec.server: there is no server mars'

# --- the queue ---
work <<<'stage SYNC INTEGRATE PRE_SUBMIT BUILD; while [ ! -e /srv/go ]; do sleep 0.05; done; stage DONE'
create ws; first=$id
ok "the first of two for a client runs" eventually 30 at_stage BUILD
create ws; second=$id
create ws; third=$id
create; free=$id
ok "one with a client of its own passes" eventually 30 at_stage BUILD "$free"
is "two wait, in order" "$(queue)" "$second $third"
is "it is told for what" "$(field blocked_by "$third")" "$second"
like "systemctl status shows how many" "$(systemctl show -P StatusText weir-jobd)" '2 running, 2 queued'
ok "a queued one is cancelled at once" cancel "$second"
ok "it is" job_is cancelled "$second"
is "the other one moves up" "$(field position "$third")" 1
for n in 1 2 3; do
    systemctl kill -s KILL weir-jobd
    ok "kill -9 of weir-jobd, $n: it is back" eventually 30 busctl call "${manager[@]}" GetJob s "$first"
done
is "the queue is as it was" "$(queue) $(field position "$third") $(field blocked_by "$third")" "$third 1 $first"
is "the running ones run" "$(field status "$first") $(field attempt "$first") $(field status "$free") $(field attempt "$free")" "running 1 running 1"
touch /srv/go
ok "the first one ends" becomes done "$first"
ok "then the next one gets its turn" becomes done "$third"
ok "the free one ended as well" becomes done "$free"
rm /srv/go

# --- cancelling ---
work <<'END'
stage SYNC INTEGRATE PRE_SUBMIT BUILD
(setsid sh -c 'trap "" TERM; while :; do sleep 0.2; done; : survivor' &) &
sh -c 'trap "" TERM; while :; do sleep 0.2; done; : survivor' &
while :; do sleep 1; done
END
create
eventually 30 at_stage BUILD
start=$(date +%s%N)
ok "an immediate cancel is taken" cancel "$id" immediate
ok "every process is gone" eventually 2 sh -c '! pgrep -f "[:] survivor"'
took=$(since "$start")
ok "within a second ($took ms)" [ "$took" -lt 1000 ]
ok "the job is cancelled" becomes cancelled
is "by name" "$(field reason), $(field cancelled_by)" "cancelled by root, root"
fails "an ended one is not cancelled" any cancel "$id"
is "and does not change" "$(field status)" cancelled
work <<<'stage SYNC; sleep 600'
create
eventually 30 at_stage SYNC
systemctl stop "weir-job-$id-1.service"
ok "systemctl stop is a cancel" becomes cancelled
is "and recorded as one" "$(field reason)" "cancelled by systemctl"
work <<<'stage SYNC; while :; do sleep 1; done'
create; racing=$id
cancel "$racing"
ok "one cancelled while it starts ends, too" becomes cancelled "$racing"

# --- ends without a word ---
finish <<<'[ -e /srv/mute ] || finished 3 outcome s failed reason s signal clean b true'
touch /srv/mute
create
eventually 30 at_stage SYNC
systemctl kill --kill-whom=all -s KILL "weir-job-$id-1.service"
ok "a unit that vanished is followed by another attempt" eventually 30 sh -c "systemctl is-active weir-job-$id-2.service"
eventually 30 sh -c "busctl --json=short call ${manager[*]} GetJob s $id | grep -q '\"running\"'"
is "of the same job" "$(field attempt) $(field status)" "2 running"
systemctl stop weir-jobd weir-jobd.service
systemctl kill --kill-whom=all -s KILL "weir-job-$id-2.service"
eventually 30 sh -c "! systemctl is-active weir-job-$id-2.service"
systemctl start weir-jobd
ok "also when nobody watched" eventually 30 sh -c "systemctl is-active weir-job-$id-3.service"
rm /srv/mute
systemctl kill --kill-whom=all -s KILL "weir-job-$id-3.service"
ok "a finish that speaks ends it" becomes failed
is "in its words" "$(field reason)" signal
usual_finish

# --- time limits ---
busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate '{"server":"demo","path":"//demo/dev/...","limits":{"timeout":1}}' 0 >/tmp/created
id=$(cut -d'"' -f2 /tmp/created)
ok "one that works too long is stopped" becomes failed
is "with its own reason" "$(field reason)" timeout

# --- rights ---
useradd --groups weir member
useradd stranger
as() { local user=$1; shift; runuser -u "$user" -- "$@"; }
spec='{"server":"demo","path":"//demo/dev/..."}'
create; roots=$id
fails "a stranger may not create jobs" any as stranger busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate "$spec" 0
id=$(as member busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate "$spec" 0 | cut -d'"' -f2)
is "a member of the group may" "$(field owner)" member
fails "but not for others" any as member busctl call "${manager[@]}" CreateJob 'ssa{sv}' integrate "$spec" 1 owner s root
fails "nor cancel what is root's" any as member busctl call "${manager[@]}" CancelJob 'sa{sv}' "$roots" 0
ok "but its own" as member busctl call "${manager[@]}" CancelJob 'sa{sv}' "$id" 0
ok "a stranger may look" as stranger busctl call "${manager[@]}" GetJob s "$roots"
eventually 30 at_stage SYNC "$roots"
for user in root member weir-run; do
    fails "$user is not a job's unit" any as $user busctl call "${manager[@]}" Report 'sua{sv}' "$roots" 1 1 stage s INTEGRATE
done
fails "nor is another unit" any systemd-run --quiet --wait --collect --uid=weir-run busctl call "${manager[@]}" Finished 'sua{sv}' "$roots" 1 1 outcome s done
is "nothing came of it" "$(field status "$roots") $(field stage "$roots")" "running SYNC"
cancel "$roots" immediate

# --- credentials ---
bytes=$(printf %s "$canary" | od -An -v -tu1 | tr -s ' \n' ' ')
create "" 1 credential ay ${#canary} $bytes
eventually 30 at_stage SYNC
ok "a ticket is kept" test -e "/var/lib/weir-credentials/$id"
printf '%s\n' "$canary" >/root/canary # a pattern in a file is in no command line
places() { # where the secret is seen
    grep -lraf /root/canary /var/lib/weir /run/systemd /var/lib/weir-credentials /etc/weir 2>/dev/null
    grep -laf /root/canary /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null
    journalctl -q -a --no-pager | grep -Ff /root/canary
    busctl --json=short call "${manager[@]}" GetJob s "$id" | grep -Ff /root/canary
    systemctl show "weir-job-$id-1.service" | grep -Ff /root/canary
}
is "and nowhere to be read" "$(places)" ""
cancel "$id" immediate
becomes cancelled
ok "it is forgotten when the job has ended" eventually 30 test ! -e "/var/lib/weir-credentials/$id"

# --- the daemon itself ---
ok "objects of jobs are as their XML says" python3 "$here/compare-interface" /usr/share/dbus-1/interfaces/org.weir.Jobs1.Job.xml \
    org.weir.Jobs1 "/org/weir/Jobs1/job/$(echo "$id" | sed s/-/_2d/g)"
reloads() { journalctl -q -u weir-jobd | grep -c 'Reloaded weir-jobd'; }
before=$(reloads)
printf 'jobs:\n  max_running: 1\n' >/etc/weir/weir.yaml
work <<<'stage SYNC; while [ ! -e /srv/go ]; do sleep 0.05; done; stage DONE'
ok "saving weir.yaml reloads weir-jobd" eventually 30 eval '[ "$(reloads)" -gt "$before" ]'
create; one=$id
eventually 30 at_stage SYNC
create; two=$id
like "and its limits hold" "$(sleep 0.5; field blocked_by "$two")" '1 jobs run, as many as may'
touch /srv/go
ok "both end" eventually 60 sh -c "busctl call ${manager[*]} GetJob s $two | grep -q '\"done\"'"
pid=$(systemctl show -P MainPID weir-jobd)
is "it has no capability" "$(awk '/^Cap(Eff|Bnd|Prm):/ {printf "%s ", $2}' "/proc/$pid/status")" "0000000000000000 0000000000000000 0000000000000000 "
fails "and no network" any nsenter --target "$pid" --net -- ip -4 route get 1.1.1.1
systemctl restart weir-lockd weir-unitd weir-jobd
sleep 0.5
total=0
for unit in weir-lockd weir-jobd weir-unitd; do
    n=$(awk '/^Pss:/ {print $2}' "/proc/$(systemctl show -P MainPID $unit)/smaps_rollup")
    tap_note "$unit: $n KiB"
    total=$((total + n))
done
ok "the three daemons take $total KiB when idle, 8 MiB at most" [ $total -le 8192 ]
ok "no unit of a job is left" eventually 30 no_units
is "no unit has failed" "$(systemctl --failed --plain --no-legend)" ""
