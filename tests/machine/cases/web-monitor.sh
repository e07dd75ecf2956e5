#!/usr/bin/env bash
# The web server as it is installed: reads, logins, actions, who may do what, and what it says to hostile requests.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
. /etc/machine.env
web=http://127.0.0.1:8585
jar=/tmp/jar

status() { curl -s -o /tmp/body -D /tmp/head -w '%{http_code}' -m 60 "$@"; } # ARGUMENTS of curl -> status; /tmp/body, /tmp/head
field() { json "$1" </tmp/body; }                                            # EXPRESSION over the last answer
header() { sed -n "s/^$1: \(.*\)\r/\1/Ip" /tmp/head; }                       # NAME
post() { status -d "" -b $jar -H "Origin: $web" "$web$1" "${@:2}"; }       # PATH
log_in() { # USER PASSWORD [ARGUMENTS]
    status -c $jar -H 'Content-Type: application/json' "${@:3}" \
        -d "{\"server\": \"demo\", \"user\": \"$1\", \"password\": \"$2\"}" $web/api/session
}
answers() { [ "$(status "$web/healthz")" = 200 ]; }

# --- reading --------------------------------------------------------------------------------------------------------
ok "the web server answers as soon as weir is up" eventually 20 answers
is "weirctl says where" "$(weirctl status --json | json "d['web']['url']")" $web
is "systemd holds the socket" "$(systemctl is-active weir-web.socket)" active
login_weir demo >/dev/null
weirctl measure >/dev/null
is "servers are listed" "$(status $web/api/servers)" 200
is "with the original's fields" "$(field "d['success'] and d['count'] == 1 and set(d['servers'][0]) >= {'id', 'name', 'p4port', 'p4user', 'stream_mask', 'created_at', 'streams_count'}")" True
is "streams are what weirctl shows" "$(status "$web/api/streams?per_page=1000" >/dev/null; field "sorted((s['name'], s['size_bytes'], s['file_count']) for s in d['streams'])")" \
    "$(weirctl streams --json | json "sorted((s['name'], s['size_bytes'], s['file_count']) for s in d)")"
id=$(field "next(s['id'] for s in d['streams'] if s['name'] == '//demo/main')")
is "a stream's history" "$(status "$web/api/stream/$id/history?days=0" >/dev/null; field "len(d['history']) >= 1 and d['statistics']['current'] == d['history'][0]['size_bytes']")" True
is "figures" "$(status $web/metrics)" 200
like "say how large a stream is" "$(cat /tmp/body)" '^weir_stream_size_bytes\{server="demo",stream="//demo/main"\} [1-9]'
like "and whether the server could be reached" "$(cat /tmp/body)" '^weir_server_up\{server="demo"\} 1$'
is "the login of measuring" "$(status $web/api/auth/check >/dev/null; field "d['tickets_file_exists'] and d['servers'][0]['authenticated']")" True
is "locks" "$(status $web/api/status/locks >/dev/null; field "(d['mass_update_in_progress'], d['server_updates_in_progress'], d['can_start_mass_update'])")" "(False, [], True)"
is "an answer that is known already is not sent again" "$(status "$web/api/servers" >/dev/null; tag=$(header etag); status -H "If-None-Match: $tag" $web/api/servers)" 304
is "also when it was compressed" "$(status --compressed "$web/api/streams?per_page=1000" >/dev/null; tag=$(header etag); [ -n "$(header content-encoding)" ] && status --compressed -H "If-None-Match: $tag" "$web/api/streams?per_page=1000")" 304
ok "every answer is as openapi.json describes it" "$here/../web/check-answers" $web

# --- headers --------------------------------------------------------------------------------------------------------
status $web/api/info >/dev/null
like "no script stands in a page" "$(header content-security-policy)" "script-src 'self';"
is "types are not guessed" "$(header x-content-type-options)" nosniff
is "nobody frames us" "$(header x-frame-options)" DENY
is "the server does not say what it is" "$(header server)" ""

# --- who may --------------------------------------------------------------------------------------------------------
ok "an anonymous visitor changes nothing: every route asked" "$here/../web/check-access" $web
is "a wrong password" "$(log_in weir wrong)" 401
is "is told as JSON" "$(field "d['error']['code']")" login_failed
is "so is a user who does not exist, though the server would let one in" "$(log_in nobody wrong)" 401
is "in the same words" "$(field "d['error']['code']")" login_failed
is "a login in a form's disguise is refused" "$(status -d 'server=demo&user=weir&password=x' $web/api/session)" 415
is "a login from another site is refused" "$(log_in weir "$WEIR_PASSWORD" -H 'Origin: http://evil.example')" 403
before=$(md5sum /var/lib/weir/tickets)
is "the right password" "$(log_in weir "$WEIR_PASSWORD")" 200
like "gives a cookie that no script reads" "$(header set-cookie)" '^weir_session=[0-9a-f]{64}; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict$'
is "and a role" "$(field "(d['user'], d['server'], d['role'])")" "('weir', 'demo', 'operator')"
is "measuring's own ticket is untouched" "$(md5sum /var/lib/weir/tickets)" "$before"
key=$(awk '$6 == "weir_session" {print $7}' $jar)
fails "its key is kept nowhere" 1 grep -rq "$key" /var/lib/weir-web
fails "nor the password anywhere" 1 sh -c "journalctl -o export | grep -aq -- '$WEIR_PASSWORD' || grep -raq -- '$WEIR_PASSWORD' /var/lib/weir-web /run/weir-web"
is "nobody else reads the sessions" "$(stat -c '%a %U' /var/lib/weir-web)" "700 weir-web"
is "who am I" "$(status -b $jar $web/api/session >/dev/null; field "d['user']")" weir
is "without the cookie nobody" "$(status $web/api/session >/dev/null; field "d['user']")" None

# --- actions --------------------------------------------------------------------------------------------------------
is "a cookie without our pages' word is not enough" "$(status -d '' -b $jar "$web/api/update/stream/$id")" 403
is "nor with another site's" "$(status -d "" -b $jar -H 'Origin: http://evil.example' "$web/api/update/stream/$id")" 403
is "nor with Sec-Fetch-Site: cross-site" "$(status -d "" -b $jar -H 'Sec-Fetch-Site: cross-site' "$web/api/update/stream/$id")" 403
client_for //demo/main
put web.txt 12345
submit "one more"
is "a stream is measured" "$(post "/api/update/stream/$id")" 200
is "and the answer is what it is now" "$(field "f\"{d['size_bytes']} {d['file_count']}\"")" "$(truth //demo/main)"
is "an unknown stream" "$(post /api/update/stream/4711)" 404
is "a server, in time" "$(post '/api/update/server/1?wait=30')" 200
is "with the original's fields" "$(field "(d['success'], d['added'], d['removed']) == (True, 0, 0) and d['updated'] > 0")" True
make_stream //demo/fresh development //demo/main >/dev/null
is "a list of streams" "$(post /api/update/server/1/sync-streams)" 200
is "finds the new one" "$(field "d['added']")" 1
is "everything, at once" "$(post /api/update/all)" 202
is "says what was started" "$(field "d['operation']['unit']")" weir-measure.service
ok "and it ends well" eventually 20 sh -c '[ "$(systemctl show -P Result weir-measure.service)" = success ] && ! systemctl is-active -q weir-measure.service'
is "the configuration takes an administrator" "$(post /api/admin/sync-servers)" 403
printf 'web:\n  admins: [weir@demo]\n' >/etc/weir/weir.yaml
is "which weir.yaml names" "$(eventually 10 systemctl is-active --quiet weir-sync.path; post /api/admin/sync-servers)" 200
like "who did it is in the journal" "$(journalctl -q -u weir-web.service -o cat)" 'weir@demo started weir-sync.service'

# --- busy -----------------------------------------------------------------------------------------------------------
weirctl lock server/demo --why 'web test' -- sleep 60 &
locker=$!
ok "somebody holds the server" eventually 10 sh -c 'weirctl locks | grep -q "web test"'
is "then it is busy" "$(post "/api/update/stream/$id")" 423
is "and the answer says by whom" "$(field "(d['error']['code'], d['error']['why'])")" "('busy', 'web test')"
is "everybody sees it" "$(status $web/api/status/locks >/dev/null; field "(d['server_updates_in_progress'], d['can_start_mass_update'])")" "([1], False)"
kill $locker
wait $locker 2>/dev/null
ok "until it is free again" eventually 10 sh -c '! weirctl locks | grep -q "web test"'

# --- logging out, and too many failures -----------------------------------------------------------------------------
is "logging out" "$(status -X DELETE -b $jar -H "Origin: $web" $web/api/session)" 200
is "ends the session, not only the cookie" "$(post "/api/update/stream/$id")" 401
for _ in 1 2 3 4 5; do log_in super wrong >/dev/null; done
is "the sixth attempt is not even tried" "$(log_in super "$SUPER_PASSWORD")" 429
is "and told when to come again" "$(header retry-after)" 300

# --- reload, restart, hostile input ---------------------------------------------------------------------------------
flood() { # SECONDS -> "ANSWERS OTHERS"
    python3 "$here/../web/flood.py" "$web/api/servers" "$1"
}
flood 4 >/tmp/flood &
flooder=$!
sleep 1; systemctl reload weir-web.service
sleep 1; systemctl restart weir-web.service
wait $flooder
like "reload and restart lose no request" "$(cat /tmp/flood)" '^[1-9][0-9]{1,} answers, 0 failures'
ok "2,000 hostile requests: no answer above 499, no crash" python3 "$here/../web/hostile.py" 127.0.0.1 8585 2000
ok "and it still answers" answers
is "no program crashed" "$(journalctl -q -o cat | grep -cE 'dumped core|segfault|Sanitizer' || true)" 0
is "no unit failed" "$(systemctl --failed --plain --no-legend)" ""
like "the services are sandboxed" "$(systemctl show -P PrivateNetwork weir-web.service)" yes
