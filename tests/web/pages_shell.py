#!/usr/bin/python3
"""What the pages share: moving about, choices of language and colours, what is told when something is missing, sessions."""
import os
import re
import subprocess
import urllib.error
import urllib.request

from browser import BASE, Browser, Pages, password_of
from rules import PAGES, complain, everything, rule
from tap import equal, holds

pages = Pages()


def status_of(path: str) -> int:
    try:
        with urllib.request.urlopen(BASE + path, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


# --- moving about -------------------------------------------------------------------------------------------------------
@pages.check("links of the navigation open pages without loading anew; back and forward return; a deep link opens the same page")
def _(b: Browser) -> None:
    b.log_in("weir")
    b.open("/")
    b.script("window.sameDocument = true")
    trail = [(b.path, b.title, b.text("h1"))]
    for address in ["/growth", "/jobs", "/operations", "/settings"]:
        b.click(f"nav a[href='{address}']")
        b.until(lambda: b.path == address, f"{address} is opened")
        b.settle()
        equal(b.script("return document.querySelector('nav [aria-current=page]').getAttribute('href')"), address, "the current page in the navigation")
        equal(b.script("return document.activeElement.closest('main') !== null"), True, "the focus is at the page's content")
        trail.append((b.path, b.title, b.text("h1")))
    for entry in reversed(trail[:-1]):
        b.back()
        equal((b.path, b.title, b.text("h1")), entry, "one page back")
    b.forward()
    equal((b.path, b.title, b.text("h1")), trail[1], "and one forward")
    holds(b.script("return window.sameDocument === true"), "the document was never loaded anew")
    for entry in trail:
        b.open(entry[0])
        equal((b.path, b.title, b.text("h1")), entry, "opened by its address")
        b.reload()
        equal((b.path, b.title, b.text("h1")), entry, "and loaded anew")


@pages.check("the skip link is the first thing of all and leads to the content")
def _(b: Browser) -> None:
    b.open("/")
    b.press("TAB")
    equal(b.focused.get_attribute("id"), "skip", "the first to get the focus")
    holds(b.focused.is_displayed() and b.focused.rect["height"] > 10, "it is seen then")
    b.press("ENTER")
    holds(b.script("return document.activeElement.matches('main')"), "the focus is at the content")


@pages.check("an address without a page is told as such, with the status 404", allow="404")
def _(b: Browser) -> None:
    for path in ["/nothing", "/streams/abc", "/streams/0", "/jobs/a/b", "/streams/1/2", "/index", "/web/index.html", "/scripts/none.js", "/jobs/..%2f..%2fetc"]:
        equal(status_of(path), 404, f"the status of {path}")


@pages.check("things that do not exist are told by their pages", allow="404")
def _(b: Browser) -> None:
    b.log_in("weir")
    for path in ["/streams/4711", "/compare?ids=4711,4712", "/jobs/INT-20200101-001", "/jobs/nonsense"]:
        b.open(path)
        holds(len(b.text("main")) > 10, f"{path} says something")
        complain(everything(b, "en"))
    b.click("main a")
    b.settle()
    complain(everything(b, "en"))


# --- choices ------------------------------------------------------------------------------------------------------------
@pages.check("the language is the browser's, until one is chosen; the choice is kept, and the API speaks it, too", allow="404")
def _(b: Browser) -> None:
    b.language("ru")
    b.open("/")
    equal(b.script("return document.documentElement.lang"), "ru", "the browser's language")
    b.click("[data-action=language]")
    b.until(lambda: b.script("return document.documentElement.lang") == "en", "English is chosen")
    b.settle()
    complain(everything(b, "en"))
    b.reload()
    complain(everything(b, "en"))
    b.open("/streams/4711")
    complain(everything(b, "en"))
    b.click("[data-action=language]")
    b.until(lambda: b.script("return document.documentElement.lang") == "ru", "Russian is chosen")
    b.settle()
    complain(everything(b, "ru"))


@pages.check("a language that weir does not speak is answered in English")
def _(b: Browser) -> None:
    b.language("fr-FR,fr,de")
    b.open("/")
    complain(everything(b, "en"))


@pages.check("light and dark follow the system, until one is chosen; the choice is kept")
def _(b: Browser) -> None:
    def is_dark() -> bool:
        return rule(b, "luminance(rgba(getComputedStyle(document.body).backgroundColor)) < 0.2")
    b.open("/")
    for theme in ["dark", "light"]:
        b.theme(theme)
        equal(is_dark(), theme == "dark", f"the system's theme, {theme}, is shown")
    seen = set()
    for _ in range(3):
        b.click("[data-action=theme]")
        b.reload()
        b.theme("dark")
        dark_in_dark = is_dark()
        b.theme("light")
        seen.add((dark_in_dark, is_dark()))
    equal(seen, {(True, True), (False, False), (True, False)}, "light, dark and the system's theme can be chosen")


@pages.check("nothing moves for people who do not want it")
def _(b: Browser) -> None:
    b.log_in("weir")
    b.prefer("prefers-reduced-motion", "reduce")
    for path in PAGES:
        b.open(path, settle=False)
        for _ in range(6):
            complain(rule(b, "movement()"))
        b.settle()
        equal(b.script("return getComputedStyle(document.documentElement).scrollBehavior"), "auto", f"{path}: scrolling is not smooth")


# --- when something is missing ------------------------------------------------------------------------------------------
def systemctl(*words: str) -> None:
    subprocess.run(["systemctl", *words], check=True)


@pages.check("a page that is open says when weir cannot be reached, and goes on when it is back", allow=".")
def _(b: Browser) -> None:
    b.open("/")
    before = b.text("main h1")
    systemctl("stop", "weir-web.socket", "weir-web.service")
    try:
        b.click("nav a[href='/operations']")
        b.wait_for("#offline")
        holds(len(b.text("main")) > 5, "the page is not blank")
        b.screenshot("offline", whole=False)
        complain(rule(b, "auditTheme()") + rule(b, "auditSize()"))
    finally:
        systemctl("start", "weir-web.socket")
    b.wait_for("main h1", "Operations", seconds=60)
    b.wait_gone("#offline")
    b.settle()
    complain(everything(b, "en"))
    b.click("nav a[href='/']")
    b.until(lambda: b.path == "/" and b.exists("main h1", before), "the page is there again")
    b.settle()
    complain(everything(b, "en"))


@pages.check("a page that is only looked at says it, too, and is right again by itself", allow=".")
def _(b: Browser) -> None:
    b.open("/")
    rows = len(b.texts("main a[href^='/streams/']"))
    holds(rows > 0, "streams are shown")
    systemctl("stop", "weir-web.socket", "weir-web.service")
    try:
        b.wait_for("#offline", seconds=45)
        equal(len(b.texts("main a[href^='/streams/']")), rows, "what was shown is still there")
    finally:
        systemctl("start", "weir-web.socket")
    b.wait_gone("#offline", seconds=60)
    equal(len(b.texts("main a[href^='/streams/']")), rows, "the streams afterwards")


@pages.check("programs of the API that fail are told, not shown as an empty page", allow=".")
def _(b: Browser) -> None:
    os.rename("/usr/lib/weir/cgi/api.cgi", "/usr/lib/weir/cgi/api.away")
    try:
        for path in ["/", "/streams/1", "/growth", "/operations"]:
            b.open(path, settle=False)
            b.wait_for(".toast-error, .empty")
            b.until(lambda: len(b.text("main")) > 10, f"{path} is not blank")
            complain(rule(b, "leaks()"))
            b.screenshot("broken" + path.replace("/", "-"), whole=False)
    finally:
        os.rename("/usr/lib/weir/cgi/api.away", "/usr/lib/weir/cgi/api.cgi")
    b.open("/operations")
    complain(everything(b, "en"))


# --- sessions -----------------------------------------------------------------------------------------------------------
def end_session(key: str) -> None:
    """As when it has expired: the server does not know it any more, the browser still sends it."""
    request = urllib.request.Request(f"{BASE}/api/session", method="DELETE", headers={"Cookie": f"weir_session={key}", "Origin": BASE})
    urllib.request.urlopen(request, timeout=20).read()


def fill_in_login(b: Browser, password: str) -> None:
    b.wait_for("form input[type=password]")
    if b.exists("form select"):
        b.choose("form select", "demo")
    b.type("form input[autocomplete=username]", "weir")
    b.type("form input[type=password]", password)
    b.press("ENTER")


@pages.check("a session that has ended leads to the login and from there back to the page", allow="401")
def _(b: Browser) -> None:
    password = password_of("weir")
    b.sessions.pop("weir", None)
    b.log_in("weir")
    b.open("/jobs?all=1")
    end_session(b.sessions.pop("weir"))
    b.click("nav a[href='/settings']")
    b.settle()
    b.click("nav a[href='/jobs']")
    b.until(lambda: b.path.startswith("/login?next="), "the login")
    b.settle()
    complain(everything(b, "en"))
    b.screenshot("login-again", whole=False)
    fill_in_login(b, "wrong " + password)
    b.wait_for("[role=alert]")
    holds(b.path.startswith("/login"), "a wrong password lets nobody in")
    complain(rule(b, "auditTheme()"))
    fill_in_login(b, password)
    b.until(lambda: b.path == "/jobs", "back on the page")
    b.settle()
    holds("weir" in b.text("header"), "who is logged in is shown")
    cookies = {c["name"]: c for c in b.driver.get_cookies()}
    holds(cookies["weir_session"]["httpOnly"] and cookies["weir_session"]["sameSite"] == "Strict", "the cookie is read by no script")
    equal(b.script("return document.cookie.includes('weir_session')"), False, "nor does the page see it")
    b.click("[data-action=logout]")
    b.until(lambda: not b.exists("[data-action=logout]"), "logging out")
    equal([c["name"] for c in b.driver.get_cookies() if c["name"] == "weir_session"], [], "the cookie afterwards")


@pages.check("the login leads nowhere but to pages of this host")
def _(b: Browser) -> None:
    b.log_in("weir")
    for address in ["https://other.example/", "//other.example/", "/\\other.example/", "javascript:alert(1)", "/api/info"]:
        b.open(f"/login?next={urllib.request.quote(address)}")
        holds(b.driver.current_url.startswith(BASE + "/"), f"next={address} led to {b.driver.current_url}")
        for link in b.script("return [...document.querySelectorAll('main a')].map((a) => a.href)"):
            holds(link.startswith(BASE + "/"), f"next={address} made a link to {link}")


@pages.check("no page holds a password, a part of one, or a ticket")
def _(b: Browser) -> None:
    secrets = [password_of(user) for user in ("weir", "super")]
    b.log_in("weir")
    for path in PAGES:
        b.open(path)
        html = b.script("return document.documentElement.outerHTML + JSON.stringify({...localStorage, ...sessionStorage})")
        for secret in secrets:
            holds(secret not in html and secret[-3:] + "<" not in html and "***" + secret[-3:] not in html, f"{path} holds a password")
        holds(not re.search(r"\b[0-9A-F]{32}\b", html) and b.sessions["weir"] not in html, f"{path} holds a ticket or the session's key")


pages.end()
