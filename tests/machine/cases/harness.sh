#!/usr/bin/env bash
# machine: none
#
# The machine itself: what a command inside finds and gives back, and that nothing is left however it ends.
here=$(dirname "$(realpath "$0")")/..
. "$here/tap.sh"
export MACHINES=/run/weir-machine-test.$$ # a place of its own: other machines may run meanwhile
run=$here/run

id_of_running() { "$run" --list | head -n 1; }
is_up() { [ -n "$(id_of_running)" ]; }
# What a machine is made of outside: its state, its cgroups, its processes, its mounts in this namespace.
remains() { # ID
    ls -d "$MACHINES/$1" 2>/dev/null
    find /sys/fs/cgroup -maxdepth 3 -type d -name "weir-machine-$1-*" 2>/dev/null
    grep -l "weir-machine-$1-" /proc/[0-9]*/cgroup 2>/dev/null
    grep "$1" /proc/self/mountinfo
}
nothing_remains() { local left; left=$(remains "$1"); [ -z "$left" ] || { echo "$left"; return 1; }; }
boot_in_background() { # sets pid and id
    "$run" -- sleep 300 >/dev/null 2>&1 &
    pid=$!
    eventually 30 is_up && id=$(id_of_running)
}

# --- a command and its results ---
"$run" -- true # builds what is to be built
began=$(date +%s%N)
"$run" -- true
took=$((($(date +%s%N) - began) / 1000000))
echo "# ready, and gone again, in $took ms"
ok "a machine is ready soon (5 s are meant; slow test hosts get 15)" test $took -lt 15000
out=$(echo typed | "$run" -- sh -c 'read word; echo "got $word"; echo trouble >&2; exit 7' 2>/tmp/harness-err.$$)
is "the exit status is passed through" $? 7
is "input and output are passed through" "$out" "got typed"
like "errors are passed through" "$(cat /tmp/harness-err.$$)" '^trouble$'
rm -f /tmp/harness-err.$$
fails "a command that a signal ended" 137 "$run" -- sh -c 'kill -9 $$'
fails "a command that is not there" 127 "$run" -- no-such-command
is "no input at all" "$("$run" -- sh -c 'cat; echo read' <&-)" read
fails "no command is a usage error" 64 "$run" --
fails "an unknown option is a usage error" 64 "$run" --nonsense -- true
fails "zero hosts are a usage error" 64 "$run" --hosts 0 -- true

inside=$("$run" -- sh -c '
    systemctl is-system-running; cat /proc/1/comm; hostname; pwd; cat /etc/machine-id
    busctl get-property org.freedesktop.PolicyKit1 /org/freedesktop/PolicyKit1/Authority \
        org.freedesktop.PolicyKit1.Authority BackendName >/dev/null && echo polkit
    journalctl -q -b -n 1 -o cat >/dev/null && echo journal
    test "$P4PORT" -a "$P4USER" -a "$PATH" -a "$HOME" = /root && echo environment
    touch /weir-was-here; echo 1 >/proc/sys/kernel/panic 2>/dev/null || echo kernel
    cut -d: -f3 /proc/self/cgroup | grep -c "run-.*scope$"')
mapfile -t line <<<"$inside"
is "every unit is well" "${line[0]}" running
is "PID 1 is systemd" "${line[1]}" systemd
is "the host has its own name" "${line[2]}" host1
is "the command starts in the caller's folder" "${line[3]}" "$PWD"
ok "the machine has an id of its own" test "${line[4]}" != "$(cat /etc/machine-id 2>/dev/null)"
is "polkit answers" "${line[5]}" polkit
is "the journal is there" "${line[6]}" journal
is "the environment is set" "${line[7]}" environment
is "the kernel's knobs are out of reach" "${line[8]}" kernel
is "the command is a unit of the machine" "${line[9]}" 1
fails "what is written inside stays inside" any test -e /weir-was-here

# --- weir and the sample server in it ---
sample=$("$run" -- sh -c 'p4 -ztag login -s | sed -n "s/^\.\.\. User //p"; p4 -ztag -F %Stream% streams | sort | tr "\n" " "; echo
    p4 changes -s submitted -m 1 //demo/dev/... | wc -l; p4 protects -m; systemctl is-active weir.target')
mapfile -t line <<<"$sample"
is "p4 is logged in as super user" "${line[0]} ${line[3]}" "super super"
for stream in main dev rel virt; do
    like "the depot has //demo/$stream" " ${line[1]}" " //demo/$stream "
done
is "there are changes on dev" "${line[2]}" 1
is "weir.target is active" "${line[4]}" active

# --- two at once, several hosts ---
"$run" -- sh -c 'echo one >/run/which; sleep 2; cat /run/which' >/tmp/harness-one.$$ &
first=$!
second=$("$run" -- sh -c 'echo two >/run/which; sleep 1; cat /run/which')
wait $first
is "two machines at once do not meet" "$(cat /tmp/harness-one.$$) $second" "one two"
rm -f /tmp/harness-one.$$
is "a second host has its own name and can be reached" "$("$run" --hosts 2 -- ssh host2 hostname)" host2
is "--net gives an address" "$("$run" --net -- sh -c 'ip -br -4 address show lan0 | grep -c 10.77.0.1')" 1

# --- the ends ---
for signal in TERM KILL; do
    boot_in_background
    ok "it is up before SIG$signal" test -n "$id"
    kill -$signal $pid
    wait $pid 2>/dev/null
    ok "nothing remains after SIG$signal to the runner" eventually 5 nothing_remains "$id"
done
boot_in_background
kill -KILL "$(cat "$MACHINES/$id/keeper.pid")"
wait $pid 2>/dev/null
ok "nothing remains after SIGKILL to its keeper" eventually 5 nothing_remains "$id"
boot_in_background
kill -KILL "$(cat "$MACHINES/$id/keeper.pid")" $pid
wait $pid 2>/dev/null
ok "no process remains after SIGKILL to both" eventually 5 sh -c "! grep -l weir-machine-$id- /proc/[0-9]*/cgroup"
"$run" -- true
ok "and the next run removes the rest" eventually 5 nothing_remains "$id"

# --- a machine that is kept ---
port=$((20000 + $$ % 10000))
"$run" --publish $port --keep -- touch /run/kept 2>/dev/null
id=$(id_of_running)
like "its web pages are found outside" "$(curl -s -m 10 "http://127.0.0.1:$port/healthz")" '"status":'
ok "a kept machine can be entered" "$run" --enter "$id" -- test -e /run/kept
fails "entering passes the status through" 3 "$run" --enter "$id" -- sh -c 'exit 3'
ok "and ended" "$run" --stop "$id"
ok "nothing remains of it" eventually 5 nothing_remains "$id"
fails "nobody listens there any more" 7 curl -s -m 10 "http://127.0.0.1:$port/healthz"
fails "one that is not there cannot be entered" 69 "$run" --enter nowhere -- true
rm -rf "$MACHINES"
