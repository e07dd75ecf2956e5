#!/usr/bin/env bash
# The units as an administrator sees them: all well, sandboxed, readable in systemctl, busctl and the journal.
here=$(dirname "$(realpath "$0")")/..
. "$here/tap.sh"

is "no unit has failed" "$(systemctl --failed --plain --no-legend)" ""
for unit in weir.target weir-lockd.service weir-measure.timer weir-prune.timer weir-sync.path; do
    is "$unit is active" "$(systemctl is-active $unit)" active
done
is "weir-sync ran" "$(systemctl show -P Result -P ExecMainStatus weir-sync.service | tr '\n' ' ')" "success 0 "
is "the daemon runs as user weir" "$(systemctl show -P User weir-lockd.service)" weir
is "in weir's slice" "$(systemctl show -P ControlGroup weir-lockd.service)" /weir.slice/weir-lockd.service
like "with an empty set of capabilities" \
    "$(grep CapEff "/proc/$(systemctl show -P MainPID weir-lockd.service)/status")" '0000000000000000$'

timers=$(systemctl list-timers --no-pager 'weir-*')
like "list-timers shows the next measuring" "$timers" '^[A-Z][a-z]{2} 20.* weir-measure.timer +weir-measure.service'
like "and the next pruning" "$timers" ' weir-prune.timer +weir-prune.service'
like "measuring is every 6 hours by default" "$(systemctl show -P TimersCalendar weir-measure.timer)" '00/6:00:00'
is "and caught up when it was missed" "$(systemctl show -P Persistent weir-measure.timer)" yes

for file in /usr/lib/systemd/system/weir-*.service; do
    unit=$(basename "$file" | sed 's/@\./@demo./')
    level=$(systemd-analyze security --no-pager "$unit" 2>/dev/null | sed -n 's/.*exposure level for [^:]*: \([0-9.]*\).*/\1/p')
    ok "$unit is exposed ${level:-?}, 2.0 at most" awk "BEGIN {exit !(\"$level\" != \"\" && \"$level\" <= 2.0)}"
done
is "systemd-analyze verify has nothing to say" \
    "$(systemd-analyze verify --man=no /usr/lib/systemd/system/weir*.{service,timer,path,target,slice} 2>&1 | grep weir)" ""

# --- the bus: the XML is the contract ---
for file in /usr/share/dbus-1/system-services/org.weir.*.service; do
    name=$(basename "$file" .service)
    xml=/usr/share/dbus-1/interfaces/$name.xml
    object=/${name//.//}
    ok "$name answers on $object as its XML says" python3 "$here/compare-interface" "$xml" "$name" "$object"
done
like "arguments have names on the bus" \
    "$(busctl call org.weir.Locks1 /org/weir/Locks1 org.freedesktop.DBus.Introspectable Introspect)" 'name=.*resource'
like "a stopped lock manager is started by the first call" \
    "$(systemctl stop weir-lockd; busctl call org.weir.Locks1 /org/weir/Locks1 org.freedesktop.DBus.Peer Ping && systemctl is-active weir-lockd)" \
    active

# --- stopping and starting all of it ---
systemctl stop weir.target
is "stopping the target stops everything" "$(systemctl list-units --plain --no-legend --state=active 'weir-*.service' 'weir-*.timer' 'weir-*.path')" ""
ok "and starting it starts it again" systemctl start weir.target
ok "weir-measure.timer is back" eventually 5 systemctl is-active weir-measure.timer
