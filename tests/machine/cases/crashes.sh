#!/usr/bin/env bash
# kill -9 of whatever takes part in measuring, in the middle of it: no lock and no half row is left, the next run is right.
# And two at once: the second is told who is first.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
streams=$(all_streams)

start_slowly() { # [SCOPE]: a measuring that hangs in its first `sizes`
    control hang sizes
    touch_dev
    systemctl start --no-block "weir-measure@${1:-demo}.service"
    eventually 10 sh -c 'weirctl locks --json | grep -q "server/demo" && p4 monitor show | grep -q sizes' || tap_note "it does not hang"
}
touch_dev() { put "touched/$((++touched)).bin" $((1000 + touched)); submit "change $touched"; }
touched=0
no_locks() { [ "$(weirctl locks --json | json 'len(d)')" = 0 ]; }
no_partial_rows() {
    python3 - <<'END'
import sqlite3
db = sqlite3.connect("file:/var/lib/weir/monitor/monitor.db?mode=ro", uri=True)
assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
assert not db.execute("PRAGMA foreign_key_check").fetchall()
half = db.execute("SELECT path FROM streams WHERE (size_bytes IS NULL) != (file_count IS NULL) OR (size_bytes IS NULL) != (measured_at IS NULL)")
assert not half.fetchall()
wrong = db.execute("""SELECT path FROM streams s WHERE size_bytes IS NOT NULL AND NOT EXISTS
                      (SELECT 1 FROM samples WHERE stream_id = s.id AND size_bytes = s.size_bytes AND file_count = s.file_count)""")
assert not wrong.fetchall()
END
}
right_again() { # AFTER WHAT
    control reset
    ok "$1: the next run is right" weirctl measure demo
    measures_truly "$1" $streams
    ok "$1: no lock is left" eventually 5 no_locks
    ok "$1: no half rows" no_partial_rows
}

weirctl measure >/dev/null
client_for //demo/dev
work sync >/dev/null 2>&1

# --- two at once ---
start_slowly
second=$(weirctl measure 2>&1)
is "a second measuring of everything is busy" $? 75
log=$(journalctl -q -t weir-measure -n 5 -o cat)
like "and names the holder" "$second $log" 'weir-measure@demo\.service'
fails "a stream of that server is busy, too" 75 weirctl measure --server=demo --stream=//demo/main
like "status shows how far it is" "$(systemctl show -P StatusText weir-measure@demo.service)" 'demo'
control reset
ok "the first one ends well" eventually 15 sh -c '[ "$(systemctl is-active weir-measure@demo.service)" = inactive ]'
is "with success" "$(exit_status_of weir-measure@demo.service)" 0

systemd-run --quiet --collect --unit=holder weirctl lock server/demo/stream///demo/rel sleep 600
eventually 5 sh -c 'weirctl locks | grep -q demo/rel'
ok "a locked stream does not block another one of its server" weirctl measure --server=demo --stream=//demo/dev
fails "but itself" 75 weirctl measure --server=demo --stream=//demo/rel
systemctl stop holder

# --- kill -9 ---
start_slowly
systemctl kill --kill-whom=main -s KILL weir-measure@demo.service
ok "weir-measure killed: its children are gone with it" eventually 5 sh -c '! pgrep -x p4'
right_again "weir-measure killed"

start_slowly
systemctl kill -s KILL perforce.service
ok "server killed: measuring ends by itself" eventually 30 sh -c 'systemctl is-failed -q weir-measure@demo.service'
systemctl start perforce
right_again "server killed"

start_slowly
systemctl kill -s KILL weir-lockd.service
eventually 5 systemctl is-active -q weir-lockd
fails "lock manager killed: the lock still holds" 75 weirctl lock server/demo true
right_again_after_lockd() {
    control reset
    eventually 15 sh -c '[ "$(systemctl is-active weir-measure@demo.service)" = inactive ]'
}
ok "lock manager killed: the run ends well" right_again_after_lockd
right_again "lock manager killed"

start_slowly
systemctl stop weir-measure@demo.service
ok "a stopped measuring leaves no lock" eventually 5 no_locks
right_again "stopped"
