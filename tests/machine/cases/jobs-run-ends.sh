#!/usr/bin/env bash
# How jobs end: hooks that fail or hang, submits that are refused or overtaken, clients with other people's files, tickets that expire.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

hook() { printf '#!/bin/bash\n%s\n' "$2" >"/usr/local/bin/$1"; chmod 755 "/usr/local/bin/$1"; } # NAME SCRIPT

# --- hooks ---
new_pair
edit "$dev" text 's/^5$/five/'
hook say 'echo "say $* in $(pwd) as $(id -un), $WEIR_STAGE of $WEIR_JOB"; env | sort | sed "s/^/env /"; test -e text'
integrate_to_end --stream="$dev" --hook='build=say {changelist} {client} {job} "{job} x"' --hook='pre_submit=say' --env='COLOUR=dark red'
ended "hooks" "$id" done
log=$(weirctl logs "$id")
like "a hook's words and place" "$log" "say [0-9]+ weir-$id $id \\{job\\} x in /var/lib/weir-run/$id as weir-run, BUILD of $id"
like "its environment" "$log" 'env COLOUR=dark red'
is "no ticket in it" "$(grep -c 'env P4TICKETS\|env P4PASSWD\|env CREDENTIALS' <<<"$log")" 0
nothing_left hooks

new_pair
edit "$dev" text 's/^5$/five/'
integrate_to_end --stream="$dev" --hook='build=sh -c "exit 7"'
ended "a hook that fails" "$id" failed '^hook build failed \(exit 7\)$'
nothing_left "a hook that fails"
integrate_to_end --stream="$dev" --hook='build=/nonexistent'
ended "a hook that is not there" "$id" failed '^hook build failed \(cannot start\)$'
hook linger 'setsid bash -c "trap \"\" TERM INT HUP; exec -a lingerer sleep 1000" & disown; sleep 0.2; exit 3'
integrate_to_end --stream="$dev" --hook='build=linger'
ended "a hook that leaves a daemon" "$id" failed 'exit 3'
nothing_left "a hook that leaves a daemon"
ok "the daemon is gone" sh -c '! pgrep -f "^lingerer"'
integrate_to_end --stream="$dev" --hook='build=sleep 1000' --limit=timeout=3
ended "a hook that hangs" "$id" failed '^timeout'
nothing_left "a hook that hangs"
hook flood 'seq -f "line %06.0f" 20000'
integrate_to_end --stream="$dev" --hook='build=flood'
ended "a hook that says much" "$id" done
journalctl --sync
is "all lines, in order" "$(journalctl -q -o cat "WEIR_JOB=$id" | grep '^line ' | md5sum)" "$(seq -f 'line %06.0f' 20000 | md5sum)"
nothing_left "a hook that says much"

new_pair
in_stream "$dev" 'echo 1 >good; echo 2 >bad; p4 add good bad'
integrate_to_end --stream="$dev" --hook='name_check=grep bad'
ended "a name check that finds nothing fails by its status" "$id" failed 'hook name_check failed'
integrate_to_end --stream="$dev" --hook='name_check=sed -n /bad/p'
ended "a name check" "$id" done
is "it took one out" "$(p4 files -e "$main/good" "$main/bad" 2>/dev/null | cut -d'#' -f1)" "$main/good"

# --- given clients ---
new_pair
edit "$dev" text 's/^5$/five/'
mkdir -p /srv/ws; chmod 777 /srv/ws
p4 client -o -S "$main" given | sed 's|^Root:.*|Root: /srv/ws|' | p4 client -i >/dev/null
(cd /srv/ws && p4 -c given -q sync && p4 -c given edit other && echo mine >>other) >/dev/null
chown -R weir-run: /srv/ws
integrate_to_end --stream="$dev" --client=given
ended "somebody's files" "$id" failed '^foreign opened files$'
like "they are listed" "$(field "$id" error)" "$main/other"
is "they are untouched" "$(p4 -c given opened -s | cut -d' ' -f1) $(tail -n1 /srv/ws/other)" "$main/other mine"
integrate_to_end --stream="$dev" --client=given --clean-workspace
ended "reverted when asked for" "$id" done
is "nothing is open" "$(p4 -c given opened 2>&1)" "File(s) not opened on this client."
nothing_left "given clients"

edit "$dev" text 's/^6$/six/'
first=$(integrate --stream="$dev" --client=given --hook='build=sleep 4')
second=$(integrate --stream="$dev" --client=given)
sleep 1.5
is "two jobs of one client: one waits" "$(field "$second" status)" queued
wait_for_end "$first"; wait_for_end "$second"
ended "the first" "$first" done
ended "the second, with nothing left to do" "$second" done

# --- at submit ---
slow_push='pre_submit=sleep 3'
new_pair
edit "$dev" text 's/^5$/five/'
id=$(integrate --stream="$dev" --hook="$slow_push")
eventually 20 is_in "$id" PRE_SUBMIT
edit "$main" text 's/^9$/nine/'
wait_for_end "$id"
ended "overtaken" "$id" done
is "overtaken: both" "$(line "$main/text" 5) $(line "$main/text" 9)" "five nine"
submitted_once overtaken
nothing_left overtaken

new_pair
edit "$dev" text 's/^5$/five/'
id=$(integrate --stream="$dev" --hook="$slow_push")
eventually 20 is_in "$id" PRE_SUBMIT
edit "$main" text 's/^5$/FIVE/'
wait_for_job "$id"
ended "overtaken in the same line" "$id" needs_resolve
weirctl resolve "$id" --all --accept=yours >/dev/null
wait_for_end "$id"
ended "overtaken, resolved" "$id" done
is "overtaken, resolved: content" "$(line "$main/text" 5)" five
nothing_left "overtaken, resolved"

new_pair
edit "$dev" text 's/^5$/five/'
hook trigger 'echo "the description names no ticket"; exit 1'
printf 'Triggers:\n\tcheck change-submit %s/... "/usr/local/bin/trigger"\n' "$main" | p4 triggers -i >/dev/null
integrate_to_end --stream="$dev"
ended "rejected by a trigger" "$id" failed '^submit rejected: .*the description names no ticket'
printf 'Triggers:\n' | p4 triggers -i >/dev/null
nothing_left "rejected by a trigger"

client_for "$main"
work -q sync
work edit text >/dev/null; work lock text >/dev/null
id=$(integrate --stream="$dev")
sleep 3; work revert text >/dev/null
wait_for_end "$id"
ended "locked for a while" "$id" done
nothing_left "locked for a while"

# --- the server's moods ---
new_pair
edit "$dev" text 's/^5$/five/'; edit "$main" text 's/^5$/FIVE/'
printf 'Group: quick\nTimeout: unlimited\nUsers:\n\tsuper\n' | p4 group -i >/dev/null 2>&1 || true
integrate_to_end --stream="$dev"
ended "waiting for its ticket to expire" "$id" needs_resolve
control expire super
needs_login() { [ "$(field "$1" needs_login)" = True ]; }
ok "it notices, within 20 s" eventually 30 needs_login "$id"
is "and goes on waiting" "$(field "$id" status)" needs_resolve
like "saying what to do" "$(field "$id" status_text)" "^the login of super has expired: .weirctl continue $id. logs in again$"
like "also in systemctl" "$(systemctl show -P StatusText "weir-job-$id-1.service")" "^NEEDS_RESOLVE, the login of super has expired"
weirctl resolve "$id" --all --accept theirs >/dev/null
sleep 1
is "what is decided meanwhile waits with it" "$(field "$id" status)" needs_resolve
(. /etc/machine.env; printf '%s\n' "$SUPER_PASSWORD" | p4 login >/dev/null)
ok "logged in again" test -n "$(p4 tickets | sed -n 's/.*(super) //p')"
ok "continue lends it the new ticket" weirctl continue "$id"
wait_for_end "$id" 30
ended "waited longer than its ticket was valid" "$id" done
is "what was decided was done" "$(p4 print -q "$main/text" | sed -n 5p)" five
nothing_left "waited longer than its ticket was valid"

new_pair
edit "$dev" text 's/^5$/five/'; edit "$main" text 's/^5$/FIVE/'
integrate_to_end --stream="$dev"
ended "another one" "$id" needs_resolve
renew() { busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager RenewLogin 'sa{sv}' "$@" 2>&1; }
like "a ticket of somebody else is refused" "$(renew "$id" 2 p4user s alice credential ay 2 65 66)" 'works as super; a ticket of alice is of no use'
like "so is what is no text" "$(renew "$id" 1 credential ay 2 255 254)" 'a ticket is expected'
is "the job does not mind" "$(field "$id" status)" needs_resolve
like "so is none" "$(renew "$id" 1 p4user s super)" 'a ticket is expected'
like "and a job that is not there" "$(renew INT-20200101-001 1 credential ay 2 65 66)" 'There is no job'
like "and somebody who may not" "$(runuser -u nobody -- busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager \
    RenewLogin 'sa{sv}' "$id" 1 credential ay 2 65 66 2>&1)" 'password is needed|NotAllowed'
weirctl cancel "$id" --wait >/dev/null
like "and a job that has ended" "$(renew "$id" 1 credential ay 2 65 66)" 'has ended'

new_pair
edit "$dev" text 's/^5$/five/'
id=$(integrate --stream="$dev" --hook='build=sleep 5')
eventually 20 is_in "$id" BUILD
control expire super
wait_for_end "$id" 40
is "one that works and whose ticket expires fails" "$(field "$id" reason)" "login expired"
(. /etc/machine.env; printf '%s\n' "$SUPER_PASSWORD" | p4 login >/dev/null)
rest=$(p4 clients -e 'weir-INT-*' | cut -d' ' -f2)
is "what it made stays until somebody may remove it" "$rest" "weir-$id"
(cd / && p4 -c "$rest" revert -k //... ; for c in $(p4 changes -s pending -c "$rest" | cut -d' ' -f2); do p4 -c "$rest" shelve -d -c "$c"; p4 -c "$rest" change -d "$c"; done; p4 client -d "$rest") >/dev/null 2>&1

new_pair
edit "$dev" text 's/^5$/five/'
id=$(integrate --stream="$dev" --hook='build=sleep 3')
eventually 20 is_in "$id" BUILD
systemctl kill -s KILL perforce; sleep 4
systemctl restart perforce; eventually 20 p4 info -s >/dev/null
wait_for_end "$id" 60
like "the server was killed meanwhile" "$(field "$id" status): $(field "$id" reason)" '^(done: |failed: server unreachable)$'
ok "and what was left is removed when it is back" eventually 60 sh -c '[ -z "$(p4 clients -e "weir-'"$id"'")" ]'
