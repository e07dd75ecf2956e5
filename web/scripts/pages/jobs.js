/* /jobs: all integrations, newest first, with counts per status, filters that stand in the address, and pages by key. Rows of the first
 * page are kept up to date in place; older pages are added below when asked for and stay as they were read. */
import { api } from "../api.js";
import { t } from "../i18n.js";
import { STATUSES } from "../job-stages.js";
import { countText, rowOf, statusText, tone } from "../job-words.js";
import { live } from "../live.js";
import { Turns } from "../turns.js";
import { actions, show } from "../view.js";

const LIMIT = 50;
const SECONDS = 3;
const TYPING_MS = 250;

class Dashboard {
    constructor(page) {
        this.page = page;
        const { all, status, server, q } = page.query;
        this.filter = { all: all === "1" ? "1" : null, status: STATUSES.includes(status) ? status : null, server: server ?? null, q: q ?? null };
        this.jobs = [];
        this.older = [];
        this.turns = new Turns();
    }

    parameters(more) {
        return { ...this.filter, ...more };
    }

    async open() {
        this.servers = (await api.get("/api/servers", {}, this.page.signal)).servers.map((server) => server.name);
        actions(this.page.element, {
            status: (target) => this.change({ status: target.dataset.status || null }, true),
            owner: (target) => this.change({ all: target.dataset.all || null }, true),
            server: (target) => this.change({ server: target.value || null }),
            search: (target) => this.change({ q: target.value.trim() || null }),
            clear: () => this.clear(),
            older: () => this.loadOlder(),
        });
        this.page.element.addEventListener("input", (event) => event.target.id === "search" && this.typed(event.target));
        this.poll = live(this.page, SECONDS, (signal) => this.refresh(signal));
        await this.poll.first;
        if (!this.answer) {
            await this.render();
        }
    }

    typed(field) {
        clearTimeout(this.typing);
        this.typing = setTimeout(() => this.change({ q: field.value.trim() || null }), TYPING_MS);
    }

    clear() {
        this.change({ q: null, server: null, status: null });
        this.page.element.querySelector("#search").value = "";
    }

    change(changes, push = false) {
        clearTimeout(this.typing);
        Object.assign(this.filter, changes);
        this.page.setQuery(this.filter, { push });
        this.turns.next();
        this.older = [];
        this.poll.now();
    }

    async refresh(signal) {
        const isNewest = this.turns.now();
        const answer = await api.get("/api/jobs", this.parameters({ limit: LIMIT }), signal);
        if (!isNewest()) {
            return;
        }
        this.answer = answer;
        this.jobs = answer.jobs;
        if (this.older.length === 0) {
            this.next = answer.next_before;
        }
        await this.render();
    }

    async loadOlder() {
        if (!this.next || this.isLoading) {
            return;
        }
        this.isLoading = true;
        const isNewest = this.turns.now();
        try {
            const answer = await api.get("/api/jobs", this.parameters({ limit: LIMIT, before: this.next }), this.page.signal);
            if (isNewest()) {
                this.older.push(...answer.jobs);
                this.next = answer.next_before;
                await this.render();
            }
        } finally {
            this.isLoading = false;
        }
    }

    /* New jobs push others from the first page into what was read before: each is shown once. */
    rows() {
        const seen = new Set(this.jobs.map((job) => job.id));
        return [...this.jobs, ...this.older.filter((job) => !seen.has(job.id))].map((job) => rowOf(job, this.page.session));
    }

    tabs() {
        const counts = this.answer?.counts ?? {};
        const total = STATUSES.reduce((sum, status) => sum + (counts[status] ?? 0), 0);
        const tab = (status, text, count) => ({
            status, text, count: countText(count), is_current: (this.filter.status ?? "") === status, tone: tone(status), is_zero: !count,
        });
        return [tab("", t("jobs.list.any"), total), ...STATUSES.map((status) => tab(status, statusText(status), counts[status]))];
    }

    async render() {
        const rows = this.rows(), { all, status, server, q } = this.filter;
        const isFiltered = Boolean(status || server || q);
        await show(this.page.element, "jobs", {
            tabs: this.tabs(), rows, q: q ?? "", is_all: Boolean(all), is_mine: !all, has_rows: rows.length > 0,
            is_loading: !this.answer, is_empty: this.answer && rows.length === 0 && !isFiltered,
            is_nothing_found: this.answer && rows.length === 0 && isFiltered, has_q: Boolean(q),
            servers: this.servers.map((name) => ({ name, is_current: name === server })), has_servers: this.servers.length > 1,
            has_older: Boolean(this.next) && rows.length > 0, shown: t("jobs.list.shown", { count: rows.length }),
            csv: api.address("/api/jobs", this.parameters({ format: "csv", limit: 1000 })),
        });
    }
}

export async function open(page) {
    await new Dashboard(page).open();
}
