#!/usr/bin/env bash
# weirctl's verbs about jobs as people use them: whose login a job borrows, previews, waiting and exit statuses, the queue, logs, steering,
# JSON, completion.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
alice_password=Sample-Alice-1
useradd --create-home --groups weir,systemd-journal alice
useradd --create-home stranger
as() { local user=$1; shift; runuser -u "$user" -- env -i PATH="$PATH" HOME="/home/$user" P4PORT="$P4PORT" "$@"; }
integrate_as() { as "$1" weirctl integrate --server=demo "${@:2}"; }
files_of() { (cd "$1" && find . -type f -exec sha256sum {} + | sort); } # FOLDER
no_traces() { ! ls -d /tmp/weirctl.* /run/user/*/weirctl.* 2>/dev/null | grep .; }

# --- preview ---
new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
in_stream "$dev" 'echo new >fresh; p4 add fresh; p4 delete other'
before=$(p4 clients; p4 opened -a; p4 changes)
preview=$(weirctl integrate --server=demo --stream="$dev" --preview)
is "a preview succeeds" $? 0
like "it shows the file that is integrated, from where, and that it needs resolving" "$preview" "^integrate +$main/text +$dev/text#2 +content"
like "the new one" "$preview" "^branch +$main/fresh +$dev/fresh#1 +-"
like "the deleted one" "$preview" "^delete +$main/other "
like "and counts" "$preview" '^3 files would be opened, 1 of them to be resolved'
is "as JSON" "$(weirctl integrate --server=demo --stream="$dev" --preview --json |
    json "(d['n_files'], d['n_resolves'], sorted((f['depot_path'], f['action'], f['resolves']) for f in d['files']))")" \
    "(3, 1, [('$main/fresh', 'branch', []), ('$main/other', 'delete', []), ('$main/text', 'integrate', ['content'])])"
is "nothing was changed, no client is left" "$(p4 clients; p4 opened -a; p4 changes)" "$before"
like "a preview up to a changelist" "$(weirctl integrate --server=demo --stream="$dev" --changelist=1 --preview)" '^0 files would be opened'
like "a preview the other way" "$(weirctl integrate --server=demo --stream="$dev" --reverse --preview)" "^integrate +$dev/text +$main/text#2 +content"
client_for "$main"
like "a preview in a given client" "$(weirctl integrate --server=demo --stream="$dev" --client="$client" --preview)" '^3 files would be opened'
fails "a preview of a stream that is not there" 1 weirctl integrate --server=demo --stream=//demo/nothing --preview
is "no job was made" "$(weirctl jobs --json --limit=1)" "[]"

# --- whose login ---
id=$(weirctl integrate --server=demo --stream="$dev" --trial --json | json "d['id']")
wait_for_job "$id"
is "root's own ticket was taken" "$(field "$id" owner)" root
weirctl cancel "$id" --wait >/dev/null 2>&1
fails "alice has no ticket and types nothing" 77 integrate_as alice --stream="$dev" </dev/null
like "she is told what to do" "$(integrate_as alice --stream="$dev" </dev/null 2>&1)" 'as alice: .*password.*'
like "also in a folder that she may not enter" "$(cd /root && integrate_as alice --stream="$dev" </dev/null 2>&1)" 'as alice: .*password.*'
fails "a wrong password" 77 integrate_as alice --stream="$dev" <<<"wrong"
refused=$(integrate_as alice --stream="$dev" --json 2>/dev/null <<<"wrong")
like "as JSON" "$refused" '^\{"error":\{"message":"Not logged in'
is "no job was made" "$(weirctl jobs --owner=alice --json)" "[]"
before=$(files_of /home/alice)
new=$(integrate_as alice --stream="$dev" --trial --json <<<"$alice_password")
id=$(json "d['id']" <<<"$new")
ok "with her password there is a job" test -n "$id"
wait_for_job "$id"
is "it is hers" "$(field "$id" owner)" alice
is "she has no ticket from that" "$(files_of /home/alice)" "$before"
ok "and nothing is left in /tmp" no_traces
like "it works as alice in Perforce" "$(p4 changes -s pending -u alice)" "by alice@weir-$id"
fails "a stranger may not cancel it" 77 as stranger weirctl cancel "$id"
ok "but look at it" as stranger weirctl show "$id"
ok "alice may cancel it" as alice weirctl cancel "$id" --wait
is "by whom is kept" "$(field "$id" cancelled_by)" alice
nothing_left "alice's job"
as alice p4 -u alice login <<<"$alice_password" >/dev/null
before=$(files_of /home/alice)
id=$(integrate_as alice --stream="$dev" --trial --json </dev/null | json "d['id']")
wait_for_job "$id"
is "logged in, she is not asked" "$(field "$id" status)" needs_resolve
is "and her tickets are as they were" "$(files_of /home/alice)" "$before"
as alice weirctl cancel "$id" --wait >/dev/null
mkdir -p /home/alice/project && mv /home/alice/.p4tickets /home/alice/project/tickets && printf 'P4TICKETS=/home/alice/project/tickets\n' >/home/alice/project/.p4
chown -R alice: /home/alice/project
id=$(cd /home/alice/project && as alice env P4CONFIG=.p4 weirctl integrate --server=demo --stream="$dev" --trial --json </dev/null | json "d['id']")
ok "a tickets file that P4CONFIG names is found" test -n "$id"
wait_for_job "$id"
as alice weirctl cancel "$id" --wait >/dev/null
fails "another user than the ticket's" 77 integrate_as alice --user=weir --stream="$dev" </dev/null
fails "a server that is not configured" 64 integrate_as alice --server=nowhere --stream="$dev"
for secret in "$alice_password" "$(sed 's/.*://' /home/alice/project/tickets)"; do
    ok "neither password nor ticket is in the journal or the database" \
        sh -c "! journalctl -q --all -o export | grep -a -q '$secret' && ! grep -a -r -q '$secret' /var/lib/weir /run/systemd/transient"
done

# --- waiting, and how it ends ---
new_pair
edit "$dev" text 's/^5$/five/'
out=$(weirctl integrate --server=demo --stream="$dev" --description='The words' --wait 2>/run/progress)
is "waiting for one that is done" $? 0
like "tells the change" "$out" '^INT-[0-9]{8}-[0-9]{3}: done in .*submitted as change [0-9]+'
like "and the stages meanwhile" "$(tr '\n' ' ' </run/progress)" 'INTEGRATE.*P4PUSH'
id=${out%%:*}
is "the submitted change is the one shown" "$(p4 -ztag -F %change% changes -m1 -s submitted "$main/...")" "$(field "$id" changelist)"
like "the description is there" "$(p4 describe -s "$(field "$id" changelist)")" 'The words'
is "fields of show --json" "$(weirctl show "$id" --json | json "sorted(set('id status stage owner spec created_at updated_at error changelist source_changelist conflicts unit attempt retry_of'.split()) - set(d))")" "[]"
is "its values" "$(weirctl show "$id" --json | json "(d['status'], d['stage'], d['owner'], d['spec']['stream'], d['error'], d['conflicts'], d['attempt'], d['retry_of'], d['unit'])")" \
    "('done', 'DONE', 'root', '$dev', None, [], 1, None, 'weir-job-$id-1.service')"
like "show for people" "$(weirctl show "$id")" "Submitted: $(field "$id" changelist)"
like "times are ISO 8601" "$(field "$id" created_at)" '^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
is "retry waits, too, and has nothing to do" "$(weirctl retry "$id" --wait --json 2>/dev/null | json "(d['status'], d['retry_of'], d['changelist'])")" "('done', '$id', None)"

edit "$dev" text 's/^7$/seven/'
edit "$main" text 's/^7$/SEVEN/'
weirctl integrate --server=demo --stream="$dev" --wait --json >/run/answer 2>/run/progress
is "waiting for one that needs people" $? 3
id=$(json "d['id']" </run/answer)
is "answers with the job" "$(json "(d['status'], d['n_conflicts'], d['conflicts'][0]['depot_path'])" </run/answer)" "('needs_resolve', 1, '$main/text')"
like "show lists the conflict" "$(weirctl show "$id")" "^content +$main/text"
like "jobs lists it" "$(weirctl jobs --status=needs_resolve)" "^$id +needs_resolve"
fails "continue without anything done still needs people" 3 weirctl continue "$id" --wait
fails "resolving needs a way" 64 weirctl resolve "$id" "$main/text"
fails "a way there is" any weirctl resolve "$id" "$main/text" --accept=mine
fails "and files" 64 weirctl resolve "$id" --accept=theirs
fails "not both" 64 weirctl resolve "$id" "$main/text" --all --accept=theirs
fails "and a file that is one" any weirctl resolve "$id" "$main/other" --accept=theirs
fails "retry while it waits" 1 weirctl retry "$id"
ok "resolve waits to the end" weirctl resolve "$id" "$main/text" --accept=theirs --wait
is "theirs it is" "$(line "$main/text" 7)" seven
nothing_left "a resolved job"
fails "what has ended is not cancelled" 1 weirctl cancel "$id"
like "it says how it stands" "$(weirctl cancel "$id" 2>&1)" 'has ended \(done\)'
fails "nor continued" 1 weirctl continue "$id"
fails "a job that is not there" 1 weirctl show INT-20200101-001
fails "no job's name" any weirctl show nonsense
edit "$dev" text 's/^9$/nine/'
fails "waiting for one that fails" 1 weirctl integrate --server=demo --stream="$dev" --hook=build=false --wait
like "says why" "$(weirctl integrate --server=demo --stream="$dev" --hook=build=false --wait 2>&1 >/dev/null)" 'failed, hook build failed \(exit 1\)'

cat >/usr/local/bin/deaf <<'END'
#!/bin/bash
trap '' TERM
setsid bash -c 'trap "" TERM; (exec -a deaf-daemon sleep 1000) & wait' &
exec -a deaf-hook sleep 1000
END
chmod 755 /usr/local/bin/deaf
id=$(integrate --stream="$dev" --hook=build=deaf)
ok "a hook with a daemon, both deaf" eventually 20 pgrep -f '^deaf-daemon'
began=$SECONDS
ok "a graceful cancel" weirctl cancel "$id" --wait
ok "does not wait for the stop time-out of 20 s ($((SECONDS - began)) s)" test $((SECONDS - began)) -lt 10
ok "and both are gone" sh -c '! pgrep -f "^deaf-"'
nothing_left "a deaf job"

# --- the queue ---
client_for "$main"
chown -R weir-run: "/work/$client"
p4 client -o "$client" | sed "s|^Root:.*|Root: /srv/$client|" | p4 client -i >/dev/null
mkdir -p "/srv/$client"; chmod 777 "/srv/$client"
first=$(integrate --stream="$dev" --client="$client" --hook='build=sleep 600')
ok "the first one works" eventually 20 is_in "$first" BUILD
second=$(integrate --stream="$dev" --client="$client" --description=second)
third=$(integrate --stream="$dev" --client="$client" --description=third)
is "the others wait in their order, and it is said what for" \
    "$(weirctl queue --json | json "[(j['id'], j['position'], j['blocked_by']) for j in d]")" "[('$second', 1, '$first'), ('$third', 2, '$second')]"
like "for people, too" "$(weirctl queue)" "^ *1 +$second +demo +$client +root .* $first"
ok "a queued one is cancelled at once" weirctl cancel "$second" --wait
is "the next one moves up" "$(weirctl queue --json | json "[(j['id'], j['position']) for j in d]")" "[('$third', 1)]"
took=$(date +%s%N)
ok "cancel --immediate --wait" weirctl cancel "$first" --immediate --wait
is "it is cancelled" "$(field "$first" status)" cancelled
wait_for_end "$third"
is "then the third one works" "$(field "$third" status)" done
is "the queue is empty" "$(weirctl queue)" "The queue is empty."

# --- lists ---
n=$(weirctl jobs --json --limit=100000 | json "len(d)")
is "jobs are listed from the newest" "$(weirctl jobs --json --limit=100000 | json "d == sorted(d, key=lambda j: j['id'], reverse=True)")" True
is "a page at a time" "$(weirctl jobs --json --limit=2 | json "[j['id'] for j in d]")" "$(weirctl jobs --json --limit=100000 | json "[j['id'] for j in d][:2]")"
is "older ones" "$(weirctl jobs --json --before="$third" --limit=1 | json "d[0]['id']")" "$second"
is "by owner" "$(weirctl jobs --json --owner=alice | json "{j['owner'] for j in d}")" "{'alice'}"
is "all are there" "$(weirctl jobs --limit=100000 | tail -n +2 | wc -l)" "$n"
fails "a status there is not" 64 weirctl jobs --status=happy

# --- logs ---
edit "$dev" text 's/^11$/eleven/'
id=$(integrate --stream="$dev" --hook='build=seq -f "line %.0f" 3' --hook='pre_submit=sleep 2')
weirctl logs "$id" --follow >/run/followed
is "following ends with the job" "$(field "$id" status)" done
journalctl --sync
log=$(weirctl logs "$id")
is "and has all of its lines" "$(cut -c 22- /run/followed)" "$(cut -c 22- <<<"$log")"
like "among them what hooks said, in order" "$(tr '\n' ' ' <<<"$log")" 'line 1 .*line 2 .*line 3 '
like "and each p4 command" "$log" 'p4 integrate '
is "one stage only" "$(weirctl logs "$id" --stage=BUILD | grep -c '  line [123]$')" 3
is "nothing of others" "$(weirctl logs "$id" --stage=BUILD | grep -c 'p4 integrate')" 0
is "the last lines" "$(weirctl logs "$id" --lines=3)" "$(tail -n 3 <<<"$log")"
is "the last ones of a stage" "$(weirctl logs "$id" --stage=BUILD -n 1)" "$(weirctl logs "$id" --stage=BUILD | tail -n 1)"
is "more than there are" "$(weirctl logs "$id" --lines=100000)" "$log"
is "as JSON, a line each" "$(weirctl logs "$id" --json | python3 -c 'import json, sys; print(len([json.loads(l)["message"] for l in sys.stdin]))')" \
    "$(weirctl logs "$id" | grep -vc '^[-0-9: ]*| ')"
printf 'MESSAGE=forged\nWEIR_JOB=%s\n' "$id" | runuser -u stranger -- logger --journald
printf 'MESSAGE=true \033[31mred\nWEIR_JOB=%s\n' "$id" | logger --journald
journalctl --sync
ok "a line forged by somebody else is in the journal" sh -c "journalctl -q -o cat WEIR_JOB=$id | grep -q forged"
is "but is not shown" "$(weirctl logs "$id" | grep -c forged)" 0
like "control characters are made visible" "$(weirctl logs "$id" | tail -n 1)" 'true \\x1b\[31mred$'
fails "who may not read the journal is told so" 77 as stranger weirctl logs "$id"
ok "alice may" as alice weirctl logs "$id"
fails "no job's name" 64 weirctl logs ../x
fails "a job that is not there" 1 weirctl logs INT-20200101-001
fails "a stage there is not" 64 weirctl logs "$id" --stage=nothing

# --- completion ---
complete() { # WORDS… -> what the last of them may become
    bash -c '. /usr/share/bash-completion/completions/weirctl; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weirctl; printf "%s " "${COMPREPLY[@]}"' bash "$@" 2>/dev/null
}
like "verbs" "$(complete weirctl re)" 'resolve retry'
is "options" "$(complete weirctl integrate --cl)" "--client= --clean-workspace "
like "jobs" "$(complete weirctl show INT)" "$id"
is "ways" "$(complete weirctl resolve "$id" --accept = t)" "theirs "
like "stages" "$(complete weirctl logs "$id" --stage = RES)" 'RESOLVE_PASS_1 RESOLVE_CHECK'

# --- a server that is no unicode server ---
sed -i 's|^  # charset: utf8|  charset: utf8|' /etc/weir/weir.yaml
like "a charset that the server does not take: what to look at" "$(weirctl integrate --server=demo --stream="$dev" 2>&1)" 'charset in weir.yaml'
sed -i 's|^  charset: utf8|  # charset: utf8|' /etc/weir/weir.yaml

# --- without weir-jobd ---
systemctl mask --quiet --runtime --now weir-jobd
fails "no job manager" 1 weirctl jobs
like "says what to look at" "$(weirctl jobs 2>&1)" 'systemctl status weir-jobd'
systemctl unmask --quiet --runtime weir-jobd
ok "it is started by the first call" weirctl jobs
ok "nothing was left in /tmp by any of this" no_traces
