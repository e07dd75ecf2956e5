# What the cases of integration jobs share: pairs of streams of their own, jobs through weirctl, and that nothing of a job is left.
. "$(dirname "${BASH_SOURCE[0]}")/weir.sh"

pair_count=0
main='' dev='' # of the pair in use

# A mainline and a development stream of it, with a text of 20 lines, an executable and a binary file in both.
new_pair() {
    pair_count=$((pair_count + 1))
    main=//demo/m$pair_count dev=//demo/d$pair_count
    make_stream "$main" mainline none >/dev/null
    make_stream "$dev" development "$main" >/dev/null
    client_for "$main"
    (cd "/work/$client" && seq 20 >text && seq 9 >other && mkdir dir && echo in >dir/inner && head -c 300 /dev/urandom >binary)
    (cd "/work/$client" && p4 -c "$client" add -t text text other dir/inner && p4 -c "$client" add -t binary binary) >/dev/null
    submit first
    client_for "$dev"
    work integrate -S "$dev" -r >/dev/null
    submit branched
}
in_stream() { # STREAM COMMANDS: in an up-to-date workspace of it, then submitted; `p4` has the client
    client_for "$1"
    work -q sync
    (cd "/work/$client" && P4CLIENT=$client bash -ec "$2") >/dev/null
    submit "${3:-work}"
}
edit() { in_stream "$1" "p4 edit $2; sed -i '$3' $2"; } # STREAM FILE SED
content() { p4 print -q "$1"; }
line() { content "$1" | sed -n "$2p"; } # FILE N

integrate() { weirctl integrate --server=demo --json "$@" | json "d['id']"; } # prints the id
integrate_to_end() { # ARGUMENTS… -> sets id; waits until it has ended or needs somebody
    id=$(integrate "$@") || return 1
    wait_for_job "$id"
}
field() { weirctl show "$1" --json | json "'' if d.get('$2') is None else d['$2']"; } # JOB FIELD
has_settled() { case $(field "$1" status) in done|failed|cancelled|needs_resolve) ;; *) return 1 ;; esac; }
has_ended() { case $(field "$1" status) in done|failed|cancelled) ;; *) return 1 ;; esac; }
wait_for_job() { eventually "${2:-60}" has_settled "$1"; }
wait_for_end() { eventually "${2:-60}" has_ended "$1"; }
is_in() { [ "$(field "$1" stage)" = "$2" ]; } # JOB STAGE
stages() { weirctl show "$1" --json | json "' '.join(h['to'] for h in d['history'] if h['to'])"; }

ended() { # NAME JOB STATUS [REASON-PATTERN]
    is "$1: it is $3" "$(field "$2" status)" "$3"
    [ -z "${4:-}" ] || like "$1: because" "$(field "$2" reason)" "$4"
    [ "$(field "$2" status)" = "$3" ] || tap_note "$(field "$2" reason): $(field "$2" error)"
}
rests() { # what any job may have left anywhere
    p4 clients -e 'weir-INT-*'
    p4 changes -l -s pending | grep -F '[weir INT' || true
    p4 opened -a 2>/dev/null | grep -F '@weir-INT' || true
    ls /var/lib/weir-run
    systemctl list-units --all --plain --no-legend 'weir-job-*'
    weirctl locks --json | json "'\n'.join(l['resource'] for l in d if 'INT-' in (l.get('why') or ''))" | grep . || true
    ls /var/lib/weir-credentials 2>/dev/null | grep INT || true
}
nothing_left() { is "$1: nothing is left" "$(eventually 15 sh -c "[ -z \"\$(systemctl list-units --all --plain --no-legend 'weir-job-*')\" ]"; rests)" ""; }
submitted_once() { is "$1: submitted once" "$(p4 changes -l -s submitted "$main/..." | grep -cF "[weir $id]")" 1; }
