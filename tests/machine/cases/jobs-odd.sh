#!/usr/bin/env bash
# Jobs in odd places: names that are no UTF-8, twenty thousand conflicts, a workspace without a bottom, no memory, no tasks.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
hook() { printf '#!/bin/bash\n%s\n' "$2" >"/usr/local/bin/$1"; chmod 755 "/usr/local/bin/$1"; } # NAME SCRIPT

# --- names that are no UTF-8 ---
new_pair
odd=$'caf\351 \377'
in_stream "$main" "seq 9 >'$odd'; p4 add '$odd'"
in_stream "$dev" "p4 merge -S $dev -r -F >/dev/null 2>&1 || p4 integrate -S $dev -r >/dev/null; p4 resolve -at >/dev/null" pulled
in_stream "$dev" "p4 edit '$odd'; sed -i s/^5\$/five/ '$odd'"
in_stream "$main" "p4 edit '$odd'; sed -i s/^5\$/FIVE/ '$odd'"
integrate_to_end --stream="$dev"
ended "no UTF-8" "$id" needs_resolve
shown='caf\xe9 \xff'
is "no UTF-8: in the list" "$(weirctl show "$id" --json | json "d['conflicts'][0]['depot_path']")" "$main/$shown"
like "no UTF-8: for people" "$(weirctl show "$id")" 'caf\\xe9 \\xff'
like "no UTF-8: in the logs" "$(weirctl logs "$id")" 'caf\\xe9 \\xff'
ok "no UTF-8: logs as JSON" sh -c "weirctl logs $id --json | python3 -c 'import json, sys; [json.loads(line) for line in sys.stdin]'"
ok "no UTF-8: weirctl says nothing else than UTF-8" sh -c "weirctl show $id | iconv -f utf8 -t utf8 >/dev/null"
is "no UTF-8: its texts" "$(weirctl resolve "$id" "$main/$shown" --show=theirs | sed -n 5p)" five
like "no UTF-8: its name in the markers, as it is" "$(weirctl resolve "$id" "$main/$shown" --show | od -An -c | tr -d '\n ')" 'caf351'
seq 3 >/tmp/text
ok "no UTF-8: resolved by the name that is shown" weirctl resolve "$id" "$main/$shown" --accept=edit --file=/tmp/text --wait
is "no UTF-8: content" "$(p4 print -q "$main/$odd")" "$(seq 3)"
nothing_left "no UTF-8"

# --- twenty thousand conflicts ---
new_pair
in_stream "$dev" 'mkdir many; for i in $(seq 20000); do echo there >many/$i; done; p4 add -f many/... 2>/dev/null || find many -type f | p4 -x - add'
in_stream "$main" 'mkdir many; for i in $(seq 20000); do echo here >many/$i; done; find many -type f | p4 -x - add'
id=$(integrate --stream="$dev")
ok "20,000 conflicts: it waits" wait_for_job "$id" 280
ended "20,000 conflicts" "$id" needs_resolve
is "20,000 conflicts: counted" "$(field "$id" n_conflicts)" 20000
is "20,000 conflicts: a list for people" "$(weirctl show "$id" --json | json "len(d['conflicts'])")" 1000
like "20,000 conflicts: and that there are more" "$(weirctl show "$id" | tail -n4)" "19000 more"
for unit in weir-jobd "weir-job-$id-1"; do
    pid=$(systemctl show -P MainPID "$unit")
    pss=$(awk '/^Pss:/ {print $2}' "/proc/$pid/smaps_rollup")
    tap_note "$unit: $pss KiB"
    ok "20,000 conflicts: $unit stays small" test "$pss" -lt 16384
done
ok "20,000 conflicts: at once" timeout 5 weirctl show "$id"
weirctl cancel "$id" >/dev/null
ok "20,000 conflicts: cancelled" wait_for_end "$id" 200
nothing_left "20,000 conflicts"

# --- no bottom ---
new_pair
edit "$dev" text s/^5$/five/
hook dig 'exec python3 -c "
import os
for i in range(60000):
    os.mkdir(\"d\"); os.chdir(\"d\")
    if i % 1000 == 0: open(\"f\", \"w\").close(); os.symlink(\"/etc\", \"etc\")
    if i == 59999: os.mkdir(\"closed\"); os.chmod(\"closed\", 0)
"'
integrate_to_end --stream="$dev" --hook=build=dig
ok "no bottom: it ends" wait_for_end "$id" 120
ended "no bottom" "$id" done
is "no bottom: nothing is left behind" "$(weirctl show "$id" --json | json "d['left_behind']")" "[]"
nothing_left "no bottom"

# --- limits ---
edit "$dev" text s/^6$/six/
hook eat 'python3 -c "b = [bytearray(1 << 20) for i in range(2000)]"; echo "it ended with $?"; exit 9'
if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    integrate_to_end --stream="$dev" --hook=build=eat --limit=MemoryMax=64M
    ended "no memory" "$id" failed '^oom$'
    nothing_left "no memory"
else
    skip "no memory" "the memory of control groups is not limited here"
fi
hook crowd 'exec python3 -c "import subprocess; crowd = [subprocess.Popen([\"sleep\", \"20\"]) for i in range(100)]"'
if grep -qw pids /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
    integrate_to_end --stream="$dev" --hook=build=crowd --limit=TasksMax=32
    ended "no tasks" "$id" failed '^tasks limit$'
    nothing_left "no tasks"
else
    skip "no tasks" "the tasks of control groups are not limited here"
fi
integrate_to_end --stream="$dev"
ended "without limits it is done" "$id" done
