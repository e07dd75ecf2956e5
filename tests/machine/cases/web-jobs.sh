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
    [ "$method" = GET ] || [ $# -gt 0 ] || set -- "" # a POST without a length is refused by the web server itself
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
weirctl measure >/dev/null
printf 'User: bob\nEmail: bob@example.org\nFullName: bob\n' | p4 user -i -f >/dev/null
printf '%s\n%s\n' "$bob_password" "$bob_password" | p4 passwd bob >/dev/null
p4 protect -o | sed 's/^Protections:$/&\n\twrite user bob * \/\/.../' | p4 protect -i >/dev/null
who=bob; is "bob logs in" "$(log_in bob "$bob_password")" 200
who=alice; is "alice logs in" "$(log_in alice "$alice_password")" 200
is "with the roles that weir.yaml gives" "$(answer "d['role']")" operator
new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
in_stream "$dev" 'echo new >fresh; p4 add fresh; p4 delete other'

# The ticket that the login gave: with the browser's key, and as root, it can be opened here, so that it can be looked for later.
ticket_of() { # USER
    python3 - "$(awk '$6 == "weir_session" {print $7}' "/run/$1.jar")" <<'END'
import hashlib, sqlite3, sys
key = sys.argv[1]
rows = sqlite3.connect("/var/lib/weir-web/sessions.db").execute("SELECT ticket FROM sessions WHERE hash = ?", [hashlib.sha256(key.encode()).hexdigest()])
sealed = bytes.fromhex(rows.fetchone()[0])
stream = b"".join(hashlib.sha256(f"weir seal {n} {key}".encode()).digest() for n in range(len(sealed) // 32 + 1))
print(bytes(a ^ b for a, b in zip(sealed, stream)).decode())
END
}
ticket=$(ticket_of alice)
like "alice's ticket is known here" "$ticket" '^[0-9A-F]{32,}$'

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
is "a preview from some files to others" "$(post /api/jobs/preview "{\"spec\": {\"server\": \"demo\", \"source\": \"$dev/...\", \"target\": \"$main/...\"}}")" 200
is "takes source and target as they are" "$(answer "(d['count'], d['conflict_count'])")" "(3, 1)"
control hang integrate
curl -s -m 2 -o /dev/null -b /run/alice.jar -H "Origin: $web" -H 'Content-Type: application/json' -d "$(spec_of "$dev")" $web/api/jobs/preview
is "whoever leaves" $? 28
control hang off
ok "ends the preview" eventually 20 sh -c '[ -z "$(systemctl list-units --plain --no-legend "weir-preview@*")" ]'
is "and its client is gone" "$(p4 clients -e 'weir-preview*')" ""
is "a preview of what is no specification" "$(post /api/jobs/preview '{"spec": {"server": "demo"}}')" 400


# --- creating -------------------------------------------------------------------------------------------------------
is "an unknown field is refused by its name" "$(post /api/jobs '{"spec": {"server": "demo", "stream": "//demo/dev"}, "priority": 1}')" 400
is "which the answer says" "$(answer "(d['error']['code'], d['error']['field'])")" "('unknown_field', 'priority')"
is "so is one inside the specification" "$(post /api/jobs "$(spec_of "$dev" ', "colour": "red"')")" 400
like "which the answer says" "$(answer "d['message']")" 'spec.colour'
is "caller-chosen ids are refused" "$(post /api/jobs "{\"job_id\": \"../../etc/cron.d/x\", \"spec\": {\"server\": \"demo\", \"stream\": \"$dev\"}}")" 400
is "with what replaces them" "$(code)" replaced_job_id
is "so are hosts to connect to" "$(post /api/jobs "{\"ssh_config\": {}, \"spec\": {\"server\": \"demo\", \"stream\": \"$dev\"}}")" 400
is "with what replaces them" "$(code)" replaced_connection
is "a changelist that is no number" "$(post /api/jobs "$(spec_of "$dev" ', "changelist": "12 or so"')")" 400
is "a password in the specification" "$(post /api/jobs "$(spec_of "$dev" ', "p4": {"password": "x"}')")" 400
is "a server that is not there" "$(post /api/jobs '{"spec": {"server": "nowhere", "stream": "//demo/dev"}}')" 403
is "another owner" "$(post /api/jobs "$(spec_of "$dev" | sed 's/}$/, "owner": "bob"}/')")" 403
is "a ticket that is none" "$(post /api/jobs "$(spec_of "$dev" | sed 's/}$/, "ticket": "-x; rm"}/')")" 400
is "no job was made by any of these" "$(weirctl jobs --json | json "len(d)")" 0
create "$(spec_of "$dev" ', "description": "<script>alert(1)</script>", "env": {"CANARY": "env-7f3a"}')"
ok "a job is created" test "$id" != none
is "and told where it is" "$(sed -n 's/^location: \(.*\)\r/\1/Ip' "$answers/head")" "/api/jobs/$id"
ok "it is alice's and waits for people" web_wait "$id" needs_resolve
is "its fields" "$(get "/api/jobs/$id" >/dev/null; answer "(d['owner'], d['status'], d['stage'], d['server'], d['n_conflicts'], d['spec']['stream'], d['title'])")" \
    "('alice', 'needs_resolve', 'NEEDS_RESOLVE', 'demo', 1, '$dev', '$dev to its parent @latest')"
is "its conflict" "$(answer "[(c['n'], c['type'], c['depot_path'], c['theirs'], c['state']) for c in d['conflicts']]")" "[(1, 'content', '$main/text', '$dev/text#2', 'open')]"
is "its history" "$(answer "d['history'][-1]['to']")" NEEDS_RESOLVE
is "what alice can do with it" "$(answer "d['can']")" "{'cancel': True, 'continue': True, 'retry': False, 'resolve': True}"
like "it works as alice in Perforce" "$(p4 changes -s pending -u alice)" "by alice@weir-$id"
is "a process works on it, and the answer names it" "$(answer "list(d['pids'])")" "['NEEDS_RESOLVE']"
is "the list of one's own jobs has it" "$(get /api/jobs >/dev/null; answer "([j['id'] for j in d['jobs']], d['counts']['needs_resolve'])")" "(['$id'], 1)"
is "the heartbeat is what systemd says" "$(get "/api/jobs/$id/heartbeat" >/dev/null; answer "(d['connected'], d['unit']['name'], d['unit']['active_state'], d['unit']['main_pid'] in [p['pid'] for p in d['process_list']])")" \
    "(True, 'weir-job-$id-1.service', 'active', True)"
is "its figures are told where the machine accounts them" "$(answer "all(d['unit'][n] is None or d['unit'][n] > 0 for n in ('memory_bytes', 'memory_peak', 'tasks', 'cpu_nsec'))")" True
is "what runs" "$(get "/api/jobs/$id/process_status" >/dev/null; answer "(d['agent_connected'], d['current_stage'], list(d['processes']))")" "(True, 'NEEDS_RESOLVE', ['NEEDS_RESOLVE'])"
is "the host, in the original's form" "$(get /api/agents >/dev/null; answer "[(a['hostname'] == h, a['jobs']) for h, a in d.items()]")" "[(True, ['$id'])]"
is "and its status" "$(get /api/agents/status >/dev/null; answer "(len(d['connected']), d['expected'])")" "(1, {})"

weir_yaml() { # OPERATORS ADMINS
    printf 'web:\n  operators: [%s]\n  admins: [%s]\n' "$1" "$2" >/etc/weir/weir.yaml
    eventually 10 systemctl is-active --quiet weir-sync.path >/dev/null
}
weir_yaml '"*"' alice
ok "every answer is as openapi.json describes it" "$here/../web/check-answers" $web /run/alice.jar "$id"

# --- others ---------------------------------------------------------------------------------------------------------
weir_yaml nobody@demo ''
who=bob
is "bob sees alice's job" "$(get "/api/jobs/$id")" 200
is "but not its hooks and what they are given, nor may he do anything" "$(answer "('env' in d['spec'] or 'hooks' in d['spec'], d['can'])")" "(False, {'cancel': False, 'continue': False, 'retry': False, 'resolve': False})"
is "cancel" "$(post "/api/jobs/$id/cancel")" 403
is "told whose it is" "$(answer "(d['error']['code'], d['error']['owner'])")" "('not_own_job', 'alice')"
is "continue" "$(post "/api/jobs/$id/continue")" 403
is "resolve" "$(post "/api/jobs/$id/resolve" '{"files": [{"file": "*", "accept": "yours"}]}')" 403
is "retry" "$(post "/api/jobs/$id/retry")" 403
is "take it out of the queue" "$(post "/api/queue/$id/cancel")" 403
is "his own list is empty" "$(get /api/jobs >/dev/null; answer "d['count']")" 0
is "everybody's is not" "$(get "/api/jobs?all=true" >/dev/null; answer "d['count']")" 1
who=alice
is "alice sees what her hooks are given" "$(get "/api/jobs/$id" >/dev/null; answer "d['spec']['env']['CANARY']")" env-7f3a
who=nobody
for route in "GET /api/jobs" "GET /api/jobs/$id" "GET /api/jobs/$id/logs" "POST /api/jobs/$id/cancel" "POST /api/jobs/$id/continue" \
    "GET /api/jobs/$id/heartbeat" "GET /api/queue/status" "POST /api/queue/$id/cancel" "GET /api/agents" "GET /api/tokens"; do
    is "without a login: $route" "$(ask $route)" 401
done
is "and it still waits" "$(field "$id" status)" needs_resolve
who=alice

# --- conflicts ------------------------------------------------------------------------------------------------------
is "retry while it waits" "$(post "/api/jobs/$id/retry")" 409
is "resolving what is no conflict" "$(post "/api/jobs/$id/resolve" "{\"files\": [{\"file\": \"$main/other\", \"accept\": \"theirs\"}]}")" 400
is "resolving in no way there is" "$(post "/api/jobs/$id/resolve" "{\"files\": [{\"file\": \"$main/text\", \"accept\": \"mine\"}]}")" 400
is "the texts of the conflict" "$(get "/api/jobs/$id/conflict?file=$main/text")" 200
is "are what the sides say" "$(answer "(d['state'], d['type'], d['is_text'], d['base'].split()[4], d['theirs'].split()[4], d['yours'].split()[4], '>>>>' in d['merged'], d['truncated'])")" \
    "('ready', 'content', True, '5', 'five', 'FIVE', True, False)"
is "of a file that has none" "$(get "/api/jobs/$id/conflict?file=$main/other")" 404
is "of what is no file" "$(get "/api/jobs/$id/conflict?file=../../etc/passwd")" 404
is "resolving nothing" "$(post "/api/jobs/$id/resolve" '{"files": []}')" 400
is "resolving" "$(post "/api/jobs/$id/resolve" "{\"files\": [{\"file\": \"$main/text\", \"accept\": \"theirs\"}]}")" 202
is "says so" "$(answer "d['status']")" resolving
ok "it goes on to its end" web_wait "$id" "done failed cancelled"
is "which is good" "$(web_field "$id" status)" done
is "theirs it is" "$(line "$main/text" 5)" five
like "it was submitted as alice" "$(p4 changes -m1 -s submitted "$main/...")" 'by alice@'
is "the list says the change" "$(get /api/jobs >/dev/null; answer "d['jobs'][0]['changelist']")" "$(field "$id" changelist)"

new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
create "$(spec_of "$dev")"
ok "another one" web_wait "$id" needs_resolve
is "a text goes with edit only" "$(post "/api/jobs/$id/resolve" "{\"files\": [{\"file\": \"$main/text\", \"accept\": \"yours\", \"text\": \"x\"}]}")" 400
python3 -c 'import json, sys; json.dump({"files": [{"file": sys.argv[1], "accept": "edit", "text": "y" * 1048577}]}, sys.stdout)' "$main/text" >/run/large
is "a text that is too large" "$(post "/api/jobs/$id/resolve" @/run/large)" 413
is "the merged text of the editor" "$(post "/api/jobs/$id/resolve" "{\"files\": [{\"file\": \"$main/text\", \"accept\": \"edit\", \"text\": \"pięć\\nпять\\n\"}]}")" 202
ok "ends the job" web_wait "$id" "done failed"
is "and is what was submitted" "$(content "$main/text")" "$(printf 'pięć\nпять')"
is "the list has the change" "$(get "/api/jobs?limit=1" >/dev/null; answer "d['jobs'][0]['changelist']")" "$(field "$id" changelist)"

# --- what has ended -------------------------------------------------------------------------------------------------
for action in cancel continue resolve; do
    body='{"files": [{"file": "*", "accept": "theirs"}]}'
    is "$action of a job that has ended" "$(post "/api/jobs/$id/$action" "$([ $action != resolve ] || echo "$body")")" 409
    is "is told so" "$(code)" job_ended
done
is "and it is still done" "$(web_field "$id" status)" done
is "nothing beats" "$(get "/api/jobs/$id/heartbeat" >/dev/null; answer "(d['connected'], d['agent_id'], d['unit'], d['process_list'])")" "(False, None, None, [])"
is "retry" "$(post "/api/jobs/$id/retry")" 201
again=$(answer "d['job_id']")
is "with the original's fields" "$(answer "(d['new_job_id'] == d['job_id'], d['original_job_id'], d['owner'])")" "(True, '$id', 'alice')"
ok "ends" web_wait "$again" "done failed"
is "with nothing to do" "$(web_field "$again" status) $(web_field "$again" retry_of)" "done $id"
weir_yaml nobody@demo bob@demo
who=bob
is "an administrator repeats alice's job" "$(post "/api/jobs/$id/retry")" 201
bobs=$(answer "d['job_id']")
is "then it is his" "$(answer "d['owner']")" bob
ok "and ends" web_wait "$bobs" "done failed"
is "an administrator creates for others" "$(post /api/jobs "$(spec_of "$dev" | sed 's/}$/, "owner": "alice"}/')")" 201
ok "and that ends" web_wait "$(answer "d['job_id']")" "done failed"
who=alice

# --- the queue ------------------------------------------------------------------------------------------------------
new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
client=shared
p4 client -o -S "$main" $client | sed "s|^Root:.*|Root: /srv/$client|; s/^Host:.*/Host:/" | p4 client -i >/dev/null
mkdir -p "/srv/$client"; chmod 777 "/srv/$client"
is "a client that is free" "$(get "/api/queue/check?workspace=$client" >/dev/null; answer "(d['available'], d['running_job_id'], d['queue_length'])")" "(True, None, 0)"
create "$(spec_of "$dev" ", \"client\": \"$client\"")"; first=$id
ok "a job works in it" web_wait "$first" needs_resolve
create "$(spec_of "$dev" ", \"client\": \"$client\"")"; second=$id
who=bob; create "$(spec_of "$dev" ", \"client\": \"$client\"")"; third=$id; who=alice
is "then it is not free" "$(get "/api/queue/check?workspace=$client&server=demo" >/dev/null; answer "(d['available'], d['running_job_id'], d['running_job_owner'], d['queue_length'])")" "(False, '$first', 'alice', 2)"
is "the queue" "$(get /api/queue/status >/dev/null; answer "[(w['workspace'], w['running_job_id'], [(q['job_id'], q['position'], q['owner']) for q in w['queued_jobs']]) for w in d['workspaces']]")" \
    "[('$client', '$first', [('$second', 1, 'alice'), ('$third', 2, 'bob')])]"
is "one's own jobs in it" "$(get /api/queue/my-jobs >/dev/null; answer "[(q['job_id'], q['blocked_by']) for q in d['queued_jobs']]")" "[('$second', '$first')]"
is "places are told in the list" "$(get '/api/jobs?all=1&status=queued' >/dev/null; answer "[(j['id'], j['position']) for j in d['jobs']]")" "[('$third', 2), ('$second', 1)]"
is "what blocks a job" "$(web_field "$second" blocked_by)" "$first"
is "what works is not taken out of the queue" "$(post "/api/queue/$first/cancel")" 409
is "what is queued for another client neither" "$(post "/api/queue/$second/cancel" '{"workspace": "elsewhere"}')" 409
is "what is queued is" "$(post "/api/queue/$second/cancel" "{\"workspace\": \"$client\"}")" 200
is "in the original's words" "$(answer "d['status']")" removed
is "and the job has ended with it" "$(web_field "$second" status) $(web_field "$second" cancelled_by)" "cancelled alice"
weir_yaml bob@demo ''
who=bob
is "an operator cancels what works" "$(post "/api/jobs/$first/cancel" '{"mode": "immediate"}')" 200
like "which takes a moment" "$(answer "d['status']")" 'cancel(ling|led)'
ok "and ends" web_wait "$first" cancelled
is "but does not repeat it" "$(post "/api/jobs/$first/retry")" 403
who=alice
is "who did it is kept" "$(web_field "$first" cancelled_by)" bob
ok "the next one starts" web_wait "$third" needs_resolve
who=bob; is "and is cancelled by its owner" "$(post "/api/jobs/$third/cancel")" 200; who=alice
ok "at last" web_wait "$third" cancelled
nothing_left "after all that"

# --- figures --------------------------------------------------------------------------------------------------------
get /metrics >/dev/null
like "figures for Prometheus count jobs" "$(cat "$answers/last")" '^weir_jobs\{status="done"\} [1-9]'
like "and how long they took" "$(cat "$answers/last")" '^weir_job_duration_seconds_sum\{status="done"\} [0-9.]+$'
like "and the queue" "$(cat "$answers/last")" '^weir_job_queue_length 0$'

# --- addresses ------------------------------------------------------------------------------------------------------
is "a job that is not there" "$(get /api/jobs/INT-20200101-001)" 404
is "told so" "$(code)" no_such_job
for action in cancel continue retry; do is "$action of it" "$(post "/api/jobs/INT-20200101-001/$action")" 404; done
is "resolve of it" "$(post /api/jobs/INT-20200101-001/resolve '{"files": [{"file": "*", "accept": "yours"}]}')" 404
is "its heartbeat" "$(get /api/jobs/INT-20200101-001/heartbeat)" 404
is "its place in the queue" "$(post /api/queue/INT-20200101-001/cancel)" 404
for trick in ../tokens ..%2ftokens %2e%2e/%2e%2e/etc/passwd 'INT-20261121-001%00' 'INT-20261121-001/../../tokens' "INT-20261121-001;id" 4711 "'%20or%201=1--"; do
    like "a path trick: $trick" "$(get "/api/jobs/$trick")" '^(400|404)$'
    fails "shows nothing" 1 grep -qE 'root:|tokens"' "$answers/last"
done

# --- tokens ---------------------------------------------------------------------------------------------------------
bearer() { # TOKEN METHOD PATH [BODY] -> status
    cat "$answers/last" >>"$answers/all"
    curl -s -m 60 -o "$answers/last" -w '%{http_code}' -X "$2" -H "Authorization: Bearer $1" -H "Content-Type: application/json" \
        ${4+-d "$4"} $([ "$2" = GET ] || [ $# -gt 3 ] || echo '-H Content-Length:0') "$web$3"
}
is "a token" "$(post /api/tokens '{"name": "nightly", "days": 30}')" 201
token=$(answer "d['token']") token_id=$(answer "d['id']")
like "is random" "$token" '^weir_[0-9a-f]{64}$'
is "a role above one's own" "$(post /api/tokens '{"name": "x", "role": "admin"}')" 403
is "a list that shows none" "$(get /api/tokens >/dev/null; answer "[(t['name'], t['role'], 'token' in t) for t in d['tokens']]")" "[('nightly', 'user', False)]"
is "a program reads with it" "$(bearer "$token" GET /api/jobs)" 200
is "as alice" "$(bearer "$token" GET /api/session; answer "(d['user'], d['role'])")" "200('alice', 'user')"
is "a program creates a job with it, without our pages' word" "$(bearer "$token" POST /api/jobs "$(spec_of "$dev" ', "trial": true')")" 201
id=$(answer "d['job_id']")
ok "which works with the ticket that the token came with" web_wait "$id" needs_resolve
is "and cancels it" "$(bearer "$token" POST "/api/jobs/$id/cancel")" 200
is "but makes no token" "$(bearer "$token" POST /api/tokens '{"name": "child"}')" 403
is "nor measures, as alice may not" "$(bearer "$token" POST /api/update/all)" 403
is "a wrong token" "$(bearer "weir_$(printf '0%.0s' {1..64})" GET /api/jobs)" 401
is "a token beside a good cookie counts" "$(get /api/jobs '' -H "Authorization: Bearer weir_x")" 401
who=bob
is "bob does not see it" "$(get /api/tokens >/dev/null; answer "d['count']")" 0
is "nor revoke it" "$(ask DELETE "/api/tokens/$token_id")" 404
is "nor list everybody's" "$(get '/api/tokens?all=1')" 403
is "administrators may" "$(weir_yaml nobody@demo bob@demo; get '/api/tokens?all=1')" 200
who=alice
is "alice revokes it" "$(ask DELETE "/api/tokens/$token_id")" 200
is "then it is good for nothing" "$(bearer "$token" GET /api/jobs)" 401
fails "it is kept nowhere" 1 grep -raq "$token" /var/lib/weir-web

# --- a ticket that ends ----------------------------------------------------------------------------------------------
control expire alice
is "with an expired ticket there is no preview" "$(post /api/jobs/preview "$(spec_of "$dev")")" 409
is "and the answer says what to do" "$(code)" no_ticket
create "$(spec_of "$dev")"
ok "a job ends" web_wait "$id" "done failed"
is "and says why" "$(web_field "$id" status) $(web_field "$id" reason)" "failed login expired"
is "with a new login" "$(log_in alice "$alice_password")" 200
is "there is a preview" "$(post /api/jobs/preview "$(spec_of "$dev")")" 200
is "a ticket that is sent is taken instead of the login's" "$(post /api/jobs/preview "$(spec_of "$dev" | sed 's/}$/, "ticket": "0123456789ABCDEF0123456789ABCDEF"}/')")" 409
new_ticket=$(ticket_of alice)
is "and it was a good one" "$(post /api/jobs/preview "$(spec_of "$dev" | sed "s/}\$/, \"ticket\": \"$new_ticket\"}/")")" 200

# --- secrets --------------------------------------------------------------------------------------------------------
sealed() { python3 -c 'import sqlite3; print(sqlite3.connect("/var/lib/weir-web/sessions.db").execute("SELECT count(*) FROM sessions WHERE user = \"alice\"").fetchone()[0])'; }
before=$(sealed)
is "logging out" "$(ask DELETE /api/session)" 200
is "removes the ticket, and there is no other one of hers" "$before $(sealed)" "1 0"
is "ends it" "$(get /api/jobs)" 401
ask GET /api/session >/dev/null
cat "$answers/last" >>"$answers/all"
for secret in "$alice_password" "$bob_password" "$ticket" "$new_ticket"; do
    fails "no answer held it" 1 grep -aqF "$secret" "$answers/all"
    fails "nor is it in the journal" 1 sh -c "journalctl -q --all -o export | grep -aqF '$secret'"
    fails "nor in a database or folder of weir" 1 grep -raqF "$secret" /var/lib/weir /var/lib/weir-web /run/weir /run/weir-web /run/systemd/transient
done
is "no program crashed" "$(journalctl -q -o cat | grep -cE 'dumped core|segfault|Sanitizer' || true)" 0
is "no unit failed" "$(systemctl --failed --plain --no-legend)" ""
