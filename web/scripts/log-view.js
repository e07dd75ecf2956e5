/* The log of a job as one reads it: a LogPages window shown through VirtualRows, following the end while the reader stays there, with
 * search, filters and copying. Works on markup that job-log.mustache made; every part is found by data-part.
 *
 * Following yields as soon as somebody scrolls up, and comes back when they scroll to the end or ask for it. While somebody reads further
 * up nothing is taken away under their eyes. Nothing is fetched while the page is hidden. */

import { ansiNodes, ansiStrip } from "./ansi.js";
import { LogPages } from "./log-pages.js";
import { VirtualRows } from "./virtual-rows.js";

const WAIT_SECONDS = 20;
const RETRY_MS = 3000;
const BREATH_MS = 200; /* lines that come one by one are fetched some at a time */
const BACKWARD_LINES = 2000;
const NEAR_ROWS = 150;
const SEARCH_DELAY_MS = 250;
const HIGHLIGHT = "log-match";

function pause(ms) {
    return new Promise((resolve) => setTimeout(resolve, ms));
}

export class LogView {
    /* root: the markup. source: {fetchPage, isLive(), words: {…}, time(iso) → {short, exact}, onFailure(error), copied(n)}. */
    constructor(root, source) {
        this.root = root;
        this.source = source;
        this.pages = new LogPages(source.fetchPage);
        this.part = (name) => root.querySelector(`[data-part="${name}"]`);
        this.scroller = this.part("scroller");
        this.following = true;
        this.unread = 0;
        this.marked = null;
        this.closed = false;
        this.generation = new AbortController();
        this.rows = new VirtualRows({
            scroller: this.scroller, list: this.part("lines"), rowHeight: this.measure(),
            make: (index) => this.row(index), onScroll: () => this.scrolled(),
            onResize: () => this.following && this.rows?.toEnd(),
        });
        this.listen();
    }

    measure() {
        const probe = document.createElement("div");
        probe.className = "log-line";
        probe.textContent = "0";
        this.part("lines").append(probe);
        const height = probe.getBoundingClientRect().height;
        probe.remove();
        return height || 20;
    }

    /* Logs of ordinary length get their numbers, when one begins at the end, by a look at what is before. */
    async open(where) {
        await this.jump(() => where === "start" ? this.pages.openStart(this.signal) : this.pages.openEnd(this.signal),
            where !== "start");
        this.grow("before", BACKWARD_LINES).then(() => this.live());
    }

    close() {
        this.closed = true;
        this.generation.abort();
        this.rows.close();
        CSS.highlights?.delete(HIGHLIGHT);
    }

    get signal() {
        return this.generation.signal;
    }

    /* --- showing ------------------------------------------------------------------------------------------------- */

    row(index) {
        const entry = this.pages.lines[index];
        const row = document.createElement("div");
        row.className = "log-line";
        row.dataset.level = entry.level ?? "info";
        row.dataset.stream = entry.stream ?? "stdout";
        row.classList.toggle("is-marked", entry.cursor === this.marked);
        const { short, exact } = this.source.time(entry.timestamp);
        const number = this.pages.numberOf(index);
        const stage = entry.stage && entry.stage !== this.pages.lines[index - 1]?.stage ? entry.stage : "";
        row.append(this.cell("log-number", number ?? ""), this.cell("log-time", short, exact));
        const text = document.createElement("span");
        text.className = "log-text";
        if (stage) {
            text.append(this.cell("log-stage", stage));
        }
        text.append(ansiNodes(entry.data));
        if (entry.cut > 0) {
            text.append(this.cell("log-cut", this.source.words.cut(entry.cut)));
        }
        row.append(text);
        return row;
    }

    cell(name, text, title) {
        const cell = document.createElement("span");
        cell.className = name;
        cell.textContent = text;
        if (title) {
            cell.title = title;
        }
        return cell;
    }

    /* After the window moved: keep says that the indexes still mean the same rows. */
    show(keep) {
        const isNumbered = this.pages.first !== null;
        this.rows.reset(this.pages.lines.length, keep && isNumbered === this.isNumbered);
        this.isNumbered = isNumbered;
        this.highlight();
        this.tell();
    }

    tell() {
        const { words } = this.source;
        this.part("empty").hidden = this.pages.lines.length > 0;
        const isSearched = this.pages.atStart && this.pages.atEnd;
        this.part("empty").textContent = !isSearched ? words.searching : this.pages.isFiltered() ? words.nothingFound : words.empty;
        this.part("follow").setAttribute("aria-pressed", String(this.following));
        this.part("newer").hidden = this.following || this.unread === 0;
        this.part("newer").textContent = words.newer(this.unread);
        const n = this.pages.lines.length;
        const first = this.pages.first;
        const stage = this.pages.lines[Math.min(this.rows.visible()[0], n - 1)]?.stage;
        const range = first === null ? words.some(n) : words.range(first, first + n - 1, this.pages.atEnd && this.pages.ended);
        this.part("range").textContent = n === 0 ? "" : [range, stage, this.pages.gone && this.pages.atStart && words.gone].filter(Boolean).join(" · ");
        this.root.dataset.start = String(this.pages.atStart);
        this.root.dataset.end = String(this.pages.atEnd);
    }

    highlight() {
        const text = this.part("search").value.toLowerCase();
        if (!CSS.highlights) {
            return;
        }
        CSS.highlights.delete(HIGHLIGHT);
        if (!text) {
            return;
        }
        const ranges = [];
        const walker = document.createTreeWalker(this.part("lines"), NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node && ranges.length < 500; node = walker.nextNode()) {
            if (!node.parentElement.closest(".log-text")) {
                continue;
            }
            const low = node.data.toLowerCase();
            for (let at = low.indexOf(text); at >= 0 && low.length === node.data.length; at = low.indexOf(text, at + text.length)) {
                const range = new Range();
                range.setStart(node, at);
                range.setEnd(node, at + text.length);
                ranges.push(range);
            }
        }
        CSS.highlights.set(HIGHLIGHT, new Highlight(...ranges));
    }

    /* --- moving -------------------------------------------------------------------------------------------------- */

    /* Another stretch of the log: what is under way for the old one is dropped. load() → the index to show, or nothing. */
    async jump(load, toEnd) {
        this.lost = null;
        this.generation.abort();
        this.generation = new AbortController();
        const { signal } = this;
        this.root.setAttribute("aria-busy", "true");
        try {
            const index = await load();
            this.unread = 0;
            this.following = toEnd;
            this.show(false);
            if (toEnd) {
                this.rows.toEnd();
            } else {
                this.rows.toRow(index ?? 0);
            }
            this.highlight();
            this.isTold = false;
        } catch (error) {
            if (this.failed(error, signal)) {
                this.lost = () => this.jump(load, toEnd);
            }
        } finally {
            this.root.removeAttribute("aria-busy");
        }
        this.wake?.();
    }

    /* Tells it once, until something succeeds again. False: it was broken off on purpose. */
    failed(error, signal) {
        if (error.name === "AbortError" || signal.aborted || this.closed) {
            return false;
        }
        if (!this.isTold) {
            this.source.onFailure(error);
        }
        this.isTold = true;
        return true;
    }

    scrolled() {
        const atBottom = this.rows.isAtEnd();
        if (this.following ? !atBottom : atBottom && this.pages.atEnd) {
            this.following = atBottom;
            this.unread = atBottom ? 0 : this.unread;
            this.wake?.();
        }
        this.tell();
        this.highlight();
        this.growNear();
    }

    /* What is near an end of the window is fetched before one gets there. */
    growNear() {
        const [from, to] = this.rows.visible();
        if (from < NEAR_ROWS && !this.pages.atStart) {
            this.grow("before");
        } else if (to > this.pages.lines.length - NEAR_ROWS && !this.pages.atEnd) {
            this.grow("after");
        }
    }

    /* One more page at one end, while somebody scrolls towards it. */
    async grow(end, limit) {
        if (this.growing) {
            return;
        }
        const { signal } = this;
        this.growing = true;
        try {
            if (end === "before") {
                const { added } = await this.pages.growBefore(signal, limit);
                this.moved(added, signal);
            } else {
                const { dropped } = await this.pages.growAfter({}, signal);
                this.moved(-dropped, signal);
            }
        } catch (error) {
            this.failed(error, signal);
            await pause(RETRY_MS);
        }
        this.growing = false;
        this.wake?.();
        if (!this.closed && !this.following) {
            this.growNear();
        }
    }

    moved(shift, signal) {
        if (signal.aborted || this.closed) {
            return;
        }
        this.following &&= this.rows.isAtEnd();
        if (shift !== 0) {
            this.rows.shift(shift, this.pages.lines.length);
        }
        this.show(true);
        if (this.following) {
            this.rows.toEnd();
        }
    }

    /* --- live ---------------------------------------------------------------------------------------------------- */

    canPoll() {
        return this.pages.atEnd && !this.pages.ended && !document.hidden && !this.growing;
    }

    /* Runs until close(): asks for what is new whenever the end is in the window. */
    async live() {
        while (!this.closed) {
            if (this.lost && !document.hidden) {
                await pause(RETRY_MS);
                await this.lost?.();
                continue;
            }
            if (!this.canPoll()) {
                await new Promise((resolve) => {
                    this.wake = resolve;
                });
                continue;
            }
            const { signal } = this;
            try {
                const wait = this.source.isLive() ? WAIT_SECONDS : 0;
                const grown = await this.pages.growAfter({ wait, mayDrop: this.following }, signal);
                this.arrived(grown, signal);
                await pause(grown.added > 0 ? BREATH_MS : wait > 0 ? 0 : RETRY_MS);
            } catch (error) {
                this.failed(error, signal);
                await pause(RETRY_MS);
            }
        }
    }

    arrived({ added, dropped }, signal) {
        if (signal.aborted || this.closed) {
            return;
        }
        this.isTold = false;
        this.following &&= this.rows.isAtEnd(); /* somebody may have scrolled a moment ago */
        if (dropped > 0) {
            this.rows.shift(-dropped, this.pages.lines.length);
        }
        this.unread += this.following ? 0 : added;
        this.show(true);
        if (this.following) {
            this.rows.toEnd();
        }
    }

    /* --- searching, filtering, copying ---------------------------------------------------------------------------- */

    listen() {
        const on = (name, type, listener) => this.part(name).addEventListener(type, listener);
        on("follow", "click", () => this.follow(!this.following));
        on("newer", "click", () => this.follow(true));
        on("first", "click", () => this.jump(() => this.pages.openStart(this.signal), false));
        on("last", "click", () => this.follow(true));
        on("copy", "click", () => this.copy());
        on("next", "click", () => this.search(1));
        on("previous", "click", () => this.search(-1));
        on("search", "input", () => this.typed());
        on("search", "keydown", (event) => {
            if (event.key === "Enter") {
                event.preventDefault();
                this.search(event.shiftKey ? -1 : 1);
            } else if (event.key === "Escape" && event.target.value) {
                event.stopPropagation();
                event.target.value = "";
                this.typed();
            }
        });
        for (const name of ["level", "stage", "matching"]) {
            on(name, "change", () => this.refilter());
        }
        this.scroller.addEventListener("keydown", (event) => this.key(event));
        const visible = () => this.wake?.();
        document.addEventListener("visibilitychange", visible, { signal: this.onClose() });
    }

    /* A signal that ends with the view, not with a jump. */
    onClose() {
        this.life ??= new AbortController();
        const close = this.close.bind(this);
        this.close = () => {
            this.life.abort();
            close();
            this.wake?.();
        };
        return this.life.signal;
    }

    key(event) {
        if (event.key === "Home" && !event.shiftKey) {
            event.preventDefault();
            this.jump(() => this.pages.openStart(this.signal), false);
        } else if (event.key === "End" && !event.shiftKey) {
            event.preventDefault();
            this.follow(true);
        }
    }

    follow(on) {
        if (on && !this.pages.atEnd) {
            this.jump(() => this.pages.openEnd(this.signal), true);
            return;
        }
        this.following = on;
        if (on) {
            this.unread = 0;
            this.rows.toEnd();
        }
        this.tell();
        this.wake?.();
    }

    typed() {
        clearTimeout(this.typing);
        this.part("found").textContent = "";
        this.typing = setTimeout(() => this.part("matching").checked ? this.refilter() : this.highlight(), SEARCH_DELAY_MS);
    }

    /* The next or previous line with the text, wherever in the log it is. */
    async search(direction) {
        const text = this.part("search").value;
        if (!text || this.searching) {
            return;
        }
        this.searching = true;
        const { signal } = this, { words } = this.source, found = this.part("found");
        const say = (said) => {
            found.textContent = said;
        };
        try {
            const { entry, isWrapped } = await this.pages.find(text, direction, this.searchFrom(direction), signal, () => say(words.searching));
            if (entry) {
                await this.reveal(entry);
            }
            say(!entry ? words.notFound : isWrapped ? words.wrapped : "");
        } catch (error) {
            this.failed(error, signal);
        }
        this.searching = false;
    }

    searchFrom(direction) {
        const marked = this.pages.indexOf(this.marked);
        const [from, to] = this.rows.visible();
        return marked >= from && marked < to ? marked : direction > 0 ? Math.max(0, from - 1) : Math.min(to, this.pages.lines.length - 1);
    }

    async reveal(entry) {
        this.marked = entry.cursor;
        const index = this.pages.indexOf(entry.cursor);
        if (index < 0) {
            await this.jump(() => this.pages.openAt(entry, this.signal), false);
            return;
        }
        this.following = false;
        this.show(false);
        this.rows.toRow(index);
        this.highlight();
    }

    refilter() {
        this.pages.filter = {
            level: this.part("level").value, stage: this.part("stage").value,
            q: this.part("matching").checked ? this.part("search").value : "",
        };
        const toEnd = this.following || this.source.isLive();
        this.jump(() => toEnd ? this.pages.openEnd(this.signal) : this.pages.openStart(this.signal), toEnd).then(() => this.growNear());
    }

    async copy() {
        const chosen = document.getSelection();
        const inLog = !chosen.isCollapsed && this.scroller.contains(chosen.anchorNode);
        const text = inLog ? chosen.toString() : this.pages.lines.map((line) => ansiStrip(line.data)).join("\n");
        await this.source.copy(text, inLog ? null : this.pages.lines.length);
    }
}
