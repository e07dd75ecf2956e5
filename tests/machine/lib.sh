# What `run`, `keeper` and `boot` share: where machines keep their state, their cgroups, and the way in.
# The state of a machine is the folder $MACHINES/ID; its `lock` is held by the keeper for as long as the machine
# lives, so a folder whose lock is free is a leftover.

TOP=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
B=${B:-build/debug}
case $B in /*) ;; *) B=$TOP/$B ;; esac
MACHINES=${MACHINES:-/run/weir-machine}
RESULTS=${RESULTS:-$TOP/build/results}
CACHE=$TOP/build/machine
export B RESULTS

# --- cgroups: one folder per machine and hierarchy ---------------------------------------------------------------

# The mount points of every cgroup hierarchy (one on a pure cgroup2 system, a dozen on a hybrid one).
hierarchies() { awk '{for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5}' /proc/self/mountinfo; }

# Moves the calling process. A run that cleans up may remove the folder while it is still empty: hence the repeats.
join_cgroups() { # NAME
    local top group
    for top in $(hierarchies); do
        group=$top/$1
        for _ in 1 2 3 4 5; do
            mkdir -p "$group" 2>/dev/null
            if [ -e "$group/cpuset.cpus" ] && [ -e "$top/cgroup.clone_children" ]; then # v1: empty until it is set
                cat "$top/cpuset.cpus" >"$group/cpuset.cpus"
                cat "$top/cpuset.mems" >"$group/cpuset.mems"
            fi
            echo 0 2>/dev/null >"$group/cgroup.procs" && break
        done
    done
}

# Kills what is left in the groups and removes them. rmdir fails while a process is still on its way out.
remove_cgroups() { # NAME
    local top group
    for top in $(hierarchies); do
        group=$top/$1
        [ -d "$group" ] || continue
        [ ! -e "$group/cgroup.kill" ] || echo 1 >"$group/cgroup.kill"
        for _ in $(seq 100); do
            find "$group" -depth -type d -exec rmdir {} + 2>/dev/null
            [ -d "$group" ] || break
            sleep 0.02
        done
    done
}

# Groups of machines whose every process was killed. One with a process anywhere is somebody's, also its groups that are empty for now: a
# systemd that has just made some would fail.
remove_empty_cgroups() {
    local top group
    for top in $(hierarchies); do
        for group in "$top"/weir-machine-*/; do
            [ -d "$group" ] && [ -z "$(find "$group" -name cgroup.procs -exec cat {} + 2>/dev/null)" ] || continue
            find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true
        done
    done
}

# --- state ---------------------------------------------------------------------------------------------------------

new_state() { # [ID] -> sets state, lock
    mkdir -p "$MACHINES"
    exec {guard}>"$MACHINES/.guard"
    flock "$guard"
    remove_leftovers
    if [ -n "${1:-}" ]; then
        state=$MACHINES/$1
        mkdir "$state" 2>/dev/null || { echo "$0: a machine $1 runs already" >&2; exit 75; }
    else
        state=$(mktemp -d "$MACHINES/XXXXXX")
        chmod 755 "$state"
    fi
    exec {lock}>"$state/lock"
    flock "$lock"
    exec {guard}>&-
}

discard_state() { # STATE
    local file name
    for file in "$1"/host*.cgroup; do
        [ ! -e "$file" ] || { read -r name <"$file" && remove_cgroups "$name"; }
    done
    rm -rf --one-file-system "$1"
}

remove_leftovers() {
    local left
    for left in "$MACHINES"/*/; do
        [ -e "$left/lock" ] && flock -n "$left/lock" true && discard_state "${left%/}"
    done
    remove_empty_cgroups
}

list_kept() {
    local state
    for state in "$MACHINES"/*/; do
        [ -e "$state/host1.pid" ] && ! flock -n "$state/lock" true && basename "$state"
    done
    return 0
}

stop_kept() { # ID | all
    local id pid
    for id in $([ "$1" = all ] && list_kept || echo "$1"); do
        pid=$(cat "$MACHINES/$id/keeper.pid" 2>/dev/null) || { echo "no machine $id" >&2; return 69; }
        kill "$pid"
        while [ -e "$MACHINES/$id" ]; do sleep 0.05; done
    done
}

# Everything in it stands still, its disk is cut off where it is (see keeper), and then it dies. Its end alone would be no power failure: to
# unmount a disk is to write what waits.
reset_kept() { # ID
    local state=$MACHINES/$1 pid keeper
    expect_again "$1" || return
    read -r pid <"$state/host1.pid"
    read -r keeper <"$state/keeper.pid"
    freeze_cgroup "weir-machine-$1-1"
    nsenter --mount --target "$keeper" sh -c '[ ! -e "$1/image" ] || exec python3 "$2" "$1/disk"' - "$state/room1" \
        "$(dirname "${BASH_SOURCE[0]}")/cut-power" || return 70
    kill -KILL "$pid"
    await_again
}

reboot_kept() { # ID
    expect_again "$1" || return
    { (exec_inside "$MACHINES/$1" 1 systemctl reboot); } >/dev/null 2>&1 || true # it may end with the machine
    await_again
}

expect_again() { # ID -> sets ready; the keeper is told that the machine shall come back
    [ -s "$MACHINES/$1/host1.pid" ] || { echo "no machine $1" >&2; return 69; }
    exec {ready}<>"$MACHINES/$1/ready"
    : >"$MACHINES/$1/reset"
}
await_again() {
    local word
    read -r -t 60 word <&$ready && [ "$word" = ready ] || { echo "the machine did not come back: ${word:-}" >&2; return 70; }
    exec {ready}<&-
}

freeze_cgroup() { # NAME
    local group
    for group in $(hierarchies); do
        group=$group/$1
        [ -e "$group/cgroup.freeze" ] || continue
        echo 1 >"$group/cgroup.freeze"
        for _ in $(seq 200); do
            grep -qx 'frozen 1' "$group/cgroup.events" && break
            sleep 0.01
        done
    done
}

show_console() { tail -n 30 "$1"/keeper.log "$1"/host*.console 2>/dev/null; }

# --- what several machines share -------------------------------------------------------------------------------------

# Builds weir and the stand-in; makes the root of the sample server, once for each version of the stand-in.
prepare() { # sets SERVER_ROOT
    mkdir -p "$CACHE" "$RESULTS"
    exec {guard}>"$CACHE/lock"
    flock "$guard"
    make --no-print-directory -s -C "$TOP" programs B="$B" >&2
    SERVER_ROOT=$CACHE/sample-$(version_of_server)
    [ -d "$SERVER_ROOT" ] || make_server_root >"$CACHE/sample.log" 2>&1 ||
        { cat "$CACHE/sample.log" >&2; echo "$0: the sample depot cannot be made" >&2; exit 70; }
    exec {guard}>&-
    export SERVER_ROOT
}

version_of_server() {
    find "$TOP/tests/perforce" -type f -not -name '*.pyc' -not -name 'test_*' -print0 | sort -z | xargs -0 cat | sha256sum | head -c 16
}

make_server_root() { # && throughout: set -e does not hold in a function that is asked whether it succeeded
    find "$CACHE" -maxdepth 1 -name 'sample-*' -mmin +1440 -exec rm -rf {} +
    rm -rf "$SERVER_ROOT.part" &&
        PATH=$B:$PATH unshare --net --fork --kill-child bash -ec 'ip link set lo up; exec "$0" "$1"' \
            "$TOP/tests/perforce/sample" "$SERVER_ROOT.part" {guard}>&- &&
        mv "$SERVER_ROOT.part" "$SERVER_ROOT"
}

# --- the way in ----------------------------------------------------------------------------------------------------

# Enters every namespace of the machine's PID 1, becomes a scope of its systemd (so that units, locks and polkit see
# a process of the machine) and turns into COMMAND with a clean environment and default signals.
exec_inside() { # STATE HOST COMMAND…
    local state=$1 n=$2 pid group top
    shift 2
    read -r pid <"$state/host$n.pid"
    read -r group <"$state/host$n.cgroup"
    for top in $(hierarchies); do # cgroup2 has init.scope by now, and only leaves take processes there
        { echo 0 >"$top/$group/init.scope/cgroup.procs" || echo 0 >"$top/$group/cgroup.procs"; } 2>/dev/null || true
    done
    exec nsenter --all --target "$pid" --wdns=/ -- env -i --default-signal=INT,QUIT TERM="${TERM:-dumb}" \
        systemd-run --quiet --scope --collect -- /run/host/inside/command "$PWD" "$@"
}
