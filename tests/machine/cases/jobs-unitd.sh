#!/usr/bin/env bash
# weir-unitd by itself: who may call it, what it refuses, what the unit of a job is made of, where a secret is and is not, and that
# stopping leaves no process. The job's programs are stand-ins here.
here=$(dirname "$(realpath "$0")")/..
. "$here/tap.sh"
systemctl mask --quiet --runtime --now weir-jobd.service # it would end units that it knows nothing of
programs=/usr/lib/weir
secret=CANARY-7f3a91d2-ticket
bytes=$(printf %s "$secret" | od -An -v -tu1 | tr -s ' \n' ' ')

call() { busctl call org.weir.Units1 /org/weir/Units1 org.weir.Units1.Manager "$@"; }
launch() { # ID ATTEMPT [NUMBER-OF-LIMITS NAME TYPE VALUE…]
    local id=$1 attempt=$2
    shift 2
    call LaunchJob 'sua{sv}' "$id" "$attempt" "${@:-0}"
}
refused() { # NAME PATTERN COMMAND…: it fails, and says so
    local name=$1 pattern=$2 said
    shift 2
    if said=$("$@" 2>&1); then said="it was accepted: $said"; fi
    like "$name is refused" "$said" "$pattern"
}
unit_of() { echo "weir-job-$1-$2.service"; }
property() { systemctl show -P "$2" "$(unit_of $1)"; } # "ID ATTEMPT" PROPERTY
is_up() { [ "$(systemctl is-active "$(unit_of $1)")" = active ]; }
is_gone() { [ "$(systemctl show -P LoadState "$(unit_of $1)")" = not-found ]; }
log_of() { journalctl --sync; journalctl -q -o cat "WEIR_JOB=$1"; }
stand_in() { cat >"$programs/$1" && chmod 755 "$programs/$1"; }

stand_in weir-integrate <<'END'
#!/bin/sh
echo "runner $* as $(id -un):$(id -gn) in $(pwd) with $(umask)"
echo "secret $(sha256sum <"$CREDENTIALS_DIRECTORY/p4-ticket" 2>/dev/null)"
[ ! -e "$CREDENTIALS_DIRECTORY/p4-ticket" ] || install -m 600 "$CREDENTIALS_DIRECTORY/p4-ticket" "$RUNTIME_DIRECTORY/kept"
echo "runtime $(stat -c '%a %U' "$RUNTIME_DIRECTORY")"
for place in /usr /etc /var/lib/weir /srv /data /home /tmp /var/lib/weir-run "$RUNTIME_DIRECTORY"; do
    (: >"$place/probe") 2>/dev/null && echo "may write $place" || echo "may not write $place"
done
date -s @1 >/dev/null 2>&1 || echo "cannot clock"
modprobe dummy >/dev/null 2>&1 || insmod /dev/null >/dev/null 2>&1 || echo "cannot module"
hostname other 2>/dev/null || echo "cannot host"
mkdir /sys/fs/cgroup/other 2>/dev/null || echo "cannot control"
(echo 1 >/proc/sys/kernel/printk) 2>/dev/null || echo "cannot kernel"
unshare --mount true 2>/dev/null || echo "cannot mount"
/usr/lib/weir/spawn "$1" # what a hook may leave behind
python3 -c 'import os, socket; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.sendto(b"STATUS=stage SYNC", os.environ["NOTIFY_SOCKET"])
import time; time.sleep(60)' & # not the main process
exec python3 -c 'import os, socket, time; s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"STATUS=stage INTEGRATE", os.environ["NOTIFY_SOCKET"]); time.sleep(600)'
END
stand_in weir-finish <<'END'
#!/usr/bin/env python3
import hashlib, os, socket, sys, time
print("finish", *sys.argv[1:], "after", *(os.environ.get(n) for n in ("SERVICE_RESULT", "EXIT_CODE", "EXIT_STATUS")))
kept = os.environ["RUNTIME_DIRECTORY"] + "/kept"
if os.path.exists(kept):
    print("finish has the secret", hashlib.sha256(open(kept, "rb").read()).hexdigest(), "-")
sys.stdout.flush()
if os.path.exists("/srv/slow-finish"):
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"EXTEND_TIMEOUT_USEC=30000000", os.environ["NOTIFY_SOCKET"])
    time.sleep(2.5)
    print("finish was patient")
END
stand_in spawn </dev/null
mkdir -p /data/ws
chmod 777 /srv /data

# --- who may ---
as() { runuser -u "$1" -- busctl call org.weir.Units1 /org/weir/Units1 org.weir.Units1.Manager DropCredential s x; }
ok "root may call it" as root
ok "user weir may" as weir
refused "anybody else, by the bus itself," 'denied' as nobody
refused "user weir-run" 'denied' as weir-run
cat >/etc/dbus-1/system.d/open.conf <<'END'
<busconfig><policy context="mandatory"><allow send_destination="org.weir.Units1"/></policy></busconfig>
END
systemctl reload dbus
like "anybody else, where the bus lets him through, is refused by the daemon" "$(runuser -u nobody -- dbus-send --system --print-reply \
    --dest=org.weir.Units1 /org/weir/Units1 org.weir.Units1.Manager.DropCredential string:x 2>&1)" 'AccessDenied: Only root and the user weir'
rm /etc/dbus-1/system.d/open.conf
systemctl reload dbus

# --- what is refused ---
for id in '' INT-20261121 INT-20261121-01 INT-2026112-001 int-20261121-001 'INT-20261121-001 ' INT-20261121-001.service \
    '../../INT-20261121-001' 'INT-20261121-001/x' INT-20261121-0001 "INT-20261121-$(printf '1%.0s' {1..300})" $'INT-20261121-001\n' '%n'; do
    refused "id \"$(printf %q "${id:0:40}")\"" 'A job is INT-YYYYMMDD-NNN' launch "$id" 1
    refused "stopping \"$(printf %q "${id:0:40}")\"" 'A job is INT-YYYYMMDD-NNN' call StopJob sub "$id" 1 false
done
for attempt in 0 100 4294967295; do
    refused "attempt $attempt" 'from 1 to 99' launch INT-20261121-001 $attempt
done
refused "too little memory" 'MemoryMax must be from 1048576' launch INT-20261121-001 1 1 MemoryMax t 4096
refused "too much weight" 'CPUWeight must be from 1 to 10000' launch INT-20261121-001 1 1 CPUWeight t 10001
refused "too much weight" 'IOWeight must be from 1 to 10000' launch INT-20261121-001 1 1 IOWeight t 18446744073709551615
refused "too few tasks" 'TasksMax must be from 8' launch INT-20261121-001 1 1 TasksMax t 1
refused "a stop time-out of a week" 'stop_timeout_usec must be' launch INT-20261121-001 1 1 stop_timeout_usec t 604800000000
refused "a limit that is no number" 'MemoryMax: a value of type' launch INT-20261121-001 1 1 MemoryMax s lots
for name in ExecStart User Environment BindPaths memorymax; do
    refused "a limit called $name" "There is no limit called $name" launch INT-20261121-001 1 1 $name s x
done
for name in '' . .. ../shadow /etc/shadow a/b a.b 'a b' ä "$(printf 'x%.0s' {1..65})"; do
    refused "credential \"${name:0:20}\"" 'letters, digits and hyphens' call StoreCredential say "$name" 1 65
    refused "dropping \"${name:0:20}\"" 'letters, digits and hyphens' call DropCredential s "$name"
    [ -z "$name" ] || refused "a job with credential \"${name:0:20}\"" 'letters, digits and hyphens' \
        launch INT-20261121-001 1 1 credential s "$name"
done
refused "an empty secret" 'from 1 to 4096' call StoreCredential say empty 0
refused "a secret of 4097 bytes" 'from 1 to 4096' call StoreCredential say long 4097 $(printf '65 %.0s' {1..4097})
refused "a credential that was never stored" 'There is no credential called nothing' launch INT-20261121-001 1 1 credential s nothing
is "nothing was started" "$(systemctl list-units --all --plain --no-legend 'weir-job-*')" ""
is "nothing was stored" "$(ls -A /var/lib/weir-credentials)" ""

# --- the secret at rest ---
ok "a secret of 4096 bytes is stored" call StoreCredential say long 4096 $(printf '65 %.0s' {1..4096})
ok "and dropped" call DropCredential s long
ok "dropping it again is fine" call DropCredential s long
ok "a secret is stored" call StoreCredential say INT-20261121-001 ${#secret} $bytes
ok "and replaced" call StoreCredential say INT-20261121-001 ${#secret} $bytes
is "its file is root's alone" "$(stat -c '%a %U' /var/lib/weir-credentials /var/lib/weir-credentials/*)" $'700 root\n600 root'

# --- the unit ---
job="INT-20261121-001 1"
like "a job is launched" "$(launch $job 6 MemoryMax t 104857600 CPUWeight t 50 IOWeight t 20 TasksMax t 64 \
    stop_timeout_usec t 7000000 credential s INT-20261121-001)" '^o "/org/freedesktop/systemd1/job/[0-9]+"$'
ok "it runs" eventually 5 is_up "$job"
while read -r name value; do
    is "$name is $value" "$(property "$job" "$name")" "$value"
done <<END
Type exec
User weir-run
Group weir-run
Slice weir-jobs.slice
ControlGroup /weir.slice/weir-jobs.slice/weir-job-INT-20261121-001-1.service
WorkingDirectory /var/lib/weir-run
RuntimeDirectory weir-job/INT-20261121-001-1
RuntimeDirectoryMode 0700
StateDirectory weir-run
CollectMode inactive-or-failed
KillMode control-group
SendSIGKILL yes
OOMPolicy stop
NotifyAccess exec
TimeoutStopUSec 7s
RuntimeMaxUSec infinity
Restart no
MemoryMax 104857600
CPUWeight 50
IOWeight 20
TasksMax 64
LogExtraFields WEIR_JOB=INT-20261121-001
LogRateLimitIntervalUSec 1s
LogRateLimitBurst 2000000000
Environment
NoNewPrivileges yes
CapabilityBoundingSet
AmbientCapabilities
ProtectSystem strict
ProtectHome yes
PrivateTmp yes
PrivateUsers yes
ProtectProc invisible
LimitCORE 0
LimitCORESoft 0
RestrictRealtime yes
RestrictSUIDSGID yes
LockPersonality yes
MemoryDenyWriteExecute no
END
like "its credential is read by PID 1" "$(cat /run/systemd/transient/"$(unit_of $job)")" \
    '^LoadCredentialEncrypted=p4-ticket:/var/lib/weir-credentials/INT-20261121-001$'
systemctl daemon-reload # reads the unit's file: all of it must be understood
like "it executes the runner" "$(property "$job" ExecStart)" "argv\\[\\]=$programs/weir-integrate INT-20261121-001 1 ;"
like "and weir-finish afterwards, also after a reload" "$(property "$job" ExecStopPost)" "argv\\[\\]=$programs/weir-finish INT-20261121-001 1 ;"
ok "its status is what the runner says" eventually 5 sh -c '[ "$(systemctl show -P StatusText weir-job-INT-20261121-001-1)" = "stage INTEGRATE" ]'
refused "a second unit of that attempt" 'already (loaded|exists)|was already' launch $job
log=$(log_of INT-20261121-001)
like "the runner is told what to do, and runs as weir-run" "$log" '^runner INT-20261121-001 1 as weir-run:weir-run in /var/lib/weir-run with 0022'
is "it has the secret" "$(sed -n 's/^secret //p' <<<"$log")" "$(printf %s "$secret" | sha256sum)"
like "its runtime directory is its own" "$log" '^runtime 700 weir-run$'
is "what it may write" "$(sed -n 's/^may write //p' <<<"$log" | tr '\n' ' ')" \
    "/srv /tmp /var/lib/weir-run /run/weir-job/INT-20261121-001-1 "
is "nor may it load modules, set the clock, or gain rights" "$(sed -n 's/^cannot //p' <<<"$log" | tr '\n' ' ')" "clock module host control kernel mount "
is "its /tmp is not ours" "$(ls /tmp/probe 2>/dev/null)" ""

# --- the secret is nowhere else ---
journalctl --sync
systemctl show "$(unit_of $job)" >/run/shown
busctl introspect --full org.freedesktop.systemd1 "/org/freedesktop/systemd1/unit/weir_2djob_2dINT_2d20261121_2d001_2d1_2eservice" >>/run/shown
nowhere() { ! grep -a -l -r -e "$secret" -e "$(printf %s "$secret" | base64)" "$@" 2>/dev/null; }
ok "the secret is not in transient units or other state of systemd" nowhere /run/systemd/transient /run/systemd/units /var/lib/systemd
ok "not in a property" nowhere /run/shown
ok "not at rest" nowhere /var/lib/weir-credentials /var/lib/weir /etc
ok "not in arguments or environments" nowhere /proc/[0-9]*/cmdline /proc/[0-9]*/environ
ok "not in the journal" sh -c "! journalctl -q --all -o export | grep -a -q '$secret'"
ok "another user cannot read it" sh -c '! runuser -u nobody -- cat /run/credentials/weir-job-INT-20261121-001-1.service/p4-ticket'

# --- stopping ---
ok "a stop" call StopJob sub $job false
ok "ends the unit, and nothing is left of it" eventually 5 is_gone "$job"
log=$(log_of INT-20261121-001)
like "weir-finish ran and knew how it ended" "$log" '^finish INT-20261121-001 1 after success killed TERM$'
is "with the copy of the secret that the runner kept" "$(sed -n 's/^finish has the secret //p' <<<"$log")" "$(printf %s "$secret" | sha256sum | tr -s ' ')"
ok "the copy is gone" sh -c '! ls /run/weir-job/INT-20261121-001-1'
ok "stopping what is gone is fine" call StopJob sub $job false
ok "at once, too" call StopJob sub $job true
ok "and what never was" call StopJob sub INT-20261121-999 99 true

# A hook that wants to survive: sessions and parents of its own, deaf to TERM.
stand_in spawn <<'END'
#!/usr/bin/env python3
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for how in ("setsid", "fork", "both"):
    if os.fork() == 0:
        if how != "fork":
            os.setsid()
        if how == "both" and os.fork():
            os._exit(0)
        os.dup2(os.open("/dev/null", os.O_RDWR), 1)
        open(f"/var/lib/weir-run/{sys.argv[1]}.{how}", "w").write(f"{os.getpid()}\n")
        time.sleep(600)
        os._exit(0)
END
pids_of() { cat /var/lib/weir-run/"$1".*; }
alive() { local pid; for pid in $(pids_of "$1"); do [ ! -d "/proc/$pid" ] || return 0; done; return 1; }
dead() { ! alive "$1"; }
spawned() { [ "$(pids_of "$1" 2>/dev/null | wc -w)" = 3 ] && alive "$1"; }
ms() { echo $(($(date +%s%N) / 1000000)); }

launch INT-20261121-002 1 1 stop_timeout_usec t 1000000 >/dev/null
ok "a hook leaves processes behind" eventually 5 spawned INT-20261121-002
call StopJob sub INT-20261121-002 1 false
ok "gracefully stopped: all of them are gone after the time-out" eventually 4 is_gone "INT-20261121-002 1"
ok "and dead" dead INT-20261121-002
like "finish knew" "$(log_of INT-20261121-002)" '^finish INT-20261121-002 1 after (timeout killed KILL|success killed TERM|timeout killed TERM)$'

dbus-monitor --system "member='KillUnit'" >/srv/kills 2>&1 &
monitor=$!
launch INT-20261121-003 1 1 stop_timeout_usec t 60000000 >/dev/null
ok "another one" eventually 5 spawned INT-20261121-003
began=$(ms)
call StopJob sub INT-20261121-003 1 true
while alive INT-20261121-003 && [ $(($(ms) - began)) -lt 5000 ]; do sleep 0.01; done
took=$(($(ms) - began))
ok "stopped at once: dead within 250 ms ($took)" test $took -le 250
ok "and the unit is gone" eventually 5 is_gone "INT-20261121-003 1"
like "finish ran" "$(log_of INT-20261121-003)" '^finish INT-20261121-003 1 after signal killed KILL$'
is "the kernel killed the cgroup, PID 1 was not asked to" "$(grep -c member=KillUnit /srv/kills)" 0

launch INT-20261121-004 1 1 stop_timeout_usec t 60000000 >/dev/null
ok "one that will hang in stopping" eventually 5 spawned INT-20261121-004
call StopJob sub INT-20261121-004 1 false
ok "does hang" eventually 3 sh -c '[ "$(systemctl show -P SubState weir-job-INT-20261121-004-1)" = final-sigterm ]'
call StopJob sub INT-20261121-004 1 true
ok "a stop at once takes over" eventually 3 is_gone "INT-20261121-004 1"

stand_in spawn </dev/null
touch /srv/slow-finish
launch INT-20261121-005 1 1 stop_timeout_usec t 1000000 >/dev/null
ok "one whose end takes time" eventually 5 is_up "INT-20261121-005 1"
call StopJob sub INT-20261121-005 1 false
eventually 3 sh -c '[ "$(systemctl show -P SubState weir-job-INT-20261121-005-1)" = stop-post ]'
call StopJob sub INT-20261121-005 1 true
call StopJob sub INT-20261121-005 1 true
ok "ends" eventually 10 is_gone "INT-20261121-005 1"
like "weir-finish may ask for more time than the time-out, and no stop kills it" "$(log_of INT-20261121-005)" '^finish was patient$'
rm /srv/slow-finish

# --- systemd-creds hangs: nobody else waits for it ---
mkdir -p /srv/hang /run/systemd/system/weir-unitd.service.d
printf '#!/bin/sh\necho "no entropy" >&2\nsleep 600\n' >/srv/hang/systemd-creds
chmod 755 /srv/hang/systemd-creds
printf '[Service]\nEnvironment=PATH=/srv/hang:/usr/bin\n' >/run/systemd/system/weir-unitd.service.d/hang.conf
systemctl daemon-reload
systemctl restart weir-unitd
launch INT-20261121-007 1 >/dev/null
ok "a job runs" eventually 5 is_up "INT-20261121-007 1"
call StoreCredential say hangs ${#secret} $bytes >/srv/said 2>&1 &
storing=$!
ok "a secret is being encrypted" eventually 3 pgrep -f '^/bin/sh /srv/hang/systemd-creds encrypt'
began=$(ms)
call StopJob sub INT-20261121-007 1 true
took=$(($(ms) - began))
ok "the job is stopped meanwhile, without waiting ($took ms)" test $took -le 1000
ok "and gone" eventually 5 is_gone "INT-20261121-007 1"
wait $storing
like "who stored the secret is told why not, after a while" "$(cat /srv/said)" 'The credential could not be kept: systemd-creds: no entropy'
fails "nothing of it is left" any pgrep -f '^/bin/sh /srv/hang/systemd-creds'
is "nor stored" "$(ls /var/lib/weir-credentials | grep hangs)" ""
rm -r /run/systemd/system/weir-unitd.service.d
systemctl daemon-reload
systemctl restart weir-unitd

# --- a site's own drop-in ---
mkdir -p /etc/systemd/system/weir-job-.service.d
printf '[Service]\nReadWritePaths=/data\n' >/etc/systemd/system/weir-job-.service.d/workspaces.conf
launch INT-20261121-006 1 >/dev/null
ok "a job without a credential runs" eventually 5 is_up "INT-20261121-006 1"
like "a drop-in for all jobs opens workspaces elsewhere" "$(eventually 3 sh -c 'journalctl -q -o cat WEIR_JOB=INT-20261121-006 | grep may.write./data' &&
    log_of INT-20261121-006)" '^may write /data$'

printf '[Service]\nSlice=system.slice\n' >/etc/systemd/system/weir-job-.service.d/slice.conf
launch INT-20261121-008 1 >/dev/null
ok "a drop-in moves jobs to another slice" eventually 5 sh -c 'systemctl show -P ControlGroup weir-job-INT-20261121-008-1 | grep ^/system.slice/'
call StopJob sub INT-20261121-008 1 true
ok "it is stopped at once there, too" eventually 3 is_gone "INT-20261121-008 1"
ok "by PID 1" grep -q member=KillUnit /srv/kills
kill $monitor
rm /etc/systemd/system/weir-job-.service.d/slice.conf

# --- the daemon dies ---
systemctl kill -s KILL weir-unitd
ok "the daemon is back after kill -9" eventually 5 call DropCredential s x
ok "the job did not notice" is_up "INT-20261121-006 1"
ok "and can be stopped" call StopJob sub INT-20261121-006 1 true
ok "it is gone" eventually 5 is_gone "INT-20261121-006 1"
for n in 1 2 3; do launch INT-20261121-01$n 1 >/dev/null; done
systemctl stop weir-jobs.slice
ok "stopping the slice ends every job" sh -c '[ -z "$(systemctl list-units --plain --no-legend --state=active "weir-job-*")" ]'

# --- the daemon itself ---
ok "the bus says what the XML says" python3 "$here/compare-interface" /usr/share/dbus-1/interfaces/org.weir.Units1.xml org.weir.Units1 /org/weir/Units1
pid=$(systemctl show -P MainPID weir-unitd)
is "it is root without capabilities" "$(awk '/^(Uid|CapEff|CapBnd|CapPrm):/ {printf "%s ", $2}' "/proc/$pid/status")" \
    "0 0000000000000000 0000000000000000 0000000000000000 "
fails "and without a network" any nsenter --target "$pid" --net -- ip -4 route get 1.1.1.1
fails "and cannot write /etc" any nsenter --target "$pid" --mount -- touch /etc/here
is "no database, no JSON, no YAML" "$(ldd $programs/weir-unitd | grep -Eo 'sqlite|json|yaml|ssh')" ""
