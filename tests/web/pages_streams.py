#!/usr/bin/python3
"""The pages about streams, operations, settings and the login. The data: see tests/machine/cases/web-pages-streams.sh."""
import json
import os
import subprocess
import time
import urllib.request
from pathlib import Path

from browser import BASE, Pages
from tap import equal, holds

pages = Pages()
DEMO, STUDIO = "section.server:nth-of-type(1)", "section.server:nth-of-type(2)"
ODD = "//many/<img src=x onerror=document.title='hacked'>"


def api(path: str) -> dict:
    with urllib.request.urlopen(BASE + path, timeout=30) as answer:
        return json.load(answer)


def stream(name: str) -> dict:
    return next(s for s in api(f"/api/streams?per_page=1000&server_id=1")["streams"] if s["name"] == name)


HERE = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DBUS_")}  # the browser goes without a bus


def shell(command: str) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=HERE, env=ENVIRONMENT, capture_output=True, text=True)
    holds(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def lock(why: str, resource: str = "server/demo") -> subprocess.Popen:
    return subprocess.Popen(["weirctl", "lock", resource, "--why", why, "--", "sleep", "60"], env=ENVIRONMENT)


def texts(b, selector: str) -> list[str]:
    """Of what is shown, at one moment: the page redraws itself."""
    return b.script("""return [...document.querySelectorAll(arguments[0])].filter((e) => e.checkVisibility())
                               .map((e) => e.textContent.trim().replaceAll('\u00a0', ' '))""", selector)


def names(b, server: str = "") -> list[str]:
    return texts(b, f"{server} .stream-name")


# --- looking -----------------------------------------------------------------------------------------------------------------

@pages.check("servers and their streams are shown as the API tells them")
def _(b):
    b.open("/")
    equal(b.text("#summary"), "3,006 streams in 2 servers", "the count")
    equal(b.texts("section.server h2"), ["demo", "studio"], "the servers")
    told = api("/api/streams?server_id=1")["streams"]
    equal(names(b, DEMO), [s["name"] for s in told], "the streams")
    equal(texts(b, f"{DEMO} td.size"), [s["size_human"] for s in told], "their sizes")
    title = b.wait_for(f"{DEMO} td.size").get_attribute("title")
    equal(title, f"{told[0]['size_bytes']:,} bytes", "the exact size")
    holds(b.all(f"{DEMO} td.when time[datetime][title]"), "the exact time")
    holds(b.exists(f"{STUDIO} .spark"), "a line of the last 30 days")


@pages.check("a server that cannot be reached says so in its own words")
def _(b):
    b.open("/")
    equal(b.text(f"{STUDIO} .badge"), "unreachable", "its state")
    words = next(s for s in api("/api/servers")["servers"] if s["name"] == "studio")["state_text"]
    equal(b.text(f"{STUDIO} .notice"), words.strip(), "its words")


@pages.check("counts follow the language's plural forms")
def _(b):
    b.language("ru")
    b.open("/?q=many/s00")
    equal(b.text("#summary"), "Найдено: 1 000 потоков на 1 сервере", "a thousand")
    for q, wanted in [("s00001", "1 поток"), ("many/s0000", "10 потоков"), ("demo/m", "2 потока"), ("s0011", "10 потоков"), ("it's", "1 поток")]:
        b.type("#search", q)
        b.wait_for("#summary", f"Найдено: {wanted} на 1 сервере")


@pages.check("searching finds as one types, on the server, and is kept in the address")
def _(b):
    b.open("/")
    b.type("#search", "S0012")
    b.wait_for("#summary", "Found 10 streams in 1 server")
    equal(len(names(b)), 10, "streams shown")
    holds(not b.exists("section.server h2", "demo"), "a server without a match is not shown")
    equal(b.path, "/?q=S0012", "the address")
    b.reload()
    equal(b.value("#search"), "S0012", "the search after a reload")
    b.wait_for("#summary", "Found 10 streams")
    b.press("ESCAPE") if b.focused.get_attribute("id") == "search" else (b.click("#search"), b.press("ESCAPE"))
    b.wait_for("#summary", "3,006 streams in 2 servers")
    equal(b.path, "/", "the address after clearing")
    b.type("#search", "nothing like this")
    b.wait_for("h2", "Nothing found for “nothing like this”")
    b.click(".empty button")
    b.wait_for("#summary", "3,006 streams")


@pages.check("what looks like a pattern, HTML or a template is only text")
def _(b):
    for q in ["100%_d", "{{t.", "<img", "it's-\""]:
        b.open("/")
        b.type("#search", q)
        b.wait_for("#summary", "Found 1 stream in 1 server")
        holds(q in names(b)[0], f"{q} is found: {names(b)}")
    b.open("/?q=%3Cimg")
    equal(names(b), [ODD], "the name")
    b.click(".stream-name")
    b.wait_for("h1", ODD)
    holds(b.title != "hacked" and not b.exists("img"), "nothing of it is run")
    equal(b.title, f"{ODD} · weir", "the title")


@pages.check("columns sort, in both directions, kept in the address")
def _(b):
    b.open("/")
    b.click(f"{STUDIO} th button", "Size")
    b.wait_for(f"{STUDIO} th[aria-sort=descending]", "Size")
    largest = api("/api/streams?server_id=2&sort=size&order=desc")["streams"]
    b.until(lambda: names(b, STUDIO)[:5] == [s["name"] for s in largest[:5]], "the largest first")
    b.reload()
    equal(names(b, STUDIO)[:5], [s["name"] for s in largest[:5]], "after a reload")
    b.click(f"{STUDIO} th button", "Size")
    b.wait_for(f"{STUDIO} th[aria-sort=ascending]", "Size")
    b.click(f"{STUDIO} th button", "Stream")
    b.until(lambda: b.path == "/", "by name is the usual")


@pages.check("closed servers stay closed")
def _(b):
    b.open("/")
    b.click(".server-toggle", "studio")
    b.until(lambda: len(texts(b, "table.streams")) == 1, "one table")
    b.reload()
    equal(len(texts(b, "table.streams")), 1, "tables after a reload")
    equal(b.wait_for(f"{STUDIO} .server-toggle").get_attribute("aria-expanded"), "false", "what a screen reader is told")
    b.click("button", "Collapse all")
    b.until(lambda: not texts(b, "table.streams"), "no table")
    b.click("button", "Expand all")
    b.until(lambda: len(texts(b, "table.streams")) == 2, "both tables")


@pages.check("thousands of streams are never all in the page")
def _(b):
    b.open("/")
    equal(len(names(b, STUDIO)), 50, "streams at first")
    for shown in [200, 500]:
        b.click(f"{STUDIO} .pager button", "Show more")
        b.until(lambda: len(names(b, STUDIO)) == shown, f"{shown} streams")
    b.click(f"{STUDIO} .pager button", "Next")
    b.wait_for(f"{STUDIO} .pager", "501–1,000 of 3,000")
    equal(len(names(b, STUDIO)), 500, "streams of the next part")
    equal(b.script("return document.querySelectorAll('tbody tr').length"), 506, "rows in the page")


@pages.check("the list of a server's streams")
def _(b):
    b.open("/")
    b.click(f"{STUDIO} button", "Streams")
    b.wait_for("dialog h2", "Streams of studio")
    b.type("dialog input", "s0123")
    b.until(lambda: len(texts(b, "dialog li")) == 10, "ten of them")
    b.press("ESCAPE")
    b.wait_gone("dialog")
    equal(b.focused.text, "Streams", "where the focus returns")


@pages.check("CSV has what is shown")
def _(b):
    b.open("/?q=demo/")
    link = b.wait_for(f"{DEMO} a[download]").get_attribute("href")
    table = b.driver.execute_async_script("fetch(arguments[0]).then((a) => a.text()).then(arguments[1])", link)
    equal(len(table.strip().split("\r\n")), 7, "lines")
    holds("//demo/main," in table, "the stream")


@pages.check("CSV of more than fits one answer is put together")
def _(b):
    b.open("/")
    b.script("URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#saved'; }")
    b.click("button[aria-label='CSV studio']")
    b.until(lambda: b.script("return window.saved"), "a file")
    lines = b.script("return window.saved").strip().split("\r\n")
    equal(len(lines), 3001, "lines, with a head")
    equal(len(set(lines)), 3001, "different lines")


# --- who may -----------------------------------------------------------------------------------------------------------------

@pages.check("buttons are there for whom they work; the others are told why")
def _(b):
    b.open("/")
    holds(not b.exists("button", "Update"), "an anonymous reader measures nothing")
    b.wait_for(".note", "Measuring takes a login")
    b.log_in("reader", password=os.environ["READER_PASSWORD"])
    b.open("/")
    holds(not b.exists("button", "Update"), "nor does a user")
    b.wait_for(".note", "the role operator")
    b.log_in("weir")
    b.open("/")
    holds(b.exists("button", "Update all") and b.exists("button", "Synchronize"), "an operator does")
    holds(not b.exists("button", "Sync with config"), "but not what is an administrator's")
    b.wait_for(".note", "the role administrator")
    b.log_in("super")
    b.open("/")
    holds(b.exists("button", "Sync with config"), "an administrator does")


# --- doing -------------------------------------------------------------------------------------------------------------------

GROW = """. tests/machine/weir.sh; client_for //demo/main; put "web-$RANDOM.txt" {size}; submit grown"""


@pages.check("one stream is measured, in place")
def _(b):
    b.log_in("weir")
    b.open("/?q=demo/main")
    before = stream("//demo/main")["size_bytes"]
    shell(GROW.format(size=54321))
    b.click("button[aria-label='Measure //demo/main']")
    b.wait_for(".toast", "//demo/main:")
    after = stream("//demo/main")
    equal(after["size_bytes"] - before, 54321, "what was added")
    wanted = f"{after['size_bytes']:,} bytes"
    b.until(lambda: b.script("return document.querySelector('td.size').title") == wanted, f"the row says {wanted}")


@pages.check("a server, and all of them, are measured with live progress")
def _(b):
    b.log_in("weir")
    b.open("/")
    shell(GROW.format(size=1111))
    b.click(f"{DEMO} button", "Update with sizes")
    b.wait_for(".toast")
    now = stream("//demo/main")["size_bytes"]
    b.until(lambda: stream("//demo/main")["size_bytes"] == now and b.script(
        "return [...document.querySelectorAll('tr')].find((r) => r.textContent.includes('//demo/main')).querySelector('.size').title"
    ) == f"{stream('//demo/main')['size_bytes']:,} bytes", "the new size is shown")
    b.click("button", "Update all")
    b.wait_for(".toast", "Measuring")
    b.until(lambda: b.wait_for("button", "Update all").is_enabled(), "it ends")


@pages.check("streams that came are found, and the list says so")
def _(b):
    shell(""". tests/machine/weir.sh; make_stream "//demo/web$RANDOM" development //demo/main""")
    b.log_in("weir")
    b.open("/")
    before = len(names(b, DEMO))
    b.click(f"{DEMO} button", "Synchronize")
    b.wait_for(".toast", "demo: 1 added, 0 removed")
    b.until(lambda: len(names(b, DEMO)) == before + 1, "the new stream")


@pages.check("the configuration is read anew")
def _(b):
    b.log_in("super")
    b.open("/")
    b.click("button", "Sync with config")
    b.wait_for(".toast", "Reading the configuration")


@pages.check("everybody sees who has locked a server, why and since when", allow="423")
def _(b):
    b.open("/")
    holder = lock("web test")
    try:
        b.wait_for(f"{DEMO} .notice", "web test")
        holds("weirctl" in b.text(f"{DEMO} .notice"), "the holder")
        b.log_in("weir")
        b.open("/")
        b.wait_for(f"{DEMO} .notice", "web test")
        holds(not b.wait_for(f"{DEMO} button", "Update with sizes").is_enabled(), "its button cannot be used")
        b.open("/operations")
        b.wait_for("td", "web test")
        holds(b.wait_for("tbody tr", "web test").text.startswith("Server demo"), f"what is locked: {b.texts('tbody tr')}")
    finally:
        holder.terminate()
        holder.wait()
    b.wait_gone("td", "web test")


@pages.check("what somebody else measures is seen while it goes on")
def _(b):
    b.open("/operations")
    b.wait_for("p", "Nothing is being measured.")
    shell("p4d-control -r /var/lib/perforce/demo latency 1")
    run = subprocess.Popen(["weirctl", "measure", "full/all"], env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        b.wait_for(".run", seconds=10)
    finally:
        run.wait()
        shell("p4d-control -r /var/lib/perforce/demo reset")


# --- one stream, several, growth ---------------------------------------------------------------------------------------------

@pages.check("a stream's page has its figures, its chart and its measurements")
def _(b):
    main = stream("//demo/main")
    b.open(f"/streams/{main['id']}")
    equal(b.text("h1"), "//demo/main", "its path")
    figures = api(f"/api/stream/{main['id']}/history?days=30&limit=1000")["statistics"]
    for name, wanted in [("Current", "current"), ("Smallest", "min"), ("Largest", "max"), ("Mean", "mean"), ("Change", "change")]:
        box = b.wait_for(".figure", name)
        equal(box.find_element("css selector", "dd").get_attribute("title").replace("−", "-"), f"{figures[wanted]:,} bytes", name)
    holds(b.all(".chart canvas"), "a chart")
    holds(len(b.all(".measurements tbody tr")) > 20, "a table")
    for period, days in [("90 days", 90), ("1 year", 365), ("All", 0), ("7 days", 7)]:
        b.click(".segments button", period)
        count = api(f"/api/stream/{main['id']}/history?days={days}&limit=1000")["statistics"]["measurements"]
        b.until(lambda: texts(b, ".figure")[-1] == f"Measurements{count}", f"{period}: {count} measurements")
        equal(b.path, f"/streams/{main['id']}?days={days}", "the address")
    b.back()
    equal(b.text(".segments [aria-pressed=true]"), "All", "back is the period before")
    b.forward()
    equal(b.text(".segments [aria-pressed=true]"), "7 days", "and forward again")


@pages.check("the chart tells what is under the pointer")
def _(b):
    b.open(f"/streams/{stream('//demo/main')['id']}")
    from selenium.webdriver.common.action_chains import ActionChains
    ActionChains(b.driver).move_to_element(b.wait_for(".chart canvas")).perform()
    b.until(lambda: "iB" in b.script("return document.querySelector('.chart-legend').textContent"), "a size")


@pages.check("a stream that does not exist", allow="404")
def _(b):
    b.open("/streams/424242")
    equal(b.text("h1"), "Not found", "what is said")


@pages.check("streams are compared: chosen in the list, added by typing, taken out")
def _(b):
    b.open("/?q=demo/")
    for name in ["//demo/main", "//demo/dev"]:
        b.click(f"input[aria-label='Compare {name}']")
    b.click(".selection a", "Compare 2 streams")
    b.wait_for("h1", "Comparison")
    equal(sorted(names(b)), ["//demo/dev", "//demo/main"], "the two")
    holds(b.all(".chart canvas"), "a chart")
    b.type("#add", "many/s00007")
    b.click(".found-list button", "//many/s00007")
    b.wait_for(".stream-name", "//many/s00007")
    ids = b.path
    b.click("button[aria-label='Take //demo/dev out']")
    b.until(lambda: len(names(b)) == 2, "two are left")
    b.click("button", "As change since the beginning")
    b.until(lambda: "mode=relative" in b.path, "the address")
    b.open(ids)
    equal(len(names(b)), 3, "an address can be passed on")


@pages.check("growth names who grew most, and who shrank")
def _(b):
    b.open("/growth")
    told = [s["name"] for s in api("/api/growth?days=30&limit=100")["streams"]]
    equal(names(b), told, "the streams in order")
    b.click("button", "Shrank")
    b.wait_for("p", "No stream changed in this direction")
    b.click("button", "Grew")
    b.choose("select", "demo")
    b.until(lambda: names(b) == ["//demo/main"], "of one server")
    b.click("button", "All")
    b.until(lambda: set(b.path.partition("?")[2].split("&")) == {"days=0", "server=1"}, "the address")


@pages.check("an answer that comes late does not replace a newer one")
def _(b):
    b.open("/growth")
    b.script("""const ask = window.fetch;
        window.fetch = async (...what) => {
            if (/growth\\?(?!.*server_id)/.test(what[0])) { await new Promise((go) => setTimeout(go, 800)); }
            return ask(...what);
        };""")
    b.click("button", "30 days")
    b.choose("select", "demo")
    b.until(lambda: names(b) == ["//demo/main"], "of one server")
    time.sleep(1.5)
    equal(names(b), ["//demo/main"], "still of one server")


# --- logging in --------------------------------------------------------------------------------------------------------------

def type_login(b, user: str, password: str) -> None:
    b.choose("#server", "demo")
    b.type("#user", user)
    b.type("#password", password)
    b.press("ENTER")


@pages.check("a login leads back to where one came from; a wrong one says so", allow="401")
def _(b):
    b.open("/growth?days=7")
    b.click("a", "Log in")
    b.wait_for("h1", "Log in")
    type_login(b, "weir", "wrong")
    b.wait_for("[role=alert]", "The user or the password is wrong.")
    equal(b.value("#password"), "", "the password is not kept")
    type_login(b, "weir", os.environ["WEIR_PASSWORD"])
    b.until(lambda: b.path == "/growth?days=7", "back where one was")
    b.wait_for(".who", "weir")
    b.click("button[aria-label='Log out']")
    b.wait_for("a", "Log in")


@pages.check("a login leads to no other host")
def _(b):
    for bad in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "/api/servers"]:
        b.log_out()
        b.open("/login?next=" + bad)
        type_login(b, "weir", os.environ["WEIR_PASSWORD"])
        b.until(lambda: b.path == "/", f"{bad}: to the streams instead of {b.path}")


@pages.check("who is no longer logged in is led to the login, and back", allow="401")
def _(b):
    b.log_in("weir")
    b.open("/?q=demo/main")
    b.log_out()
    b.click("button[aria-label='Measure //demo/main']")
    b.wait_for("h1", "Log in")
    type_login(b, "weir", os.environ["WEIR_PASSWORD"])
    b.until(lambda: b.path == "/?q=demo/main", "back where one was")
    b.click("button[aria-label='Measure //demo/main']")
    b.wait_for(".toast", "//demo/main")


@pages.check("where reading takes a login, every page leads to it and back", allow="401")
def _(b):
    config = Path("/etc/weir/weir.yaml")
    before = config.read_text()

    def needs_login() -> bool:
        return "401" == subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", BASE + "/api/servers"],
                                       capture_output=True, text=True).stdout
    config.write_text(before + "  login_required: yes\n")
    try:
        b.until(needs_login, "the configuration is in force")
        b.open("/growth?direction=down")
        b.wait_for("h1", "Log in")
        type_login(b, "weir", os.environ["WEIR_PASSWORD"])
        b.wait_for("h1", "Growth")
        equal(b.path, "/growth?direction=down", "where one wanted to go")
    finally:
        config.write_text(before)
        b.until(lambda: not needs_login(), "the configuration is as before")


@pages.check("/logout logs out")
def _(b):
    b.open("/login")
    type_login(b, "weir", os.environ["WEIR_PASSWORD"])
    b.wait_for(".who", "weir")
    b.open("/logout", settle=False)
    b.until(lambda: b.path == "/login", "the login")
    b.open("/api/session", settle=False)
    holds('"user":null' in b.text(), "nobody is logged in")


# --- settings ----------------------------------------------------------------------------------------------------------------

@pages.check("the language is the browser's until one is chosen, then it is kept, by the API, too")
def _(b):
    b.language("ru")
    b.open("/settings")
    equal(b.text("h1"), "Настройки", "the browser's language")
    equal(b.script("return document.documentElement.lang"), "ru", "what a screen reader is told")
    b.click("button", "English")
    b.wait_for("h1", "Settings")
    b.reload()
    equal(b.text("h1"), "Settings", "the chosen language")
    b.open("/streams/424242", settle=False)
    b.wait_for("p", "There is no such stream.")
    b.troubles()
    b.complaints.clear()
    b.click(".language")
    b.wait_for("p", "Такого потока нет")
    b.troubles()
    b.complaints.clear()


@pages.check("colours are the system's until they are chosen, then they are kept")
def _(b):
    ground = "return getComputedStyle(document.body).backgroundColor"
    b.open("/settings")
    light = b.script(ground)
    b.theme("dark")
    dark = b.script(ground)
    holds(light != dark, "the system's choice is followed")
    b.click("button", "Light")
    equal(b.script(ground), light, "one's own choice goes before it")
    b.reload()
    equal(b.script(ground), light, "after a reload")


@pages.check("tokens are made, used and revoked")
def _(b):
    b.log_in("weir")
    b.open("/settings")
    b.type("#token-name", "nightly <b>build</b>")
    b.choose("#token-role", "user")
    b.type("#token-days", "7")
    b.click("button", "Create")
    token = b.value("#token")
    holds(len(token) >= 32, "a token")

    def tells() -> str:
        request = urllib.request.Request(BASE + "/api/session", headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)["role"]
        except urllib.error.HTTPError as error:
            return str(error.code)
    equal(tells(), "user", "what it is good for")
    b.wait_for("td", "nightly <b>build</b>")
    b.reload()
    holds(not b.exists("#token"), "it is shown only once")
    b.click("button", "Revoke")
    b.wait_for("dialog p", "nightly <b>build</b>")
    b.click("dialog button.danger")
    b.wait_for("p", "There are no tokens.")
    holds(tells() in ("none", "401"), f"afterwards it is good for nothing: {tells()}")


@pages.check("settings say what this installation is")
def _(b):
    b.open("/settings")
    holds(api("/api/info")["app_info"]["version"] in b.text("main"), "its version")
    holds("every 6 hours" in b.text("main"), "how often it measures")
    holds(not b.exists("#token-name"), "tokens take a login")


# --- the frame ---------------------------------------------------------------------------------------------------------------

@pages.check("links, back and forward do not load anew, and places are found again")
def _(b):
    b.open("/?q=demo/")
    b.script("window.kept = true")
    b.click(".stream-name", "//demo/main")
    b.wait_for("h1", "//demo/main")
    b.back()
    b.until(lambda: b.exists("#search") and b.value("#search") == "demo/", "the search again")
    b.forward()
    b.wait_for("h1", "//demo/main")
    holds(b.script("return window.kept"), "it was one document all along")


@pages.check("a path that is none", allow="404")
def _(b):
    b.open("/admin", settle=False)
    b.until(lambda: b.path in ("/jobs", "/login?next=%2Fjobs"), "the original's address of the jobs")
    status = subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", BASE + "/nothing/here"], capture_output=True, text=True).stdout
    equal(status, "404", "what the web server says")


@pages.check("that weir cannot be reached is told, and that it can be again", allow=".")
def _(b):
    b.open("/")
    b.cdp("Network.enable")
    b.cdp("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    try:
        b.wait_for("#offline", "cannot be reached")
        holds(names(b), "what was known is still shown")
    finally:
        b.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    b.wait_gone("#offline", seconds=30)


@pages.check("a page that cannot be filled says why, and fills itself later", allow=".")
def _(b):
    b.cdp("Network.enable")
    b.cdp("Network.setBlockedURLs", urls=["*/api/servers"])
    try:
        b.open("/", settle=False)
        b.wait_for("#summary .error", "cannot be reached")
    finally:
        b.cdp("Network.setBlockedURLs", urls=[])
    b.script("window.dispatchEvent(new Event('online'))")
    b.wait_for("#summary", "streams in 2 servers")


@pages.check("nothing is asked while the page is hidden")
def _(b):
    b.open("/operations")
    hide = """Object.defineProperty(document, 'hidden', {{value: {0}, configurable: true}});
              document.dispatchEvent(new Event('visibilitychange'));"""
    b.script(hide.format("true"))
    import time
    time.sleep(1)
    asked = "return performance.getEntriesByType('resource').filter((e) => e.name.includes('/api/')).length"
    before = b.script(asked)
    time.sleep(7)
    equal(b.script(asked), before, "requests while it was hidden")
    b.script(hide.format("false"))
    b.until(lambda: b.script(asked) > before, "it goes on at once", 3)


@pages.check("everything works by keyboard alone")
def _(b):
    b.open("/")
    b.press("TAB")
    equal(b.focused.get_attribute("id"), "skip", "the way past the navigation comes first")
    b.press("ENTER")
    equal(b.focused.get_attribute("id"), "main", "and leads to the content")
    for _ in range(3):
        if b.focused.get_attribute("id") == "search":
            break
        b.press("TAB")
    equal(b.focused.get_attribute("id"), "search", "the search is near")
    for character in "s00001":
        b.press(character)
    b.wait_for("#summary", "Found 1 stream")
    equal(b.focused.get_attribute("id"), "search", "the focus stays while results change")
    for _ in range(15):
        b.press("TAB")
        if b.focused.get_attribute("class") == "path stream-name":
            break
    outline = b.script("return getComputedStyle(document.activeElement).outlineStyle")
    equal(outline, "solid", "the focus is seen")
    b.press("ENTER")
    b.wait_for("h1", "//many/s00001")


@pages.check("a click's focus is not lost when the data change")
def _(b):
    b.log_in("weir")
    b.open("/")
    b.script("document.querySelector('section.server:nth-of-type(2) .pager button').focus()")
    import time
    time.sleep(6)
    equal(b.focused.text, "Show more", "the focus after the next answers")


@pages.check("large answers are compressed")
def _(b):
    heads = subprocess.run(["curl", "-s", "-o", "/dev/null", "-D", "-", "-H", "Accept-Encoding: gzip", "-w", "%{size_download}",
                            BASE + "/api/streams?per_page=1000"], capture_output=True, text=True).stdout
    holds("content-encoding: gzip" in heads.lower(), f"the answer's head: {heads}")
    holds(int(heads.split()[-1]) < 60000, f"the answer's size: {heads.split()[-1]}")


@pages.check("the first page costs at most 150 KB")
def _(b):
    b.open("/")
    loaded = b.loaded()
    holds(sum(loaded.values()) <= 150 * 1024, f"{sum(loaded.values())} bytes: {loaded}")


@pages.check("pictures of every page, for people to look at")
def _(b):
    main = stream("//demo/main")["id"]
    paths = {"streams": "/", "stream": f"/streams/{main}", "compare": f"/compare?ids={main},20,21", "growth": "/growth",
             "operations": "/operations", "settings": "/settings", "login": "/login"}
    b.log_in("weir")
    for name, path in paths.items():
        for language, theme, width in [("en", "light", 1280), ("ru", "dark", 1280), ("ru", "light", 360), ("en", "dark", 2560)]:
            b.language(language)
            b.theme(theme)
            b.size(width)
            b.open(path)
            holds(b.script("return document.documentElement.scrollWidth <= innerWidth"), f"{name} fits {width} pixels in {language}")
            b.screenshot(f"{name}-{language}-{theme}-{width}", whole=False)


pages.end()
