#!/usr/bin/env bash
# Servers restored from checkpoints that real servers wrote: `weirctl measure --all` gives, stream by stream, the sum over the
# heads in the checkpoint's own db.rev rows.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
data=$(realpath "$here/../../../shared/data/perforce" 2>/dev/null)

heads() { # CHECKPOINT FOLDER -> "BYTES FILES"
    python3 - "$@" <<'END'
import gzip, re, sys
heads = {}
for line in gzip.open(sys.argv[1], "rt", errors="surrogateescape"):
    row = re.match(r"@pv@ \d+ @db\.rev@ @((?:[^@]|@@)*)@ (\d+) \d+ (\d+) \d+ \d+ \d+ \w+ (-?\d+) ", line)
    path = row and row[1].lower()  # one of the servers ignores case
    if row and path.startswith(sys.argv[2].lower()) and int(row[2]) > heads.get(path, (0,))[0]:
        heads[path] = int(row[2]), int(row[3]), int(row[4])
alive = [size for _, action, size in heads.values() if action not in (2, 7, 8)]  # delete, purge, move/delete
print(sum(alive), len(alive))
END
}

serve() { # NAME FOLDER PORT USER: a restored server, known to weir and logged in to
    local root=/var/lib/perforce/$1
    mkdir -p "$root"
    ok "$2 is restored" p4d -r "$root" -jr "$data/$2/checkpoint.gz"
    systemd-run --quiet --unit="perforce-$1" p4d -r "$root" -p "$3"
    eventually 10 p4 -p "localhost:$3" info -s >/dev/null
    p4d-control -r "$root" password "$4" Restored-1 >/dev/null
    printf '  - name: %s\n    p4port: localhost:%s\n    p4user: %s\n    stream_mask: "*"\n' "$1" "$3" "$4" >>/etc/weir/servers.yaml
}

if [ ! -e "$data/r15.1-jenkins/checkpoint.gz" ]; then
    skip "restored servers" "there are no checkpoints in ../shared/data/perforce"
    exit 0
fi
serve jenkins r15.1-jenkins 1671 admin
serve streams r17-streams 1672 super
weirctl sync >/dev/null
for server in jenkins streams; do printf 'Restored-1\n' | weirctl login $server >/dev/null; done
ok "weirctl measure --all" weirctl measure --all
for pair in "jenkins r15.1-jenkins //stream/Ace-main" "jenkins r15.1-jenkins //stream/main" \
    "streams r17-streams //StreamsDepot/mainSampleData" "streams r17-streams //StreamsDepot/devSampleData"; do
    read -r server folder stream <<<"$pair"
    is "$stream of $folder" "$(measured "$stream" "$server")" "$(heads "$data/$folder/checkpoint.gz" "$stream/")"
done
like "which is something" "$(measured //StreamsDepot/mainSampleData streams)" '^[1-9][0-9]* [1-9][0-9]*$'
is "every server is well" "$(weirctl servers --json | json "' '.join(sorted(s['state'] for s in d))")" "ok ok ok"
