#!/usr/bin/python3
"""Mistakes that pages of this kind have made elsewhere, each with a check that it is not made here: windows without data, broken figures,
buttons that do nothing, forms that send something else, and names that are taken for markup. Makes the data it needs by itself."""
import json
import os
import pwd
import re
import sqlite3
import subprocess
import time
import urllib.request
from contextlib import closing

from browser import BASE, Browser, Pages
from perforce import Pair, Workspace
from rules import complain, rule
from scenario import Gate, prepare
from tap import equal, holds

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
PIB = 2 ** 50
HOSTILE = ["//odd/<img src=x onerror=document.title='hacked'>", "//odd/it's \"quoted\" & <b>bold</b>", "//odd/</script><script>document.title='hacked'</script>",
           "//odd/\u202egnp.exe", "//odd/javascript:alert(1)", "//odd/{{#t}}{{t.shell.close}}{{/t}}", "//odd/" + "long" * 100, "//odd/%2e%2e%00", "//odd/${1+1}`"]


def seed() -> dict[str, int]:
    """A server with streams of every odd kind, and histories: path -> id."""
    now, found = int(time.time() * 1_000_000), {}
    with closing(sqlite3.connect("/var/lib/weir/monitor/monitor.db", timeout=30)) as db, db:
        server = db.execute("SELECT id FROM servers WHERE name = 'odd'").fetchone()[0]

        def stream(path: str, history: list[tuple[int, int]]) -> None:
            """history: how long ago, how large; the last one is what it is now."""
            found[path] = db.execute("INSERT INTO streams (server_id, path, name, type, state, size_bytes, file_count, measured_at, created_at)"
                                     " VALUES (?, ?, ?, 'development', 'active', ?, 7, ?, ?)",
                                     (server, path, path, history[-1][1], now - history[-1][0], now - 500 * DAY)).lastrowid
            db.executemany("INSERT INTO samples (stream_id, first_at, last_at, size_bytes, file_count, change) VALUES (?, ?, ?, ?, 7, 1)",
                           [(found[path], now - ago, now - ago, size) for ago, size in history])
        for path in HOSTILE:
            stream(path, [(DAY, 1000)])
        stream("//odd/shrinks", [(20 * DAY, 5 * 2 ** 30), (10 * DAY, 3 * 2 ** 30), (HOUR, 1.5 * 2 ** 30)])
        stream("//odd/huge", [(20 * DAY, PIB), (HOUR, 3 * PIB + PIB // 2)])
        stream("//odd/still", [(200 * DAY, 4096)])
        # The largest and the smallest lie among the oldest of 300 measurements.
        stream("//odd/often", [((300 - i) * HOUR, 2 ** 30 if i == 3 else 1024 if i == 5 else 2 ** 20 + i) for i in range(300)])
        db.execute("UPDATE servers SET n_streams = (SELECT count(*) FROM streams WHERE server_id = servers.id AND state = 'active')")
    return found


def api(path: str) -> dict:
    with urllib.request.urlopen(BASE + path, timeout=30) as answer:
        return json.load(answer)


def weirctl(*words: str) -> str:
    return subprocess.run(["weirctl", *words], check=True, capture_output=True, text=True).stdout


def figure(b: Browser, name: str) -> str:
    return b.text(f"[data-key='{name}'] dd").replace("\u00a0", " ").replace("\u2212", "-")


def requests_of(b: Browser, part: str) -> int:
    """How many requests for an address were sent since b.forget()."""
    b.listen()
    return sum(part in request["url"] for request in b.requests.values())


owner = pwd.getpwnam("weir")  # whose files they are, also those that the database needs for a moment
os.setegid(owner.pw_gid)
os.seteuid(owner.pw_uid)
ids = seed()
os.seteuid(0)
os.setegid(0)
subprocess.run(["weirctl", "measure"], capture_output=True, check=False)  # its writers leave the database as readers need it; odd cannot be reached
prepare()
pages = Pages()


# --- figures -------------------------------------------------------------------------------------------------------------
@pages.check("all time has data, and so has every other period")
def _(b: Browser) -> None:
    b.open(f"/streams/{ids['//odd/often']}")
    buttons = b.script("return [...document.querySelectorAll('[data-action=period]')].map((node) => node.dataset.days)")
    equal(buttons, ["7", "30", "90", "365", "0"], "the periods")
    for days in buttons:
        b.click(f"[data-action=period][data-days='{days}']")
        b.wait_for(f"[data-action=period][data-days='{days}'][aria-pressed=true]")
        b.settle()
        holds(figure(b, "current") == "1.0 MiB", f"the current size over {days} days: {figure(b, 'current')}")
        holds(b.exists(".chart canvas"), f"a chart over {days} days")


@pages.check("a stream that did not change in the period still has its size")
def _(b: Browser) -> None:
    for days in [7, 30, 365, 0]:
        b.open(f"/streams/{ids['//odd/still']}?days={days}")
        equal([figure(b, name) for name in ("current", "min", "max", "mean")], ["4.0 KiB"] * 4, f"its figures over {days} days")
        holds(figure(b, "change").startswith("0 B"), f"its change over {days} days: {figure(b, 'change')}")


@pages.check("the extremes are those of all measurements, not of the newest hundred")
def _(b: Browser) -> None:
    b.open(f"/streams/{ids['//odd/often']}?days=30")
    equal([figure(b, name) for name in ("current", "min", "max")], ["1.0 MiB", "1.0 KiB", "1.0 GiB"], "current, smallest, largest")
    equal(figure(b, "measurements"), "300", "the measurements")


@pages.check("what shrinks is shown as less, and what is huge has its unit")
def _(b: Browser) -> None:
    b.open(f"/streams/{ids['//odd/shrinks']}?days=30")
    equal(figure(b, "change"), "-3.5 GiB -70%", "the change")
    holds(b.exists("[data-key=change] dd.shrink, [data-key=change] dd.down, [data-key=change] dd[class]"), "and is coloured as such")
    b.open(f"/streams/{ids['//odd/huge']}?days=30")
    equal((figure(b, "current"), figure(b, "change").split(" ")[0:2]), ("3.5 PiB", ["+2.5", "PiB"]), "the size and its change")
    b.open("/growth?days=30")
    complain(rule(b, "leaks()"))
    holds("2.5 PiB" in b.text("main"), "the growth is in the table of growth")


@pages.check("a size is written the same way on every page, by the API and by weirctl")
def _(b: Browser) -> None:
    wanted = next(s["size_human"] for s in api("/api/streams?per_page=1000")["streams"] if s["name"] == "//demo/main")
    holds(wanted in weirctl("streams"), "weirctl")
    b.open("/?q=demo/main")
    equal(b.text("td.size").replace("\u00a0", " "), wanted, "the list")
    b.click("a.stream-name", "//demo/main")
    b.settle()
    equal(figure(b, "current"), wanted, "the stream's page")
    b.language("ru")
    b.reload()
    equal(figure(b, "current"), wanted.replace(".", ",").replace("KiB", "КиБ").replace("MiB", "МиБ"), "in Russian")


@pages.check("dates and numbers are those of the page's language, in the chart, too")
def _(b: Browser) -> None:
    for language, decimal, month in [("en", "GiB", "Nov|Oct"), ("ru", "ГиБ", "нояб|окт|\\d\\d\\.1[01]")]:
        b.language(language)
        b.open(f"/streams/{ids['//odd/shrinks']}?days=30")
        axes = " ".join(b.script("return [...document.querySelectorAll('.dygraph-axis-label')].map((node) => node.textContent)"))
        holds(decimal in axes and re.search(month, axes), f"{language}: the axes say {axes}")


@pages.check("opening a chart asks once, and another period once more")
def _(b: Browser) -> None:
    b.open(f"/?q={'odd/still'}")
    b.forget()
    b.click("a.icon-button[href^='/streams/']")
    b.settle()
    equal(requests_of(b, "/history"), 1, "requests for the history")
    for days in ["7", "365", "7"]:
        b.forget()
        b.click(f"[data-action=period][data-days='{days}']")
        b.wait_for(f"[data-action=period][data-days='{days}'][aria-pressed=true]")
        b.settle()
        equal(requests_of(b, "/history"), 1, f"requests for {days} days")


# --- buttons -------------------------------------------------------------------------------------------------------------
@pages.check("in the list of a server's streams every button does what it says; Escape closes it; the focus returns")
def _(b: Browser) -> None:
    b.log_in("weir")
    b.open("/")

    def open_list() -> None:
        b.click("[data-action=list][data-id='1']")
        b.wait_for("dialog li", "//demo/main")
    for leave in [lambda: b.click("dialog .dialog-actions [data-close]"), lambda: b.click("dialog > header button"), lambda: b.press("ESCAPE")]:
        open_list()
        complain(rule(b, "auditTheme()") + rule(b, "references()") + rule(b, "labels()"))
        for _ in range(8):  # Tab goes round within it
            b.press("TAB")
            holds(b.script("return document.activeElement === document.body || document.activeElement.closest('dialog') !== null"), "the focus stays in the dialog")
        leave()
        b.wait_gone("dialog")
        equal(b.focused.get_attribute("data-action"), "list", "where the focus returns")
    open_list()
    b.forget()
    b.click("dialog [data-action=sync]")
    b.until(lambda: requests_of(b, "/sync-streams") == 1, "Synchronize synchronizes")


@pages.check("a measuring that goes on is seen after a reload, by everybody")
def _(b: Browser) -> None:
    with subprocess.Popen(["weirctl", "lock", "server/demo", "--why", "held by the test", "--", "sleep", "300"]) as holder:
        try:
            b.until(lambda: b"held by the test" in subprocess.run(["weirctl", "locks"], capture_output=True, check=True).stdout, "the lock")
            b.log_in("weir")
            b.open("/")
            b.wait_for("section.server", "held by the test")
            b.reload()
            b.wait_for("section.server", "held by the test")
            b.log_out()
            b.reload()
            b.wait_for("section.server", "held by the test")
            b.click("nav a[href='/operations']")
            b.wait_for("main", "held by the test")
        finally:
            holder.terminate()
    b.wait_gone("main", "held by the test")


@pages.check("without scripts a page says what it needs, in both languages", allow="request:  ")
def _(b: Browser) -> None:
    b.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        b.open("/", settle=False)
        seen = b.cdp("DOM.getOuterHTML", nodeId=b.cdp("DOM.getDocument")["root"]["nodeId"])["outerHTML"]
    finally:
        b.cdp("Emulation.setScriptExecutionDisabled", value=False)
    holds(re.search("JavaScript.*weirctl", seen) and re.search("[А-я]{4}", seen), "what is needed")


# --- forms ---------------------------------------------------------------------------------------------------------------
def fill_in(b: Browser, stream: str) -> None:
    b.open("/jobs/new")
    b.type("[name=stream]", stream)
    b.type("[name=description]", "As it was typed: \"quoted\", ünïcödé\nand a second line")


def spec_of(job: str) -> dict:
    return json.loads(weirctl("show", job, "--json"))["spec"]


def start(b: Browser) -> str:
    b.click("button[type=submit]")
    b.until(lambda: re.fullmatch("/jobs/INT-[0-9-]+", b.path), "the job's page")
    b.settle()
    return b.path.removeprefix("/jobs/")


@pages.check("the form sends what stands in it, once, however often it is sent")
def _(b: Browser) -> None:
    b.log_in("super")
    before = len(json.loads(weirctl("jobs", "--json", "--limit=1000")))
    fill_in(b, "//demo/dev")
    b.script("const button = document.querySelector('button[type=submit]'); button.click(); button.click(); button.form.requestSubmit()")
    b.until(lambda: re.fullmatch("/jobs/INT-[0-9-]+", b.path), "the job's page")
    spec = spec_of(b.path.removeprefix("/jobs/"))
    equal((spec["server"], spec["stream"], spec["description"]), ("demo", "//demo/dev", "As it was typed: \"quoted\", ünïcödé\nand a second line"), "what the job has")
    equal(len(json.loads(weirctl("jobs", "--json", "--limit=1000"))) - before, 1, "jobs that were made")


@pages.check("a trial is a trial, and what is none is none")
def _(b: Browser) -> None:
    b.log_in("super")
    for is_trial in [True, False]:
        fill_in(b, "//demo/dev")
        equal(b.wait_for("[name=trial]").is_selected(), False, "the box at first")
        if is_trial:
            b.click("[name=trial]")
        equal(spec_of(start(b)).get("trial", False), is_trial, "the job is a trial")


@pages.check("an integration that waits for its turn has a page with its place, and what it waits for")
def _(b: Browser) -> None:
    made = Pair("turns", {"a.txt": "base\n"})
    made.in_dev.change({"b.txt": "new\n"})
    own, gate = Workspace("turns-own", made.main, shared=True), Gate("turns")
    b.log_in("super")
    first, second = [re.search("INT-[0-9-]+", weirctl("integrate", "--server=demo", f"--stream={made.dev}", f"--client={own.name}", "--trial", *hook))[0]
                     for hook in (["--hook", f"build={' '.join(gate.command)}"], [])]
    b.open(f"/jobs/{second}")
    b.until(lambda: "queued" in b.text("h1"), "it waits")
    complain([*rule(b, "audit('en')"), *rule(b, "auditTheme()")])
    b.wait_for("main a", first)
    gate.open()
    b.until(lambda: "queued" not in b.text("h1"), "it goes on by itself", 60)


# --- names ---------------------------------------------------------------------------------------------------------------
def is_text(b: Browser, name: str, where: str) -> None:
    holds(b.title != "hacked" and not b.script("return document.querySelector('main img, main script, main iframe') !== null"), f"{where}: {name} became markup")
    complain([problem for problem in rule(b, "auditSize()") if "pixels wide" in problem])


@pages.check("names of streams are text wherever they stand, and do not push the page apart")
def _(b: Browser) -> None:
    for width in [1280, 360]:
        b.size(width)
        b.open("/?q=//odd/")
        shown = b.script("return [...document.querySelectorAll('a.stream-name')].map((node) => node.textContent)")
        for name in HOSTILE:
            holds(name in shown, f"{name} is in the list: {shown}")
            is_text(b, name, "the list")
        b.screenshot(f"hostile-names-{width}")
        for name in HOSTILE:
            b.open(f"/streams/{ids[name]}")
            equal(b.script("return document.querySelector('h1').textContent"), name, "the heading")
            is_text(b, name, "its page")
        b.open("/compare?ids=" + ",".join(str(ids[name]) for name in HOSTILE))
        is_text(b, "one of them", "the comparison")


@pages.check("characters that turn the direction of writing turn nothing beside their name")
def _(b: Browser) -> None:
    b.open("/?q=gnp.exe")
    equal(b.script("return getComputedStyle(document.querySelector('a.stream-name')).unicodeBidi"), "isolate", "a name in the list")
    b.open(f"/streams/{ids[HOSTILE[3]]}")
    equal(b.script("return getComputedStyle(document.querySelector('h1')).unicodeBidi"), "isolate", "a name as a heading")


@pages.check("what is typed into the form of a job is text, in what is told about it, too", allow="request: 4|status of 4")
def _(b: Browser) -> None:
    evil = "\"><img src=x onerror=\"document.title='hacked'\"></script>"
    b.log_in("weir")
    b.open("/jobs/new")
    for name in b.script("return [...document.querySelectorAll('form [name]:not([type=radio], [type=checkbox], select)')].map((field) => field.name)"):
        b.script("""const field = document.querySelector(`[name="${arguments[0]}"]`); field.value = arguments[1];
                    field.dispatchEvent(new Event('input', { bubbles: true })); field.dispatchEvent(new Event('focusout', { bubbles: true }))""", name, evil)
    b.settle()
    is_text(b, evil, "the form")
    b.click("button[type=submit]")
    time.sleep(0.5)
    b.settle()
    is_text(b, evil, "what is told")
    equal(b.path, "/jobs/new", "nothing was started")
    for address in ["/?q=", "/jobs?all=1&q=", "/login?next=", "/growth?days=", "/streams/1?days=", "/compare?ids="]:
        b.open(address + urllib.request.quote(evil))
        is_text(b, evil, address)


pages.end()
