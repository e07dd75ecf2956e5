/* The streams that are shown of each server: a window onto a list that may have a hundred thousand, sorted and searched by the
 * server, never more than WINDOW_MAX rows of it at a time. Holds data only; pages/streams.js shows them. */
import { api } from "./api.js";

const WINDOWS = [50, 200, 500];
export const WINDOW_MAX = WINDOWS.at(-1);
export const SPARK_DAYS = 30;

export class StreamsList {
    servers = [];
    windows = new Map(); // server id -> {size, page, total, streams}
    sparks = new Map();  // stream id -> {sizes, skipped}
    query = { q: "", sort: "name", order: "asc" };

    window(id) {
        if (!this.windows.has(id)) {
            this.windows.set(id, { size: WINDOWS[0], page: 1, total: null, streams: [] });
        }
        return this.windows.get(id);
    }

    /* Another question begins at the first page; how far a list was opened stays. */
    ask(changes) {
        Object.assign(this.query, changes);
        for (const window of this.windows.values()) {
            window.page = 1;
        }
    }

    more(id) {
        const window = this.window(id);
        window.size = WINDOWS.find((size) => size > window.size) ?? WINDOW_MAX;
        window.page = 1;
    }

    turn(id, by) {
        this.window(id).page += by;
    }

    async loadServers(signal) {
        this.servers = (await api.get("/api/servers", {}, signal)).servers;
    }

    /* A closed list costs one row while something is searched (how many match is shown), else nothing. */
    async load(is_closed, signal) {
        await Promise.all(this.servers.map((server) => this.loadWindow(server, is_closed(server), signal)));
        await this.loadSparks(is_closed, signal);
    }

    async loadWindow(server, is_closed, signal) {
        const window = this.window(server.id), { q, sort, order } = this.query;
        if (is_closed && !q) {
            Object.assign(window, { total: server.streams_count, streams: [] });
            return;
        }
        const page = is_closed ? { page: 1, per_page: 1 } : { page: window.page, per_page: window.size };
        const wanted = { server_id: server.id, q, ...page, ...(sort === "name" ? {} : { sort, order }) };
        const { streams, pagination } = await api.get("/api/streams", wanted, signal);
        if (pagination.total > 0 && streams.length === 0 && window.page > 1) { // it became shorter meanwhile
            window.page = 1;
            await this.loadWindow(server, is_closed, signal);
            return;
        }
        Object.assign(window, { total: pagination.total, streams: is_closed ? [] : streams });
    }

    async loadSparks(is_closed, signal) {
        const shown = this.servers.filter((server) => !is_closed(server)).flatMap((server) => this.window(server.id).streams);
        const ids = shown.filter((stream) => stream.is_measured).map((stream) => stream.id);
        const fresh = new Map();
        for (let i = 0; i < ids.length; i += 500) {
            const wanted = { ids: ids.slice(i, i + 500).join(","), days: SPARK_DAYS };
            const { sparklines } = await api.get("/api/sparklines", wanted, signal);
            sparklines.forEach((line) => fresh.set(line.id, line));
        }
        this.sparks = fresh;
    }

    total() {
        const totals = this.servers.map((server) => this.window(server.id).total ?? server.streams_count);
        return { streams: totals.reduce((sum, n) => sum + n, 0), servers: totals.filter((n) => n > 0).length };
    }

    find(id) {
        for (const window of this.windows.values()) {
            const stream = window.streams.find((row) => row.id === id);
            if (stream) {
                return stream;
            }
        }
        return null;
    }
}
