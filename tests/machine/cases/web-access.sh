#!/usr/bin/env bash
# The whole route table, asked as nobody, as another user, as an operator and as an administrator: who may do what is decided in one place,
# and every address goes through it.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
web=http://127.0.0.1:8585

log_in() { # USER PASSWORD
    curl -s -o /dev/null -w '%{http_code}' -c "/run/$1.jar" -H "Origin: $web" -H 'Content-Type: application/json' \
        -d "{\"server\": \"demo\", \"user\": \"$1\", \"password\": \"$2\"}" $web/api/session
}
as() { # USER METHOD PATH [BODY]: prints the answer
    curl -s -m 60 -X "$2" -b "/run/$1.jar" -H "Origin: $web" -H 'Content-Type: application/json' -d "${4-}" "$web$3"
}
weir_yaml() { # OPERATORS ADMINS
    printf 'web:\n  operators: [%s]\n  admins: [%s]\n' "$1" "$2" >/etc/weir/weir.yaml
    eventually 10 systemctl is-active --quiet weir-sync.path >/dev/null
}
walk() { "$here/../web/check-access" $web "/run/bob.jar" "$1" "$id"; } # ROLE, on alice's job

ok "the web answers" eventually 20 curl -sf $web/healthz
login_weir demo >/dev/null
weirctl measure >/dev/null
printf 'User: bob\nEmail: bob@example.org\nFullName: bob\n' | p4 user -i -f >/dev/null
printf 'Sample-Bob-1\nSample-Bob-1\n' | p4 passwd bob >/dev/null
p4 protect -o | sed 's/^Protections:$/&\n\twrite user bob * \/\/.../' | p4 protect -i >/dev/null
is "alice logs in" "$(log_in alice Sample-Alice-1)" 200
is "bob logs in" "$(log_in bob Sample-Bob-1)" 200
id=$(as alice POST /api/jobs '{"spec": {"server": "demo", "stream": "//demo/nothing"}}' | json "d['job_id']")
ok "alice has a job" wait_for_end "$id"
is "that failed" "$(field "$id" status)" failed

ok "nobody: what is not open says 401, also to other sites' forms" "$here/../web/check-access" $web
weir_yaml nobody@demo ''
ok "another user: alice's job is looked at, and nothing more; nothing that takes a role" walk user
is "the role is that of weir.yaml" "$(as bob GET /api/session | json "d['role']")" user
before=$(weirctl jobs --json | json "len([j for j in d if j['owner'] == 'alice'])")
weir_yaml bob@demo ''
ok "an operator: measures and steers, administers nothing, repeats no job of others" walk operator
is "nothing of alice's was repeated or changed" "$(weirctl jobs --json | json "len([j for j in d if j['owner'] == 'alice'])") $(field "$id" status)" "$before failed"
weir_yaml nobody@demo bob@demo
ok "an administrator: everything" walk admin
weir_yaml bob@elsewhere bob@elsewhere
ok "a role is of one server" walk user
is "an operator of streams needs no job" "$(as bob GET /api/session | json "d['role']")" user

# --- what a login is worth -------------------------------------------------------------------------------------------
key=$(awk '$6 == "weir_session" {print $7}' /run/bob.jar)
like "a session's key is random" "$key" '^[0-9a-f]{64}$'
is "a forged key is worth nothing" "$(curl -s -o /dev/null -w '%{http_code}' -b "weir_session=$(printf 'a%.0s' {1..64})" $web/api/jobs)" 401
is "nor is a name in it" "$(curl -s -o /dev/null -w '%{http_code}' -b "weir_session=bob" $web/api/jobs)" 401
fails "no database knows the key" 1 grep -raq "$key" /var/lib/weir-web
printf 'web:\n  login_required: yes\n' >/etc/weir/weir.yaml
eventually 10 systemctl is-active --quiet weir-sync.path >/dev/null
is "where a login is required, streams take one, too" "$(curl -s -o /dev/null -w '%{http_code}' $web/api/streams)" 401
is "and show with it" "$(curl -s -o /dev/null -w '%{http_code}' -b /run/bob.jar $web/api/streams)" 200
is "no program crashed" "$(journalctl -q -o cat | grep -cE 'dumped core|segfault|Sanitizer' || true)" 0
