#!/usr/bin/env bash
# Jobs are one user on the host, but of different people: what the hook of one can find out about another that runs, and about its own ticket.
here=$(dirname "$(realpath "$0")")/..
. "$here/weir.sh"
ticket=$(p4 tickets | awk '{ print $NF; exit }')
bytes=$(printf %s "$ticket" | od -An -v -tu1 | tr -s ' \n' ' ')

call() { busctl --json=short call org.weir.Jobs1 /org/weir/Jobs1 org.weir.Jobs1.Manager "$@"; }
create() { # SHELL-TEXT of its hook: prints the id
    call CreateJob 'ssa{sv}' integrate "$(python3 -c 'import json, sys
print(json.dumps({"server": "demo", "stream": "//demo/dev", "trial": True, "hooks": {"pre_submit": ["/bin/bash", "-c", sys.argv[1]]}}))' "$1")" \
        2 p4user s super credential ay ${#ticket} $bytes | json "d['data'][0]"
}
status() { call GetJob s "$1" | json "d['data'][0]['status']['data']"; }
has_ended() { case $(status "$1") in done|failed|cancelled) ;; *) return 1 ;; esac; }
in_hook() { journalctl --sync; journalctl -q -o cat "WEIR_JOB=$1" | grep -qx 'in the hook'; }
log_of() { journalctl --sync; journalctl -q -o cat "WEIR_JOB=$1"; }

first=$(create 'echo in the hook; sleep 60')
ok "a job is in a hook" eventually 20 in_hook "$first"
pid=$(systemctl show -P MainPID "weir-job-$first-1.service")
is "its runner leaves no core" "$(awk '/^Max core/ { print $5, $6 }' "/proc/$pid/limits")" "0 0"
hook=$(pgrep -u weir-run -f -n 'sleep 60')
second=$(create "echo folders \$(ls /run/weir-job)
for place in /run/weir-job/$first-1/secrets/tickets /run/credentials/weir-job-$first-1.service/p4-ticket; do
    for root in '' /proc/$pid/root /proc/$hook/root; do cat \$root\$place; done
done 2>/dev/null | grep -a -c . | sed 's/^/tickets /'
cat /proc/{$pid,$hook}/{environ,maps} 2>/dev/null | wc -c | sed 's/^/bytes /'
kill -STOP $pid 2>/dev/null; echo in the hook")
ok "so is another" eventually 20 in_hook "$second"
ok "which ends" eventually 20 has_ended "$second"
log=$(log_of "$second")
is "it saw one folder of tickets, its own" "$(sed -n 's/^folders //p' <<<"$log")" "$second-1"
is "and no ticket of the first, also not by way of its processes" "$(sed -n 's/^tickets //p' <<<"$log")" 0
is "nor their environment or memory" "$(sed -n 's/^bytes //p' <<<"$log")" 0
is "it is done, its ticket was good to the end" "$(status "$second")" "done"
is "its folders are gone" "$(ls /var/lib/weir-run | grep -x "$second"; ls -A /run/weir-job | grep "^$second")" ""

# --- its own ticket ---
cat >/srv/prying <<'END'
#!/bin/bash
# prying      a hook that wants its job's ticket
echo "as $(id -un), root's files are of $(stat -c %U /etc/passwd), $(touch "$WEIR_WORKSPACE/made" && echo works)"
echo "told ${P4TICKETS:-nothing}"
folder=/run/weir-job/$WEIR_JOB-1/secrets credential=/run/credentials/weir-job-$WEIR_JOB-1.service/p4-ticket
runner=$(tr -d '\0' <"/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/cgroup.procs" | head -1)
{
    for pid in self $PPID $runner; do
        cat /proc/$pid/environ /proc/$pid/root$folder/tickets /proc/$pid/root$credential
        python3 -c 'import re, sys
for line in open(f"/proc/{sys.argv[1]}/maps"):
    a, b = (int(x, 16) for x in line.split()[0].split("-"))
    with open(f"/proc/{sys.argv[1]}/mem", "rb") as memory:
        memory.seek(a); print(re.findall(rb"[0-9A-F]{32}", memory.read(b - a)))' $pid
    done
    umount $folder; umount -l $folder
    unshare --user --map-root-user --mount sh -c "umount $folder; umount -l $folder; umount -R /run; cat $folder/tickets $credential"
    nsenter --target $runner --user --mount --preserve-credentials cat $folder/tickets $credential
    cat $folder/tickets $credential
    find /run/weir-job /run/credentials /tmp /var/lib/weir-run -type f -readable -exec grep -aEo '[0-9A-F]{32}' {} +
} 2>/dev/null | grep -aEo '[0-9A-F]{32}' | sort -u | while read -r each; do printf %s "$each" | sha256sum; done | sed 's/^/found /'
p4 -ztag login -s 2>&1 | grep -q TicketExpiration && echo "p4 is logged in"
echo "in the hook"
END
chmod 755 /srv/prying
pry() { # the id of a job whose hook pries, when it has ended
    local id
    id=$(create /srv/prying)
    eventually 30 has_ended "$id" >/dev/null
    echo "$id"
}
sum=$(printf %s "$ticket" | sha256sum)
own=$(pry)
log=$(log_of "$own")
is "it is done" "$(status "$own")" "done"
like "a hook is who it should be, and may write" "$log" "^as weir-run, root's files are of nobody, works$"
like "it is not told where the ticket is" "$log" '^told nothing$'
is "nor does it find it" "$(grep "^found $sum" <<<"$log")" ""
is "nor is p4 logged in" "$(grep 'p4 is logged in' <<<"$log")" ""
mkdir -p /run/systemd/system/weir-job-.service.d
printf '[Service]\nRestrictNamespaces=yes\n' >/run/systemd/system/weir-job-.service.d/closed.conf
own=$(pry)
log=$(log_of "$own")
is "where no name space can be made, the hook runs all the same" "$(status "$own")" "done"
like "and that is said" "$log" "^No name space can be made here: the hook could read the job's ticket, /run/weir-job/$own-1/secrets/tickets$"
rm -r /run/systemd/system/weir-job-.service.d
sed -i 's/^jobs:.*/&\n  hooks_see_ticket: yes/' /etc/weir/weir.yaml
grep -q '^  hooks_see_ticket: yes' /etc/weir/weir.yaml || printf 'jobs:\n  hooks_see_ticket: yes\n' >>/etc/weir/weir.yaml
systemctl reload weir-jobd
own=$(pry)
log=$(log_of "$own")
like "where the site says so, it is told" "$log" "^told /run/weir-job/$own-1/secrets/tickets$"
like "finds it" "$log" "^found $sum"
like "and p4 is logged in" "$log" '^p4 is logged in$'
ok "the first can be cancelled" call CancelJob 'sa{sv}' "$first" 0
ok "and ends" eventually 30 has_ended "$first"
is "as cancelled" "$(status "$first")" cancelled
