# What the cases about the pages share, beside weir.sh: a web server with something to show, and the files of browser tests.
. "$(dirname "${BASH_SOURCE[0]}")/weir.sh"
. /etc/machine.env
export WEIR_PASSWORD SUPER_PASSWORD
web=http://127.0.0.1:8585
web_tests=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../web")

web_answers() { curl -sf -o /dev/null -m 5 "$web/healthz"; }
web_up() { # the sample server, measured
    eventually 20 web_answers
    login_weir demo >/dev/null
    weirctl measure >/dev/null
}
# Runs a file of browser tests. Its results and its plan are its own: the case prints none beside them but through ok, is, like.
pages() { # FILE
    local status=0
    python3 "$web_tests/$1" || status=$?
    pages_failed=$((${pages_failed:-0} + (status != 0)))
}
pages_end() { # instead of the plan of tap.sh where a case has only files of browser tests
    trap - EXIT
    [ "$tap_count" -eq 0 ] || echo "1..$tap_count"
    exit $((tap_failed + ${pages_failed:-0} > 0))
}

# Jobs in the states that a page shows: done, waiting for a decision, failed, waiting for its turn. Prints their ids.
web_jobs() {
    local stream id
    {
        weirctl integrate --server=demo --stream=//demo/dev --description="Sprint 14" --wait
        for stream in dev main; do # both sides change the same line
            client_for "//demo/$stream"
            work sync -q
            work edit src/feature1.c
            sed -i "7s/.*/line 7, as $stream wants it/" "/work/$client/src/feature1.c"
            submit "Line 7 of feature 1."
        done
        weirctl integrate --server=demo --stream=//demo/dev --description="Sprint 15" --wait
        weirctl integrate --server=demo --stream=//demo/rel --description="Nightly 7" --hook "build=/bin/sh -c 'echo no; exit 3'" --wait
        weirctl integrate --server=demo --stream=//demo/dev --description="Sprint 16" --client="$(weirctl show "$(weirctl jobs --json --limit=2 | json "d[1]['id']")" --json | json "d['client']")"
    } >/tmp/jobs.log 2>&1
    weirctl jobs --json | json "' '.join(j['id'] for j in reversed(d))"
}
