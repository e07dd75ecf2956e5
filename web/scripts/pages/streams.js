/* /: servers with their streams. The list is in streams-list.js, what is going on in activity.js, the words in streams-words.js;
 * this file has the page's state (what is searched, how it is sorted, which servers are closed, which streams are ticked for a
 * comparison) and what its buttons do. Searching and sorting stand in the address, closed servers are kept in the browser. */
import { lockOfAll, lockOfConfig, watchActivity } from "../activity.js";
import { api } from "../api.js";
import { CSV_PAGE, saveStreams } from "../csv.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { listStreams, measureAll, measureServer, measureStream, syncServers, syncStreams } from "../measuring.js";
import { StreamsList, WINDOW_MAX } from "../streams-list.js";
import { countText, lockText, serverHead, streamRow } from "../streams-words.js";
import { toast } from "../toast.js";
import { actions, show } from "../view.js";

const KEY = "weir-closed", SORTS = ["name", "size", "files", "measured"], COMPARE_MAX = 10, TYPING = 200;

function readClosed() {
    try {
        return new Set(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
    } catch {
        return new Set();
    }
}

class StreamsPage {
    list = new StreamsList();
    closed = readClosed();
    selected = new Set();
    busy = new Set(); // "stream 7", "server 1", "all", "config": started here, not yet seen in the activity
    is_loaded = false;
    problem = null;
    is_waiting = false; // for the end of what was started here
    timer = null;

    constructor(page) {
        this.page = page;
        const { q = "", sort, order } = page.query;
        this.list.ask({ q, sort: SORTS.includes(sort) ? sort : "name", order: order === "desc" ? "desc" : "asc" });
    }

    is_closed = (server) => this.closed.has(server.name);

    keepClosed() {
        try {
            localStorage.setItem(KEY, JSON.stringify([...this.closed]));
        } catch { /* kept for this page only */ }
    }

    async load(signal = this.page.signal) {
        try {
            await this.list.loadServers(signal);
            await this.list.load(this.is_closed, signal);
        } catch (error) {
            this.problem = this.is_loaded ? null : error.message; // what is shown already stays
            await this.draw();
            throw error;
        }
        Object.assign(this, { is_loaded: true, problem: null });
        await this.draw();
    }

    /* Newer answers win: an older question that is still being answered is given up. */
    async search() {
        this.asking?.abort();
        this.asking = new AbortController();
        const { signal } = this.asking;
        try {
            await this.list.load(this.is_closed, signal);
            await this.draw();
        } catch (error) {
            if (error.name !== "AbortError") {
                toast(error.message, { kind: "error" });
            }
        }
    }

    async activity(now, before) {
        this.now = now;
        if (this.is_waiting && now.operations.length === 0) { // what was started here has ended
            this.is_waiting = false;
            toast(t("streams.done.measured"), { kind: "success" });
        }
        const amount = (activity) => JSON.stringify(activity.operations.map((run) => [run.scope, run.server, Math.floor(run.done / 5)]));
        if (this.is_loaded && before.is_known && amount(now) !== amount(before)) {
            await this.load();
        } else if (this.is_loaded && JSON.stringify(now) !== JSON.stringify(before)) {
            await this.draw();
        }
    }

    /* --- what is shown --- */

    columns() {
        const { sort, order } = this.list.query;
        return SORTS.map((name) => ({
            name, label: t(`streams.column.${name}`), is_number: name === "size" || name === "files", is_sorted: name === sort,
            direction: name === sort ? (order === "desc" ? "descending" : "ascending") : null,
        }));
    }

    pager(window) {
        const from = (window.page - 1) * window.size + 1, to = from + window.streams.length - 1;
        const is_turned = window.size === WINDOW_MAX && window.total > WINDOW_MAX;
        return {
            more: window.size < WINDOW_MAX && window.total > window.size, is_turned,
            has_previous: window.page > 1, has_next: to < window.total,
            text: window.streams.length ? t("streams.shown", { from, to, total: window.total }) : null,
        };
    }

    server(server) {
        const window = this.list.window(server.id), may_measure = this.page.session.may("operator");
        const is_closed = this.is_closed(server), { q } = this.list.query;
        const head = serverHead(server, this.now, { is_busy: this.busy.has(`server ${server.id}`) || this.busy.has("all"), may_measure });
        return {
            ...head,
            is_closed, is_open: !is_closed, columns: this.columns(), columns_name: this.columns()[0], columns_rest: this.columns().slice(1),
            found: q ? t("streams.count", { count: window.total ?? 0 }) : null,
            rows: window.streams.map((stream) => streamRow(stream, {
                activity: this.now, spark: this.list.sparks.get(stream.id), is_selected: this.selected.has(stream.id),
                is_busy: this.busy.has(`stream ${stream.id}`), is_server_busy: head.is_busy, may_measure,
            })),
            has_rows: window.streams.length > 0, pager: this.pager(window), csv: this.csv(window.total, { server_id: server.id }),
        };
    }

    csv(total, wanted) {
        const { q } = this.list.query;
        return total > CSV_PAGE ? null : api.address("/api/streams", { ...wanted, q, per_page: CSV_PAGE, format: "csv" });
    }

    data() {
        const { list, page } = this, { q } = list.query, total = list.total();
        const servers = list.servers.map((server) => this.server(server)).filter((server, i) => !q || (list.window(list.servers[i].id).total ?? 1) > 0);
        const all = lockOfAll(this.now), config = lockOfConfig(this.now), role = page.session.role;
        return {
            servers, is_loaded: this.is_loaded, is_loading: !this.is_loaded && !this.problem, problem: this.problem, q, is_empty: this.is_loaded && list.servers.length === 0,
            is_nothing: this.is_loaded && list.servers.length > 0 && servers.length === 0, nothing: t("streams.nothing", { q }),
            summary: countText(q ? "streams.found" : "streams.total", total.streams, q ? total.servers : list.servers.length),
            are_closed: list.servers.length > 0 && list.servers.every(this.is_closed), several: list.servers.length > 1,
            may_measure: page.session.may("operator"), may_admin: page.session.may("admin"),
            explain: role === "none" ? t("streams.explain.none") : role === "user" ? t("streams.explain.user") : null,
            explain_config: role === "operator" ? t("streams.explain.config") : null, is_anonymous: role === "none",
            login: `/login?next=${encodeURIComponent(location.pathname + location.search)}`,
            all_busy: Boolean(all) || this.busy.has("all") || this.now.operations.length > 0,
            all_lock: this.now.operations.length ? null : lockText(all),
            config_busy: Boolean(config) || this.busy.has("config"), csv: this.csv(total.streams, {}),
            selected: this.selected.size > 0 ? {
                text: t("streams.compare", { count: this.selected.size }), href: `/compare?ids=${[...this.selected].join(",")}`,
            } : null,
            sorts: SORTS.map((name) => ({ name, label: t(`streams.column.${name}`), is_current: name === list.query.sort })),
        };
    }

    now = { operations: [], locks: [], is_known: false };

    draw() {
        return this.page.signal.aborted ? null : show(this.page.element, "streams", this.data());
    }

    /* --- what people do --- */

    typed(text) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            this.list.ask({ q: text.trim() });
            this.page.setQuery({ q: text.trim() });
            this.search();
        }, TYPING);
    }

    sortBy(name) {
        const { sort, order } = this.list.query;
        const first = name === "name" ? "asc" : "desc", other = order === "asc" ? "desc" : "asc";
        const next = name !== sort ? first : name === "name" ? "asc" : other;
        this.list.ask({ sort: name, order: next });
        this.page.setQuery({ sort: name === "name" ? null : name, order: name === "name" ? null : next });
        return this.search();
    }

    toggle(name) {
        if (!this.closed.delete(name)) {
            this.closed.add(name);
        }
        this.keepClosed();
        return this.search();
    }

    toggleAll() {
        const { servers } = this.list, are_closed = servers.every(this.is_closed);
        this.closed = new Set(are_closed ? [] : servers.map((server) => server.name));
        this.keepClosed();
        return this.search();
    }

    select(id, is_wanted) {
        if (is_wanted && this.selected.size >= COMPARE_MAX) {
            toast(t("streams.compare_max", { count: COMPARE_MAX }), { kind: "warning" });
        } else if (is_wanted) {
            this.selected.add(id);
        } else {
            this.selected.delete(id);
        }
        return this.draw();
    }

    /* Buttons are busy from the click on; then what everybody sees takes over. */
    async run(name, action) {
        this.busy.add(name);
        await this.draw();
        const watching = this.watch.hurry();
        const has_ended = await action();
        await watching;
        await this.watch.hurry();
        this.busy.delete(name);
        this.is_waiting = has_ended === false && this.watch.now.operations.length > 0;
        await (has_ended === null ? this.draw() : this.load());
    }

    server_of = (target) => this.list.servers.find((server) => server.id === Number(target.dataset.id));

    actions() {
        return {
            toggle: (target) => this.toggle(target.dataset.name),
            toggle_all: () => this.toggleAll(),
            sort: (target) => this.sortBy(target.dataset.name),
            sort_select: (target) => this.sortBy(target.value),
            more: (target) => { this.list.more(Number(target.dataset.id)); return this.search(); },
            previous: (target) => { this.list.turn(Number(target.dataset.id), -1); return this.search(); },
            next: (target) => { this.list.turn(Number(target.dataset.id), 1); return this.search(); },
            select: (target) => this.select(Number(target.dataset.id), target.checked),
            unselect: () => { this.selected.clear(); return this.draw(); },
            clear: () => this.clear(),
            measure_all: () => this.run("all", measureAll),
            measure_server: (target) => this.run(`server ${target.dataset.id}`, () => measureServer(Number(target.dataset.id))),
            measure_stream: (target) => {
                const stream = this.list.find(Number(target.dataset.id));
                return this.run(`stream ${stream.id}`, () => measureStream(stream.id, stream.name));
            },
            sync_streams: (target) => this.run(`server ${target.dataset.id}`, () => syncStreams(Number(target.dataset.id), this.server_of(target).name)),
            sync_servers: () => this.run("config", syncServers),
            list: async (target) => {
                if (await listStreams(this.server_of(target), this.page.session.may("operator"))) {
                    await this.load();
                }
            },
            csv: (target) => saveStreams({ server_id: target.dataset.id, q: this.list.query.q }, this.page.signal)
                .catch((error) => toast(error.message, { kind: "error" })),
        };
    }

    clear() {
        const field = this.page.element.querySelector("#search");
        field.value = "";
        field.focus();
        this.typed("");
    }

    async open() {
        const { element } = this.page;
        await this.draw();
        actions(element, this.actions());
        element.addEventListener("input", (event) => event.target.id === "search" && this.typed(event.target.value));
        element.addEventListener("keydown", (event) => event.key === "Escape" && event.target.id === "search" && this.clear());
        this.watch = watchActivity(this.page, (now, before) => this.activity(now, before));
        const data = live(this.page, 30, (signal) => this.load(signal));
        this.page.onClose(() => { clearTimeout(this.timer); this.asking?.abort(); });
        await data.first;
    }
}

export const open = (page) => new StreamsPage(page).open();
