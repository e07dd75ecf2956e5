#!/usr/bin/python3
"""Every page, in both languages, as a visitor and as somebody who is logged in, at three widths, light and dark, by keyboard; and what each
costs at first. Pictures of all of it are kept in build/results/web."""
import re

from browser import TOP, Browser, Pages
from rules import BEHIND_LOGIN, PAGES, complain, everything, focus_way, nameless, other_language, rule
from tap import equal, holds

WIDTHS = [1280, 360, 2560]
FIRST_LOAD = 150 * 1024

pages = Pages()


def file_of(path: str) -> str:
    return re.sub(r"\W+", "-", path).strip("-") or "streams"


def is_whole(path: str, language: str, user: str) -> None:
    @pages.check(f"{path} is whole: {language}, {user or 'a visitor'}")
    def _(b: Browser) -> None:
        b.language(language)
        if user:
            b.log_in(user)
        b.open(path)
        found = [f"{problem}" for problem in everything(b, language)]
        for width in WIDTHS:
            b.size(width)
            b.settle()
            found += [f"at {width}: {problem}" for problem in rule(b, "auditSize()")]
            for theme in ["light", "dark"]:
                b.theme(theme)
                found += [f"at {width}, {theme}: {problem}" for problem in rule(b, "auditTheme()")]
                if user:
                    b.screenshot(f"{file_of(path)}-{language}-{width}-{theme}")
            b.theme("light")
        complain(found)


def is_walked(path: str, width: int) -> None:
    @pages.check(f"{path} by Tab alone, {width} pixels wide")
    def _(b: Browser) -> None:
        b.log_in("weir")
        b.size(width)
        b.open(path)
        complain(focus_way(b))


for page in PAGES:
    for speech in ["en", "ru"]:
        is_whole(page, speech, "weir")
        if not BEHIND_LOGIN.match(page):
            is_whole(page, speech, "")
    is_walked(page, 1280)
    is_walked(page, 360)


@pages.check("dialogs of an integration: whole in both languages and themes, narrow and wide; Escape closes them and the focus returns")
def _(b: Browser) -> None:
    job = next(page for page in PAGES if page.endswith("-002"))
    found = []
    for language in ["en", "ru"]:
        b.language(language)
        b.log_in("weir")
        for action in ["cancel", "commands", "compare"]:
            b.size(1280)
            b.open(job)
            b.click(f"main [data-action={action}]")
            b.wait_for("dialog[open] h2")
            b.settle()
            found += [f"{action}: {problem}" for problem in [*nameless(b), *other_language(b, language, {"line"}), *rule(b, "references()"), *rule(b, "labels()"), *rule(b, "leaks()")]]
            for width in WIDTHS:
                b.size(width)
                for theme in ["dark", "light"]:
                    b.theme(theme)
                    found += [f"{action} at {width}, {theme}: {problem}" for problem in [*rule(b, "auditSize()"), *rule(b, "auditTheme()")]]
                    b.screenshot(f"dialog-{action}-{language}-{width}-{theme}", whole=False)
            b.press("ESCAPE")
            b.wait_gone("dialog")
            equal(b.focused.get_attribute("data-action"), action, "where the focus returns")
    complain(found)


@pages.check("each page is called by a name of its own")
def _(b: Browser) -> None:
    b.log_in("weir")
    seen: dict[str, str] = {}
    for path in [p for p in PAGES if p != "/jobs?all=1"]:
        b.open(path)
        holds(b.title not in seen, f"{path} and {seen.get(b.title)} are both called {b.title!r}")
        seen[b.title] = path


@pages.check("every page comes with at most 150 KB at first")
def _(b: Browser) -> None:
    b.log_in("weir")
    found = []
    for path in PAGES:
        b.driver.get("about:blank")
        b.cdp("Network.clearBrowserCache")
        b.forget()
        b.open(path)
        came = b.loaded()
        total = int(sum(came.values()))
        print(f"#   {path}: {total} bytes in {len(came)} requests")
        holds(total > 5000, f"{path}: only {total} bytes came: {came}")
        if total > FIRST_LOAD:
            found.append(f"{path}: {total} bytes: {sorted(came.items(), key=lambda item: -item[1])[:12]}")
    complain(found)


@pages.check("every script can be read by the browser")
def _(b: Browser) -> None:
    b.open("/")
    for script in sorted((TOP / "web/scripts").rglob("*.js")):
        address = "/" + str(script.relative_to(TOP / "web"))
        if script.name not in ("app.js", "theme-start.js"): # which begin to work at once, as they have on this page
            said = b.driver.execute_async_script("const done = arguments[1]; import(arguments[0]).then(() => done(''), (e) => done(String(e)))", address)
            equal(said, "", address)


pages.end()
