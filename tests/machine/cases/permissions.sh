#!/usr/bin/env bash
# Who may what: people in group weir, people who are not, the services themselves.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
useradd --groups weir member
useradd stranger
as() { local user=$1; shift; runuser -u "$user" -- "$@"; }

weirctl measure >/dev/null
ok "a member sees the streams" as member weirctl streams
fails "a stranger does not" any as stranger weirctl streams
like "and is told what to do" "$(as stranger weirctl streams 2>&1)" 'the group .?weir'
ok "a member may have it measured" as member weirctl measure demo
fails "a stranger may not" any as stranger weirctl measure demo
like "and is told why" "$(as stranger weirctl measure demo 2>&1)" 'may not'
fails "nor may a member remove history" 77 as member weirctl purge //demo/dev --yes
fails "a member may not start what is not weir's" any as member systemctl start perforce.service --no-ask-password

# Locks are polkit's to grant: weir-lockd itself has to be allowed to ask it.
fails "a member may not take a lock unless a rule says so" 77 as member weirctl lock server/demo true
is "polkit did answer" "$(as member weirctl lock server/demo true 2>&1 | grep -c 'cannot be asked')" 0
cat >/etc/polkit-1/rules.d/10-locks.rules <<'RULE'
polkit.addRule(function(action, subject) {
    if (/^org.weir.locks.(acquire|break)$/.test(action.id) && subject.isInGroup("weir")) { return polkit.Result.YES; }
});
RULE
systemctl restart polkit
is "with a rule of the site a member may" "$(as member weirctl lock server/demo echo had)" had
fails "and a stranger still may not" 77 as stranger weirctl lock server/demo true

is "the tickets are weir's alone" "$(stat -c '%U %a' /var/lib/weir/tickets)" "weir 600"
fails "a member cannot read them" any as member cat /var/lib/weir/tickets
is "the history's folder is shared with the group" "$(stat -c '%U:%G %a' /var/lib/weir/monitor)" "weir:weir 2750"
fails "a member cannot write the history" any as member sh -c 'echo >>/var/lib/weir/monitor/monitor.db'

# What a service of weir could do if it were taken over, seen from inside its sandbox.
pid=$(systemctl show -P MainPID weir-lockd.service)
fails "the lock manager has no network" any nsenter --target "$pid" --net -- ip -4 route get 1.1.1.1
is "and no /home" "$(nsenter --target "$pid" --mount -- ls /home /root 2>/dev/null | grep -v : | tr -d '\n')" ""
fails "nor a writable /usr" any nsenter --target "$pid" --mount -- touch /usr/here
is "its binary cannot gain rights" "$(awk '/NoNewPrivs/ {print $2}' "/proc/$pid/status")" 1
is "and system calls are filtered" "$(awk '/^Seccomp:/ {print $2}' "/proc/$pid/status")" 2
