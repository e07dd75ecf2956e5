#!/usr/bin/python3
"""The frame of the browser tests itself: it sees what it shall see, and every rule finds what breaks it."""
import re

from browser import Browser, Pages
from rules import everything, focus_way, rule
from tap import equal, holds

pages = Pages()


@pages.check("a browser reads what the web server has", allow="favicon")
def _(b: Browser) -> None:
    b.open("/api/servers", settle=False)
    holds('"name":"demo"' in b.text(), "the server is told")
    holds(b.loaded()["/api/servers"] > 200, "bytes are counted")


@pages.check("what nobody should see is seen: failed requests, other hosts, broken policies, errors on the console", allow=".")
def _(b: Browser) -> None:
    for code, wanted in [("fetch('/api/nothing').then(done, done)", "request: 404"),
                         ("fetch('http://other.example/').then(done, done)", "Content Security Policy"),
                         ("console.error('seen'); done()", "seen"), ("setTimeout(() => { done(); nothing() })", "nothing is not defined")]:
        b.open("/api/info", settle=False)
        b.forget()
        b.driver.execute_async_script("const done = arguments[arguments.length - 1];" + code)
        b.until(lambda: any(wanted in trouble for trouble in b.troubles()), f"{code} is noticed: {b.complaints}", 5)


@pages.check("a language, a theme and a width are what the page finds")
def _(b: Browser) -> None:
    for language, theme, width in [("en-GB", "light", 360), ("ru-RU", "dark", 2560)]:
        b.language(language[:2])
        b.theme(theme)
        b.size(width)
        b.open("/api/info", settle=False)
        equal(b.script("return [navigator.language, matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]"),
              [language, theme == "dark", width], "what the page finds")


@pages.check("a session is the reader's until it is put away")
def _(b: Browser) -> None:
    for user in ["weir", "super"]:
        b.log_in(user)
        b.open("/api/session", settle=False)
        holds(f'"user":"{user}"' in b.text(), f"{user} is logged in: {b.text()}")
    b.log_out()
    b.open("/api/session", settle=False)
    holds('"user":null' in b.text(), f"nobody is logged in: {b.text()}")


@pages.check("a page full of faults is complained about by every rule")
def _(b: Browser) -> None:
    b.open("/")
    b.script("""document.title = ''; document.documentElement.lang = 'ru'; const add = (tag, to = document.body) => {
        const node = document.createElement(tag); to.append(node); return node; };
        add('h1').textContent = 'NaN streams.title'; add('h4').textContent = 'Stroke'; add('main'); add('button');
        const input = add('input'); input.id = 'main'; input.style.cssText = 'border: 1px solid #eee; background: #fff';
        const faint = add('p'); faint.textContent = 'faint'; faint.style.cssText = 'color: #bbb; background: #fff; width: 4000px';
        add('label').htmlFor = 'nobody'; const t = add('table'); add('th', add('tr', t)); add('td', add('tr', t)).textContent = 'x';
        const a = add('a'); a.href = '/x'; a.textContent = 'x'; a.style.cssText = 'outline: none; display: block; overflow: hidden; width: 4px';
        a.className = 'button'; a.style.height = '4px'; add('img').src = '/style/icon.svg'; add('p').textContent = 'Потоки';""")
    found = "\n".join([*everything(b, "en"), *rule(b, "auditSize()"), *rule(b, "auditTheme()"), *focus_way(b)])
    for wanted in ["instead of one", "lang is ru", "the title", "comes after a heading", "is there 2 times", "which is not there", "has no label",
                   "no caption", "empty heading", "no text for people", "4000 pixels wide|pixels wide in", "pixels", "cut off", "to 1", "the edge of",
                   "a button without a name", "an? (image|img) without a name", "landmarks main", "is not en", "the focus on"]:
        holds(re.search(wanted, found), f"nobody complains that {wanted}:\n{found}")


pages.end()
