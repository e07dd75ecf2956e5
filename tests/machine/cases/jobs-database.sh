#!/usr/bin/env bash
# A database of jobs that is damaged, may not be written, or has no room: weir-jobd says so to everybody, and goes on when it can.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"

folder=/var/lib/weir/jobs
starts() { systemctl show -P NRestarts weir-jobd; }
create() { weirctl integrate --server=demo --path=//demo/main/... --json; }
answers() { weirctl jobs >/dev/null 2>&1; }
refused() { # NAME PATTERN
    local text status=0
    text=$(weirctl jobs 2>&1) || status=$?
    is "$1: weirctl fails" "$status" 1
    like "$1: the file and why" "$text" "$folder/jobs.db: $2"
    ok "$1: at once" timeout 2 sh -c '! weirctl jobs'
    like "$1: systemctl status" "$(systemctl status weir-jobd --no-pager)" "Status: .*$2"
    like "$1: the journal" "$(journalctl -u weir-jobd --no-pager -o cat)" "$2"
    like "$1: doctor" "$(weirctl doctor 2>&1)" "fail.*jobs .*$2"
    is "$1: it is not started over and over" "$(sleep 3; starts)" 0
}
begin() { systemctl reset-failed weir-jobd; systemctl start weir-jobd; }

id=$(create | json "d['id']")
wait_for_job "$id"
like "before: a job" "$(weirctl jobs)" "$id"
like "before: doctor" "$(weirctl doctor 2>&1)" "ok +jobs "

# --- damaged ---
systemctl stop weir-jobd
mkdir /tmp/good && cp -a "$folder"/jobs.db* /tmp/good
rm -f "$folder"/jobs.db-*
head -c 8192 /dev/urandom >"$folder/jobs.db"
begin
refused "not a database" "it is damaged \(SQLite: file is not a database\): stop weir-jobd"
like "other calls, too" "$(busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager GetJob s "$id" 2>&1)" "it is damaged"
is "a new version of weir is no cure: the file is as it was" "$(stat -c %s "$folder/jobs.db")" 8192
systemctl stop weir-jobd
cp -a /tmp/good/jobs.db* "$folder"
sqlite3 "$folder/jobs.db" 'pragma wal_checkpoint(truncate)' >/dev/null
chown weir:weir "$folder"/jobs.db*
for page in 1 2 3 4 5 6 7 8; do printf 'torn by a disk' | dd of="$folder/jobs.db" bs=1 seek=$((page * 4096)) conv=notrunc status=none; done
begin
like "torn pages: it says so" "$(for i in 1 2 3; do weirctl show "$id" 2>&1; weirctl jobs 2>&1; create 2>&1; done)" "damaged|malformed"
is "torn pages: it stays" "$(systemctl is-active weir-jobd)" active
systemctl stop weir-jobd
rm -f "$folder"/jobs.db*; cp -a /tmp/good/jobs.db* "$folder"
sqlite3 "$folder/jobs.db" 'pragma user_version = 4711'
begin
refused "of a later weir" "it was written by a newer weir"
sqlite3 "$folder/jobs.db" "pragma user_version = $(sqlite3 /tmp/good/jobs.db 'pragma user_version')"
chown weir:weir "$folder"/jobs.db*
ok "it goes on by itself" eventually 15 answers
like "nothing was lost" "$(weirctl jobs)" "$id"
like "the journal says that it goes on" "$(journalctl -u weir-jobd --no-pager -o cat)" "can be used again"

# --- read-only ---
systemctl stop weir-jobd
chown root:root "$folder"/jobs.db*; chmod 0444 "$folder"/jobs.db*
begin
refused "read-only" "it may not be written"
chown weir:weir "$folder"/jobs.db*; chmod 0640 "$folder"/jobs.db*
ok "read-only: it goes on" eventually 15 answers

# --- no room ---
systemctl stop weir-jobd
mount -t tmpfs -o size=600k,mode=2750,uid=weir,gid=weir tmpfs "$folder"
head -c 590k /dev/zero >"$folder/ballast"
begin
refused "no room" ".*(make room|file system is full)"
rm "$folder/ballast"
ok "no room: it goes on" eventually 15 answers
id=$(create | json "d['id']")
ok "no room: a job" wait_for_job "$id"
ended "no room: a job" "$id" failed "no parent"
cat /dev/zero >"$folder/ballast" 2>/dev/null
text=$(for i in 1 2 3 4 5 6 7 8 9 10; do create 2>&1; done)
like "no room while it runs: refused in words" "$text" "jobs.db: .*(full|No space)"
is "no room while it runs: it stays" "$(systemctl is-active weir-jobd) $(starts)" "active 0"
rm "$folder/ballast"
id=$(create | json "d['id']")
ok "room again: a job" wait_for_job "$id"
ended "room again: a job" "$id" failed "no parent"
systemctl stop weir-jobd
umount "$folder"
begin
ok "as before" eventually 10 answers
