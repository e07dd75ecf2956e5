/* A stretch of a job's log in memory: at most LINES_MAX entries around what is being looked at, grown at either end by pages from the
 * server and cut at the other. A cursor names a place; the server says in headers from where to go on (Weir-Cursor, backwards Weir-Before),
 * whether there may be more (Weir-More: a page for which was searched long enough may be empty and yet not the last), whether the log can
 * still grow (Weir-Ended) and whether lines are not kept any more (Weir-Gone). No total is ever known or needed, so a log of a million
 * lines costs what one screen costs.
 *
 * Pure of the document: log-view.js shows it. fetchPage(parameters, signal) → {entries, more, ended, cursor, before, gone}. */

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
        this.gone = false;
        this.head = null; /* where to go on backwards, */
        this.tail = null; /* and onwards */
        this.first = null; /* the number of lines[0] in the whole log, where it is known */
    }

    async page(parameters, signal) {
        const page = await this.fetchPage({ ...this.filter, ...parameters }, signal);
        const { entries, cursor, before } = page;
        const isBack = Boolean(parameters.before);
        return {
            ...page, entries: entries.map(slim),
            head: before || (isBack && cursor) || entries[0]?.cursor || parameters.before || null,
            tail: (!isBack && cursor) || entries.at(-1)?.cursor || parameters.after || null,
        };
    }

    isFiltered() {
        return Object.values(this.filter).some((value) => value);
    }

    set({ entries, head, tail, gone }, atStart, atEnd, ended) {
        this.clear();
        Object.assign(this, { lines: entries, head, tail, gone: Boolean(gone), atStart, atEnd, ended });
        this.number();
    }

    /* From the first line on. */
    async openStart(signal) {
        const page = await this.page({ limit: PAGE_LINES }, signal);
        this.set(page, true, !page.more, page.ended && !page.more);
    }

    /* The last lines. more says whether there may be older ones. */
    async openEnd(signal) {
        const page = await this.page({ tail: PAGE_LINES }, signal);
        this.set(page, !page.more, true, page.ended);
    }

    /* Around one entry that is known. Returns its index. */
    async openAt(entry, signal) {
        const [before, after] = await Promise.all([
            this.page({ before: entry.cursor, limit: PAGE_LINES }, signal),
            this.page({ after: entry.cursor, limit: PAGE_LINES }, signal)]);
        const entries = [...before.entries, slim(entry), ...after.entries];
        this.set({ entries, head: before.head, tail: after.tail, gone: before.gone }, !before.more, !after.more, after.ended && !after.more);
        return before.entries.length;
    }

    /* Numbers are known where nothing is left out and the first line is there, or was when they were counted. */
    number() {
        if (this.isFiltered() || this.gone) {
            this.first = null;
        } else if (this.atStart) {
            this.first = 1;
        }
    }

    /* {added, dropped}: lines put in front, and lines lost at the end for it. */
    async growBefore(signal, limit = PAGE_LINES) {
        const { head } = this;
        if (this.atStart || !head) {
            this.atStart = true; /* nothing to go on from: that is all */
            return { added: 0, dropped: 0 };
        }
        const page = await this.page({ before: head, limit }, signal);
        if (this.head !== head) {
            return { added: 0, dropped: 0 }; /* the other end's page moved it meanwhile */
        }
        this.lines.unshift(...page.entries);
        this.head = page.head;
        this.atStart = !page.more;
        this.gone ||= Boolean(page.gone);
        this.first = this.first === null ? null : this.first - page.entries.length;
        this.number();
        const dropped = Math.max(0, this.lines.length - LINES_MAX);
        if (dropped > 0) {
            this.lines.length -= dropped;
            this.tail = this.lines.at(-1).cursor;
            this.atEnd = false;
        }
        return { added: page.entries.length, dropped };
    }

    /* {added, dropped}: lines put at the end, and lines lost in front for it. wait: how long the server may wait for some. With
     * mayDrop = false nothing is lost: somebody reads there; then the end is let go instead. */
    async growAfter({ wait = 0, mayDrop = true } = {}, signal) {
        const { tail } = this;
        const page = await this.page({ limit: PAGE_LINES, ...(tail ? { after: tail } : {}), ...(wait > 0 ? { wait } : {}) }, signal);
        const { entries } = page;
        if (this.tail !== tail) {
            return { added: 0, dropped: 0 };
        }
        if (!mayDrop && this.lines.length + entries.length > LINES_MAX) {
            this.atEnd = false;
            return { added: 0, dropped: 0 };
        }
        this.lines.push(...entries);
        this.tail = page.tail;
        this.head ??= this.lines[0]?.cursor ?? null;
        this.atEnd = !page.more;
        this.ended = page.ended && !page.more;
        return { added: entries.length, dropped: this.dropFront() };
    }

    dropFront() {
        const dropped = Math.max(0, this.lines.length - LINES_MAX);
        if (dropped > 0) {
            this.lines.splice(0, dropped);
            this.head = this.lines[0].cursor;
            this.atStart = false;
            this.first = this.first === null ? null : this.first + dropped;
        }
        this.number();
        return dropped;
    }

    numberOf(index) {
        return this.first === null ? null : this.first + index;
    }

    /* The next or the previous entry with the text, seen from the entry at index, or, where there is none such, from the other end of the
     * log: {entry, isWrapped}; entry null: nowhere. onWait() is called whenever the server has searched for a while without finding any. */
    async find(text, direction, index, signal, onWait) {
        const from = this.lines[index]?.cursor;
        const entry = from ? await this.findFrom(text, direction, from, signal, onWait) : null;
        return entry ? { entry, isWrapped: false } : { entry: await this.findFrom(text, direction, null, signal, onWait), isWrapped: Boolean(from) };
    }

    async findFrom(text, direction, from, signal, onWait) {
        for (let cursor = from; ;) {
            const place = direction > 0 ? { limit: 1, after: cursor } : cursor ? { limit: 1, before: cursor } : { tail: 1 };
            const page = await this.page({ q: text, ...place }, signal);
            const next = direction > 0 ? page.tail : page.head;
            if (page.entries.length > 0 || !page.more || !next || next === cursor) {
                return page.entries.at(direction > 0 ? 0 : -1) ?? null;
            }
            onWait?.();
            cursor = next;
        }
    }

    indexOf(cursor) {
        return this.lines.findIndex((line) => line.cursor === cursor);
    }
}
