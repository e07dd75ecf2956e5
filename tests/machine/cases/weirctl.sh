#!/usr/bin/env bash
# weirctl under people's and programs' hands: letters run together, help as p4 has it, answers that cannot be written, names that are none,
# what is said to whoever may not, waiting that is interrupted, what lists leave out, no bus.
here=$(dirname "$(realpath "$0")")/..
. "$here/jobs.sh"
useradd --create-home stranger
as_stranger() { runuser -u stranger -- env -i PATH="$PATH" HOME=/home/stranger P4PORT="$P4PORT" "$@"; }
message() { json "d['error']['message']"; }

# --- the command line ---
is "help is a verb" "$(weirctl help integrate)" "$(weirctl integrate --help)"
like "and lists all of them" "$(weirctl help)" '^  cancel JOB '
ok "a letter with its value" weirctl jobs -n5
fails "too many words" 64 weirctl jobs here
like "are told" "$(weirctl jobs here 2>&1)" '^weirctl: jobs takes no arguments. Usage: weirctl jobs \[OPTION…\]$'
like "no verb, in JSON" "$(weirctl --json)" '^\{"error":\{"message":"There is no verb'
fails "a state that there is not" 64 weirctl streams --state=happy

# --- answers that cannot be written ---
for verb in jobs status "status --json" "streams --json" help; do
    said=$(sh -c "weirctl $verb >/dev/full; echo \$?" 2>&1)
    like "a full disk below the answer of $verb" "$said" '^weirctl: Failed to write the answer: No space left on device.$'
    is "fails" "${said##*$'\n'}" 1
done
is "a closed standard output fails, too" "$(sh -c 'weirctl jobs >&-; echo $?' 2>&1 | tail -n 1)" 1

# --- names of jobs ---
for verb in show logs cancel continue retry "resolve --all --accept=theirs"; do
    set -- $verb
    fails "$1: no job's name" 64 weirctl "$@" nonsense
    is "$1: says so, as JSON" "$(weirctl "$@" $'a\nb\xff' --json | message)" $'a\nb\xef\xbf\xbd is no job\'s name.'
done
fails "jobs before no job" 64 weirctl jobs --before=nonsense
long=$(head -c 100000 /dev/zero | tr '\0' a)
ok "a name of 100 kB is not repeated in full" test "$(weirctl show "$long" 2>&1 | wc -c)" -lt 500
said=$(busctl call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager GetJob s "$long" 2>&1)
is "nor by weir-jobd" "$said" "Call failed: There is no such job: that is no job's name"

# --- who may not ---
install -o stranger -m 600 /root/.p4tickets /home/stranger/.p4tickets
like "who may not make jobs is told what it takes" "$(as_stranger weirctl integrate --server=demo --stream=//demo/dev --user=super 2>&1 </dev/null)" \
    'Next: Run it as root, join the group `weir`, or ask an administrator for org.weir.jobs.create'
like "who is not logged in is told how" "$(as_stranger env HOME=/nowhere weirctl integrate --server=demo --stream=//demo/dev --user=alice 2>&1 </dev/null)" \
    'Next: `p4 -p localhost:1666 -u alice login`'
fails "a description that is no UTF-8" 64 weirctl integrate --server=demo --stream=//demo/dev --description=$'caf\xe9'
unlike_twice=$(weirctl integrate --server=demo --stream=//demo/dev --client=nobodys --preview 2>&1)
fails "a sentence ends once" 1 grep -q '\.\.$' <<<"$unlike_twice"

# --- jobs that wait ---
new_pair
edit "$dev" text 's/^5$/five/'
edit "$main" text 's/^5$/FIVE/'
integrate_to_end --stream="$dev"
is "one file is one file" "$(field "$id" status_text)" '1 file to resolve'
like "show says what to do next" "$(weirctl show "$id")" "^Next: .weirctl resolve $id FILE --show"
is "what lists leave out is null" "$(weirctl jobs --json -n1 | json "(d[0]['id'], d[0]['n_conflicts'], d[0]['conflicts'], d[0]['history'])")" "('$id', 1, None, None)"
fails "a side that there is not" 64 weirctl resolve "$id" "$main/text" --show=mine
fails "also as JSON" 64 weirctl resolve "$id" "$main/text" --show=mine --json
is "a file in JSON has its sides" "$(weirctl resolve "$id" "$main/text" --show=yours --json | json "d['state']")" ready
said=$(python3 - "$id" <<'END'
import signal, subprocess, sys, time
waiting = subprocess.Popen(["weirctl", "continue", sys.argv[1], "--wait"], stderr=subprocess.PIPE, text=True)
time.sleep(2)
waiting.send_signal(signal.SIGINT)
print(waiting.communicate(timeout=10)[1], waiting.returncode)
END
)
like "^C says that the job goes on" "$said" "Waiting was interrupted; $id goes on"
is "and is what ends weirctl" "${said##* }" -2
is "the job waits as before" "$(field "$id" status)" needs_resolve
ok "without a bus its logs are there" env DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent weirctl logs "$id"
ok "it is cancelled" weirctl cancel "$id" --wait
nothing_left "all of it"

# --- a job that waits for a lock says for whose ---
edit "$dev" text 's/^7$/seven/'
weirctl lock --why=upkeep / -- sleep 6 &
lock=$!
ok "everything is locked" eventually 5 sh -c 'weirctl locks | grep -q upkeep'
id=$(integrate --stream="$dev" --trial --resolve=theirs)
waits() { [[ $(field "$id" status_text) == "Waiting for workspace/"*" has locked /, upkeep" ]]; }
ok "a job tells it" eventually 5 waits
like "also in the status of its unit" "$(systemctl show -P StatusText "weir-job-$id-1.service")" '^Waiting for workspace/.* has locked /, upkeep$'
wait $lock
wait_for_job "$id"
is "then it works" "$(field "$id" status)" done
like "and says one thing only" "$(field "$id" status_text)" '^Trial: 1 file is shelved'
like "in its log, once" "$(weirctl logs "$id" | grep -c 'Waiting for workspace')" '^1$'
in_stream "$dev" 'echo more >more; p4 add more'
like "what was submitted is told once" "$(weirctl integrate --server=demo --stream="$dev" --resolve=theirs --wait 2>/dev/null)" ', submitted as change [0-9]+\.$'

# --- hooks: words as a shell splits them, and last words without an end of line ---
in_stream "$dev" 'echo evenmore >>more2; p4 add more2'
id=$(integrate --stream="$dev" --trial --hook='build=/usr/bin/printf "one\ntwo\n  three"' --hook='pre_submit=printf "%s" "a\b \$HOME"')
wait_for_job "$id"
is "what a hook prints is in its stage, in order" "$(weirctl logs "$id" --stage=BUILD | cut -c 22- | sed 's/ended with.*/ended/')" "$(
    printf '%s\n' "$id: BUILD" one two "  three" "hook build: /usr/bin/printf ended")"
like "a backslash that quotes nothing stays" "$(weirctl logs "$id" --stage=PRE_SUBMIT)" '  a.{1,2}b \$HOME'
is "no lines are none" "$(weirctl logs "$id" -n0)" ""
ok "which is no failure" weirctl logs "$id" --lines=0
like "a reason is told once" "$(weirctl integrate --server=demo --stream="$dev" --trial --hook=build=false --wait 2>&1)" \
    "INT-[0-9-]+: failed, hook build failed \(exit 1\): false\."

# --- completion: a letter means what the verb has it for ---
complete() { # WORDS… -> what the last of them may become
    bash -c '. /usr/share/bash-completion/completions/weirctl; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _weirctl; printf "%s " "${COMPREPLY[@]}"' bash "$@" 2>/dev/null
}
is "-s of jobs" "$(complete weirctl jobs -s f)" "failed "
is "-s of logs" "$(complete weirctl logs "$id" -s P4)" "P4PUSH "
is "-s of streams" "$(complete weirctl streams -s d)" "demo "
