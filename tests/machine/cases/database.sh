#!/usr/bin/env bash
# The history in trouble: written by a newer weir, damaged, put back from a backup, no room left. What can be known is said,
# and nothing that was known is lost.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
folder=/var/lib/weir/monitor
database=$folder/monitor.db
rest() { systemctl stop weir.target weir-sync.service; }
sql() { python3 -c 'import sqlite3, sys; d = sqlite3.connect(sys.argv[1]); print(*d.execute(sys.argv[2]).fetchone() or ""); d.commit()' "$database" "$1"; }
doctor_says() { weirctl doctor 2>&1 | grep -A1 ' database ' | tr -s '\n ' ' '; }

ok "measured" weirctl measure demo
ok "backed up" systemctl start weir-prune
before=$(shown)

# --- a newer weir was here ---
rest
version=$(sql 'PRAGMA user_version')
sql "PRAGMA user_version = $((version + 1))" >/dev/null
systemctl start weir.target
like "doctor: a newer database" "$(doctor_says)" 'newer weir.*Install the newer weir'
like "streams: a newer database" "$(weirctl streams 2>&1)" 'written by a newer weir'
like "status: a newer database" "$(weirctl status 2>&1)" 'written by a newer weir'
fails "it is not measured into" any systemctl start weir-measure@demo
like "which is told" "$(systemctl show -P StatusText weir-measure@demo)" 'newer weir'
rest
sql "PRAGMA user_version = $version" >/dev/null
systemctl start weir.target
is "it was not touched" "$(shown)" "$before"

# --- damaged ---
rest
rm -f "$database"-*
python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(4096); f.write(b"weir" * 8192)' "$database"
systemctl start weir.target
like "doctor: a damaged database" "$(doctor_says)" 'it is damaged.*backup'
for verb in streams servers "measure demo"; do
    fails "weirctl $verb" any weirctl $verb
    like "weirctl $verb: what to do" "$(weirctl $verb 2>&1 | tr '\n' ' ')" '(malformed|damaged).*weirctl doctor'
done

# --- the way back that doctor names ---
rest
rm -f "$database"*
cp --preserve=ownership "$(ls /var/lib/weir/backup/*.db | tail -n 1)" "$database"
systemctl start weir.target
is "the backup has everything" "$(shown)" "$before"
ok "and is measured on with" weirctl measure demo

# --- no room ---
rest
mkdir /run/keep && cp -a $folder/. /run/keep
mount -t tmpfs -o "size=600k,uid=$(id -u weir),gid=$(id -g weir),mode=2750" none $folder
cp -a /run/keep/. $folder
before=$(shown)
client_for //demo/dev
put src/grown.c 4321
submit 'while there is no room'
dd if=/dev/zero of=$folder/fill bs=1k 2>/dev/null
fails "no room: measuring fails" any weirctl measure demo
like "no room: that is why" "$(systemctl show -P StatusText weir-measure@demo)" 'full'
like "doctor: no room" "$(weirctl doctor 2>&1 | grep ' disk ')" '^fail'
rm $folder/fill
is "nothing was lost" "$(shown | tr '()' '\n\n' | grep -c ok)" "$(tr '()' '\n\n' <<<"$before" | grep -c ok)"
ok "with room it goes on" weirctl measure demo
measures_truly "afterwards" //demo/dev //demo/main
