#!/usr/bin/env bash
# The log of a job on the web: what it holds and how one gets through it, who may read it, waiting for lines, all of it as a text, what happens
# when the journal forgets, and many readers while the server is reloaded.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
. "$here/web.sh"
jar=/tmp/jar
mkdir -p /run/systemd/journald.conf.d && printf '[Journal]\nRuntimeMaxUse=1G\n' >/run/systemd/journald.conf.d/zz.conf
systemctl restart systemd-journald

status() { curl -s -o /tmp/body -D /tmp/head -w '%{http_code}' -m 60 -b $jar "$@"; } # ARGUMENTS of curl -> status; /tmp/body, /tmp/head
header() { sed -n "s/^$1: \(.*\)\r/\1/Ip" /tmp/head; }                                 # NAME
field() { json "$1" </tmp/body; }                                                      # EXPRESSION over the last answer
code() { field "d['error']['code']"; }
job_field() { weirctl show "$1" --json | json "'' if d.get('$2') is None else d['$2']"; }
has_settled() { case $(job_field "$1" status) in done|failed|cancelled|needs_resolve) ;; *) return 1 ;; esac; }
has_ended() { case $(job_field "$1" status) in done|failed|cancelled) ;; *) return 1 ;; esac; }
is_in() { [ "$(job_field "$1" stage)" = "$2" ]; }
get() { status "$web/api/jobs/$id/logs${1:+?$1}"; }                                    # QUERY -> status, of the job $id
data() { get "$1" >/dev/null; field "'\n'.join(e['data'] for e in d)"; }               # QUERY -> the lines
took() { curl -s -o /dev/null -w '%{time_total}' -m 60 -b $jar "$web/api/jobs/$id/logs?$1"; }
shorter() { python3 -c 'import sys; sys.exit(float(sys.argv[1]) >= float(sys.argv[2]))' "$1" "$2"; }
is_over() { get limit=10000 >/dev/null; [ "$(header weir-ended)" = 1 ]; }
same() { cmp /tmp/whole -; }                                                           # standard input is the whole log
walk() { # FIRST-QUERY PARAMETER: pages of seven, from one to the next; the lines, oldest first
    python3 - "$web/api/jobs/$id/logs" "$(awk '$6 == "weir_session" {print $7}' $jar)" "$@" <<'END'
import json, sys, urllib.parse, urllib.request
base, key, query, parameter = sys.argv[1:]
pages, cursor = [], None
while True:
    url = f"{base}?limit=7&{query}" + (f"&{parameter}={urllib.parse.quote(cursor)}" if cursor else "")
    with urllib.request.urlopen(urllib.request.Request(url.replace("limit=7&tail", "tail"), headers={"Cookie": f"weir_session={key}"})) as answer:
        pages.append([e["data"] for e in json.loads(answer.read())])
        cursor = answer.headers["Weir-Before" if parameter == "before" else "Weir-Cursor"]
        if answer.headers["Weir-More"] == "0":
            break
    query = "" if parameter == "before" and "tail" in query else query
print("\n".join(line for page in (reversed(pages) if parameter == "before" else pages) for line in page))
END
}

ok "the web server answers" eventually 20 web_answers
login_weir demo >/dev/null
is "somebody logs in" "$(status -c $jar -H 'Content-Type: application/json' \
    -d "{\"server\": \"demo\", \"user\": \"weir\", \"password\": \"$WEIR_PASSWORD\"}" $web/api/session)" 200

# --- what it holds --------------------------------------------------------------------------------------------------
cat >/usr/local/bin/speak <<'END'
#!/bin/bash
echo 'to standard output'
echo 'to standard error' >&2
printf '\033[1mfile.c:7: \033[31merror:\033[0m odd\n'
printf 'bad \377\376 bytes, \320\277\321\200\320\270\320\262\320\265\321\202\n'
printf 'before\0after\n'
printf '<script>alert(1)</script>\n'
head -c 120000 /dev/zero | tr '\0' x
printf '\n<3>grave\n<4>odd\n'
for n in $(seq 2000); do echo "last words $n"; done
END
cat >/usr/local/bin/impostor <<'END'
#!/usr/bin/python3
import socket, sys, time
journal = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
journal.sendto(f"MESSAGE=forged by a hook\nWEIR_JOB={sys.argv[1]}\n".encode(), "/run/systemd/journal/socket")
time.sleep(2) # for the journal to see from where it came
END
chmod 755 /usr/local/bin/{speak,impostor}
new_pair
edit "$dev" text 's/^5$/five/'
integrate_to_end --stream="$dev" --hook=build=speak
is "a job ends" "$(job_field "$id" status)" done
spoken=$id
ok "its log is at its end soon" eventually 10 is_over
data limit=10000 >/tmp/whole
is "an entry has what the description says" "$(field "sorted(d[0])")" \
    "['attempt', 'continues', 'cursor', 'data', 'level', 'pid', 'stage', 'stream', 'time_usec', 'timestamp']"
is "it begins with the job" "$(field "d[0]['data'].startswith('$id: queued') and d[0]['stream'] == 'weir' and d[0]['attempt'] is None")" True
is "and ends with it, after its unit has cleaned up" "$(field "[(e['stage'], e['data'].split(': ', 1)[1]) for e in d[-2:]]")" \
    "[('CLEANUP', 'attempt 1: done, nothing is left of it'), ('DONE', 'done')]"
entry() { field "next((e['stream'], e['level'], e['stage'], e['attempt'], e['continues']) for e in d if e['data'] == '''$1''')"; }
is "a hook's output" "$(entry 'to standard output')" "('stdout', 'info', 'BUILD', 1, False)"
is "a hook's errors, in their place" "$(field "[e['data'] for e in d][[e['data'] for e in d].index('to standard output') + 1]")" "to standard error"
is "colours" "$(field "any('\x1b[1mfile.c:7: \x1b[31merror:\x1b[0m odd' == e['data'] for e in d)")" True
is "bytes that are no text" "$(field "any('bad \ufffd\ufffd bytes, привет' == e['data'] for e in d)")" True
like "around a NUL nothing is lost" "$(tr '\n' ' ' </tmp/whole)" 'before.?after'
is "markup is no markup in the answer" "$(grep -c '<script' /tmp/body)" 0
is "a line longer than the journal's is all there" "$(field "''.join(e['data'] for e in d if 'xxxx' in e['data']) == 'x' * 120000")" True
is "and it is said where it goes on" "$(get 'q=xxxx' >/dev/null; field "[e['continues'] for e in d if 'xxxx' in e['data']]")" "[True, True, False]"
get limit=10000 >/dev/null
is "levels that a program gives" "$(entry grave) $(entry odd)" "('stdout', 'error', 'BUILD', 1, False) ('stdout', 'warning', 'BUILD', 1, False)"
is "all that a hook said comes before what is said of its end" "$(field "[e['data'] for e in d if 'last words 2000' in e['data'] or 'hook build:' in e['data']][0]")" "last words 2000"
is "and belongs to its stage" "$(field "{e['stage'] for e in d if e['data'].startswith('last words')}")" "{'BUILD'}"
is "times are ISO 8601, and exact" "$(field "all(e['timestamp'].endswith('Z') and e['time_usec'] > 1e15 for e in d)")" True
printf 'MESSAGE=forged\nWEIR_JOB=%s\n' "$id" | runuser -u nobody -- logger --journald
edit "$dev" text 's/^5$/fife/'
integrate_to_end --stream="$dev" --hook="build=impostor $spoken"
other=$id id=$spoken
journalctl --sync
ok "lines are forged, by somebody and by another job's hook" sh -c "[ \$(journalctl -q -o cat WEIR_JOB=$id | grep -c forged) = 2 ]"
is "but not shown" "$(data limit=10000 | grep -c forged)" 0
is "nor by weirctl" "$(weirctl logs "$id" | grep -c forged)" 0

# --- getting through it ---------------------------------------------------------------------------------------------
ok "pages from the beginning make the whole" same < <(walk "" after)
ok "pages from the end make the whole" same < <(walk tail=7 before)
is "the last lines" "$(data tail=5)" "$(tail -n 5 /tmp/whole)"
ok "more than there are" same < <(data tail=10000)
is "and then it is said that there are no more" "$(header weir-more)" 0
is "a text, in any case and whatever its colours" "$(data 'q=FILE.c:7:+Error:')" "$(grep -a 'file.c:7' /tmp/whole)"
is "a text that is not there" "$(data 'q=no+such+words')" ""
is "a level" "$(data level=error)" grave
is "or worse" "$(data level=warning)" $'grave\nodd'
is "a stage" "$(data 'stage=RESOLVE_CHECK')" "$(grep -a -A1 'RESOLVE_CHECK$' /tmp/whole)"
is "what hooks print belongs to their stage" "$(data 'stage=BUILD&q=last+words+1999')" "last words 1999"
is "the last ones of a stage" "$(data 'stage=BUILD&tail=2&q=last')" $'last words 1999\nlast words 2000'
is "pages of what is wanted" "$(walk 'q=words+19' after)" "$(grep -a 'words 19' /tmp/whole)"
is "backwards, too" "$(walk 'tail=7&q=words+19' before | tail -n 3)" "$(grep -a 'words 19' /tmp/whole | tail -n 3)"
get limit=3 >/dev/null
cursor=$(header weir-cursor)
is "HEAD has no body" "$(status -I "$web/api/jobs/$id/logs?after=$cursor&wait=20") $(header weir-more)" "200 1"

# --- what is refused ------------------------------------------------------------------------------------------------
for query in after=x before=x 'after=s=1;i=zz' "after=$cursor&before=$cursor" "tail=5&after=$cursor" "before=$cursor&wait=1" 'tail=5&wait=1' limit=0 \
    tail=0 wait=-1 level=loud stage=HAPPY stage=sync "after=$(printf 'a%.0s' {1..300})" "q=$(printf 'a%.0s' {1..500})" lines=5 'q=a&q=b'; do
    is "refused: ${query:0:40}" "$(get "$query")" 400
done
for query in after= 'q=%25s%25n%5B' 'q=%27%22%3C%3E' 'wait=99999' "limit=99999999" 'q=%F0%9F%98%80' 'stage='; do
    is "not refused: $query" "$(get "$query")" 200
done
is "a control character" "$(get 'q=%0a')" 400
is "another job's cursor is only a place" "$(id=$other get tail=1 >/dev/null; get "after=$(header weir-cursor)")" 200
is "a job there is not" "$(status $web/api/jobs/INT-20200101-001/logs)" 404
is "is told by its name" "$(code)" no_such_job
is "the same of its text" "$(status $web/jobs/INT-20200101-001/logs/download)" 404
for path in /api/jobs/x/logs /api/jobs/INT-1/logs /api/jobs/../logs /api/jobs/%2e%2e/logs "/api/jobs/$id%00/logs" "/api/jobs/$id;id/logs" /jobs/x/logs/download "/jobs/$id/logs"; do
    like "no such address: $path" "$(status --path-as-is "$web$path")" '^40[04]$'
done
is "changing a log" "$(status -X DELETE "$web/api/jobs/$id/logs")" 405
is "nobody in particular" "$(curl -s -o /dev/null -w '%{http_code}' "$web/api/jobs/$id/logs")" 401
is "nor may he have the text" "$(curl -s -o /dev/null -w '%{http_code}' "$web/jobs/$id/logs/download")" 401
is "nor learn which jobs there are" "$(curl -s -o /dev/null -w '%{http_code}' "$web/api/jobs/INT-20200101-001/logs")" 401
is "a session that is none" "$(curl -s -o /dev/null -w '%{http_code}' -H "Cookie: weir_session=$(printf 'a%.0s' {1..64})" "$web/api/jobs/$id/logs")" 401

# --- waiting --------------------------------------------------------------------------------------------------------
edit "$dev" text 's/^7$/seven/'
mkfifo -m 666 /srv/mouth
id=$(integrate --stream="$dev" --hook='build=cat /srv/mouth')
ok "a job runs" eventually 30 is_in "$id" BUILD
exec {mouth}>/srv/mouth
get >/dev/null
cursor=$(header weir-cursor)
ok "a wait without a line takes its time" shorter 0.9 "$(took "after=$cursor&wait=1")"
is "and says that the job goes on" "$(get "after=$cursor&wait=0") $(header weir-ended) $(header weir-more)" "200 0 0"
(sleep 1; echo 'at last' >&$mouth) &
began=$(date +%s%N)
is "a line is told when it comes" "$(data "after=$cursor&wait=20")" "at last"
ok "and at once" shorter "$((($(date +%s%N) - began) / 1000000))" 4000
cursor=$(header weir-cursor)
waiting() { pgrep -xc logs.cgi >/dev/null; }
silent() { ! waiting; }
python3 - "$(awk '$6 == "weir_session" {print $7}' $jar)" "/api/jobs/$id/logs?after=$cursor&wait=20" <<'END' &
import http.client, sys, time
browser = http.client.HTTPConnection("127.0.0.1", 8585)
for path in ("/healthz", sys.argv[2]):
    browser.request("GET", path, headers={"Cookie": f"weir_session={sys.argv[1]}"})
    browser.getresponse().read()
    time.sleep(0.3)
END
reader=$!
ok "a reader waits" eventually 10 waiting
kill -9 $reader
ok "when he is gone, his program ends" eventually 3 silent
curl -s -b $jar -o /tmp/waited -w '%{http_code} %{time_total}' "$web/api/jobs/$id/logs?after=$cursor&wait=20" >/tmp/answer &
ok "another one waits" eventually 10 waiting
began=$(date +%s%N)
systemctl reload weir-web.service
ok "a reload does not wait for him ($((($(date +%s%N) - began) / 1000000)) ms)" shorter $((($(date +%s%N) - began) / 1000000)) 5000
wait $!
like "he gets an answer, if an empty one" "$(cat /tmp/answer /tmp/waited)" '^200 [0-9.]+\[\]$'
mkdir -p /run/systemd/system/weir-measure@.service.d
printf '[Service]\nExecStartPre=/bin/sleep 15\n' >/run/systemd/system/weir-measure@.service.d/slow.conf
systemctl daemon-reload
status -H "Origin: $web" -d '' "$web/api/update/server/1?wait=30" >/tmp/acted &
sleep 1
systemctl reload weir-web.service
wait $!
is "nor for what is being done: it goes on by itself" "$(cat /tmp/acted) $(systemctl is-active weir-measure@demo.service)" "202 activating"
python3 -c 'import socket, time; c = socket.create_connection(("127.0.0.1", 8585)); time.sleep(30)' &
silent_one=$!
sleep 0.3
systemctl reload weir-web.service
ok "nor does it wait for a browser that has said nothing yet" shorter "$(took "after=$cursor")" 5
kill $silent_one
ok "who begins to wait just then does so for a second only" shorter "$(took "after=$cursor&wait=20")" 5
exec {mouth}>&-
ok "the end of the job is told to who waits" sh -c "$(declare -f status get header); jar=$jar web=$web id=$id cursor='$cursor'; n=0
    while [ \$n -lt 20 ]; do get \"after=\$cursor&wait=20\" >/dev/null; cursor=\$(header weir-cursor); [ \"\$(header weir-ended)\" = 1 ] && exit 0; n=\$((n + 1)); done; exit 1"
ok "nobody waits after that" shorter "$(took "after=$(get tail=1 >/dev/null; header weir-cursor)&wait=20")" 5

# --- all of it as a text --------------------------------------------------------------------------------------------
lines=200000
edit "$dev" text 's/^9$/nine/'
id=$(integrate --stream="$dev" --hook="build=seq -f 'line %.0f of many' $lines")
wait_for_end "$id" 180
is "$lines lines as a text, at once after the job's end" "$(status "$web/jobs/$id/logs/download")" 200
ok "are complete and in order" cmp <(grep 'of many$' /tmp/body) <(seq -f 'line %.0f of many' $lines)
is "it is a file" "$(header content-disposition)" "attachment; filename=\"$id-logs.txt\""
is "a text" "$(header content-type)" "text/plain; charset=utf-8"
is "whose type is not guessed" "$(header x-content-type-options)" nosniff
is "and nobody keeps it" "$(header cache-control)" no-store
is "what the journal divided is one line again" "$(curl -s -b $jar "$web/jobs/$spoken/logs/download" | grep -a xxxx | wc -c)" 120001
is "bytes are as they were" "$(curl -s -b $jar "$web/jobs/$spoken/logs/download" | grep -ac $'bad \377\376 bytes')" 1
best=9
for _ in 1 2 3 4 5 6 7; do now=$(took tail=200); shorter "$now" $best && best=$now; done
ok "the first screen of $lines lines takes no longer than 200 ms ($best s)" shorter "$best" 0.2
curl -s -b $jar --limit-rate 20k -o /dev/null "$web/jobs/$id/logs/download" &
slow=$!
sleep 3
pss=$(cat /proc/"$(pgrep -x lighttpd)"/smaps_rollup | sed -n 's/^Pss: *\([0-9]*\) kB/\1/p')
ok "a slow reader's text is not kept in the server's memory ($pss kB)" test "$pss" -lt 5000
is "nor in its folders" "$(find /run/weir-web /var/tmp /tmp -user weir-web -type f -size +0 | grep -v session)" ""
kill $slow

# --- what the journal forgets ---------------------------------------------------------------------------------------
get limit=50 >/dev/null
cursor=$(header weir-cursor)
journalctl -q --rotate
is "rotating takes nothing away" "$(get "after=$cursor&limit=1") $(header weir-gone)$(field "d[0]['data'] != ''")" "200 True"
journalctl -q --rotate --vacuum-size=1 2>/dev/null
id=$(integrate --stream="$dev" --hook=build=true)
wait_for_end "$id"
id=${id%-*}-$(printf %03d $((10#${id##*-} - 1)))
is "when lines are not kept any more, the page says so" "$(get "after=$cursor&limit=1") $(header weir-gone)" "200 1"
is "an empty log, too" "$(get tail=200) $(header weir-gone) $(cat /tmp/body)" "200 1 []"
like "and so does the text" "$(curl -s -b $jar "$web/jobs/$id/logs/download")" '^\[The journal no longer has the beginning of this log.\]$'
like "in the reader's language" "$(curl -s -b $jar -H 'Accept-Language: ru' "$web/jobs/$id/logs/download")" '^\[Начала этого лога в журнале уже нет.\]$'
mkdir -p /run/systemd/system/weir-web.service.d
printf '[Service]\nSupplementaryGroups=\n' >/run/systemd/system/weir-web.service.d/no-journal.conf
systemctl daemon-reload
systemctl restart weir-web.service
is "a web server without the journal" "$(get)" 503
is "says so" "$(code)" no_journal
rm /run/systemd/system/weir-web.service.d/no-journal.conf
systemctl daemon-reload
systemctl restart weir-web.service
is "no program crashed" "$(journalctl -q -o cat | grep -cE 'dumped core|segfault|Sanitizer' || true)" 0

# --- many readers ---------------------------------------------------------------------------------------------------
soak=$(python3 "$here/../soak/logs" 30)
tap_note "$soak"
ok "20 readers, killed browsers, reloads and a restart for 30 s: nothing is lost, nobody is left" sh -c '[ -n "$1" ] && ! grep -q "^not ok" <<END
$1
END' sh "$soak"
