#!/usr/bin/env bash
# What the tools before weir did badly must not come back: jobs/defects.tsv says where each is tested; those that are tested nowhere else are tested here.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
hook() { printf '#!/bin/bash\n%s\n' "$2" >"/usr/local/bin/$1"; chmod 755 "/usr/local/bin/$1"; } # NAME SCRIPT

# --- the table ---
while IFS=$'\t' read -r number what file text; do
    case $number in ''|'#'*) continue ;; esac
    if [ "$file" = - ]; then
        echo "# $number: $what: weir has $text"
    else
        ok "$number: $what: there is a test" grep -rqF -- "$text" "$here/../$file"
    fi
done <"$here/jobs/defects.tsv"
is "the table has every number once" "$(grep -o '^[0-9]*' "$here/jobs/defects.tsv" | tr '\n' ' ')" "$(seq 23 59 | tr '\n' ' ')"

# --- 28, 29, 57 ---
new_pair
edit "$dev" text 's/^5$/five/'
begin=$(date +%s%N)
id=$(integrate --stream="$dev" --hook='build=echo a line of the log')
took=$((($(date +%s%N) - begin) / 1000000))
ok "57: a job is created at once ($took ms)" [ "$took" -lt 5000 ]
ok "29: it ends" wait_for_end "$id"
ended "29: done stays done: before" "$id" done
before=$(weirctl show "$id" --json)
fails "29: done stays done: cancelling it" 1 weirctl cancel "$id"
fails "29: done stays done: continuing it" 1 weirctl continue "$id"
fails "29: done stays done: resolving it" 1 weirctl resolve "$id" --all --accept=theirs
is "29: done stays done" "$(weirctl show "$id" --json)" "$before"
for verb in show cancel continue retry logs; do
    fails "29: a job that never was: $verb" 1 weirctl $verb INT-20000101-001
done
log=$(weirctl logs "$id")
like "28: logs: a hook's line" "$log" "a line of the log"
systemctl kill -s KILL weir-jobd
eventually 20 sh -c 'weirctl jobs >/dev/null'
is "28: logs outlive weir-jobd" "$(weirctl logs "$id")" "$log"

# --- 55 ---
edit "$dev" text 's/^6$/six/'
id=$(integrate --stream="$dev" --hook='build=bash -c "for i in 1 2 3 4 5 6 7 8; do echo line \$i; sleep 0.3; done"')
weirctl logs --follow "$id" >/tmp/followed
is "55: the log goes on where it was: each line once" "$(grep -o 'line [1-8]$' /tmp/followed | xargs)" "$(for i in 1 2 3 4 5 6 7 8; do echo line $i; done | xargs)"
is "55: only its end, when that is asked for" "$(weirctl logs "$id" --lines=3 | wc -l)" 3
wait_for_end "$id"

# --- 34 ---
new_pair
edit "$dev" text 's/^5$/five/'
hook trigger 'echo "no shelves today"; exit 1'
printf 'Triggers:\n\tcheck shelve-submit %s/... "/usr/local/bin/trigger"\n' "$main" | p4 triggers -i >/dev/null
integrate_to_end --stream="$dev" --trial
printf 'Triggers:\n' | p4 triggers -i >/dev/null
ended "34: a shelve that fails" "$id" failed
like "34: a shelve that fails: its words" "$(field "$id" error)" "no shelves today"
is "34: a shelve that fails: nothing is told to be shelved" "$(field "$id" shelf)" ""
nothing_left "34: a shelve that fails"

# --- 37 ---
edit "$dev" text 's/^7$/seven/'
edit "$main" text 's/^7$/SEVEN/'
integrate_to_end --stream="$dev"
ended "37: it had a conflict" "$id" needs_resolve

# --- 59 ---
steps=$(stages "$id" | wc -w)
for i in 1 2 3 4 5; do
    weirctl continue "$id" >/dev/null
    sleep 0.5
done
is "59: looking adds nothing to the history" "$(stages "$id" | wc -w)" "$steps"
ended "59: it still waits" "$id" needs_resolve
ok "37: resolved" weirctl resolve "$id" --all --accept=theirs --wait
ended "37: it succeeded" "$id" done
is "37: no error on a job that succeeded" "$(field "$id" error)$(field "$id" reason)" ""

# --- 40 ---
new_pair
edit "$dev" text 's/^5$/five/'
hook long 'head -c 300000 /dev/zero | tr "\0" x; echo; echo after'
integrate_to_end --stream="$dev" --hook=build=long
ended "40: a line of 300,000 bytes" "$id" done
journalctl --sync
is "40: a line of 300,000 bytes: all of it is in the log" "$(journalctl -q -o cat "WEIR_JOB=$id" | grep -a '^x*$' | tr -cd x | wc -c)" 300000
like "40: a line of 300,000 bytes: and what came after it" "$(weirctl logs "$id")" "after"

# --- 52 ---
edit "$dev" text 's/^6$/six/'
p4 client -o -S "$main" mistyped | sed 's|^Root:.*|Root: /srv/mistyped/ws|' | p4 client -i >/dev/null
integrate_to_end --stream="$dev" --client=mistyped
ended "52: a client whose folder is not there" "$id" failed
like "52: a client whose folder is not there: by name" "$(field "$id" error)" "/srv/mistyped/ws"
fails "52: a client whose folder is not there: it is not made" any test -e /srv/mistyped
nothing_left "all of them"
