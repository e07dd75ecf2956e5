# What the cases that run inside a machine share, beside TAP: asking weirctl, making things on the sample server.
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# json EXPRESSION: a Python expression over the document `d` on standard input.
json() { python3 -c 'import json, sys; d = json.load(sys.stdin); print(eval(sys.argv[1]))' "$1"; }

stream_field() { # STREAM FIELD [SERVER]
    weirctl streams --all --json --server="${3:-demo}" | json "next((s['$2'] for s in d if s['name'] == '''$1'''), 'missing')"
}
server_field() { weirctl servers --all --json | json "next((s['$2'] for s in d if s['name'] == '''$1'''), 'missing')"; } # NAME FIELD
samples_of() { weirctl history "$1" --days=0 --json --server="${2:-demo}" | json "len(d['history'])"; } # STREAM [SERVER]
exit_status_of() { systemctl show -P ExecMainStatus "$1"; }

# A client of a stream and a folder to work in; `work` then runs p4 with it, there.
client_for() { # STREAM -> sets client
    client=ws$(printf '%s' "$1" | tr -c 'A-Za-z0-9' _)
    mkdir -p "/work/$client"
    p4 client -o -S "$1" "$client" | sed "s|^Root:.*|Root: /work/$client|" | p4 client -i >/dev/null
}
work() { (cd "/work/$client" && p4 -c "$client" "$@"); }
put() { # FILE BYTES: adds or replaces a file of that many bytes, opened, not submitted
    local file=/work/$client/$1
    mkdir -p "$(dirname "$file")"
    [ ! -e "$file" ] || work edit "$file" >/dev/null
    head -c "$2" /dev/urandom | base64 -w 0 | head -c "$2" >"$file"
    work add "$file" >/dev/null 2>&1 || true
}
submit() { work submit -d "$1" >/dev/null; }
make_stream() { # PATH TYPE PARENT [LINES OF THE SPEC…]
    local path=$1 type=$2 parent=$3 flow=toparent
    shift 3
    [ "$type" != virtual ] || flow=notoparent
    { printf 'Stream: %s\nOwner: super\nName: %s\nParent: %s\nType: %s\n' "$path" "${path##*/}" "$parent" "$type"
      printf 'Options: allsubmit unlocked %s %s mergedown\n' "$flow" "${flow/topa/frompa}"
      [ $# -eq 0 ] && printf 'Paths:\n\tshare ...\n' || printf '%s\n' "$@"; } | p4 stream -i
}

# What a stream holds, by the way everybody can follow: the files that a client of it would have, one by one.
truth() { # STREAM -> "BYTES FILES"
    p4 client -o -S "$1" truth | sed 's|^Root:.*|Root: /nowhere|' | p4 client -f -i >/dev/null
    p4 -ztag -c truth fstat -Ol -T depotFile,headAction,fileSize "//truth/..." 2>/dev/null | awk '
        function add() { if (seen && action !~ /delete|purge|archive/) { bytes += size; files++ } seen = size = 0; action = "" }
        /^\.\.\. depotFile /  { add(); seen = 1 }
        /^\.\.\. headAction / { action = $3 }
        /^\.\.\. fileSize /   { size = $3 }
        END { add(); printf "%d %d\n", bytes, files }'
    p4 client -f -d truth >/dev/null
}
measured() { weirctl streams --all --json --server="${2:-demo}" |
    json "' '.join(str(s[f]) for s in d if s['name'] == '''$1''' for f in ('size_bytes', 'file_count'))"; } # STREAM [SERVER]
measures_truly() { # NAME STREAM…: after `weirctl measure`, what is shown of each is the truth
    local name=$1 stream
    shift
    for stream; do is "$name: $stream" "$(measured "$stream")" "$(truth "$stream")"; done
    like "$name: there is something to measure" "$(truth "$1")" '^[1-9][0-9]* [1-9][0-9]*$'
}
all_streams() { p4 -ztag -F %Stream% streams | grep -v "[' ]"; }

control() { p4d-control -r /var/lib/perforce/demo "$@" >/dev/null; } # faults of the sample server
shown() { weirctl streams --json | json "[(s['server'], s['name'], s['size_bytes'], s['file_count'], s['state']) for s in d]"; }
login_weir() { # SERVER
    (. /etc/machine.env; printf '%s\n' "$WEIR_PASSWORD" | weirctl login "$1")
}
p4_commands_of() { # INVOCATION -> the p4 commands of one run, one per line
    journalctl -q -o json "_SYSTEMD_INVOCATION_ID=$1" WEIR_COMMAND + "_SYSTEMD_INVOCATION_ID=$1" 2>/dev/null |
        python3 -c 'import json, sys; [print(c) for c in (json.loads(l).get("WEIR_COMMAND") for l in sys.stdin) if c]'
}
