#!/usr/bin/env bash
# Many streams: 300 of them at once, 250 vanish, a listing that fails in between deletes nothing.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
root=/var/lib/perforce/big

p4d-generate -r $root --depot big --streams 300 --files 20 >/dev/null
systemd-run --quiet --unit=perforce-big --property=Restart=no p4d -r $root -p 1667
ok "a server with 300 streams starts" eventually 10 p4 -p localhost:1667 info -s
printf '  - name: big\n    p4port: localhost:1667\n    p4user: generator\n    stream_mask: "*"\n' >>/etc/weir/servers.yaml
weirctl sync >/dev/null
ok "it is measured" weirctl measure big
counts() { weirctl streams --all --server=big --json | json "' '.join(f'{k}={sum(s[\"state\"] == k for s in d)}' for k in ('ok', 'gone'))"; }
is "all of it" "$(counts)" "ok=300 gone=0"
is "one of them truly" "$(measured //big/s007 big)" "$(P4PORT=localhost:1667 P4USER=generator truth //big/s007)"
like "which is something" "$(measured //big/s007 big)" '^[1-9][0-9]* 20$'

p4d-control -r $root drop 20000 >/dev/null
fails "a listing that breaks off fails" any weirctl measure big
is "and deletes nothing" "$(counts)" "ok=300 gone=0"
p4d-control -r $root reset >/dev/null

export P4PORT=localhost:1667 P4USER=generator
p4 -ztag -F %Stream% streams | grep -v '/s000$' | head -n 250 | while read -r stream; do p4 stream -f -d "$stream" >/dev/null 2>&1 || p4 stream -d "$stream" >/dev/null; done
left=$(p4 -ztag -F %Stream% streams | wc -l)
is "250 streams are deleted" "$left" 50
weirctl measure big >/dev/null
weirctl measure big >/dev/null
is "250 vanished streams are all marked gone" "$(counts)" "ok=50 gone=250"
is "and all keep their history" \
    "$(weirctl streams --all --server=big --json | json "sum(s['size_bytes'] is not None for s in d)")" 300
