#!/usr/bin/env bash
# Integration jobs over the web API, as it is installed: whoever is logged in creates, watches, resolves, cancels and repeats them, with
# their own Perforce ticket; what the originals let everybody do is refused; no answer holds a secret.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
web=http://127.0.0.1:8585
answers=/run/web-answers # every answer there was, for the search for secrets
mkdir -p "$answers"
alice_password=Sample-Alice-1 bob_password=Sample-Bob-1
who=alice

ask() { # METHOD PATH [BODY] -> status; the answer is in $answers/last
    local method=$1 path=$2
    shift 2
    cat "$answers/last" >>"$answers/all" 2>/dev/null
    curl -s -m 60 --path-as-is -o "$answers/last" -D "$answers/head" -w '%{http_code}' -b "/run/$who.jar" -c "/run/$who.jar" -X "$method" \
        -H "Origin: $web" ${1+-H "Content-Type: application/json" -d "$1"} "${@:2}" "$web$path"
}
get() { ask GET "$@"; }
post() { ask POST "$1" "${2-}" "${@:3}"; } # PATH [BODY]
answer() { json "$1" <"$answers/last"; }  # EXPRESSION over the last answer
code() { answer "d['error']['code']"; }
log_in() { ask POST /api/session "{\"server\": \"demo\", \"user\": \"$1\", \"password\": \"$2\"}"; }
spec_of() { printf '{"spec": {"server": "demo", "stream": "%s"%s}}' "$1" "${2:-}"; } # STREAM [MORE]
create() { # BODY -> sets id
    local status
    status=$(post /api/jobs "$1")
    [ "$status" = 201 ] || { tap_note "$status: $(cat "$answers/last")"; id=none; return 1; }
    id=$(answer "d['job_id']")
}
web_field() { get "/api/jobs/$1" >/dev/null; answer "d.get('$2')"; } # JOB FIELD
is_now() { case " $2 " in *" $(web_field "$1" status) "*) ;; *) return 1 ;; esac; } # JOB STATUSES
web_wait() { eventually "${3:-60}" is_now "$1" "${2:-done failed cancelled needs_resolve}"; } # JOB [STATUSES [SECONDS]]

ok "the web answers" eventually 20 sh -c "curl -sf $web/healthz"
login_weir demo >/dev/null
p4 protect -o | sed '/^Protections:/a\	write user bob * //...' | p4 protect -i >/dev/null 2>&1
who=bob; is "bob logs in" "$(log_in bob "$bob_password")" 200
who=alice; is "alice logs in" "$(log_in alice "$alice_password")" 200
is "with the roles that weir.yaml gives" "$(answer "d['role']")" operator
new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
in_stream "$dev" 'echo new >fresh; p4 add fresh; p4 delete other'

# --- preview --------------------------------------------------------------------------------------------------------
before=$(p4 clients; p4 opened -a; p4 changes)
is "a preview" "$(post /api/jobs/preview "$(spec_of "$dev")")" 200
is "says which files, what will be done with them and what needs resolving" \
    "$(answer "(d['count'], d['conflict_count'], d['truncated'], sorted((f['to'], f['action'], f['resolves']) for f in d['files']))")" \
    "(3, 1, False, [('$main/fresh', 'branch', []), ('$main/other', 'delete', []), ('$main/text', 'integrate', ['content'])])"
is "the conflicts apart" "$(answer "[(c['to'], c['from']) for c in d['conflicts']]")" "[('$main/text', '$dev/text#2')]"
is "nothing was changed, no client is left" "$(p4 clients; p4 opened -a; p4 changes)" "$before"
is "a preview of a stream that is not there" "$(post /api/jobs/preview "$(spec_of //demo/nothing)")" 422
like "says why" "$(answer "d['message']")" 'no stream //demo/nothing'
is "a preview of what is no specification" "$(post /api/jobs/preview '{"spec": {"server": "demo"}}')" 400

