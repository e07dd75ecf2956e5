#!/usr/bin/python3
"""The web pages without a browser: their texts in both languages, what templates and scripts may contain, what refers to what.

What only a browser can tell (scripts that do not parse, contrast, focus …) is checked by tests/web/pages_all.py.
"""
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tap import TOP, check, end, name_of, sources

WEB = TOP / "web"
LANGUAGES = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}  # and the plural forms that each has
PLURALS = {"zero", "one", "two", "few", "many", "other"}
PLACE = re.compile(r"\{(\w+)\}")
HOOK_PLACES = {"changelist", "client", "workspace", "source_changelist", "job"}  # of job.json(5), which a text may explain
SCRIPTS = sources("web/scripts/**/*.js")
TEMPLATES = sources("web/templates/**/*.mustache")
PAGE = WEB / "index.html"
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


# --- texts ---------------------------------------------------------------------------------------------------------------
def texts_of(node: object, path: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    """Key -> its forms: {"": text}, or one text per plural form."""
    if isinstance(node, str):
        yield path, {"": node}
    elif isinstance(node, dict) and node and set(node) <= PLURALS and all(isinstance(v, str) for v in node.values()):
        yield path, node
    elif isinstance(node, dict) and (node or "." not in path):
        for name, child in node.items():
            yield from texts_of(child, f"{path}.{name}" if path else name)
    else:
        yield path, {}


def reject_twins(pairs: list[tuple[str, object]]) -> dict:
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise ValueError(f"twice the same name among {names}")
    return dict(pairs)


def catalogue(language: str, area: str = "*") -> dict[str, dict[str, str]]:
    """Every text of the pages; those of the API (LANG.json) are the area `api`."""
    files = [WEB / f"locales/{language}.json"] if area == "api" else sorted((WEB / "locales" / language).glob(f"{area}.json"))
    found: dict[str, dict[str, str]] = {}
    for path in files:
        found |= dict(texts_of(json.loads(path.read_text(), object_pairs_hook=reject_twins)))
    return found


def all_texts(language: str) -> dict[str, dict[str, str]]:
    return catalogue(language) | catalogue(language, "api")


def unlike_catalogues() -> Iterator[str]:
    names = {code: {p.name for p in (WEB / "locales" / code).glob("*")} for code in LANGUAGES}
    if names["en"] != names["ru"]:
        yield f"files in one language only: {names['en'] ^ names['ru']}"
    english, russian = all_texts("en"), all_texts("ru")
    for key in sorted(english.keys() ^ russian.keys()):
        yield f"{key} is missing in {'ru' if key in english else 'en'}"
    for key in sorted(english.keys() & russian.keys()):
        if ("" in english[key]) != ("" in russian[key]):
            yield f"{key} has plural forms in one language only"
    for code in LANGUAGES:
        for path in sorted((WEB / "locales" / code).glob("*.json")):
            if list(json.loads(path.read_text())) != [path.stem]:
                yield f"{name_of(path)} must hold one area, {path.stem}"


def bad_forms() -> Iterator[str]:
    for code, wanted in LANGUAGES.items():
        for key, forms in all_texts(code).items():
            if not all(text.strip() == text and text for text in forms.values()) or not forms:
                yield f"{code}: {key} is empty, or has space at an end"
            if "" not in forms and set(forms) != wanted:
                yield f"{code}: {key} has the forms {', '.join(forms)} instead of {', '.join(sorted(wanted))}"
            if not key.startswith("api.") and re.search(r"[\"'] |(?<!/)\.\.\.|<\w|&\w+;", " ".join(forms.values())):
                yield f"{code}: {key} has typewriter quotes or dots, or HTML in it: {forms}"


def unlike_places() -> Iterator[str]:
    english, russian = all_texts("en"), all_texts("ru")
    for key in sorted(english.keys() & russian.keys()):
        places = [[set(PLACE.findall(text)) - {"count"} for text in forms[key].values()] for forms in (english, russian)]
        if any(p != places[0][0] for p in places[0] + places[1]):
            yield f"{key}: the places differ: {places}"


def untranslated() -> Iterator[str]:
    """A text of several words that is the same in both languages, or in the other's letters."""
    english, russian = all_texts("en"), all_texts("ru")
    for key in sorted(english.keys() & russian.keys()):
        for text in english[key].values():
            if re.search("[А-Яа-яЁё]", text):
                yield f"en: {key} has Russian letters: {text}"
        for text in russian[key].values():
            bare = re.sub(r"[\w-]*[./_=:][\w./*-]*|\{\w+\}|\b[A-Z]{2,}\w*\b|\bp4\b|\bweir\w*\b", "", text)
            if re.search(r"[A-Za-z]{3,} [A-Za-z]{3,}", bare) or (not re.search("[А-Яа-яЁё]", text) and re.search("[a-z]{4,}", bare)):
                yield f"ru: {key} is not translated: {text}"


# --- which texts are used ------------------------------------------------------------------------------------------------
USED_IN_TEMPLATE = re.compile(r"\{\{[#^]?\s*t\.([\w.-]+)\s*\}\}")
USED_IN_SCRIPT = re.compile(r"""\bt\(\s*(["'])([\w.-]+)\1""")
BUILT_IN_SCRIPT = re.compile(r"`((?:[a-z]\w*\.)+[^`\s]*\$\{[^`]*)`")
ANY_STRING = re.compile(r"""(["'`])((?:shell|streams|jobs)\.[\w.-]+)\1""")


def template_words() -> Iterator[tuple[Path, str]]:
    for path in [*TEMPLATES, PAGE]:
        for match in USED_IN_TEMPLATE.finditer(path.read_text()):
            yield path, match[1]


def script_words() -> Iterator[tuple[Path, str]]:
    for path in SCRIPTS:
        text = without_comments(path.read_text())
        yield from sorted({(path, match[2]) for match in [*USED_IN_SCRIPT.finditer(text), *ANY_STRING.finditer(text)]})


def built_words() -> Iterator[tuple[Path, re.Pattern[str]]]:
    """`jobs.status.${status}`: one name stands for the place."""
    for path in SCRIPTS:
        for match in BUILT_IN_SCRIPT.finditer(without_comments(path.read_text())):
            parts = re.split(r"\$\{[^}]*\}", match[1])
            if parts[0].split(".")[0] in {"shell", "streams", "jobs"}:
                yield path, re.compile(r"[\w.-]+".join(map(re.escape, parts)))


def without_comments(text: str) -> str:
    """Comments become spaces; what looks like one inside a string stays."""
    token = re.compile(r"""("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|/\*.*?\*/|(?<![:\\\w"'`])//[^\n]*""", re.DOTALL)
    return token.sub(lambda m: m[1] or " ", text)


def unknown_texts() -> Iterator[str]:
    known = catalogue("en")
    for path, key in template_words():
        if key not in known:
            yield f"{name_of(path)}: there is no text {key}"
        elif set(known[key]) != {""} or set(PLACE.findall(known[key][""])) - HOOK_PLACES:
            yield f"{name_of(path)}: {key} has places or plural forms, which take a script"
    branches = {key.rsplit(".", n)[0] for key in known for n in range(1, key.count(".") + 1)}
    for path, key in script_words():
        if key not in known and key.rstrip(".") not in branches:
            yield f"{name_of(path)}: there is no text {key}"
    for path, pattern in built_words():
        if not any(pattern.fullmatch(key) for key in known):
            yield f"{name_of(path)}: no text is like {pattern.pattern}"


def unused_texts() -> Iterator[str]:
    whole = {key for _, key in template_words()} | {key for _, key in script_words()}
    built = [pattern for _, pattern in built_words()]
    for key in catalogue("en"):
        if key not in whole and not any(pattern.fullmatch(key) for pattern in built):
            yield f"{key} is used nowhere"


# --- what stands in templates --------------------------------------------------------------------------------------------
class Balance(HTMLParser):
    """Tags that open and close in pairs; attributes that must not be there."""

    def __init__(self, name: str):
        super().__init__(convert_charrefs=True)
        self.name, self.open, self.wrong = name, [], []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for attribute, value in attributes:
            if attribute.startswith("on") or attribute in ("style", "srcdoc") or re.match(r"\s*(javascript|data):", value or "", re.IGNORECASE):
                self.wrong.append(f"{self.place} {attribute}=\"{value}\" is script or style inside the page")
            if attribute in ("href", "src", "action", "formaction") and not re.match(r"[/?#]|\{\{\s*\w*(href|url|login|compare|csv)\s*\}\}|$", value or ""):
                self.wrong.append(f"{self.place} {attribute}=\"{value}\" does not stay on this host for sure")
        if tag == "style" or tag == "script" and not dict(attributes).get("src"):
            self.wrong.append(f"{self.place} <{tag}> inside the page")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"{self.place} </{tag}> while {self.open[-1:] or 'nothing'} is open")
        elif self.open:
            self.open.pop()

    @property
    def place(self) -> str:
        return f"{self.name}:{self.getpos()[0]}:"


def bad_markup() -> Iterator[str]:
    for path in [*TEMPLATES, PAGE]:
        reader = Balance(name_of(path))
        reader.feed(re.sub(r"\{\{[!#^/>].*?\}\}", " ", path.read_text(), flags=re.DOTALL))
        reader.close()
        yield from reader.wrong
        yield from [f"{name_of(path)}: <{tag}> is never closed" for tag in reader.open]


def bad_sections() -> Iterator[str]:
    for path in TEMPLATES:
        open_now = []
        for kind, name in re.findall(r"\{\{\s*([#^/])\s*([\w.-]+)\s*\}\}", path.read_text()):
            if kind != "/":
                open_now.append(name)
            elif not open_now or open_now.pop() != name:
                yield f"{name_of(path)}: {{{{/{name}}}}} closes what is not open"
        yield from [f"{name_of(path)}: {{{{#{name}}}}} is never closed" for name in open_now]


def unescaped() -> Iterator[str]:
    for path in [*TEMPLATES, PAGE]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.search(r"\{\{\s*[{&=]", line):
                yield f"{name_of(path)}:{number}: an unescaped place"
            if re.search(r"=\s*\{\{|<\s*\{\{|<[^>]*\s\{\{(?![#^/!>])(?!\s*t\.)[^}]*\}\}(?=[^\"]*>)(?<!\")", re.sub(r'"[^"]*"', '""', line)):
                yield f"{name_of(path)}:{number}: a place in an attribute without quotes"


# --- what stands in scripts ----------------------------------------------------------------------------------------------
FORBIDDEN = re.compile(r"\.(inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\(|new Function\b|createContextualFragment|DOMParser|"
                       r"setHTML|srcdoc|cssText|javascript:|(setTimeout|setInterval)\(\s*[\"'`]|setAttribute\(\s*[\"'](on|style)")
ALLOWED = {("web/scripts/view.js", "template.innerHTML = window.Mustache.render(")}


def dangers() -> Iterator[str]:
    for path in SCRIPTS:
        for number, line in enumerate(without_comments(path.read_text()).splitlines(), 1):
            if FORBIDDEN.search(line) and not any(name == name_of(path) and piece in line for name, piece in ALLOWED):
                yield f"{name_of(path)}: {line.strip()}"


def foreign_addresses() -> Iterator[str]:
    for path in [*SCRIPTS, *TEMPLATES, PAGE, *sources("web/style/*")]:
        text = without_comments(path.read_text()) if path.suffix == ".js" else path.read_text()
        for address in re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", text):
            if not address.startswith(("http://www.w3.org", "http://127.0.0.1")):
                yield f"{name_of(path)}: {address}"


# --- what refers to what -------------------------------------------------------------------------------------------------
IMPORT = re.compile(r"""import\s*(?:(\{[^}]*\}|\*\s*as\s+\w+|\w+)\s*from\s*)?["']([^"']+)["']""")
EXPORT = re.compile(r"^export\s+(?:async\s+)?(?:function\*?|class|const|let)\s+(\w+)", re.MULTILINE)


def target_of(path: Path, address: str) -> Path:
    return (WEB / address[1:] if address.startswith("/") else path.parent / address).resolve()


def broken_imports() -> Iterator[str]:
    used: set[tuple[Path, str]] = set()
    for path in SCRIPTS:
        for names, address in IMPORT.findall(without_comments(path.read_text())):
            target = target_of(path, address)
            if not target.is_file():
                yield f"{name_of(path)}: imports {address}, which is not there"
                continue
            exported = set(EXPORT.findall(target.read_text()))
            for name in [n.split(" as ")[0].strip() for n in names.strip("{} \n").split(",") if n.strip() and names.startswith("{")]:
                used.add((target, name))
                if name not in exported:
                    yield f"{name_of(path)}: {address} exports no {name}"
            if names.startswith("*"):
                used |= {(target, name) for name in exported}
    for path in SCRIPTS:
        for name in EXPORT.findall(path.read_text()):
            if (path, name) not in used and not (name == "open" and path.parent.name == "pages") and \
                    len(re.findall(rf"\b{name}\b", without_comments(path.read_text()))) < 2:
                yield f"{name_of(path)}: nobody uses {name}"


def lost_files() -> Iterator[str]:
    """Templates, style sheets and scripts nobody asks for, and such as are asked for and are not there."""
    code = " ".join(without_comments(p.read_text()) for p in SCRIPTS) + PAGE.read_text()
    partials = set(re.findall(r"\{\{>\s*([\w-]+)\s*\}\}", " ".join(p.read_text() for p in TEMPLATES)))
    for path in TEMPLATES:
        if path.stem not in partials and not re.search(rf"""["'`]{re.escape(path.stem)}["'`]""", code):
            yield f"{name_of(path)} is used by no script"
    yield from [f"there is no template {name}" for name in partials if not (WEB / f"templates/{name}.mustache").is_file()]
    for name in re.findall(r"\bshow\([^()]*?,\s*[\"'`]([\w-]+)[\"'`]", code):
        if not (WEB / f"templates/{name}.mustache").is_file():
            yield f"there is no template {name}"
    for path in sources("web/style/*.css", "web/style/*.svg"):
        if path.name not in code + " ".join(p.read_text() for p in [*TEMPLATES, *sources("web/style/*.css")]):
            yield f"{name_of(path)} is used nowhere"
    for address in re.findall(r"(?:href|src)=\"(/[\w./-]+)\"", PAGE.read_text()):
        if not address.startswith("/lib/") and address != "/" and not (WEB / address[1:]).is_file():
            yield f"index.html names {address}, which is not there"


def missing_icons() -> Iterator[str]:
    sprite = WEB / "style/icons.svg"
    known = set(re.findall(r"<symbol[^>]*\bid=\"([\w-]+)\"", sprite.read_text())) if sprite.is_file() else set()
    for path in TEMPLATES:
        for name in re.findall(r"icons\.svg#([\w-]+)\"", path.read_text()):
            if name not in known:
                yield f"{name_of(path)}: there is no icon {name}"
    for path in SCRIPTS:
        for name in re.findall(r"\bicon\([\"']([\w-]+)[\"']\)", without_comments(path.read_text())):
            if name not in known:
                yield f"{name_of(path)}: there is no icon {name}"


check("both languages have the same texts, with plural forms at the same places", unlike_catalogues())
check("every text is written well and has its language's plural forms", bad_forms())
check("places in texts are the same in both languages", unlike_places())
check("every text is in its language", untranslated())
if PAGE.is_file():
    check("every text that a page names is there", unknown_texts())
    check("every text is used", unused_texts())
    check("templates and the page are well-formed; no script or style in them; links stay on this host", bad_markup())
    check("sections of templates open and close in pairs", bad_sections())
    check("every place is escaped and every attribute has quotes", unescaped())
    check("scripts make no HTML of data and no code of text", dangers())
    check("nothing comes from another host", foreign_addresses())
    check("imports are exported, and exports imported", broken_imports())
    check("every file is used, and every file that is used is there", lost_files())
    check("every icon that is named exists", missing_icons())
end()
