/* /compare?ids=1,2&days=&mode=relative: the sizes of several streams in one chart. The choice stands in the address. */
import { api } from "../api.js";
import { makeChart, pointsOf } from "../chart.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { periodButtons, periodFrom, USUAL } from "../periods.js";
import { changeOf } from "../streams-words.js";
import { toast } from "../toast.js";
import { Turns } from "../turns.js";
import { actions, show } from "../view.js";

const AT_MOST = 10, POINTS = 500, TYPING = 200, FOUND = 12;

class ComparePage {
    streams = []; // {id, colour, history}
    found = null; // what matches the typed text
    missing = 0;
    turns = new Turns();

    constructor(page) {
        this.page = page;
        this.days = periodFrom(page.query.days);
        this.relative = page.query.mode === "relative";
        this.ids = [...new Set((page.query.ids ?? "").split(",").filter((id) => /^[1-9]\d{0,17}$/.test(id)).map(Number))].slice(0, AT_MOST);
    }

    freeColour() {
        return [...Array(AT_MOST).keys()].find((colour) => !this.streams.some((line) => line.colour === colour));
    }

    async fetch(id) {
        try {
            return await api.get(`/api/stream/${id}/history`, { days: String(this.days), limit: POINTS }, this.page.signal);
        } catch (error) {
            if (error.status === 404) {
                return null;
            }
            throw error;
        }
    }

    async load() {
        const isNewest = this.turns.next();
        const histories = await Promise.all(this.ids.map((id) => this.fetch(id)));
        if (!isNewest()) {
            return;
        }
        const colours = new Map(this.streams.map((line) => [line.id, line.colour]));
        this.missing = histories.filter((history) => !history).length;
        this.streams = [];
        histories.filter(Boolean).forEach((history) => {
            const id = history.stream_id;
            this.streams.push({ id, colour: colours.get(id) ?? this.freeColour(), history });
        });
        this.ids = this.streams.map((line) => line.id);
        await this.draw();
    }

    row({ id, colour, history }) {
        const { statistics } = history;
        const change = statistics && changeOf(statistics.change, statistics.current - statistics.change);
        return {
            id, colour, name: history.stream_name, label: t("streams.comparison.remove", { name: history.stream_name }), change,
            figures: ["current", "min", "max", "mean"].map((name) => ({
                text: statistics ? format.size(statistics[name]) : "—", exact: statistics ? format.exactSize(statistics[name]) : "",
            })),
        };
    }

    async draw() {
        if (this.page.signal.aborted) {
            return;
        }
        await show(this.page.element, "compare", {
            rows: this.streams.map((line) => this.row(line)), has_rows: this.streams.length > 0, periods: periodButtons(this.days), relative: this.relative,
            absolute: !this.relative, missing: this.missing ? t("streams.comparison.missing", { count: this.missing }) : null,
            is_searching: this.found !== null, is_nothing: this.found?.length === 0, nothing: t("streams.none"), is_full: this.ids.length >= AT_MOST,
            full: t("streams.compare_max", { count: AT_MOST }), found: (this.found ?? []).map((stream) => ({ ...stream, size: format.size(stream.size_bytes) })),
        });
        await this.drawChart();
    }

    async drawChart() {
        const { element } = this.page;
        if (!this.chart) {
            this.making ??= makeChart(element.querySelector(".chart"), { legend: element.querySelector(".chart-legend"), label: t("streams.comparison.title") });
            this.chart = await this.making;
            this.page.onClose(() => this.chart.close());
        }
        const what = JSON.stringify([this.days, this.relative, this.streams.map((line) => [line.id, line.colour])]);
        if (what !== this.drawn) {
            this.drawn = what;
            this.chart.draw(this.streams.map((line) => ({ name: line.history.stream_name, colour: line.colour, points: pointsOf(line.history) })), { relative: this.relative });
        }
    }

    remember() {
        this.page.setQuery({
            ids: this.ids.join(","), days: this.days === USUAL ? null : String(this.days), mode: this.relative ? "relative" : null,
        });
        return this.load();
    }

    typed(text) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.search(text.trim()).catch((error) => error.name === "AbortError" || toast(error.message, { kind: "error" })), TYPING);
    }

    async search(q) {
        this.asking?.abort();
        this.asking = new AbortController();
        const answer = q ? await api.get("/api/streams", { q, per_page: FOUND + this.ids.length }, this.asking.signal) : null;
        this.found = answer && answer.streams.filter((stream) => !this.ids.includes(stream.id)).slice(0, FOUND);
        await this.draw();
    }

    add(id) {
        const field = this.page.element.querySelector("#add");
        this.found = null;
        field.value = "";
        field.focus();
        this.ids.push(id);
        return this.remember();
    }

    async open() {
        const { element } = this.page;
        await this.load();
        actions(element, {
            add: (target) => this.add(Number(target.dataset.id)),
            remove: (target) => { this.ids = this.ids.filter((id) => id !== Number(target.dataset.id)); return this.remember(); },
            period: (target) => { this.days = Number(target.dataset.days); return this.remember(); },
            mode: (target) => { this.relative = target.dataset.mode === "relative"; return this.remember(); },
            pick: () => this.found?.length && this.add(this.found[0].id),
        });
        element.addEventListener("input", (event) => event.target.id === "add" && this.typed(event.target.value));
        element.addEventListener("keydown", (event) => {
            if (event.key === "Escape" && this.found) {
                this.found = null;
                this.draw();
            }
        });
        this.page.onClose(() => { clearTimeout(this.timer); this.asking?.abort(); });
    }
}

export const open = (page) => new ComparePage(page).open();
