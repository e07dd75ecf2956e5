/* A stretch of a job's log in memory: at most LINES_MAX entries around what is being looked at, grown at either end by pages from the
 * server and cut at the other. A cursor names an entry; the server says in headers whether there is more beyond a page (Weir-More) and
 * whether the log can still grow (Weir-Ended). No total is ever known or needed, so a log of a million lines costs what one screen costs.
 *
 * Pure of the document: log-view.js shows it. fetchPage(parameters, signal) → {entries, more, ended}. */

import { LINE_SHOWN_MAX } from "./ansi.js";

export const PAGE_LINES = 500;
export const LINES_MAX = 6000;

/* What is kept of an entry; a line of megabytes is not. */
function slim(entry) {
    const data = entry.data ?? "";
    return { ...entry, data: data.length > LINE_SHOWN_MAX ? data.slice(0, LINE_SHOWN_MAX) : data,
        cut: Math.max(0, data.length - LINE_SHOWN_MAX) };
}

export class LogPages {
    constructor(fetchPage) {
        this.fetchPage = fetchPage;
        this.filter = {};
        this.clear();
    }

    clear() {
        this.lines = [];
        this.atStart = false;
        this.atEnd = false;
        this.ended = false;
        this.first = null; /* the number of lines[0] in the whole log, where it is known */
    }

    async page(parameters, signal) {
        const { entries, more, ended } = await this.fetchPage({ ...this.filter, ...parameters }, signal);
        return { entries: entries.map(slim), more, ended };
    }

    isFiltered() {
        return Object.values(this.filter).some((value) => value);
    }

    /* From the first line on. */
    async openStart(signal) {
        const { entries, more, ended } = await this.page({ limit: PAGE_LINES }, signal);
        this.clear();
        this.lines = entries;
        this.atStart = true;
        this.atEnd = !more;
        this.ended = ended && !more;
        this.number();
    }

    /* The last lines. more says whether there are older ones. */
    async openEnd(signal) {
        const { entries, more, ended } = await this.page({ tail: PAGE_LINES }, signal);
        this.clear();
        this.lines = entries;
        this.atStart = !more;
        this.atEnd = true;
        this.ended = ended;
        this.number();
    }

    /* Around one entry that is known. Returns its index. */
    async openAt(entry, signal) {
        const [before, after] = await Promise.all([
            this.page({ before: entry.cursor, limit: PAGE_LINES }, signal),
            this.page({ after: entry.cursor, limit: PAGE_LINES }, signal)]);
        this.clear();
        this.lines = [...before.entries, slim(entry), ...after.entries];
        this.atStart = !before.more;
        this.atEnd = !after.more;
        this.ended = after.ended && !after.more;
        this.number();
        return before.entries.length;
    }

    /* Numbers are known where nothing is left out and the first line is there. */
    number() {
        if (this.isFiltered()) {
            this.first = null;
        } else if (this.atStart) {
            this.first = 1;
        }
    }

    /* {added, dropped}: lines put in front, and lines lost at the end for it. */
    async growBefore(signal, limit = PAGE_LINES) {
        if (this.atStart || this.lines.length === 0) {
            return { added: 0, dropped: 0 };
        }
        const head = this.lines[0];
        const { entries, more } = await this.page({ before: head.cursor, limit }, signal);
        if (this.lines[0] !== head) {
            return { added: 0, dropped: 0 }; /* the other end's page moved it meanwhile */
        }
        this.lines.unshift(...entries);
        this.atStart = !more || entries.length === 0;
        this.first = this.first === null ? null : this.first - entries.length;
        this.number();
        const dropped = Math.max(0, this.lines.length - LINES_MAX);
        if (dropped > 0) {
            this.lines.length -= dropped;
            this.atEnd = false;
        }
        return { added: entries.length, dropped };
    }

    /* {added, dropped}: lines put at the end, and lines lost in front for it. wait: how long the server may wait for some. With
     * mayDrop = false nothing is lost: somebody reads there; then the end is let go instead. */
    async growAfter({ wait = 0, mayDrop = true } = {}, signal) {
        const last = this.lines.at(-1);
        const parameters = { limit: PAGE_LINES, ...(last ? { after: last.cursor } : {}), ...(wait > 0 ? { wait } : {}) };
        const { entries, more, ended } = await this.page(parameters, signal);
        if (this.lines.at(-1) !== last) {
            return { added: 0, dropped: 0 };
        }
        if (!mayDrop && this.lines.length + entries.length > LINES_MAX) {
            this.atEnd = false;
            return { added: 0, dropped: 0 };
        }
        this.lines.push(...entries);
        this.atEnd = !more;
        this.ended = ended && !more;
        const dropped = Math.max(0, this.lines.length - LINES_MAX);
        if (dropped > 0) {
            this.lines.splice(0, dropped);
            this.atStart = false;
            this.first = this.first === null ? null : this.first + dropped;
        }
        if (entries.length > 0 && this.lines.length === entries.length) {
            this.atStart ||= !last;
        }
        this.number();
        return { added: entries.length, dropped };
    }

    numberOf(index) {
        return this.first === null ? null : this.first + index;
    }

    /* The next or the previous entry with the text, seen from the entry at index; null: there is none. */
    async find(text, direction, index, signal) {
        const from = this.lines[index]?.cursor;
        const parameters = { q: text, limit: 1, ...(from ? { [direction > 0 ? "after" : "before"]: from } : {}) };
        const { entries } = await this.page(parameters, signal);
        return entries.at(direction > 0 ? 0 : -1) ?? null;
    }

    indexOf(cursor) {
        return this.lines.findIndex((line) => line.cursor === cursor);
    }
}
