#!/usr/bin/env bash
# What conflicts are about, read by people, and texts that people wrote instead: byte for byte through job, workspace and server.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

scratch=$(mktemp -d)
conflict() { # [CONTENT-THERE CONTENT-HERE [TYPE]]: both changed `text` so that they conflict
    new_pair
    if [ $# -eq 0 ]; then
        edit "$dev" text s/^5$/five/
        edit "$main" text s/^5$/FIVE/
    else
        in_stream "$dev" "p4 edit ${3:+-t $3} text; printf '$1' >text"
        in_stream "$main" "p4 edit ${3:+-t $3} text; printf '$2' >text"
    fi
    integrate_to_end --stream="$dev" "${options[@]}"
}
options=()
show() { weirctl resolve "$id" "${2:-$main/text}" --show="$1"; }
busctl_job() { busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager "$@"; }

# --- reading ---
conflict
ended "a conflict" "$id" needs_resolve
is "theirs" "$(show theirs | sed -n 5p)" five
is "yours" "$(show yours | sed -n 5p)" FIVE
is "base" "$(show base)" "$(seq 20)"
{ seq 4; echo ">>>> ORIGINAL $dev/text#1"; echo 5; echo "==== THEIRS $dev/text#2"; echo five; echo "==== YOURS //weir-$id/text"; echo FIVE
  echo '<<<<'; seq 6 20; } >"$scratch/merged"
is "merged, as p4 marks it" "$(weirctl resolve "$id" "$main/text" --show)" "$(cat "$scratch/merged")"
is "by its local path" "$(show theirs "/var/lib/weir-run/$id/text" | sed -n 5p)" five
is "as JSON" "$(weirctl resolve "$id" "$main/text" --show --json | json "d['state'], d['type'], d['is_text'], d['truncated'], d['file'], d['base'] == '\n'.join(map(str, range(1, 21))) + '\n'")" \
    "('ready', 'content', True, False, '$main/text', True)"
is "on the bus" "$(busctl_job --json=short ReadConflict ss "$id" "$main/text" | json "bytes(d['data'][0]['theirs']['data']).split()[4].decode()")" five
chmod u+w "/var/lib/weir-run/$id/text"
sed -i 's/^20$/twenty/' "/var/lib/weir-run/$id/text"
ok "edited in the workspace: seen after a while" eventually 45 sh -c "weirctl resolve $id $main/text --show=yours | grep -q twenty"
cp "$scratch/merged" "$scratch/twenty"; sed -i 's/^20$/twenty/' "$scratch/twenty"

# --- who may ---
fails_with() { # NAME STATUS PATTERN COMMAND…
    local name=$1 status=$2 pattern=$3 text actual=0
    shift 3
    text=$("$@" 2>&1) || actual=$?
    is "$name: exit status" "$actual" "$status"
    like "$name: says why" "$text" "$pattern"
}
fails_with "others" 77 "[Nn]ot allowed|password" runuser -u nobody -- weirctl resolve "$id" "$main/text" --show
printf 'x\n' >"$scratch/x"; chmod 755 "$scratch"
fails_with "others may not write" 77 "[Nn]ot allowed|password" runuser -u nobody -- weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/x"
ok "the web pages may" runuser -u weir-web -- busctl --quiet call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager ReadConflict ss "$id" "$main/text"
fails_with "the web pages speak for themselves about actors" 1 "actor" runuser -u nobody -- busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager \
    CancelJob "sa{sv}" "$id" 1 actor s mallory

# --- what cannot be ---
fails_with "no such conflict" 64 "no open conflict in $main/other" weirctl resolve "$id" "$main/other" --show
fails_with "no such conflict to write" 64 "no open conflict" weirctl resolve "$id" "$main/other" --accept=edit --file="$scratch/x"
fails_with "no such job" 1 "no job" weirctl resolve INT-20200101-001 "$main/text" --show
head -c 1048577 /dev/zero | tr '\0' a >"$scratch/large"
fails_with "too large" 1 "larger than 1 MiB" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/large"
fails_with "too large on stdin" 1 "larger than 1 MiB" sh -c "weirctl resolve $id $main/text --accept=edit --file=- <$scratch/large"
fails_with "no such file" 1 "No such file" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/none"
fails_with "a text for theirs" 64 "accept=edit" weirctl resolve "$id" "$main/text" --accept=theirs --file="$scratch/x"
fails_with "a text for all" 64 "one file" weirctl resolve "$id" --all --accept=edit --file="$scratch/x"
fails_with "shown and decided" 64 "decides nothing" weirctl resolve "$id" "$main/text" --accept=theirs --show
fails_with "no such side" 64 "no side" weirctl resolve "$id" "$main/text" --show=mine
ended "nothing of that resolved it" "$id" needs_resolve

# --- writing ---
written() { # NAME: what is in $scratch/text becomes the file
    ok "$1: taken" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/text"
    wait_for_end "$id"
    ended "$1" "$id" done
    content "$main/text" >"$scratch/result"
    ok "$1: byte for byte" cmp "$scratch/text" "$scratch/result"
    like "$1: credited" "$(p4 filelog -m1 "$main/text")" "edit from $dev/text"
    submitted_once "$1"
}
cp "$scratch/twenty" "$scratch/text"
sed -i '/^>>>>/,/^<<<</c\five and FIVE' "$scratch/text"
written "merged by hand"
nothing_left "merged by hand"
fails_with "ended: not read" 1 "ended" weirctl resolve "$id" "$main/text" --show
fails_with "ended: not written" 1 "ended" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/x"

conflict; printf 'one\r\ntwo\r\n' >"$scratch/text"; written "CRLF"
conflict; printf 'no end' >"$scratch/text"; written "no final newline"
conflict; printf 'caf\351 \377\376 \200\n' >"$scratch/text"; written "no UTF-8"
conflict; printf '\357\273\277mark\n' >"$scratch/text"; written "a mark of UTF-8"
conflict; : >"$scratch/text"; written "empty"
conflict; printf 'a\0b\n' >"$scratch/text"; written "a NUL"
conflict; cp "$scratch/merged" "$scratch/text"; written "markers and all"
conflict; head -c 1048575 "$scratch/large" >"$scratch/text"; echo >>"$scratch/text"; written "1 MiB"
is "1 MiB: none of it is kept in the database" "$(sqlite3 /var/lib/weir/jobs/jobs.db 'select count(*) from resolutions')" 0
conflict; echo stdin >"$scratch/text"
ok "from stdin" sh -c "echo stdin | weirctl resolve $id $main/text --accept=edit --file=- --wait"
is "from stdin: content" "$(content "$main/text")" stdin
options=(--resolve=none)
new_pair; edit "$dev" text s/^5$/five/; edit "$main" text s/^9$/nine/
integrate_to_end --stream="$dev" --resolve=none
is "what would merge: merged" "$(weirctl resolve "$id" "$main/text" --show | sed -n '5p;9p' | xargs)" "five nine"
echo neither >"$scratch/text"; written "what would merge"
options=()

# --- special files ---
conflict 'a\r\nt\r\nz' 'a\r\ny\r\nz'
is "CRLF and no end: theirs" "$(show theirs | od -c)" "$(printf 'a\r\nt\r\nz' | od -c)"
cp <(show yours) "$scratch/text"; written "yours as a text"

conflict '\351\n' '\377\n'
is "no UTF-8: theirs" "$(show theirs | od -c)" "$(printf '\351\n' | od -c)"
is "no UTF-8: merged" "$(weirctl resolve "$id" "$main/text" --show | od -c | head -3)" "$({ echo ">>>> ORIGINAL $dev/text#1"; seq 20; } | od -c | head -3)"
ok "no UTF-8: done" weirctl resolve "$id" "$main/text" --accept=yours --wait

conflict '$Id$ t\n' '$Id$ y\n' text+k
is "keywords are not expanded" "$(show theirs) $(show yours)" '$Id$ t $Id$ y'
printf '$Id: something $ both\n' >"$scratch/text"
ok "keywords" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/text" --wait
is "keywords: stored as ever" "$(p4 print -q -k "$main/text")" '$Id$ both'

conflict '\357\273\277t\n' '\357\273\277y\n' utf8
ok "utf8: no mark in the middle" sh -c "weirctl resolve $id $main/text --show | tail -n +2 | od -c | grep -q 357; test \$? = 1"
ok "utf8" weirctl resolve "$id" "$main/text" --accept=theirs --wait

new_pair
in_stream "$dev" 'echo a >twin; p4 add twin'
in_stream "$main" 'echo b >twin; p4 add twin'
integrate_to_end --stream="$dev"
is "added on both sides: merged" "$(weirctl resolve "$id" "$main/twin" --show | tr '\n' '|')" \
    ">>>> ORIGINAL|==== THEIRS $dev/twin#1|a|==== YOURS //weir-$id/twin|b|"
fails_with "added on both sides: no base" 1 "no such text" weirctl resolve "$id" "$main/twin" --show=base
echo c >"$scratch/text"
ok "added on both sides" weirctl resolve "$id" "$main/twin" --accept=edit --file="$scratch/text" --wait
is "added on both sides: content" "$(content "$main/twin")" c

new_pair
in_stream "$dev" 'p4 delete text'
edit "$main" text s/^5$/FIVE/
integrate_to_end --stream="$dev"
is "deleted there: yours" "$(show yours | sed -n 5p)" FIVE
fails_with "deleted there: theirs" 1 "no such text" weirctl resolve "$id" "$main/text" --show=theirs
fails_with "deleted there: no text instead" 64 "no content" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/x"
ok "deleted there" weirctl resolve "$id" "$main/text" --accept=yours --wait

new_pair
in_stream "$dev" 'p4 edit binary; head -c 100 /dev/urandom >binary'
in_stream "$main" 'p4 edit binary; head -c 200 /dev/urandom >binary'
integrate_to_end --stream="$dev"
is "binary" "$(weirctl resolve "$id" "$main/binary" --show --json | json "d['state'], d['is_text'], d['base']")" "('unavailable', False, None)"
fails_with "binary: shown" 1 "no text" weirctl resolve "$id" "$main/binary" --show
fails_with "binary: written" 64 "no text" weirctl resolve "$id" "$main/binary" --accept=edit --file="$scratch/x"
ok "binary: done" weirctl resolve "$id" "$main/binary" --accept=theirs --wait

head -c 1100000 "$scratch/large" | fold -w 99 >"$scratch/huge"
new_pair
in_stream "$dev" "p4 edit text; { echo t; cat $scratch/huge; } >text"
in_stream "$main" "p4 edit text; { echo y; cat $scratch/huge; } >text"
integrate_to_end --stream="$dev"
is "huge: cut" "$(weirctl resolve "$id" "$main/text" --show --json | json "d['state'], d['truncated'], d['merged'], len(d['theirs'])")" "('ready', True, None, 1048576)"
fails_with "huge: not merged" 1 "larger than 1 MiB" weirctl resolve "$id" "$main/text" --show
ok "huge: done" weirctl resolve "$id" "$main/text" --accept=theirs --wait

# --- whatever dies ---
conflict
systemctl kill -s STOP "weir-job-$id-1"
weirctl resolve "$id" "$main/text" --show >"$scratch/late" 2>&1 &
reader=$!
sleep 1
systemctl kill -s KILL weir-jobd
systemctl kill -s CONT "weir-job-$id-1"
wait "$reader" || tap_note "the reader was told: $(cat "$scratch/late")"
is "weir-jobd died under a reader: asked again" "$(show theirs | sed -n 5p)" five
systemctl kill -s STOP "weir-job-$id-1"
echo survives >"$scratch/text"
ok "written while nobody reads it" weirctl resolve "$id" "$main/text" --accept=edit --file="$scratch/text"
systemctl kill -s KILL weir-jobd
systemctl kill -s KILL "weir-job-$id-1"
wait_for_end "$id"
ended "runner and weir-jobd died" "$id" done
is "runner and weir-jobd died: content" "$(content "$main/text")" survives
submitted_once "runner and weir-jobd died"
nothing_left "texts"
