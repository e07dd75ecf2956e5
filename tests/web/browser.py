"""A real browser for tests of the pages: Debian's chromium, led by Debian's selenium, inside a throw-away machine.

How to write a file of tests (pages_streams.py is one), started by a machine case after `. ../web.sh; web_up` with `pages FILE`:

    from browser import Pages
    from tap import equal, holds

    pages = Pages()                                   # starts chromium; the web server is the machine's own

    @pages.check("a stream is found as one types")    # one TAP result; what is raised is told below it, with a screenshot
    def _(b):
        b.log_in("weir")                              # a session as a login makes it; b.log_out() forgets it
        b.open("/")                                   # waits until the page has settled
        b.type("#search", "main")
        equal(b.text(".stream-name"), "//demo/main", "the stream that is shown")
        b.click("button", text="Clear")               # a CSS selector, and what stands in the element
        b.wait_for(".toast", text="Done")

    pages.end()                                       # the plan; a failure is the exit status

Every check begins as an anonymous English reader with light colours at 1280 × 800; b.language("ru"), b.theme("dark"), b.size(360)
change that as a reader's own system would. After each check the browser is asked for what nobody should see: errors on the
console, broken content security policy, requests that failed or went to another host. A check that causes such a thing on
purpose says so with `pages.check(NAME, allow=REGEX)`. Screenshots (b.screenshot(NAME)) are found in build/results/web.
"""
import json
import os
import re
import shutil
import sys
import tempfile
import time
import traceback
import urllib.request
from collections.abc import Callable
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

sys.path.append(str(Path(__file__).resolve().parents[1] / "machine/jobs"))
from tap import Failed, Report, Skipped  # noqa: E402

TOP = Path(__file__).resolve().parents[2]
BASE = os.environ.get("WEB", "http://127.0.0.1:8585")
RESULTS = Path(os.environ.get("WEB_RESULTS", "/run/host/results/web"))
SECONDS = 15  # how long anything may take; a slow test host is not the pages' fault
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--mute-audio",
         "--hide-scrollbars", "--force-color-profile=srgb", "--window-size=1280,800"]
PASSWORDS = {"weir": "WEIR_PASSWORD", "super": "SUPER_PASSWORD"}  # of the sample's users, in the machine's environment

# A page has settled when it has a heading, nothing in it says that it is busy, and it has looked the same for a moment.
LOOK = """const busy = document.readyState !== 'complete' || !document.querySelector('h1') ||
              document.querySelector('[aria-busy="true"]');
          return busy ? null : document.body.innerHTML.length + ' ' + document.title + ' ' + location.href;"""


class Browser:
    """One chromium and what a reader does with it. Elements are named by a CSS selector and, where given, by their text."""

    def __init__(self) -> None:
        self.home = tempfile.mkdtemp(prefix="chromium-")
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"--user-data-dir={self.home}"]:
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        # The driver is named, so that selenium looks for none elsewhere; the buses are not chromium's business.
        environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": "disabled:", "DBUS_SESSION_BUS_ADDRESS": "disabled:"}
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver", env=environment), options=options)
        self.driver.set_script_timeout(60)
        self.sessions: dict[str, str] = {}
        self.requests: dict[str, dict] = {}
        self.complaints: list[str] = []
        self.size_now = (1280, 800)

    def quit(self) -> None:
        self.driver.quit()
        shutil.rmtree(self.home, ignore_errors=True)

    # --- who reads, and how --------------------------------------------------------------------------------------
    def reset(self) -> None:
        """A new reader: nothing remembered, English, light, 1280 pixels wide. The empty page ends what the last one still did."""
        self.driver.get("about:blank")
        self.cdp("Storage.clearDataForOrigin", origin=BASE, storageTypes="all")
        self.cdp("Network.clearBrowserCookies")
        self.cdp("Emulation.setCPUThrottlingRate", rate=1)
        self.language("en")
        self.media = {"prefers-color-scheme": "light", "prefers-reduced-motion": "no-preference"}
        self.theme("light")
        self.size(1280, 800)
        self.forget()

    def cdp(self, command: str, **arguments: object) -> dict:
        return self.driver.execute_cdp_cmd(command, arguments)

    def language(self, code: str) -> None:
        """What the browser asks for; a choice made on the pages goes before it."""
        agent = self.driver.execute_script("return navigator.userAgent")
        self.cdp("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage={"en": "en-GB,en", "ru": "ru-RU,ru"}.get(code, code))

    def theme(self, name: str) -> None:
        self.prefer("prefers-color-scheme", name)

    def prefer(self, feature: str, value: str) -> None:
        self.media[feature] = value
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in self.media.items()])

    def size(self, width: int, height: int = 800) -> None:
        self.size_now = (width, height)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def log_in(self, user: str, server: str = "demo", password: str | None = None) -> None:
        """One login per user and run: the others take its session along."""
        if user not in self.sessions:
            self.sessions[user] = new_session(user, server, password or password_of(user))
        self.cdp("Network.setCookie", name="weir_session", value=self.sessions[user], url=BASE, path="/", httpOnly=True, sameSite="Strict")

    def log_out(self) -> None:
        self.cdp("Network.deleteCookies", name="weir_session", url=BASE)

    # --- going somewhere -----------------------------------------------------------------------------------------
    def open(self, path: str, settle: bool = True) -> None:
        self.driver.get(BASE + path)
        if settle:
            self.settle()

    def reload(self) -> None:
        self.driver.refresh()
        self.settle()

    def back(self) -> None:
        self.driver.back()
        self.settle()

    def forward(self) -> None:
        self.driver.forward()
        self.settle()

    def settle(self, seconds: float = SECONDS) -> None:
        end, looks = time.monotonic() + seconds, [None, "", ""]
        while looks[0] is None or len(set(looks)) > 1:
            if time.monotonic() > end:
                raise Failed(f"{self.path} does not settle: it says {self.script('return document.body.innerText')[:300]!r}")
            time.sleep(0.06)
            looks = [self.script(LOOK), *looks[:2]]

    @property
    def path(self) -> str:
        """Path and query of the page shown."""
        return self.driver.current_url.removeprefix(BASE)

    @property
    def title(self) -> str:
        return self.driver.title

    # --- looking -------------------------------------------------------------------------------------------------
    def script(self, code: str, *arguments: object) -> object:
        return self.driver.execute_script(code, *arguments)

    def all(self, selector: str, text: str | None = None) -> list[WebElement]:
        """What is on the page and can be seen."""
        return [e for e in self.driver.find_elements(By.CSS_SELECTOR, selector)
                if e.is_displayed() and (text is None or text in (e.text or e.get_attribute("value") or ""))]

    def exists(self, selector: str, text: str | None = None) -> bool:
        try:
            return bool(self.all(selector, text))
        except StaleElementReferenceException:  # redrawn meanwhile
            return self.exists(selector, text)

    def wait_for(self, selector: str = "body", text: str | None = None, seconds: float = SECONDS) -> WebElement:
        """The first element that is shown, with that text in it."""
        def look() -> WebElement | None:
            try:
                return next(iter(self.all(selector, text)), None)
            except StaleElementReferenceException:
                return None
        return self.until(look, f"{selector}{f' with {text!r}' if text else ''}", seconds)

    def wait_gone(self, selector: str, text: str | None = None, seconds: float = SECONDS) -> None:
        self.until(lambda: not self.exists(selector, text), f"no more {selector}{f' with {text!r}' if text else ''}", seconds)

    def until(self, action: Callable[[], object], what: str, seconds: float = SECONDS) -> object:
        end = time.monotonic() + seconds
        while not (value := action()):
            if time.monotonic() > end:
                raise Failed(f"not within {seconds:g} s on {self.path}: {what}")
            time.sleep(0.05)
        return value

    def text(self, selector: str = "body") -> str:
        return self.wait_for(selector).text

    def texts(self, selector: str) -> list[str]:
        return [e.text for e in self.all(selector)]

    def value(self, selector: str) -> str:
        return self.wait_for(selector).get_attribute("value")

    @property
    def focused(self) -> WebElement:
        return self.driver.switch_to.active_element

    # --- doing ---------------------------------------------------------------------------------------------------
    def click(self, selector: str, text: str | None = None) -> None:
        """As a reader: what is covered or off the page cannot be clicked."""
        def attempt() -> bool:
            try:
                self.wait_for(selector, text).click()
                return True
            except (StaleElementReferenceException, NoSuchElementException):
                return False
            except WebDriverException as error:
                if "not clickable" not in str(error) and "intercepted" not in str(error):
                    raise
                self.obstacle = str(error).splitlines()[0]
                return False
        self.obstacle = ""
        try:
            self.until(attempt, f"a click on {selector}", 5)
        except Failed as failure:
            raise Failed(f"{failure} {self.obstacle}") from None

    def type(self, selector: str, text: str, clear: bool = True) -> None:
        field = self.wait_for(selector)
        if clear:
            field.send_keys(Keys.CONTROL, "a")
            field.send_keys(Keys.BACKSPACE)
        field.send_keys(text)

    def choose(self, selector: str, value: str) -> None:
        """An option of a select, by its value or its text."""
        for option in self.wait_for(selector).find_elements(By.TAG_NAME, "option"):
            if value in (option.get_attribute("value"), option.text):
                option.click()
                return
        raise Failed(f"{selector} has no option {value}")

    def press(self, *keys: str) -> None:
        """Names of keys (TAB, ESCAPE, ENTER, …) or characters, to whatever has the focus. SHIFT+TAB holds the first."""
        chain = ActionChains(self.driver, duration=0)
        for key in keys:
            *held, last = [getattr(Keys, name, name) for name in (key.split("+") if len(key) > 1 else [key])]
            for modifier in held:
                chain.key_down(modifier)
            chain.send_keys(last)
            for modifier in held:
                chain.key_up(modifier)
        chain.perform()

    def screenshot(self, name: str, whole: bool = True) -> None:
        RESULTS.mkdir(parents=True, exist_ok=True)
        width, height = self.size_now
        if whole:
            self.size(width, min(max(height, int(self.script("return document.documentElement.scrollHeight"))), 6000))
        self.driver.save_screenshot(str(RESULTS / f"{name}.png"))
        self.size(width, height)

    # --- what nobody should see ----------------------------------------------------------------------------------
    def listen(self) -> None:
        """Takes what the browser has noted since the last time."""
        for entry in self.driver.get_log("browser"):
            if entry["level"] in ("SEVERE", "WARNING"):
                self.complaints.append(f"console: {entry['message'].splitlines()[0]}")
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            self.note(message["method"], message["params"])

    def note(self, method: str, params: dict) -> None:
        request = self.requests.setdefault(params.get("requestId", ""), {"url": "", "bytes": 0})
        if method == "Network.requestWillBeSent":
            request["url"] = params["request"]["url"]
            if not request["url"].startswith((BASE + "/", "data:", "blob:", "about:")):
                self.complaints.append(f"a request to another host: {request['url']}")
        elif method == "Network.responseReceived":
            request |= {"status": params["response"]["status"], "cached": params["response"].get("fromDiskCache", False)}
            if params["response"]["status"] >= 400:
                self.complaints.append(f"request: {params['response']['status']} {request['url']}")
        elif method == "Network.loadingFinished":
            request["bytes"] = params["encodedDataLength"]
        elif method == "Network.loadingFailed" and not params.get("canceled"):
            self.complaints.append(f"request: {params.get('errorText')} {request['url']}")

    def forget(self) -> None:
        self.listen()
        self.requests, self.complaints = {}, []

    def troubles(self, allow: str = "") -> list[str]:
        self.listen()
        return [c for c in self.complaints if not allow or not re.search(allow, c)]

    def loaded(self) -> dict[str, float]:
        """What came over the network since the check began: address -> bytes as they were sent, heads included."""
        self.listen()
        return {r["url"].removeprefix(BASE): r["bytes"] for r in self.requests.values() if r["url"].startswith(BASE) and r["bytes"]}


def password_of(user: str) -> str:
    lines = Path("/etc/machine.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)[PASSWORDS[user]]


def new_session(user: str, server: str, password: str) -> str:
    """The key of a session: what the login page asks for, too."""
    body = json.dumps({"server": server, "user": user, "password": password}).encode()
    request = urllib.request.Request(BASE + "/api/session", body, {"Content-Type": "application/json", "Origin": BASE}, method="POST")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return re.search(r"weir_session=([0-9a-f]+)", answer.headers["Set-Cookie"])[1]


class Pages:
    """The checks of one file, each with the same browser as a new reader."""

    def __init__(self) -> None:
        self.report = Report()
        self.browser = Browser()
        self.only = re.compile(os.environ.get("ONLY", ""))  # to run a part by hand

    def check(self, name: str, allow: str = "") -> Callable:
        """Decorator: runs the function at once, with the browser; see the head of this file."""
        def run(action: Callable[[Browser], object]) -> Callable:
            if self.only.search(name):
                self.report.check(name, lambda: self.attempt(name, allow, action))
            return action
        return run

    def attempt(self, name: str, allow: str, action: Callable[[Browser], object]) -> None:
        try:
            self.browser.reset()
            action(self.browser)
            if troubles := self.browser.troubles(allow):
                raise Failed("the browser complains:\n" + "\n".join(dict.fromkeys(troubles)))
        except Skipped:
            raise
        except Exception as error:
            raise Failed(self.story(name, error)) from None

    def story(self, name: str, error: Exception) -> str:
        """What went wrong, where it was, and a picture of it."""
        file = "failed-" + re.sub(r"\W+", "-", name)[:60]
        told = str(error) if isinstance(error, Failed) else traceback.format_exc()
        try:
            self.browser.screenshot(file, whole=False)
            noted = [line for line in dict.fromkeys(self.browser.troubles()) if line not in told]
            return "\n".join([told, f"on {self.browser.path}, see build/results/web/{file}.png", *noted])
        except WebDriverException as trouble:
            return f"{told}\n(no picture: {trouble.msg})"

    def end(self) -> None:
        self.browser.quit()
        sys.exit(self.report.end())
