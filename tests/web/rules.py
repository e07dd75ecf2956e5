"""The rules of rules.js asked of an open page, and those that take the browser itself: names in the accessibility tree, the way
of the focus. Each gives complaints, one text each."""
import json
import os
import re
from pathlib import Path

from browser import TOP, Browser
from tap import Failed

# Every page there is. PAGES_JOBS names the jobs that a case has made, each in a state of its own.
PAGES = ["/", "/streams/1", "/compare?ids=1,2", "/growth", "/operations", "/settings", "/login", "/jobs", "/jobs?all=1", "/jobs/new",
         *[f"/jobs/{job}" for job in os.environ.get("PAGES_JOBS", "").split()]]
BEHIND_LOGIN = re.compile("^/jobs")
RULES = Path(__file__).with_name("rules.js").read_text()
CONTROLS = {"button", "link", "textbox", "searchbox", "combobox", "checkbox", "radio", "tab", "slider", "spinbutton", "switch", "listbox",
            "menuitem", "option", "DisclosureTriangle", "dialog", "image", "img", "region", "table", "grid"}
TABS_MAX = 400


def complain(found: list[str]) -> None:
    if found:
        raise Failed("\n".join(dict.fromkeys(found)))


def rule(b: Browser, call: str, *arguments: object) -> object:
    return b.script(f"{RULES}\nreturn {call}", *arguments)


def nameless(b: Browser) -> list[str]:
    """Controls, pictures and regions that a screen reader cannot name."""
    found = []
    for node in b.cdp("Accessibility.getFullAXTree")["nodes"]:
        role = node.get("role", {}).get("value")
        if not node.get("ignored") and role in CONTROLS and not node.get("name", {}).get("value", "").strip():
            html = b.cdp("DOM.describeNode", backendNodeId=node["backendDOMNodeId"], depth=0)["node"] if "backendDOMNodeId" in node else {}
            found.append(f"a {role} without a name: <{html.get('localName')} {html.get('attributes')}>")
    return found


def landmarks(b: Browser) -> list[str]:
    """As the accessibility tree has them, not as the tags promise."""
    roles = [n.get("role", {}).get("value") for n in b.cdp("Accessibility.getFullAXTree")["nodes"] if not n.get("ignored")]
    return [f"{roles.count(role)} landmarks {role}" for role in ("banner", "main", "contentinfo") if roles.count(role) != 1] + \
        ([] if "navigation" in roles else ["no landmark navigation"])


def focus_way(b: Browser) -> list[str]:
    """Tab from the beginning to the end: every control is reached, none holds the focus, and it is always seen where it is."""
    b.script("window.scrollTo(0, 0); document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute('tabindex')")
    wanted, reached, found = rule(b, "(window.testTabs = tabbable()).map(say)"), [], []
    for _ in range(min(len(wanted) + 5, TABS_MAX)):
        b.press("TAB")
        at = b.script("return document.activeElement === document.body ? null : window.testTabs.indexOf(document.activeElement)")
        if at is None or at in reached and at >= 0:
            break
        reached.append(at)
        found += rule(b, "focusSeen()")
    missed = [name for i, name in enumerate(wanted) if i not in reached]
    if len(wanted) < TABS_MAX and missed:
        found.append(f"Tab does not reach {'; '.join(missed[:5])}")
    numbers = [n for n in reached if n >= 0]
    if numbers != sorted(numbers):
        found.append(f"Tab goes in another order than the page is read: {numbers}")
    return found


def flat(node: object) -> list[str]:
    return [node] if isinstance(node, str) else [text for child in node.values() for text in flat(child)]


def catalogue(language: str) -> list[str]:
    folder = TOP / "web/locales" / language
    return [text for path in sorted(folder.glob("*.json")) for text in flat(json.loads(path.read_text()))]


def words_of(texts: list[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[^\W\d_]{3,}", re.sub(r"\{\w+\}", " ", text).lower())}


OTHER = {"en": "ru", "ru": "en"}
STRANGE = {lang: words_of(catalogue(other)) - words_of(catalogue(lang)) for lang, other in OTHER.items()}
NAMES = {"русский", "english", "active", "running", "failed", "exited", "dead", "inactive", "success"}  # of languages; systemd's own words
DATA = re.compile(r"\S*[/@:_=.\\][\S]*|\w*\d\w*|\b[A-Z]{2,}[\w-]*|\"[^\"]*\"|«[^»]*»|“[^”]*”")


def other_language(b: Browser, language: str, data: set[str] = frozenset()) -> list[str]:
    """Texts with words that only the other language's catalogue has. What looks like data (paths, names with dots …) is left out."""
    found = []
    for text in rule(b, "readTexts()"):
        strange = words_of([DATA.sub(" ", text)]) & STRANGE[language] - NAMES - data
        if strange:
            found.append(f"\"{text[:100]}\" is not {language}: {', '.join(sorted(strange)[:5])}")
    return found


def everything(b: Browser, language: str, data: set[str] = frozenset()) -> list[str]:
    return [*rule(b, f"audit('{language}')"), *nameless(b), *landmarks(b), *other_language(b, language, data)]
