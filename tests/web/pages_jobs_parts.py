#!/usr/bin/python3
"""What the pages of integrations are made of, each part asked by itself in the browser that runs it: colours of programs, merging, the
rules of a specification (beside the server's own), stages, and the window into a log of a million lines."""
import json
import urllib.error
import urllib.request

from browser import BASE, Pages
from tap import equal, holds

pages = Pages()


def ask(b, code: str, *arguments: object) -> object:
    """What an async function body returns; `load` imports a script of the pages."""
    answer = b.driver.execute_async_script(
        "const done = arguments[arguments.length - 1], given = [...arguments].slice(0, -1);"
        "const load = (name) => import(`/scripts/${name}.js`);"
        f"(async (...given) => {{ {code} }})(...given).then((value) => done({{ value }}), (error) => done({{ error: error.stack }}));", *arguments)
    holds("error" not in answer, answer.get("error", ""))
    return answer["value"]


def at_home(b) -> None:
    """The plainest page of ours: its policies hold for what is asked there."""
    b.open("/api/info", settle=False)


# --- colours ------------------------------------------------------------------------------------------------------------

PLAIN_LINES = [  # a line as a program wrote it, what a reader sees of it
    ("nothing special", "nothing special"),
    ("\x1b[1;31merror\x1b[0m: x", "error: x"),
    ("\x1b]0;a title\x07after", "after"),
    ("\x1b]8;;http://other.example/\x1b\\link\x1b]8;;\x1b\\.", "link."),
    ("\x1bPdevice\x1b\\.", "."),
    ("up\x1b[2A\x1b[2K\x1b[?25lhere", "uphere"),
    ("\x1b]never ends", "never ends"),
    ("\x1b[31", ""),
    ("10%\r20%", "10%␍20%"),
    ("a\x08b\x07c\x00d\x7fe", "a␈b␇c␀d␡e"),
    ("safe\u202egnp.exe", "safe⟨U+202E⟩gnp.exe"),
    ("\u200bzero\ufeff", "⟨U+200B⟩zero⟨U+FEFF⟩"),
    ("\x9b31mred\x9bm", "red"),
    ("tab\tstays", "tab\tstays"),
]
PIECES = [  # pieces as text and classes
    ("\x1b[1;4mx\x1b[22my\x1b[mz", [["x", "ansi-bold ansi-underline"], ["y", "ansi-underline"], ["z", ""]]),
    ("\x1b[92ma\x1b[44mb\x1b[39;49mc", [["a", "ansi-fg-10"], ["b", "ansi-fg-10 ansi-bg-4"], ["c", ""]]),
    ("\x1b[38;5;9ma\x1b[38;5;196mb\x1b[48:2::1:2:3mc", [["a", "ansi-fg-9"], ["b", "ansi-fg-rgb"], ["c", "ansi-fg-rgb ansi-bg-rgb"]]),
    ("\x1b[38;5;999ma\x1b[38;2;1;2mb\x1b[8mc", [["a", ""], ["b", ""], ["c", ""]]),
]


@pages.check("lines of programs are shown as they look, and nothing else of a terminal is obeyed", allow="favicon")
def _(b):
    at_home(b)
    for line, wanted in PLAIN_LINES:
        equal(ask(b, "return (await load('ansi')).ansiNodes(given[0]).textContent", line), wanted, f"what {line!r} shows")
        equal(ask(b, "return (await load('ansi')).ansiStrip(given[0])", line), wanted, f"what is copied of {line!r}")
    for line, wanted in PIECES:
        equal(ask(b, "return [...(await load('ansi')).ansiNodes(given[0]).childNodes].map((n) => [n.textContent, n.className ?? ''])", line),
              wanted, f"the pieces of {line!r}")


@pages.check("no line becomes markup, and none takes long")
def _(b):
    at_home(b)
    line = "<script>window.hit = 1</script>\x1b[31m<img src=x onerror='window.hit = 1'>\x1b]0;<b>\x07&lt;"
    found = ask(b, """const box = document.createElement('div'); document.body.append(box);
        box.append((await load('ansi')).ansiNodes(given[0])); await new Promise((r) => setTimeout(r, 100));
        return [box.querySelectorAll('script, img, b').length, window.hit ?? 0, box.textContent]""", line)
    equal(found, [0, 0, "<script>window.hit = 1</script><img src=x onerror='window.hit = 1'>&lt;"], "elements, scripts that ran, text")
    for hostile in ("'\\x1b]'.repeat(20000)", "'\\x1b['.repeat(20000)", "'\\x1bP'.repeat(20000) + 'x'", "'\\x1b[38;5;1mx'.repeat(5000)"):
        took = ask(b, f"const start = performance.now(); (await load('ansi')).ansiParse({hostile}); return performance.now() - start")
        holds(took < 500, f"{hostile} takes {took:.0f} ms")
    equal(ask(b, "return (await load('ansi')).ansiNodes('y'.repeat(1e6)).textContent.length"), 4000, "characters shown of a very long line")


# --- merging ------------------------------------------------------------------------------------------------------------

KINDS = [  # base, theirs, yours, the kinds of chunks
    ("a b c", "a b c", "a b c", ["same"]),
    ("a b c", "a x c", "a b c", ["same", "theirs", "same"]),
    ("a b c", "a b c", "a b y", ["same", "yours"]),
    ("a b c", "a x c", "a x c", ["same", "both", "same"]),
    ("a b c", "a x c", "a y c", ["same", "conflict", "same"]),
    ("a b c d e", "a x c d e", "a b c y e", ["same", "theirs", "same", "yours", "same"]),
    ("", "x", "y", ["conflict"]),
    (None, "a x", "a y", ["same", "conflict"]),
    ("a b", "", "a b", ["theirs"]),
]


@pages.check("three texts stand side by side line by line")
def _(b):
    at_home(b)
    for base, theirs, yours, wanted in KINDS:
        got = ask(b, """const merge = await load('merge'), lines = (text) => text === null ? null : text.split(' ').filter((w) => w).map((w) => `${w}\\n`);
            return merge.alignTexts(...given.map(lines)).map((chunk) => chunk.kind)""", base, theirs, yours)
        equal(got, wanted, f"chunks of {base!r}, {theirs!r}, {yours!r}")
    trouble = ask(b, """const merge = await load('merge');
        let seed = 7; const random = (n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
        const text = () => Array.from({ length: random(12) }, () => 'abcd'[random(4)] + '\\n');
        for (let i = 0; i < 3000; i++) {
            const base = random(6) ? text() : null, theirs = text(), yours = random(2) && base ? base.filter(() => random(3)) : text();
            const chunks = merge.alignTexts(base, theirs, yours);
            for (const [side, lines] of Object.entries({ base: base ?? [], theirs, yours })) {
                if (chunks.map((chunk) => lines.slice(...chunk[side]).join('')).join('') !== lines.join('')) return [side, base, theirs, yours];
            }
            const merged = merge.mergeTexts(base, theirs, yours, { base: '', theirs: '', yours: '' });
            const conflicts = merge.findConflicts(merged).length, wanted = chunks.filter((chunk) => chunk.kind === 'conflict').length;
            if (conflicts !== wanted) return ['markers', base, theirs, yours, merged];
        }
        return null""")
    equal(trouble, None, "texts of which the chunks are not the sum")


@pages.check("texts of a megabyte that have nothing in common are compared in time")
def _(b):
    at_home(b)
    took = ask(b, """const merge = await load('merge'), text = (n) => Array.from({ length: 30000 }, (_, i) => `${(i * 7919 * n) % 3} line ${i * n % 911}\\n`);
        const start = performance.now(); merge.alignTexts(text(1), text(5), text(11)); return performance.now() - start""")
    holds(took < 3000, f"it takes {took:.0f} ms")


@pages.check("blocks in conflict are found in a merged text, and answered")
def _(b):
    at_home(b)
    text = "a\n>>>> ORIGINAL //d/f#1\nold\n==== THEIRS //d/f#2\nt\n==== YOURS //c/f\ny\n==== BOTH //d/f\nb\n<<<<\nz\n"
    equal(ask(b, "return (await load('merge')).findConflicts(given[0])", text),
          [{"start": 2, "end": len(text) - 2, "line": 2, "original": "old\n", "theirs": "t\n", "yours": "y\n", "both": "b\n"}], "the block")
    for choice, wanted in [("theirs", "t\nb\n"), ("yours", "y\nb\n"), ("base", "old\n"), ("theirs-yours", "t\ny\nb\n"), ("yours-theirs", "y\nt\nb\n")]:
        equal(ask(b, "const m = await load('merge'); return m.answerConflict(m.findConflicts(given[0])[0], given[1])", text, choice), wanted, choice)
    for broken in (">>>> ORIGINAL x\nold\n", ">>>> ORIGINAL x\n>>>> ORIGINAL y\n<<<<\n"):
        equal(ask(b, "return (await load('merge')).findConflicts(given[0]).some((block) => block.broken)", broken), True, f"{broken!r} is not complete")
    equal(ask(b, "return (await load('merge')).findConflicts('x >>>> ORIGINAL\\n<<<<< no\\n==== THEIRS\\n').length"), 0, "what only looks like markers")


# --- specifications ------------------------------------------------------------------------------------------------------

GOOD = {"server": "demo", "stream": "//demo/dev", "changelist": "latest"}
BAD = [  # what is wrong with it, the field it belongs to
    ({"stream": "demo/dev"}, "stream"), ({"stream": "//demo"}, "stream"), ({"stream": "//demo/dev/sub"}, "stream"),
    ({"stream": "//demo/dev@12"}, "stream"), ({"stream": "//demo/..."}, "stream"), ({"changelist": "12x"}, "changelist"),
    ({"changelist": 0}, "changelist"), ({"changelist": 99999999999}, "changelist"), ({"client": "a b"}, "client"), ({"client": "-x"}, "client"),
    ({"client": "123"}, "client"), ({"client": "a#b"}, "client"), ({"hooks": {"build": [["make", "{nothing}"]]}}, "build"),
    ({"hooks": {"build": [[""]]}}, "build"), ({"env": {"P4PORT": "x"}}, "env"), ({"env": {"1X": "x"}}, "env"), ({"env": {"LD_PRELOAD": "x"}}, "env"),
    ({"limits": {"MemoryMax": 1000}}, "MemoryMax"), ({"limits": {"CPUWeight": 10001}}, "CPUWeight"), ({"limits": {"TasksMax": 7}}, "TasksMax"),
    ({"limits": {"timeout": 2592001}}, "timeout"), ({"limits": {"stop_timeout": 3601}}, "stop_timeout"), ({"notify": ["x"] * 17}, "notify"),
    ({"stream": None, "source": "//demo/main/...", "target": ""}, "target"), ({"stream": None, "path": "//demo/dev/\x01"}, "path"),
    ({"stream": None, "branch_spec": "a...b"}, "branch_spec"), ({"stream": None, "branch_spec": "a%b"}, "branch_spec"),
]
WHOLE = {  # every field, as job_spec_format() would write it
    "server": "demo", "branch_spec": "main-to-rel", "reverse": True, "changelist": 4711, "client": "alice-dev", "description": "Weekly\nwork",
    "trial": True, "clean_workspace": True, "resolve": "safe",
    "hooks": {"build": [["make", "-j4"], ["sh", "-c", "echo 'a b' \"$X\"", ""]], "sync": [["my sync", "{changelist}"]]},
    "env": {"LEVEL": "2", "EMPTY": "", "EQUALS": "a=b"}, "limits": {"MemoryMax": 8589934592, "timeout": 5400, "stop_timeout": 45}, "notify": ["mail", "x"],
}


def refused_by_server(b, spec: dict) -> bool:
    """Asked as the reader who is logged in would; a job that is made after all is a failure of the test's own."""
    request = urllib.request.Request(f"{BASE}/api/jobs", json.dumps({"spec": spec}).encode(), method="POST",
                                     headers={"Content-Type": "application/json", "Origin": BASE, "Cookie": f"weir_session={b.sessions['super']}"})
    try:
        with urllib.request.urlopen(request, timeout=30):
            return False
    except urllib.error.HTTPError as error:
        holds(error.code in (400, 422), f"{spec} is answered with {error.code} {error.read()!r}")
        return True


@pages.check("what the form takes and refuses is what the server takes and refuses")
def _(b):
    b.log_in("super")
    at_home(b)
    check = "const s = await load('job-spec'); return Object.keys(s.checkForm(s.formOfSpec(given[0])))"
    equal(ask(b, check, GOOD), [], "what is wrong with a good one")
    equal(ask(b, check, WHOLE), [], "what is wrong with one that says everything")
    for change, field in BAD:
        spec = {name: value for name, value in (GOOD | change).items() if value is not None}
        equal(ask(b, check, spec), [field], f"the field that is wrong in {change}")
        holds(refused_by_server(b, spec), f"the server refuses {change}")


@pages.check("a specification becomes a form and again the same specification")
def _(b):
    at_home(b)
    for spec in [GOOD, WHOLE, {"server": "demo", "source": "//a/b/...", "target": "//a/c/...", "changelist": 3}, {"server": "x", "path": "//a/b c/...", "changelist": "latest"}]:
        equal(ask(b, "const s = await load('job-spec'); return s.specOfForm(s.formOfSpec(given[0]))", spec), spec, "the specification")


@pages.check("commands are cut into words as weirctl does it")
def _(b):
    at_home(b)
    for line, words in [("make -j4", ["make", "-j4"]), ("  a  'b c' \"d e\"f ", ["a", "b c", "d ef"]), (r"a\ b 'c\d' \"e", ["a b", r"c\d", '"e']), ("a '' b", ["a", "", "b"]),
                        ("'open", None), ("end\\", None)]:
        equal(ask(b, "return (await load('job-spec')).splitWords(given[0])", line), words, f"the words of {line!r}")
        if words:
            equal(ask(b, "const s = await load('job-spec'); return s.splitWords(s.joinWords(given[0]))", words), words, "written and read again")
    for text, wanted in [("8 GiB", 8 << 30), ("512m", 512 << 20), ("1,5g", 3 << 29), ("x", None), ("5 h", None), ("-1", None)]:
        equal(ask(b, "return (await load('job-spec')).readAmount('MemoryMax', given[0])", text), wanted, f"{text} as memory")
    for text, wanted in [("90 min", 5400), ("4h", 14400), ("30", 30), ("2 d", 172800), ("1 GiB", None)]:
        equal(ask(b, "return (await load('job-spec')).readAmount('timeout', given[0])", text), wanted, f"{text} as a time")


# --- stages ---------------------------------------------------------------------------------------------------------------

T = "2026-11-21T10:00:{:02}Z".format
STAGES = [  # status, stage, history, states of the seven phases
    ("queued", "INIT", [], "waiting waiting waiting waiting waiting waiting waiting"),
    ("running", "SYNC", ["GET_LATEST_CL", "SYNC"], "passed active waiting waiting waiting waiting waiting"),
    ("needs_resolve", "NEEDS_RESOLVE", ["GET_LATEST_CL", "SYNC", "INTEGRATE", "RESOLVE_PASS_1", "RESOLVE_CHECK", "NEEDS_RESOLVE"],
     "passed passed passed attention waiting waiting waiting"),
    ("done", "DONE", ["GET_LATEST_CL", "SYNC", "INTEGRATE", "RESOLVE_CHECK", "SHELVE", "P4PUSH", "DONE"],
     "passed passed passed skipped skipped passed passed"),
    ("failed", "ERROR", ["GET_LATEST_CL", "SYNC", "INTEGRATE", "BUILD", "CLEANUP", "ERROR"], "passed passed passed skipped failed waiting waiting"),
    ("cancelled", "ERROR", ["GET_LATEST_CL", "CLEANUP", "ERROR"], "cancelled waiting waiting waiting waiting waiting waiting"),
    ("cancelling", "CLEANUP", ["GET_LATEST_CL", "SYNC", "CLEANUP"], "passed active waiting waiting waiting waiting waiting"),
]


@pages.check("the stage line shows where a job is, where it has been, and where it ended")
def _(b):
    at_home(b)
    for status, stage, passed, wanted in STAGES:
        history = [{"from": before, "to": after, "time": T(n + 1)} for n, (before, after) in enumerate(zip(["INIT", *passed], passed))]
        job = {"status": status, "stage": stage, "created_at": T(0), "started_at": T(0), "history": history, "finished_at": T(30)}
        got = ask(b, "return (await load('job-stages')).phases(given[0]).map((phase) => phase.state).join(' ')", job)
        equal(got, wanted, f"phases of a job that is {status}")
    again = {"status": "done", "stage": "DONE", "created_at": T(0), "started_at": T(1), "finished_at": T(20), "history": [
        {"from": "INIT", "to": "SYNC", "time": T(2)}, {"from": "SYNC", "to": "P4PUSH", "time": T(5)}, {"from": "P4PUSH", "to": "SYNC", "time": T(6)},
        {"from": "SYNC", "to": "P4PUSH", "time": T(10)}, {"from": "P4PUSH", "to": "DONE", "time": T(12)}]}
    equal(ask(b, "return (await load('job-stages')).phases(given[0]).map((phase) => phase.seconds)", again), [1, 7, None, None, None, 3, None],
          "seconds of phases that were come back to")


# --- a million lines ---------------------------------------------------------------------------------------------------------

WINDOW = """
    const { LogPages, LINES_MAX } = await load('log-pages');
    const total = 1000000, entry = (n) => ({ cursor: `c${n}`, data: `line ${n + 1}`, timestamp: '2026-11-21T10:00:00Z', level: 'info', stage: 'BUILD', stream: 'stdout' });
    const number = (cursor) => Number(cursor.slice(1));
    const fetchPage = async ({ after, before, tail, limit = 1000 }) => {
        const from = after ? number(after) + 1 : before ? Math.max(0, number(before) - limit) : tail ? total - tail : 0;
        const to = Math.min(total, before ? number(before) : from + (tail ?? limit));
        const entries = Array.from({ length: Math.max(0, to - from) }, (_, i) => entry(from + i));
        return { entries, more: before || tail ? from > 0 : to < total, ended: true };
    };
    const isWhole = (pages) => pages.lines.every((line, i) => i === 0 || number(line.cursor) === number(pages.lines[i - 1].cursor) + 1);
"""


@pages.check("the window into a log of a million lines has no gap, knows its place and stays small")
def _(b):
    at_home(b)
    got = ask(b, WINDOW + """
        const pages = new LogPages(fetchPage), seen = [];
        await pages.openStart();
        for (let i = 0; i < 40; i++) await pages.growAfter();
        seen.push([pages.lines.length === LINES_MAX, isWhole(pages), pages.first, pages.numberOf(0) === number(pages.lines[0].cursor) + 1, pages.atStart]);
        for (let i = 0; i < 200 && !pages.atStart; i++) await pages.growBefore();
        seen.push([pages.lines.length <= LINES_MAX, isWhole(pages), pages.first, pages.atStart, pages.atEnd]);
        await pages.openEnd();
        seen.push([pages.lines.at(-1).data, pages.first, pages.atEnd, pages.ended]);
        const index = await pages.openAt(entry(700000));
        seen.push([pages.lines[index].data, isWhole(pages), pages.first, pages.atStart, pages.atEnd]);
        await Promise.all([pages.growBefore(), pages.growAfter(), pages.growBefore()]);
        seen.push([isWhole(pages)]);
        return seen""")
    equal(got[0], [True, True, 14501, True, False], "after forty pages on: full, whole, the number of its first line")
    equal(got[1], [True, True, 1, True, False], "back at the beginning")
    equal(got[2], ["line 1000000", None, True, True], "at the end")
    equal(got[3], ["line 700001", True, None, False, False], "in the middle")
    equal(got[4], [True], "both ends at once")


@pages.check("searching goes on where the server stopped looking, and round the end of the log")
def _(b):
    at_home(b)
    got = ask(b, WINDOW + """
        const wanted = new Set([250000, 900000]); let asked = 0;
        const slow = async ({ q, after, before, tail, ...rest }) => { /* looks at 100000 lines at most, and may find nothing in them */
            if (!q) return fetchPage({ after, before, tail, ...rest });
            asked++;
            const step = before || tail ? -1 : 1, from = before ? number(before) - 1 : tail ? total - 1 : after ? number(after) + 1 : 0;
            for (let n = from, i = 0; n >= 0 && n < total; n += step, i++) {
                if (wanted.has(n)) return { entries: [entry(n)], more: true, cursor: `c${n}`, before: `c${n}` };
                if (i === 100000) return { entries: [], more: true, cursor: `c${n}`, before: `c${n}` };
            }
            return { entries: [], more: false };
        };
        const pages = new LogPages(slow), seen = []; let waits = 0;
        const find = async (direction, index) => {
            const { entry, isWrapped } = await pages.find('x', direction, index, undefined, () => waits++);
            seen.push([entry && number(entry.cursor), isWrapped]);
        };
        await pages.openStart();
        await find(1, 0); await find(-1, 0);
        await pages.openAt(entry(500000));
        await find(1, 500); await find(-1, 500);
        wanted.clear(); await find(1, 500);
        return [seen, waits > 10, asked]""")
    equal(got[0], [[250000, False], [900000, True], [900000, False], [250000, False], [None, True]], "what is found, and whether round the end")
    holds(got[1], "the reader is told that it takes longer")


pages.end()
