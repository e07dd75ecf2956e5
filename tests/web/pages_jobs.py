#!/usr/bin/python3
"""The pages of integrations as people use them, with real jobs on the sample server: dashboard, form, preview, live log, conflicts and
their editor, cancel, retry, and what hostile texts may not do there."""
import json
import os
import re
import time
import urllib.request

from browser import BASE, Pages
from perforce import Pair, Workspace, content, lines, run
from rules import complain, everything, focus_way, rule
from scenario import Gate, make_program, prepare
from tap import Failed, equal, eventually, holds

PRINTER = """#!/bin/sh
# What a hook may print.
printf '<script>window.hit = 1</script><img src=x onerror="window.hit = 1">\\n'
printf '\\033[1;31mred error\\033[0m and \\033]0;evil title\\007plain\\n'
printf '\\033]8;;http://other.example/\\033\\\\a link\\033]8;;\\033\\\\\\n'
printf 'back\\rward \\342\\200\\256txt.exe\\n'
printf '%s\\n' "$(head -c 9000 /dev/zero | tr '\\0' w)"
i=0
while [ $i -lt "${1:-0}" ]; do i=$((i + 1)); echo "number $i of many"; done
"""
HIT = "return window.hit ?? 0"
LOG = "#log .log-scroller"
MANY = int(os.environ.get("LOG_LINES", "100000"))

prepare()
printer = make_program("printer", PRINTER)
pages = Pages()
tags = iter(range(1, 1000))


def api(b, path: str, body: dict | None = None) -> dict:
    """Beside the browser, as the same reader."""
    if "super" not in b.sessions:
        b.log_in("super")
    headers = {"Cookie": f"weir_session={b.sessions['super']}", "Origin": BASE, "Content-Type": "application/json"}
    request = urllib.request.Request(BASE + path, json.dumps(body).encode() if body is not None else None, headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def create(b, **spec: object) -> str:
    return api(b, "/api/jobs", {"spec": {"server": "demo", **spec}})["job_id"]


def job(b, name: str) -> dict:
    return api(b, f"/api/jobs/{name}")


def wait_for(b, name: str, *wanted: str, seconds: float = 90) -> dict:
    eventually(lambda: job(b, name)["status"] in (*wanted, "done", "failed", "cancelled"), seconds, f"{name} becomes {' or '.join(wanted)}")
    found = job(b, name)
    holds(found["status"] in wanted, f"{name} is {found['status']} ({found['reason']}: {found['error']}) instead of {' or '.join(wanted)}")
    return found


def pair(conflict: bool = False, files: dict[str, str] | None = None) -> Pair:
    """Two streams; dev has a new b.txt, and with conflict both say something else on lines 3 and 9 of a.txt."""
    made = Pair(f"web{next(tags)}", {"a.txt": lines("base"), **(files or {})})
    made.in_dev.change({"b.txt": "new in dev\n", **({"a.txt": lines("base", l3="theirs 3", l6="theirs 6", l9="theirs 9")} if conflict else {})})
    if conflict:
        made.in_main.change({"a.txt": lines("base", l3="yours 3", l9="yours 9")})
    return made


def open_as_super(b, path: str) -> None:
    b.log_in("super")
    b.open(path, settle=False)
    b.wait_for("h1")


def choose(b, name: str, value: str) -> None:
    b.script("document.querySelector(arguments[0]).closest('label').scrollIntoView({ block: 'center' })", f'[name="{name}"][value="{value}"]')
    b.click(f'[name="{name}"][value="{value}"]')


# --- the dashboard --------------------------------------------------------------------------------------------------------

@pages.check("who is not logged in is led to the login, and from there back")
def _(b):
    b.open("/jobs/new", settle=False)
    b.until(lambda: b.path.startswith("/login?next=%2Fjobs%2Fnew"), "the login page with the way back")


@pages.check("without integrations the dashboard says what they are for")
def _(b):
    open_as_super(b, "/jobs")
    b.wait_for(".empty", text="No integrations yet")
    b.click(".empty a")
    b.wait_for("h1", text="New integration")


@pages.check("a new one appears and changes on the dashboard by itself, with its place in the queue")
def _(b):
    made = pair()
    own = Workspace(f"{made.name}-own", made.main, shared=True)
    gate = Gate("dashboard")
    open_as_super(b, "/jobs")
    first = create(b, stream=made.dev, client=own.name, hooks={"build": [gate.command]}, trial=True)
    second = create(b, stream=made.dev, client=own.name, trial=True)
    b.wait_for(f'tr[data-key="{first}"]', text="running")
    b.wait_for(f'tr[data-key="{second}"]', text="number 1 in the queue")
    b.script("document.querySelector(arguments[0]).marked = true", f'tr[data-key="{second}"]')
    api(b, f"/api/jobs/{second}/cancel", {})
    b.wait_for(f'tr[data-key="{second}"]', text="cancelled")
    holds(b.script("return document.querySelector(arguments[0]).marked", f'tr[data-key="{second}"]'), "the row is changed in place")
    gate.open()
    wait_for(b, first, "done", "failed")


@pages.check("filters stand in the address, and survive reload and back")
def _(b):
    failed = create(b, stream="//demo/nowhere")
    wait_for(b, failed, "failed")
    open_as_super(b, "/jobs")
    b.wait_for(f'tr[data-key="{failed}"]')
    b.click('.job-tab[data-status="failed"]')
    b.until(lambda: b.path == "/jobs?status=failed", "the address says so")
    b.until(lambda: set(b.script("return [...document.querySelectorAll('tr[data-status]')].map((row) => row.dataset.status)")) == {"failed"}, "only failed ones")
    b.click('[data-action="owner"][data-all="1"]')
    b.until(lambda: "all=1" in b.path, "everyone's")
    b.type("#search", "NOWHERE")
    b.until(lambda: "q=NOWHERE" in b.path, "the text")
    b.wait_for(f'tr[data-key="{failed}"]')
    b.reload()
    equal(b.value("#search"), "NOWHERE", "after a reload")
    equal(b.wait_for('.job-tab[data-status="failed"]').get_attribute("aria-pressed"), "true", "the tab after a reload")
    b.type("#search", "no such thing")
    b.wait_for(".empty", text="No integration is like that")
    b.click('[data-action="clear"]')
    b.wait_for(f'tr[data-key="{failed}"]')
    href = b.wait_for("a[download]").get_attribute("href")
    with urllib.request.urlopen(urllib.request.Request(href, headers={"Cookie": f"weir_session={b.sessions['super']}"}), timeout=30) as answer:
        csv = answer.read().decode()
    holds(failed in csv and "," in csv.splitlines()[0], f"CSV has it: {csv[:200]!r}")


@pages.check("older ones are added by their key, each once")
def _(b):
    ids = [create(b, stream="//demo/nowhere") for _ in range(53)]
    wait_for(b, ids[-1], "failed")
    open_as_super(b, "/jobs?status=failed")
    b.until(lambda: len(b.all("tr[data-key]")) == 50, "a page")
    b.click('[data-action="older"]')
    b.until(lambda: len(b.all("tr[data-key]")) >= 53, "and the older ones")
    shown = b.script("return [...document.querySelectorAll('tr[data-key]')].map((row) => row.dataset.key)")
    equal(len(shown), len(set(shown)), "none stands there twice")
    equal(shown, sorted(shown, reverse=True), "newest first")


# --- the form ---------------------------------------------------------------------------------------------------------------

@pages.check("the form says what is wrong as one types, and nothing is sent before it is right")
def _(b):
    open_as_super(b, "/jobs/new")
    b.click('button[type="submit"]')
    b.wait_for(".form-error", text="1 field needs a correction")
    equal(b.focused.get_attribute("name"), "stream", "where the focus goes")
    b.type("#f-stream", "//demo/dev@12")
    b.wait_for("#h-stream .error", text="@ and #")
    b.type("#f-stream", "//demo/dev")
    b.wait_gone("#h-stream .error")
    choose(b, "revision", "number")
    b.type("#f-changelist", "12x")
    b.wait_for("#h-changelist .error")
    choose(b, "owner_client", "own")
    b.type("#f-client", "a b")
    b.wait_for("#h-client .error", text="“ ”")
    b.click("details summary", text="Commands")
    b.type("#f-build", "make 'NAME=a b' {changelist}")
    b.until(lambda: b.texts('[data-key="field-build"] .job-words code') == ["make", "NAME=a b", "{changelist}"], "the words of the command")
    b.type("#f-build", "make {change}")
    b.wait_for("#h-build .error", text="{change}")
    b.click('button[type="submit"]')
    b.wait_for(".form-error", text="3 fields need")
    equal(b.path, "/jobs/new", "nothing was started")
    choose(b, "kind", "paths")
    b.wait_for("#f-source")
    b.wait_for("#f-target")


@pages.check("what the server refuses is shown at its field", allow="request: 4..|status of 4..")
def _(b):
    open_as_super(b, "/jobs/new")
    b.type("#f-stream", "//demo/dev")
    b.script("""const load = window.fetch; window.fetch = (url, options) => load(url, options?.body ? { ...options, body: options.body.replace('//demo/dev', '//demo/dev/x') } : options)""")
    b.click('button[type="submit"]')
    b.wait_for("#h-stream .error", text="a stream")


def merge(b, made: Pair) -> None:
    """The editor: one block answered with a button, the other by hand."""
    b.click('[data-action="compare"]')
    b.wait_for(".merge-row.is-conflict", seconds=60)
    b.wait_for('[data-part="left"]', text="2 conflicts left")
    texts = b.script("return ['theirs', 'base', 'yours'].map((side) => [...document.querySelectorAll(`.side-${side} .merge-line`)].map((line) => line.textContent))")
    equal([side[2] for side in texts], ["theirs 3", "base 3", "yours 3"], "line 3 side by side")
    equal([side[5] for side in texts], ["theirs 6", "base 6", "base 6"], "line 6, which only one changed")
    holds(b.wait_for('[data-action="save"]').get_attribute("disabled"), "nothing with conflicts can be saved")
    b.screenshot("job-merge", whole=False)
    b.click('[data-choice="theirs"]')
    b.wait_for('[data-part="left"]', text="1 conflict left")
    b.script("document.execCommand('undo')")
    b.wait_for('[data-part="left"]', text="2 conflicts left")
    b.script("document.querySelector('.merge-text').setSelectionRange(0, 0)")
    b.click('[data-choice="theirs"]')
    b.wait_for('[data-part="left"]', text="1 conflict left")
    b.script("""const text = document.querySelector('.merge-text'); text.value = text.value.replace(/>>>> ORIGINAL[^]*?<<<<\\n/, 'by hand 9\\n');
                text.dispatchEvent(new Event('input'))""")
    b.wait_for('[data-part="left"]', text="no conflict left")
    b.click('[data-action="save"]')
    b.wait_gone("dialog")


@pages.check("preview, start, live log, conflict, merge editor, continue, done")
def _(b):
    made = pair(conflict=True)
    open_as_super(b, "/jobs/new")
    b.type("#f-stream", made.dev)
    b.type("#f-description", "Merged by hand.")
    b.click('[data-action="preview"]')
    b.wait_for(".job-preview", text="1 conflict is expected", seconds=60)
    holds(f"{made.main}/b.txt" in b.text(".job-preview"), "the preview lists the new file")
    holds(not api(b, "/api/jobs?q=web")["jobs"] or made.dev not in json.dumps(api(b, "/api/jobs?limit=1")["jobs"][0]), "a preview makes no job")
    b.click('button[type="submit"]')
    b.until(lambda: b.path.startswith("/jobs/INT-"), "the job's page")
    name = b.path.removeprefix("/jobs/")
    b.wait_for(".log-line", seconds=60)
    b.wait_for(".job-conflicts", text=f"{made.main}/a.txt", seconds=90)
    b.wait_for(".stage.is-attention", text="Resolve")
    b.wait_for('[data-action="continue"]')
    equal(b.texts(".conflict-list .badge")[0], "content", "the type of the conflict")
    b.screenshot("job-needs-resolve")
    b.click('[data-action="commands"]')
    b.wait_for("dialog pre", text="resolve")
    b.press("ESCAPE")
    b.wait_gone("dialog")
    merge(b, made)
    b.wait_for(".badge", text="done", seconds=90)
    b.wait_for(".job-notice", text="Submitted as changelist")
    equal(content(f"{made.main}/a.txt"), lines("base", l3="theirs 3", l6="theirs 6", l9="by hand 9"), "what was submitted")
    equal(job(b, name)["status"], "done", "the job")
    b.until(lambda: b.script("return document.querySelectorAll('.stage.is-passed').length") >= 6, "phases are passed")
    b.open("/jobs/new")
    equal([b.value("#f-stream"), b.value("#f-description")], [made.dev, ""], "what the next form begins with: all but what was of that one only")


@pages.check("conflicts are resolved by choice, one by one or all at once, and only then")
def _(b):
    made = pair(conflict=True)
    name = create(b, stream=made.dev)
    wait_for(b, name, "needs_resolve")
    open_as_super(b, f"/jobs/{name}")
    b.click('[data-action="resolve"]')
    b.wait_for(".conflict-apply", text="Choose for at least one file")
    b.click('[data-action="choose_all"][data-accept="yours"]')
    b.wait_for(".conflict-apply", text="1 file chosen")
    holds(b.script("return document.querySelector('.conflict input[value=\"yours\"]').checked"), "the choice is seen at the file")
    time.sleep(4)
    holds(b.script("return document.querySelector('.conflict input[value=\"yours\"]').checked"), "and kept while the page is kept up to date")
    b.click('[data-action="resolve"]')
    b.wait_for(".toast", text="1 file is being resolved")
    b.wait_for(".badge", text="done", seconds=90)
    equal(content(f"{made.main}/a.txt"), lines("base", l3="yours 3", l9="yours 9"), "the file")


@pages.check("what was resolved by hand is noticed when one says so")
def _(b):
    made = pair(conflict=True)
    own = Workspace(f"{made.name}-own", made.main, shared=True)
    name = create(b, stream=made.dev, client=own.name)
    wait_for(b, name, "needs_resolve")
    open_as_super(b, f"/jobs/{name}")
    b.wait_for(".conflict")
    own.p4("resolve", "-ay")
    b.click('[data-action="continue"]')
    b.wait_for(".toast", text="looks at its conflicts again")
    b.wait_for(".job-notice", text="Submitted as changelist", seconds=15)
    equal(content(f"{made.main}/a.txt"), lines("base", l3="yours 3", l9="yours 9"), "the file")


@pages.check("one whose login expires while it waits says so, and goes on with a new one")
def _(b):
    made = pair(conflict=True)
    name = create(b, stream=made.dev)
    wait_for(b, name, "needs_resolve")
    open_as_super(b, f"/jobs/{name}")
    run(["p4d-control", "-r", "/var/lib/perforce/demo", "expire", "super"])
    run(["p4", "login"], f"{os.environ['SUPER_PASSWORD']}\n".encode())
    b.wait_for(".job-notice.bad", text="The login of this job has expired", seconds=45)
    b.click('[data-action="choose_all"][data-accept="theirs"]')
    b.click('[data-action="resolve"]')
    b.wait_for(".toast", text="1 file is being resolved")
    del b.sessions["super"]
    open_as_super(b, f"/jobs/{name}")
    b.click('[data-action="continue"]')
    b.wait_for(".job-notice", text="Submitted as changelist", seconds=30)
    equal(content(f"{made.main}/a.txt"), content(f"{made.dev}/a.txt"), "the file")


# --- ends -------------------------------------------------------------------------------------------------------------------------

@pages.check("cancel asks first; retry makes a new one; again with changes begins with its specification")
def _(b):
    made = pair()
    gate = Gate("cancelled")
    name = create(b, stream=made.dev, description="To be cancelled", hooks={"build": [gate.command]}, trial=True)
    gate.reached()
    open_as_super(b, f"/jobs/{name}")
    b.wait_for(".stage.is-active", text="Build")
    b.wait_for(".job-side", text="weir-job-")
    b.until(lambda: b.exists(".job-processes", text="gate"), "the processes that systemd knows")
    b.click('[data-action="cancel"]')
    b.wait_for("dialog", text=f"Cancel {name}?")
    b.click("dialog [data-close]", text="Keep it")
    b.wait_gone("dialog")
    equal(job(b, name)["status"], "running", "after thinking again")
    b.click('[data-action="cancel"]')
    choose(b, "mode", "immediate")
    b.click('dialog [data-action="cancel"]')
    b.wait_for(".badge", text="cancelled", seconds=60)
    b.wait_for(".job-notice", text="Cancelled by super")
    b.wait_for(".stage.is-cancelled", text="Build")
    holds(not b.exists('[data-action="cancel"]'), "what has ended cannot be cancelled")
    said = b.script("return document.querySelector('[aria-live]').textContent")
    holds("cancelled" in said, f"a screen reader hears it: {said!r}")
    gate.open()
    b.click('[data-action="retry"]')
    b.click("dialog [data-close='accept']")
    b.until(lambda: b.path.startswith("/jobs/INT-") and name not in b.path, "the new one's page")
    again = b.path.removeprefix("/jobs/")
    b.wait_for(".crumbs a", text=name)
    wait_for(b, again, "done")
    b.wait_for(".job-notice", text="A trial: shelved", seconds=30)
    b.open(f"/jobs/{name}", settle=False)
    b.click("a", text="Again with changes")
    b.wait_for("h1", text=name)
    equal([b.value("#f-stream"), b.value("#f-description")], [made.dev, "To be cancelled"], "the form")
    holds(b.value("#f-build").endswith("cancelled") and b.script("return document.querySelector('[name=trial]').checked"), "with its command and the trial")


@pages.check("a failure says why, and what to do")
def _(b):
    made = pair()
    name = create(b, stream=made.dev, hooks={"build": [["false"]]})
    wait_for(b, name, "failed")
    open_as_super(b, f"/jobs/{name}")
    b.wait_for(".job-notice.bad", text="The command build failed (exit 1)")
    holds("Correct it, then retry" in b.text(".job-notice.bad"), "advice")
    b.wait_for(".stage.is-failed", text="Build")


@pages.check("an unknown integration is not found", allow="404|ApiError")
def _(b):
    open_as_super(b, "/jobs/INT-20200101-001")
    b.wait_for("h1", text="Not found")


# --- the log ------------------------------------------------------------------------------------------------------------------------

@pages.check("hostile descriptions, file names and log lines are only ever text")
def _(b):
    evil = "<img src=x onerror='window.hit = 1'>"
    made = pair(files={"<b>bold<": "x\n"})
    made.in_dev.change({"<b>bold<": "dev\n"})
    made.in_main.change({"<b>bold<": "main\n"})
    name = create(b, stream=made.dev, description=f"{evil}<script>window.hit = 1</script>{{{{t.shell.skip}}}}", hooks={"update_component": [[printer, "20"]]})
    wait_for(b, name, "needs_resolve")
    open_as_super(b, f"/jobs/{name}")
    b.wait_for(".job-description", text=evil)
    holds("{{t.shell.skip}}" in b.text(".job-description"), "a description is no template")
    b.wait_for(".conflict", text="<b>bold<")
    b.type('[data-part="search"]', "window.hit")
    b.press("ENTER")
    b.wait_for(".log-line.is-marked", text='<script>window.hit = 1</script><img src=x onerror="window.hit = 1">')
    said = b.wait_for(".log-lines").text
    for wanted in ("red error and plain", "a link", "back␍ward ⟨U+202E⟩txt.exe"):
        holds(wanted in said, f"{wanted!r} is shown: {said[:1500]!r}")
    holds(b.script("return !!document.querySelector('.log-line .ansi-fg-1.ansi-bold')"), "colours are shown")
    b.click('[data-action="compare"]')
    b.wait_for(".merge-row", seconds=60)
    b.press("ESCAPE")
    b.open("/jobs", settle=False)
    b.wait_for(f'tr[data-key="{name}"]')
    equal([b.script(HIT), b.script("return document.querySelectorAll('main script, main img').length")], [0, 0], "scripts that ran, elements that were made")
    api(b, f"/api/jobs/{name}/cancel", {})
    wait_for(b, name, "cancelled")


@pages.check("the log follows while one is at its end, waits while one reads further up, and comes back")
def _(b):
    made = pair()
    name = create(b, stream=made.dev, trial=True, hooks={"build": [["sh", "-c", "i=0; while [ $i -lt 900 ]; do i=$((i+1)); echo line $i; sleep 0.02; done"]]})
    open_as_super(b, f"/jobs/{name}")
    shown = "return [...document.querySelectorAll('.log-text')].map((text) => text.textContent)"
    b.until(lambda: any(re.fullmatch(r"line [1-9]\d\d", line) for line in b.script(shown)), "the hook's lines come", 60)
    bottom = f"const s = document.querySelector('{LOG}'); return s.scrollHeight - s.scrollTop - s.clientHeight"
    holds(b.script(bottom) < 30, "it is at its end")
    b.script(f"document.querySelector('{LOG}').scrollTop = 400")
    b.until(lambda: b.wait_for('[data-part="follow"]').get_attribute("aria-pressed") == "false", "following yields")
    top = b.script(f"return document.querySelector('{LOG}').scrollTop")
    b.wait_for(".log-newer", text="new line", seconds=20)
    equal(b.script(f"return document.querySelector('{LOG}').scrollTop"), top, "where one reads, nothing moves")
    b.click(".log-newer")
    b.until(lambda: b.script(bottom) < 30, "back at the end")
    wait_for(b, name, "done")
    b.until(lambda: "line 900" in b.script(shown), "the last line", 40)
    missing = set(range(1, 901)) - {int(e["data"].split()[1]) for e in api(b, f"/api/jobs/{name}/logs?limit=10000") if e["data"].startswith("line ")}
    equal(missing, set(), "lines that are missing")
    b.script(f"document.querySelector('{LOG}').focus()")
    b.press("HOME")
    b.until(lambda: b.script(f"return document.querySelector('{LOG}').scrollTop") == 0, "Home leads to the first line")
    b.press("END")
    b.until(lambda: b.script(bottom) < 30, "End to the last one")
    b.click('[data-part="copy"]')
    b.wait_for(".toast", text="lines copied")
    href = b.wait_for('#log a[download]').get_attribute("href")
    with urllib.request.urlopen(urllib.request.Request(href, headers={"Cookie": f"weir_session={b.sessions['super']}"}), timeout=60) as answer:
        equal(len([line for line in answer.read().decode().splitlines() if line.startswith("line ")]), 900, "lines in the download")


@pages.check(f"a log of {MANY} lines is there at once, and stays small however far one scrolls")
def _(b):
    made = pair()
    name = create(b, stream=made.dev, trial=True, hooks={"build": [["seq", "-f", "number %.0f of many", str(MANY)]]})
    wait_for(b, name, "done", seconds=400)
    eventually(lambda: any(e["data"] == f"number {MANY} of many" for e in api(b, f"/api/jobs/{name}/logs?tail=1000")), 200, "the journal has it")
    open_as_super(b, f"/jobs/{name}")
    b.wait_for(".log-line")
    for part, wanted in [("last", None), ("first", None)]:
        took = b.driver.execute_async_script("""const done = arguments[arguments.length - 1], start = performance.now(), log = document.querySelector('#log');
            log.querySelector(`[data-part="${arguments[0]}"]`).click();
            const look = () => log.hasAttribute('aria-busy') ? requestAnimationFrame(look) : done(performance.now() - start); requestAnimationFrame(look)""", part)
        holds(took < 1500, f"{part} takes {took:.0f} ms")
        print(f"# {part} screen of {MANY} lines: {took:.0f} ms")
    sizes = []
    for turn in range(2):
        b.click('[data-part="first"]')
        for _ in range(40):
            b.script(f"const s = document.querySelector('{LOG}'); s.scrollTop = s.scrollHeight")
            time.sleep(0.1)
        b.cdp("HeapProfiler.collectGarbage")
        sizes.append((b.script("return performance.memory.usedJSHeapSize"), b.script("return document.querySelectorAll('.log-line').length"),
                      b.script("return document.querySelectorAll('*').length")))
    print(f"# heap and nodes after scrolling: {sizes}")
    for heap, rows, nodes in sizes:
        holds(heap < 40_000_000 and rows < 250 and nodes < 2500, f"{heap} bytes, {rows} rows, {nodes} elements")
    b.type('[data-part="search"]', f"number {MANY - MANY // 4} of")
    b.press("ENTER")
    b.wait_for(".log-line.is-marked", text=f"number {MANY - MANY // 4} of many", seconds=60)
    b.choose('[data-part="level"]', "error")
    b.wait_for('[data-part="empty"]', text="No line is like that", seconds=60)


# --- languages, keys, sizes ------------------------------------------------------------------------------------------------------------

@pages.check("in Russian every word is Russian, with its plural forms")
def _(b):
    b.language("ru")
    open_as_super(b, "/jobs?all=1")
    b.wait_for("h1", text="Интеграции")
    b.until(lambda: b.exists("tr[data-key]"), "rows")
    paths = ["/jobs?all=1", "/jobs/new", *[f"/jobs/{j['id']}" for s in ("done", "failed", "cancelled") for j in api(b, f"/api/jobs?all=1&limit=1&status={s}")["jobs"]]]
    for path in paths:
        b.open(path, settle=False)
        b.wait_for("h1")
        time.sleep(1)
        holds("jobs." not in b.text("main"), f"{path} has every text: {b.text('main')[:600]}")
        foreign = [t for t in b.texts("main button, main h2, main label, main summary, main th") if re.search("[A-Za-z]{4}", t) and not re.search("[а-я]", t)]
        equal([t for t in foreign if t != "systemd"], [], f"words of {path} that are not Russian")
    b.open("/jobs/new", settle=False)
    b.click('button[type="submit"]')
    b.wait_for(".form-error", text="Нужно исправить 1 поле")


@pages.check("the form is filled in and started by keys alone")
def _(b):
    made = pair()
    open_as_super(b, "/jobs/new")
    b.script("document.querySelector('#f-server').focus()")
    reached = []
    for _ in range(60):
        b.press("TAB")
        name = b.focused.get_attribute("name") or b.focused.get_attribute("data-action") or b.focused.get_attribute("type")
        reached.append(name)
        if name == "stream":
            b.focused.send_keys(made.dev)
        elif name == "trial":
            b.press("SPACE")
        elif name == "submit":
            break
    holds(["stream", "description", "trial", "preview", "submit"] == [n for n in reached if n in ("stream", "description", "trial", "preview", "submit")],
          f"the order of the form: {reached}")
    b.press("ENTER")
    b.until(lambda: b.path.startswith("/jobs/INT-"), "the job's page")
    wait_for(b, b.path.removeprefix("/jobs/"), "done")
    b.wait_for(".job-notice", text="A trial: shelved", seconds=30)


@pages.check("nothing is wider than a narrow or a very wide screen")
def _(b):
    name = next(j["id"] for j in api(b, "/api/jobs?all=1&limit=1&status=done")["jobs"])
    for width in (360, 768, 1280, 2560):
        b.size(width)
        for path in ("/jobs?all=1", "/jobs/new", f"/jobs/{name}"):
            open_as_super(b, path)
            time.sleep(0.5)
            wide = b.script("return document.documentElement.scrollWidth - innerWidth")
            holds(wide <= 0, f"{path} at {width}: {wide} pixels too wide")


# --- what holds for every page, for integrations in every state ------------------------------------------------------------------------

def looked_at(b, name: str) -> list[str]:
    """What is wrong with what is shown, at three widths and in both themes; pictures of it are kept."""
    found = []
    for width in (1280, 360, 2560):
        b.size(width)
        b.settle()
        found += [f"{name} at {width}: {problem}" for problem in rule(b, "auditSize()")]
        for theme in ("light", "dark"):
            b.theme(theme)
            found += [f"{name} at {width}, {theme}: {problem}" for problem in rule(b, "auditTheme()")]
            b.screenshot(f"{name}-{width}-{theme}")
    b.theme("light")
    b.size(1280)
    return found


def state_of(b, status: str) -> str:
    if status != "needs_resolve":
        return next(j["id"] for j in api(b, f"/api/jobs?all=1&limit=1&status={status}")["jobs"])
    name = create(b, stream=pair(conflict=True).dev)
    wait_for(b, name, status)
    return name


def holds_rules(status: str, language: str) -> None:
    @pages.check(f"an integration that is {status} is shown as every page is: {language}")
    def _(b):
        name = state_of(b, status)
        b.language(language)
        open_as_super(b, f"/jobs/{name}")
        b.wait_for(".log-line")
        b.settle()
        found = [f"{problem}" for problem in everything(b, language)] + looked_at(b, f"job-{status}-{language}")
        found += focus_way(b) if language == "en" else []
        if status == "needs_resolve":
            b.script("window.scrollTo(0, 0)")
            b.click('[data-action="compare"]')
            b.wait_for(".merge-row", seconds=60)
            b.settle()
            found += looked_at(b, f"job-merge-{language}")
            b.press("ESCAPE")
            b.click('[data-action="cancel"]')
            b.wait_for("dialog [name=mode]")
            found += looked_at(b, f"job-cancel-{language}")
            b.press("ESCAPE")
            api(b, f"/api/jobs/{name}/cancel", {})
        complain(found)


for state in ("needs_resolve", "failed", "cancelled", "done"):
    for speech in ("en", "ru"):
        holds_rules(state, speech)


@pages.check("a form with all that it can show is as every page is")
def _(b):
    made = pair(conflict=True)
    open_as_super(b, "/jobs/new")
    b.type("#f-stream", made.dev)
    b.click('[data-action="preview"]')
    b.wait_for(".job-preview", text="1 conflict", seconds=60)
    b.script("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    b.type("#f-build", "make 'a b' {job}")
    choose(b, "owner_client", "own")
    b.type("#f-client", "a b")
    b.wait_for("#h-client .error")
    b.settle()
    complain([*everything(b, "en"), *looked_at(b, "job-new-full")])


pages.end()
