"""Scenarios: the commands of the site, good and bad."""
import json
import os
from pathlib import Path

from jobs import Job, create, nothing_left, processes_in, submitted_once, weirctl
from perforce import ROOM, Pair, content, described, p4, run
from scenario import Gate, make_program, scenario
from tap import equal, eventually, holds


def ready(tag: str) -> Pair:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    return pair


@scenario("hooks run in their stages and order, with placeholders filled as whole arguments, and know no credential")
def all_hooks(tag: str) -> None:
    pair, out = ready(tag), ROOM / "out" / tag
    tell = make_program(f"tell-{tag}", f'#!/bin/sh\n{{ echo "$WEIR_STAGE:$*"; env >>{out}.env; }} >>{out}; pwd >>{out}.pwd; cat >/dev/null\n')
    names = ("sync", "update_component", "pre_submit", "build", "name_check")
    job = create(stream=pair.dev, hooks={n: [tell, n, "{changelist}", "{client}", "{workspace}", "{source_changelist}", "{job}", "x{job}"]
                                         for n in names})
    fields = job.done()
    rows = out.read_text().splitlines()
    equal([row.split()[0] for row in rows],
          ["SYNC:sync", "UPDATE_COMPONENT:update_component", "PRE_SUBMIT:pre_submit", "BUILD:build", "SHELVE:name_check"], "hooks")
    words = rows[3].split()
    equal(words[2:], [f"weir-{job}", f"/var/lib/weir-run/{job}", str(fields["source_changelist"]), job.id, "x{job}"], "what they are told")
    holds(words[1].isdigit(), f"{words[1]} is a changelist")
    equal(set(Path(f"{out}.pwd").read_text().split()), {f"/var/lib/weir-run/{job}"}, "where they run")
    environment = Path(f"{out}.env").read_text()
    holds(f"WEIR_JOB={job}" in environment and "WEIR_STAGE=BUILD" in environment, "the job's fields are in the environment")
    for name in ("CREDENTIALS_DIRECTORY", "P4TICKETS", "P4PASSWD", "NOTIFY_SOCKET"):
        holds(f"\n{name}=" not in f"\n{environment}", f"{name} is in the environment")


def tickets_for_hooks() -> str:
    """A site may give its hooks a ticket of their own."""
    path = ROOM / "tickets-hooks"
    if not path.exists():
        path.write_bytes(Path("/root/.p4tickets").read_bytes())
        path.chmod(0o644)
    return str(path)


@scenario("a hook opens and changes files: they are part of the changelist")
def hook_edits(tag: str) -> None:
    pair = ready(tag)
    script = make_program(f"edit-{tag}", f'''#!/bin/sh -e
export P4TICKETS={tickets_for_hooks()}
p4 edit a.txt
echo "made by $WEIR_JOB" >>a.txt
echo new >new.txt
p4 add new.txt
''')
    job = create(stream=pair.dev, hooks={"pre_submit": [script]})
    fields = job.done()
    equal([content(f"{pair.main}/{name}.txt") for name in ("a", "new")], [f"x\nmade by {job}\n", "new\n"], "the files")
    submitted_once(job, fields["changelist"])


@scenario("a hook fails: failed with its status, nothing submitted")
def hook_fails(tag: str) -> None:
    pair = ready(tag)
    job = create(stream=pair.dev, hooks={"build": ["sh", "-c", "echo all is lost; exit 3"]})
    job.failed("hook build failed (exit 3)")
    holds("all is lost" in job.log(), "what it printed is in the log")
    equal(content(f"{pair.main}/a.txt").split()[0], "a", "the parent's file")
    nothing_left(job)


@scenario("a hook dies by a signal; one that is not there: failed with that reason")
def hook_dies(tag: str) -> None:
    pair = ready(tag)
    job = create(stream=pair.dev, hooks={"build": ["sh", "-c", "kill -SEGV $$"]})
    job.failed("hook build failed (signal 11)")
    nothing_left(job)
    job = create(stream=pair.dev, hooks={"pre_submit": ["/nowhere/make"]})
    job.failed("hook pre_submit failed (cannot start)")
    nothing_left(job)


@scenario("a hook hangs: failed by the job's timeout")
def hook_hangs(tag: str) -> None:
    job = create(stream=ready(tag).dev, hooks={"build": ["sleep", "600"]}, limits={"timeout": 2})
    job.failed("timeout", seconds=20)
    nothing_left(job)


DAEMON = """#!/usr/bin/python3
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.dup2(os.open("/dev/null", os.O_RDWR), 1)
        os.dup2(1, 2)
        open(sys.argv[1], "w").write(f"{os.getpid()}\\n")
        time.sleep(600)
    os._exit(0)
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
"""


@scenario("a hook leaves a daemon that ignores TERM: the job is done, the daemon is gone")
def hook_daemon(tag: str) -> None:
    program, out = make_program(f"daemon-{tag}", DAEMON), ROOM / "out" / tag
    job = create(stream=ready(tag).dev, hooks={"build": [program, str(out)]}, limits={"stop_timeout": 1})
    submitted_once(job, job.done()["changelist"])
    pid = int(out.read_text())
    eventually(lambda: not os.path.exists(f"/proc/{pid}"), 5, "the daemon is gone")
    nothing_left(job)


@scenario("a hook fills its output and reads its input: nothing hangs")
def hook_output(tag: str) -> None:
    job = create(stream=ready(tag).dev, hooks={"build": ["sh", "-c", "cat; seq 5000; seq 5000 >&2; printf 'no end of line'"]})
    job.done()
    log = job.log().splitlines()
    equal([log.count("5000"), "no end of line" in log], [2, True], "what arrived")


@scenario("name check: takes files out, in as many passes as it needs")
def name_check(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"good.txt": "x\n", "BAD1.txt": "x\n", "BAD2.txt": "x\n"})
    check = make_program(f"check-{tag}", "#!/bin/sh\ngrep -m1 BAD || true\n")
    job = create(stream=pair.dev, hooks={"name_check": [check]})
    fields = job.done()
    equal(list(described(fields["changelist"])), [f"{pair.main}/good.txt"], "what was submitted")
    nothing_left(job)


@scenario("name check that always finds something: failed after its passes")
def name_check_for_ever(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({f"BAD{n}.txt": "x\n" for n in range(8)})
    check = make_program(f"check-{tag}", "#!/bin/sh\ngrep -m1 BAD || true\n")
    job = create(stream=pair.dev, hooks={"name_check": [check]})
    job.failed("hook name_check still reports files")
    nothing_left(job)


@scenario("push hook: it submits, and the job knows the changelist")
def push_hook(tag: str) -> None:
    pair = ready(tag)
    script = make_program(f"push-{tag}", f'#!/bin/sh\nP4TICKETS={tickets_for_hooks()} exec p4 submit -e "$1"\n')
    job = create(stream=pair.dev, hooks={"push": [script, "{changelist}"]})
    submitted_once(job, job.done()["changelist"])
    nothing_left(job)


@scenario("trial: ends with the shelf, submits nothing, and says so")
def trial(tag: str) -> None:
    pair = ready(tag)
    job = create(stream=pair.dev, trial=True)
    fields = job.done()
    holds(fields.get("shelf") and not fields.get("changelist"), f"shelf {fields.get('shelf')}, changelist {fields.get('changelist')}")
    holds("Trial" in fields["status_text"] or "Trial" in job.log(), "it says so")
    shelved = p4("describe", "-S", "-s", str(fields["shelf"]))[0]
    equal(shelved.get("depotFile0"), f"{pair.main}/a.txt", "the shelf")
    equal(content(f"{pair.main}/a.txt").split()[0], "a", "the parent's file")
    client = f"weir-{job}"
    nothing_left(job, client, but=("changelist ", "client "))
    p4("shelve", "-d", "-c", str(fields["shelf"]), client=client)
    p4("change", "-d", str(fields["shelf"]), client=client)
    p4("client", "-d", client)


# --- ends from outside -----------------------------------------------------------------------------------------------------------

@scenario("cancelled while a hook runs: by name, all processes gone, nothing submitted")
def cancel_running(tag: str) -> None:
    pair, gate = ready(tag), Gate(tag)
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    unit = job.unit()
    holds(processes_in(unit), "it has processes")
    weirctl("cancel", job.id)
    equal(job.cancelled()["cancelled_by"], "root", "cancelled_by")
    eventually(lambda: not processes_in(unit), 2, "weir-finish, which has told it, is gone, too", pause=0.01)
    nothing_left(job)


@scenario("systemctl stop by an administrator: cancelled, and recorded as that")
def systemctl_stop(tag: str) -> None:
    gate = Gate(tag)
    job = create(stream=ready(tag).dev, hooks={"build": gate.command})
    gate.reached()
    run(["systemctl", "stop", job.unit()])
    job.cancelled("systemctl")
    nothing_left(job)


@scenario("systemctl status shows the stage; the log has stages and commands as fields")
def status_line(tag: str) -> None:
    gate = Gate(tag)
    job = create(stream=ready(tag).dev, hooks={"build": gate.command})
    gate.reached()
    holds("BUILD" in run(["systemctl", "show", "-P", "StatusText", job.unit()]).stdout.decode(), "the unit's status text")
    gate.open()
    job.done()
    rows = [json.loads(row) for row in run(["journalctl", "-q", "-o", "json", f"WEIR_JOB={job}"]).stdout.splitlines()]
    stages = {row.get("WEIR_STAGE") for row in rows}
    holds({"INIT", "INTEGRATE", "BUILD", "SHELVE", "P4PUSH"} <= stages, f"stages in the journal: {stages}")
    logged = run(["journalctl", "-q", "-o", "json", f"WEIR_JOB={job}", "WEIR_STAGE=P4PUSH"]).stdout.decode()
    holds('"WEIR_COMMAND"' in logged and '"WEIR_EXIT"' in logged, "p4 commands are in the journal")
    holds("hook build" in weirctl("logs", job.id), "weirctl logs shows them")


@scenario("a failed job is repeated: a new job with the same specification, retry_of set")
def retry(tag: str) -> None:
    pair = ready(tag)
    script = make_program(f"once-{tag}", f"#!/bin/sh\n[ -e {ROOM}/out/{tag} ] || {{ touch {ROOM}/out/{tag}; exit 1; }}\n")
    first = create(stream=pair.dev, hooks={"build": [script]})
    first.failed("hook build failed (exit 1)")
    again = Job(json.loads(weirctl("retry", first.id, "--json"))["id"])
    fields = again.done()
    equal([fields["retry_of"], fields["spec"]], [first.id, first.show()["spec"]], "retry_of and spec")
    submitted_once(again, fields["changelist"])
    nothing_left(again)
