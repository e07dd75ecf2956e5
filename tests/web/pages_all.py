#!/usr/bin/python3
"""What holds for every page; first, that the frame of these tests sees what it shall see."""
from browser import Pages
from tap import Failed, equal, holds

pages = Pages()


@pages.check("a browser reads what the web server has", allow="favicon")
def _(b):
    b.open("/api/servers", settle=False)
    holds('"name":"demo"' in b.text(), "the server is told")
    holds(b.loaded()["/api/servers"] > 200, "bytes are counted")


@pages.check("what nobody should see is seen: failed requests, other hosts, broken policies, errors on the console", allow=".")
def _(b):
    for code, wanted in [("fetch('/api/nothing').then(done, done)", "request: 404"),
                         ("fetch('http://other.example/').then(done, done)", "Content Security Policy"),
                         ("console.error('seen'); done()", "seen"), ("setTimeout(() => { done(); nothing() })", "nothing is not defined")]:
        b.open("/api/info", settle=False)
        b.forget()
        b.driver.execute_async_script("const done = arguments[arguments.length - 1];" + code)
        b.until(lambda: any(wanted in trouble for trouble in b.troubles()), f"{code} is noticed: {b.complaints}", 5)


@pages.check("a language, a theme and a width are what the page finds")
def _(b):
    for language, theme, width in [("en-GB", "light", 360), ("ru-RU", "dark", 2560)]:
        b.language(language[:2])
        b.theme(theme)
        b.size(width)
        b.open("/api/info", settle=False)
        equal(b.script("return [navigator.language, matchMedia('(prefers-color-scheme: dark)').matches, innerWidth]"),
              [language, theme == "dark", width], "what the page finds")


@pages.check("a session is the reader's until it is put away")
def _(b):
    for user in ["weir", "super"]:
        b.log_in(user)
        b.open("/api/session", settle=False)
        holds(f'"user":"{user}"' in b.text(), f"{user} is logged in: {b.text()}")
    b.log_out()
    b.open("/api/session", settle=False)
    holds('"user":null' in b.text(), f"nobody is logged in: {b.text()}")


pages.end()
