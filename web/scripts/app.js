/* The start of the pages, their router and their frame (header, navigation, footer).
 *
 * A page is scripts/pages/NAME.js and exports
 *
 *   export async function open(page)
 *
 * page.element         where the page stands; empty, and gone with the page: listeners on it need no end
 * page.params          the parts of the path: /streams/7 -> {id: "7"}
 * page.query           the query as an object: ?q=a -> {q: "a"}
 * page.session         who is logged in (session.js): user, server, role, may("operator")
 * page.signal          aborts when the page is left; give it to api.get()
 * page.title(text)     the document's title, for pages about one thing
 * page.navigate(path, {replace})   opens another page
 * page.setQuery({q}, {push})       changes the address without opening anew; null takes a parameter away
 * page.onClose(fn)     called when the page is left
 *
 * The table below is all there is: a path that is not in it is "not found". `areas` are the catalogs of texts a page needs beside
 * "shell", `style` its own style sheet, `role` what one must be to see it (who is not is led to /login and back), `nav` its place
 * in the navigation. Links are ordinary <a href>: those that lead to pages of the table are opened here, without loading anew. */
import { ApiError, api } from "./api.js";
import { ago } from "./format.js";
import { languages, loadTexts, setLanguage, t } from "./i18n.js";
import { loadSession, logout, session } from "./session.js";
import { setTheme, theme } from "./theme.js";
import { toast } from "./toast.js";
import { Turns } from "./turns.js";
import { actions, loadTemplate, show } from "./view.js";

const ROUTES = [
    { path: "/", page: "streams", areas: ["streams"], style: "streams", nav: "streams" },
    { path: "/streams/{id}", page: "stream", areas: ["streams"], style: "streams", nav: "streams" },
    { path: "/compare", page: "compare", areas: ["streams"], style: "streams", nav: "streams" },
    { path: "/growth", page: "growth", areas: ["streams"], style: "streams", nav: "growth" },
    { path: "/jobs", page: "jobs", areas: ["jobs"], style: "jobs", nav: "jobs", role: "user" },
    { path: "/jobs/new", page: "job-new", areas: ["jobs"], style: "jobs", nav: "jobs", role: "user" },
    { path: "/jobs/{job}", page: "job", areas: ["jobs"], style: "jobs", nav: "jobs", role: "user" },
    { path: "/operations", page: "operations", areas: ["streams"], style: "streams", nav: "operations" },
    { path: "/settings", page: "settings", areas: ["streams"], style: "streams", nav: "settings" },
    { path: "/login", page: "login", areas: ["streams"], style: "streams" },
    { path: "/logout", page: "logout" },
];
const ALIASES = { "/admin": "/jobs", "/admin/submit": "/jobs/new", "/index.html": "/" };
const PLACES = { id: "[1-9][0-9]{0,17}", job: "[A-Za-z0-9-]{1,64}" };
const NAVIGATION = [["streams", "/"], ["growth", "/growth"], ["jobs", "/jobs"], ["operations", "/operations"], ["settings", "/settings"]];

const patterns = ROUTES.map((route) => ({
    ...route, regexp: new RegExp(`^${route.path.replace(/\{(\w+)\}/g, (_, name) => `(?<${name}>${PLACES[name]})`)}$`),
}));

let current = null; // { route, controller, closers, url } of the page that is open
const turns = new Turns(); // of pages that are being opened

function find(path) {
    const plain = path.length > 1 ? path.replace(/\/$/, "") : path;
    for (const route of patterns) {
        const match = plain.match(route.regexp);
        if (match) {
            return { route, params: { ...match.groups } };
        }
    }
    return null;
}

/* --- the frame ------------------------------------------------------------------------------------------------------- */

const version = { text: "" };

function frameData() {
    const nav = current?.route?.nav;
    return {
        nav: NAVIGATION.map(([name, href]) => ({ name, href, text: t(`shell.nav.${name}`), is_current: name === nav })),
        session: { ...session, role_text: t(`shell.role.${session.role}`), is_logged_in: session.is_logged_in },
        languages: languages(),
        next_language: languages().find((language) => !language.is_current),
        theme: theme(), theme_text: t(`shell.theme.${theme()}`), version: version.text,
        here: encodeURIComponent(location.pathname + location.search),
        is_login: current?.route?.page === "login",
    };
}

async function showFrame() {
    document.getElementById("skip").textContent = t("shell.skip");
    await Promise.all([
        show(document.getElementById("header"), "header", frameData()),
        show(document.getElementById("footer"), "footer", frameData()),
    ]);
}

async function endSession() {
    try {
        await logout();
        toast(t("shell.logged_out"), { kind: "success" });
        await openHere();
    } catch (error) {
        toast(error.message, { kind: "error" });
    }
}

const NEXT_THEME = { auto: "light", light: "dark", dark: "auto" };
const frameActions = {
    logout: endSession,
    language: (target) => setLanguage(target.dataset.language).catch((error) => toast(error.message, { kind: "error" })),
    theme: () => setTheme(NEXT_THEME[theme()]),
};

const ASK_AGAIN = 3000;
let asking = null;

/* While weir cannot be reached it is asked for, whatever the page does itself; one that could not be opened is then opened anew,
 * from the beginning, because a browser may remember that a script was not there. */
function offline(is_offline) {
    const banner = document.getElementById("offline");
    if (banner.hidden === is_offline) {
        banner.hidden = !is_offline;
        banner.textContent = is_offline ? t("shell.offline") : "";
        clearInterval(asking);
        if (is_offline) {
            asking = setInterval(() => document.hidden || api.raw("/healthz").catch(() => {}), ASK_AGAIN);
        } else if (current?.has_failed) {
            location.reload();
        }
    }
}

/* --- pages ------------------------------------------------------------------------------------------------------------ */

function close() {
    if (current) {
        current.controller.abort();
        current.closers.splice(0).forEach((closer) => closer());
        document.dispatchEvent(new CustomEvent("weir:leave"));
    }
}

function addStyle(name) {
    const href = `/style/${name}.css`;
    if (document.head.querySelector(`link[href="${href}"]`)) {
        return Promise.resolve();
    }
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = href;
    document.head.append(link);
    return new Promise((resolve) => { link.onload = link.onerror = resolve; });
}

/* Only paths of this host: a foreign address in ?next= would make the login a stepping stone. */
export function safePath(path) {
    try {
        const url = new URL(path ?? "/", location.origin);
        return url.origin === location.origin && /^\/(?![/\\])/.test(path) && find(url.pathname) ? url.pathname + url.search : "/";
    } catch {
        return "/";
    }
}

function setQuery(changes, { push = false } = {}) {
    const url = new URL(location.href);
    for (const [name, value] of Object.entries(changes)) {
        if (value === null || value === undefined || value === "") {
            url.searchParams.delete(name);
        } else {
            url.searchParams.set(name, value);
        }
    }
    if (url.href !== location.href) {
        history[push ? "pushState" : "replaceState"]({}, "", url);
        current.url = url.pathname + url.search;
        showFrame();
    }
}

function makePage(route, params) {
    const element = document.createElement("div"), controller = new AbortController(), closers = [];
    element.className = `page page-${route.page}`;
    current = { route, controller, closers, url: location.pathname + location.search };
    return {
        element, params, session,
        query: Object.fromEntries(new URLSearchParams(location.search)),
        signal: controller.signal,
        title(text) { document.title = `${text} · weir`; },
        navigate, setQuery,
        onClose(closer) { closers.push(closer); },
    };
}

async function showProblem(element, title, text, status) {
    document.title = `${title} · weir`;
    await show(element, "problem", { title, text, status });
}

async function fill(route, page) {
    try {
        await Promise.all([loadTexts(...(route.areas ?? [])), route.style && addStyle(route.style)]);
        const module = await import(`./pages/${route.page}.js`);
        document.title = `${t(`shell.title.${route.page}`)} · weir`;
        await module.open(page);
    } catch (error) {
        if (error.name === "AbortError" || page.signal.aborted || error.status === 401) {
            return;
        }
        const is_missing = error instanceof ApiError && error.status === 404;
        if (!(error instanceof ApiError)) {
            console.error(error);
        }
        current.has_failed = true;
        const text = document.getElementById("offline").hidden ? error.message : t("shell.offline");
        await showProblem(page.element, t(is_missing ? "shell.not_found.title" : "shell.problem.title"), text);
    }
}

function toLogin() {
    if (current?.route?.page !== "login") {
        session.user = null;
        navigate(`/login?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
    }
}

/* The heading is where a reader's attention goes after a page was opened, not the top of the window. */
function settle(page, { is_first, y }) {
    if (!is_first && !page.element.contains(document.activeElement)) {
        document.getElementById("main").focus({ preventScroll: true });
    }
    window.scrollTo(0, y ?? 0);
}

async function openHere({ is_first = false, y } = {}) {
    const isNewest = turns.next(), path = location.pathname;
    const alias = ALIASES[path];
    if (alias) {
        history.replaceState({}, "", alias + location.search);
    }
    const found = find(location.pathname);
    close();
    const page = makePage(found?.route ?? { page: "missing" }, found?.params ?? {});
    await loadSession().catch((error) => error.status === 0 || toast(error.message, { kind: "error" }));
    if (!isNewest()) {
        return;
    }
    if (found?.route.role && !session.may(found.route.role) && session.role === "none") {
        toLogin();
        return;
    }
    document.getElementById("main").replaceChildren(page.element);
    await showFrame();
    if (found) {
        await fill(found.route, page);
    } else {
        await showProblem(page.element, t("shell.not_found.title"), t("shell.not_found.text", { path }));
    }
    if (isNewest()) {
        settle(page, { is_first, y });
    }
}

export function navigate(path, { replace = false } = {}) {
    history.replaceState({ ...history.state, y: window.scrollY }, "");
    history[replace ? "replaceState" : "pushState"]({}, "", path);
    return openHere();
}

/* --- links, back and forward ------------------------------------------------------------------------------------------ */

function followLink(event) {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
        return;
    }
    const url = new URL(link.href);
    const is_here = url.pathname === location.pathname && url.search === location.search;
    if (link.id === "skip") {
        event.preventDefault();
        document.getElementById("main").focus();
    } else if (url.origin === location.origin && !link.target && !link.hasAttribute("download") &&
               (find(url.pathname) || ALIASES[url.pathname]) && !(is_here && url.hash)) {
        event.preventDefault();
        navigate(url.pathname + url.search);
    }
}

async function readVersion() {
    try {
        version.text = (await api.get("/api/info")).app_info.version;
        await showFrame();
    } catch { /* the footer goes without; what matters is told by the page itself */ }
}

function refreshTimes() {
    for (const element of document.querySelectorAll("time[data-ago]")) {
        const text = ago(element.dateTime);
        if (element.textContent !== text) {
            element.textContent = text;
        }
    }
}

async function start() {
    history.scrollRestoration = "manual";
    document.addEventListener("weir:login", toLogin);
    document.addEventListener("weir:offline", () => offline(true));
    document.addEventListener("weir:online", () => offline(false));
    document.addEventListener("weir:language", () => openHere({ y: window.scrollY }));
    document.addEventListener("weir:session", showFrame);
    document.addEventListener("weir:theme", showFrame);
    document.addEventListener("click", followLink);
    actions(document.getElementById("header"), frameActions);
    actions(document.getElementById("footer"), frameActions);
    window.addEventListener("popstate", (event) => openHere({ y: event.state?.y }));
    window.addEventListener("unhandledrejection", (event) => {
        if (event.reason?.name !== "AbortError" && event.reason?.status !== 401) {
            toast(event.reason?.message ?? String(event.reason), { kind: "error" });
        }
    });
    setInterval(() => document.hidden || refreshTimes(), 15000);
    await Promise.all([loadTexts("shell"), loadTemplate("header", "footer", "problem", "confirm")]);
    await openHere({ is_first: true });
    await readVersion();
}

start().catch((error) => {
    console.error(error);
    document.getElementById("main").textContent = error.message;
});
