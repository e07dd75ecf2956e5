#!/usr/bin/env bash
# The runner and its helpers killed at every stage, and jobs cancelled at every stage: each job ends as it should, once, and nothing is left.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

# A p4 command that hangs holds a job in its stage. CREATE and friends are held by a hook.
holders='GET_LATEST_CL:changes SYNC:change INTEGRATE:integrate RESOLVE_PASS_1:resolve SHELVE:shelve P4PUSH:submit'
held() { # STAGE COMMAND: a job that stands there -> sets id
    new_pair
    edit "$dev" text 's/^5$/five/'
    control hang "$2" 600
    id=$(integrate --stream="$dev")
    eventually 20 is_in "$id" "$1" || tap_note "it is in $(field "$id" stage), not in $1"
    sleep 0.3
}
unit() { echo "weir-job-$id-$(field "$id" attempt).service"; }

for holder in $holders; do
    stage=${holder%:*} command=${holder#*:}
    held "$stage" "$command"
    systemctl kill -s KILL --kill-who=main "$(unit)"
    control hang off
    ok "runner killed in $stage: it ends" wait_for_end "$id"
    if [ "$stage" = P4PUSH ]; then
        like "runner killed in $stage" "$(field "$id" status) $(field "$id" reason)" '^(done|failed interrupted in P4PUSH)'
    else
        ended "runner killed in $stage" "$id" done
        submitted_once "runner killed in $stage"
    fi
    ok "runner killed in $stage: at most one submit" test "$(p4 changes -l -s submitted "$main/..." | grep -cF "[weir $id]")" -le 1
    nothing_left "runner killed in $stage"
done

for holder in $holders; do
    stage=${holder%:*} command=${holder#*:}
    held "$stage" "$command"
    weirctl cancel "$id" >/dev/null &
    sleep 0.2; control hang off
    ok "cancelled in $stage: it ends" wait_for_end "$id"
    if [ "$stage" = P4PUSH ]; then
        like "cancelled in $stage" "$(field "$id" status)" '^(cancelled|done)$'
    else
        ended "cancelled in $stage" "$id" cancelled 'cancelled by root'
        is "cancelled in $stage: not submitted" "$(p4 changes -l -s submitted "$main/..." | grep -cF "[weir $id]")" 0
    fi
    nothing_left "cancelled in $stage"
done

# --- the daemons ---
for daemon in weir-jobd weir-unitd weir-lockd; do
    new_pair
    edit "$dev" text 's/^5$/five/'
    id=$(integrate --stream="$dev" --hook='pre_submit=sleep 2')
    eventually 20 is_in "$id" PRE_SUBMIT
    systemctl kill -s KILL "$daemon"
    ok "$daemon killed: it ends" wait_for_end "$id"
    ended "$daemon killed" "$id" done
    submitted_once "$daemon killed"
    nothing_left "$daemon killed"
done

# --- an administrator, and one that sleeps ---
new_pair; edit "$dev" text 's/^5$/five/'; edit "$main" text 's/^5$/FIVE/'
integrate_to_end --stream="$dev"
ended "waiting" "$id" needs_resolve
systemctl stop "$(unit)"
wait_for_end "$id"
ended "systemctl stop" "$id" cancelled 'systemctl'
nothing_left "systemctl stop"
integrate_to_end --stream="$dev"
systemctl kill -s KILL --kill-who=main "$(unit)"
eventually 20 sh -c "[ \"\$(weirctl show $id --json | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"attempt\"])')\" = 2 ]"
ok "killed while waiting: it waits again" wait_for_job "$id"
ended "killed while waiting" "$id" needs_resolve
weirctl resolve "$id" --all --accept=theirs >/dev/null
wait_for_end "$id"
ended "killed while waiting, resolved" "$id" done
submitted_once "killed while waiting"
nothing_left "killed while waiting"
