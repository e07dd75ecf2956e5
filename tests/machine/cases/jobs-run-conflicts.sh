#!/usr/bin/env bash
# Jobs that need people: conflicts of every type, resolved each way, through weirctl or with p4.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

conflict() { new_pair; edit "$dev" text s/^5$/five/; edit "$main" text s/^5$/FIVE/; integrate_to_end --stream="$dev"; }
conflicts() { weirctl show "$id" --json | json "'; '.join(' '.join(str(c.get(k)) for k in '$1'.split()) for c in d['conflicts'])"; }

conflict
ended "a conflict" "$id" needs_resolve
is "its type and file" "$(conflicts 'type depot_path')" "content $main/text"
is "its revisions" "$(conflicts 'theirs yours')" "$dev/text#2 $main/text#2"
is "its chunks" "$(weirctl show "$id" --json | json "sorted(d['conflicts'][0]['chunks'].items())")" \
    "[('both', 0), ('conflicting', 1), ('theirs', 0), ('yours', 0)]"
like "its local path" "$(conflicts local_path)" "^/var/lib/weir-run/$id/text$"
like "systemctl status tells the stage" "$(systemctl status "weir-job-$id-1" --no-pager)" 'Status: "NEEDS_RESOLVE'
ok "theirs" weirctl resolve "$id" "$main/text" --accept=theirs
ok "theirs: it goes on" wait_for_end "$id"
ended "theirs" "$id" done
is "theirs: content" "$(line "$main/text" 5)" five
is "theirs: no conflict is left in the list" "$(conflicts depot_path)" ""
submitted_once theirs
nothing_left theirs

conflict
ok "yours, all of them" weirctl resolve "$id" --all --accept=yours
wait_for_end "$id"
ended yours "$id" done
is "yours: content" "$(line "$main/text" 5)" FIVE
nothing_left yours

conflict
file=$(conflicts local_path)
chmod u+w "$file"; seq 3 >"$file"
ok "edit" weirctl resolve "$id" "$file" --accept=edit
wait_for_end "$id"
ended edit "$id" done
is "edit: content" "$(content "$main/text")" "$(seq 3)"
like "edit: recorded as one" "$(p4 filelog -m1 "$main/text")" 'edit from'
nothing_left edit

conflict
ok "merged cannot be" weirctl resolve "$id" "$main/text" --accept=merged
sleep 1
ended "merged cannot be: it still waits" "$id" needs_resolve
(cd "/var/lib/weir-run/$id" && p4 -c "weir-$id" resolve -at) >/dev/null 2>&1
begin=$SECONDS
ok "by hand with p4: noticed" wait_for_end "$id" 30
ok "by hand with p4: within 20 s" test $((SECONDS - begin)) -le 22
ended "by hand" "$id" done
nothing_left "by hand"

conflict
(cd "/var/lib/weir-run/$id" && p4 -c "weir-$id" resolve -ay) >/dev/null 2>&1
ok "continue" weirctl continue "$id"
ok "continue: looked at once" wait_for_end "$id" 8
ended continue "$id" done
nothing_left continue

# --- other types ---
new_pair
in_stream "$dev" 'p4 delete text'
edit "$main" text s/^5$/FIVE/
integrate_to_end --stream="$dev"
ended "deleted here, edited there" "$id" needs_resolve
is "its type" "$(conflicts type)" delete
weirctl resolve "$id" "$main/text" --accept=theirs >/dev/null
wait_for_end "$id"
ended "deleted" "$id" done
is "deleted: it is gone" "$(p4 files -e "$main/text" 2>&1)" "$main/text - no such file(s)."

new_pair
in_stream "$dev" 'p4 edit text; p4 move text moved; sed -i s/3/three/ moved'
edit "$main" text s/9/nine/
integrate_to_end --stream="$dev"
if [ "$(field "$id" status)" = needs_resolve ]; then
    like "moved here, edited there" "$(conflicts type)" move
    weirctl resolve "$id" --all --accept=theirs >/dev/null
    wait_for_end "$id"
fi
ended "moved here, edited there" "$id" done
is "moved: both changes" "$(line "$main/moved" 3)" three

new_pair
in_stream "$dev" 'p4 edit binary; head -c 100 /dev/urandom >binary'
in_stream "$main" 'p4 edit binary; head -c 200 /dev/urandom >binary'
integrate_to_end --stream="$dev"
ended "binary on both sides" "$id" needs_resolve
weirctl resolve "$id" "$main/binary" --accept=theirs >/dev/null
wait_for_end "$id"
ended "binary" "$id" done
is "binary: theirs" "$(content "$main/binary" | md5sum)" "$(content "$dev/binary" | md5sum)"

new_pair
in_stream "$dev" 'p4 edit -t text+x text'
in_stream "$main" 'p4 edit -t text+w text'
integrate_to_end --stream="$dev"
if [ "$(field "$id" status)" = needs_resolve ]; then
    like "types on both sides" "$(conflicts type)" filetype
    weirctl resolve "$id" --all --accept=theirs >/dev/null
    wait_for_end "$id"
fi
ended "types on both sides" "$id" done

new_pair
in_stream "$dev" 'echo a >twin; p4 add twin'
in_stream "$main" 'echo b >twin; p4 add twin'
integrate_to_end --stream="$dev"
ended "added on both sides" "$id" needs_resolve
weirctl resolve "$id" "$main/twin" --accept=theirs >/dev/null
wait_for_end "$id"
ended "twins" "$id" done
is "twins: theirs" "$(content "$main/twin")" a
nothing_left "other types"

# --- policies ---
for policy in theirs:five yours:FIVE; do
    new_pair; edit "$dev" text s/^5$/five/; edit "$main" text s/^5$/FIVE/
    integrate_to_end --stream="$dev" --resolve="${policy%:*}"
    ended "policy ${policy%:*}" "$id" done
    is "policy ${policy%:*}: content" "$(line "$main/text" 5)" "${policy#*:}"
done
new_pair; edit "$dev" text s/^5$/five/; edit "$main" text s/9/nine/
integrate_to_end --stream="$dev" --resolve=none
ended "policy none: even what would merge waits" "$id" needs_resolve
weirctl resolve "$id" --all --accept=merged >/dev/null
wait_for_end "$id"
ended "policy none" "$id" done
is "policy none: merged" "$(line "$main/text" 5) $(line "$main/text" 9)" "five nine"
nothing_left "policies"
