#!/usr/bin/env bash
# What a job integrates: streams both ways, branch specs, paths, parts of streams; every kind of change; names of every kind.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

# --- streams ---
new_pair
edit "$dev" text s/^5$/five/
edit "$main" text s/9/nine/
in_stream "$dev" 'echo new >new; p4 add new; p4 delete other; p4 edit binary; head -c 400 /dev/urandom >binary'
integrate_to_end --stream="$dev"
ended "to the parent" "$id" done
is "to the parent: merged" "$(line "$main/text" 5) $(line "$main/text" 9)" "five nine"
is "to the parent: added" "$(content "$main/new")" new
is "to the parent: deleted" "$(p4 files -e "$main/other" 2>&1)" "$main/other - no such file(s)."
is "to the parent: binary" "$(content "$main/binary" | md5sum)" "$(content "$dev/binary" | md5sum)"
is "the changelist is shown" "$(field "$id" changelist)" "$(p4 changes -m1 "$main/..." | cut -d' ' -f2)"
is "the source's changelist is shown" "$(field "$id" source_changelist)" "$(p4 changes -m1 "$dev/..." | cut -d' ' -f2)"
is "the stages" "$(stages "$id")" \
    "GET_LATEST_CL SYNC INTEGRATE RESOLVE_PASS_1 RESOLVE_CHECK SHELVE P4PUSH CLEANUP DONE"
journalctl --sync
ok "at most 12 p4 commands" test "$(journalctl -q -o json "WEIR_JOB=$id" --output-fields=WEIR_COMMAND | grep -c WEIR_COMMAND)" -le 12
submitted_once "to the parent"
nothing_left "to the parent"

integrate_to_end --stream="$dev"
ended "already integrated" "$id" done
is "already integrated: no changelist" "$(field "$id" changelist)" ""
nothing_left "already integrated"

edit "$main" text s/12/twelve/
integrate_to_end --stream="$dev" --reverse
ended "from the parent" "$id" done
is "from the parent: merged" "$(line "$dev/text" 12)" twelve
nothing_left "from the parent"

edit "$dev" text s/^15$/fifteen/
upto=$(p4 changes -m1 | cut -d' ' -f2)
edit "$dev" text s/16/sixteen/
integrate_to_end --stream="$dev" --changelist="$upto"
ended "up to a changelist" "$id" done
is "up to a changelist: not further" "$(line "$main/text" 15) $(line "$main/text" 16)" "fifteen 16"
fails "a changelist that is no number is refused" any weirctl integrate --server=demo --stream="$dev" --changelist=12a

integrate_to_end --stream=//demo/nosuch
ended "an unknown stream" "$id" failed "unknown stream"
integrate_to_end --stream="$main"
ended "a stream without a parent" "$id" failed "no parent"
nothing_left "refused ones"

# --- moves and types ---
new_pair
in_stream "$dev" 'p4 edit text; p4 move text moved; p4 edit -t text+x other; echo more >>other'
integrate_to_end --stream="$dev"
ended "moved and retyped" "$id" done
is "moved: there" "$(line "$main/moved" 3)" 3
is "moved: not here" "$(p4 files -e "$main/text" 2>&1)" "$main/text - no such file(s)."
like "retyped" "$(p4 files "$main/other")" '\((xtext|text\+x)\)'
nothing_left "moved and retyped"

# --- a part of a stream ---
new_pair
in_stream "$main" 'mkdir -p x y; echo x >x/f; echo y >y/f; p4 add x/f y/f'
integrate_to_end --path="$dev/x/..."
ended "a part" "$id" done
is "a part: only that" "$(p4 files "$dev/x/..." "$dev/y/..." 2>/dev/null | cut -d'#' -f1)" "$dev/x/f"

# --- virtual streams ---
make_stream "//demo/v$pair_count" virtual "$main" >/dev/null
make_stream "//demo/w$pair_count" development "//demo/v$pair_count" >/dev/null
client_for "//demo/w$pair_count"
work integrate -S "//demo/w$pair_count" -r >/dev/null
submit branched
edit "//demo/w$pair_count" text s/7/seven/
integrate_to_end --stream="//demo/w$pair_count"
ended "into a virtual parent" "$id" done
is "into a virtual parent: it is in the real one" "$(line "$main/text" 7)" seven

# --- a depot without streams ---
printf 'Depot: plain\nOwner: super\nType: local\nMap: plain/...\nDescription:\n\tx\n' | p4 depot -i >/dev/null
mkdir -p /work/plain
printf 'Client: plainws\nOwner: super\nRoot: /work/plain\nView:\n\t//plain/... //plainws/...\n' | p4 client -i >/dev/null
client=plainws
plain() { (cd /work/plain && P4CLIENT=plainws bash -ec "$1") >/dev/null && (cd /work/plain && p4 -c plainws submit -d plain) >/dev/null; }
long=$(printf 'a%.0s' $(seq 200))
plain "mkdir -p 'from here/$long/$long/$long'; echo 1 >'from here/odd @ # * % Ünï.txt'; echo 2 >'from here/$long/$long/$long/$long'
       p4 add -f 'from here/odd @ # * % Ünï.txt' 'from here/$long/$long/$long/$long'"
integrate_to_end --from='//plain/from here/...' --to='//plain/to there/...'
ended "paths" "$id" done
is "paths: odd names" "$(content '//plain/to there/odd %40 %23 %2A %25 Ünï.txt')" 1
is "paths: long names" "$(content "//plain/to there/$long/$long/$long/$long")" 2
printf 'Branch: br\nOwner: super\nDescription:\n\tsee http://example.net/wiki //plain/wrong/...\nView:\n\t"//plain/from here/..." "//plain/b r/..."\n' |
    p4 branch -i >/dev/null
integrate_to_end --branch=br
ended "a branch spec with a URL in its description" "$id" done
is "a branch spec: the file is there" "$(content '//plain/b r/odd %40 %23 %2A %25 Ünï.txt')" 1
plain "p4 -q sync; p4 edit 'b r/odd %40 %23 %2A %25 Ünï.txt'; echo back >'b r/odd @ # * % Ünï.txt'"
integrate_to_end --branch=br --reverse
ended "reversed" "$id" done
is "reversed: it is back" "$(content '//plain/from here/odd %40 %23 %2A %25 Ünï.txt')" back
integrate_to_end --branch=nosuch
ended "an unknown branch spec" "$id" failed "unknown branch spec"
integrate_to_end --from=//plain/nosuch/... --to=//plain/x/...
ended "a source that never was" "$id" failed "empty source"
nothing_left "a depot without streams"

# --- trials ---
new_pair
edit "$dev" text s/^5$/five/
integrate_to_end --stream="$dev" --trial
ended "a trial" "$id" done
is "a trial: nothing was submitted" "$(line "$main/text" 5)" 5
shelf=$(field "$id" shelf)
is "a trial: the shelf is there to be looked at" "$(content "$main/text@=$shelf" | sed -n 5p)" five
p4 -c "weir-$id" shelve -d -c "$shelf" >/dev/null; p4 -c "weir-$id" change -d "$shelf" >/dev/null; p4 client -d "weir-$id" >/dev/null
nothing_left "a trial, put away"

# --- many files ---
new_pair
in_stream "$dev" 'mkdir many; cd many; seq -f "f%05g" 3000 | while read -r f; do echo "$f" >"$f"; done; ls | p4 -x - add'
integrate_to_end --stream="$dev"
ended "3000 files" "$id" done
is "3000 files: all there" "$(p4 files "$main/many/..." | wc -l)" 3000
nothing_left "3000 files"
