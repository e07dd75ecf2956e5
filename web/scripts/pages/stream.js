/* /streams/ID?days=: one stream: how large it was when, what it is, and a button to measure it now. */
import { lockOfServer, lockOfStream, operationOfServer, operationOfStream, watchActivity } from "../activity.js";
import { api } from "../api.js";
import { makeChart, pointsOf } from "../chart.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { measureStream } from "../measuring.js";
import { periodButtons, periodFrom, USUAL } from "../periods.js";
import { changeOf, lockText } from "../streams-words.js";
import { actions, show } from "../view.js";

const POINTS = 1000, ROWS = 200;

/* A stream at rest is measured again and again: of equal measurements the first is shown, and the newest one of all. */
function changesOf(history) {
    return history.filter((point, i) => {
        const older = history[i + 1];
        return i === 0 || !older || older.size_bytes !== point.size_bytes || older.file_count !== point.file_count;
    });
}

class StreamPage {
    activity = { operations: [], locks: [] };
    is_busy = false;

    constructor(page) {
        this.page = page;
        this.id = Number(page.params.id);
        this.days = periodFrom(page.query.days);
    }

    async load(signal = this.page.signal) {
        const days = this.days;
        const [{ stream }, history] = await Promise.all([
            api.get(`/api/stream/${this.id}`, {}, signal), api.get(`/api/stream/${this.id}/history`, { days, limit: POINTS }, signal),
        ]);
        if (days === this.days) {
            Object.assign(this, { stream, history });
            await this.draw();
            await this.drawChart();
        }
    }

    figures() {
        const { statistics } = this.history;
        if (!statistics) {
            return [];
        }
        const change = changeOf(statistics.change, statistics.current - statistics.change);
        const size = (name) => ({ name, label: t(`streams.stream.${name}`), text: format.size(statistics[name]), exact: format.exactSize(statistics[name]) });
        return [
            size("current"), size("min"), size("max"), size("mean"),
            { name: "change", label: t("streams.stream.change"), text: change.text, exact: change.exact, kind: change.kind, part: change.part },
            { name: "measurements", label: t("streams.stream.measurements"), text: format.number(statistics.measurements) },
        ];
    }

    rows() {
        const rows = changesOf(this.history.history);
        return rows.slice(0, ROWS).map((point, i) => {
            const before = rows[i + 1], difference = before && point.size_bytes - before.size_bytes;
            return {
                key: point.timestamp, iso: point.timestamp, text: format.dateTime(point.timestamp), exact: format.exactTime(point.timestamp),
                size: format.size(point.size_bytes), size_exact: format.exactSize(point.size_bytes),
                files: format.number(point.file_count), difference: difference ? changeOf(difference, before.size_bytes) : null,
            };
        });
    }

    facts() {
        const { stream } = this;
        return [
            [t("streams.stream.server"), `${stream.server_name} (${stream.server_p4port})`],
            [t("streams.stream.type"), stream.type], [t("streams.stream.parent"), stream.parent ?? "—"],
            [t("streams.stream.files"), stream.is_measured ? format.number(stream.file_count) : "—"],
            [t("streams.stream.change_number"), stream.change > 0 ? String(stream.change) : "—"],
            [t("streams.stream.added"), format.day(stream.created_at)],
        ].map(([label, text]) => ({ label, text }));
    }

    data() {
        const { stream, activity } = this, rows = this.rows();
        const lock = lockOfStream(activity, stream) ?? lockOfServer(activity, stream.server_name);
        const is_running = this.is_busy || Boolean(operationOfStream(activity, stream) ?? operationOfServer(activity, stream.server_name));
        const may_measure = this.page.session.may("operator") && stream.state === "active", none = !may_measure && !this.page.session.may("operator");
        return {
            name: stream.name, server: stream.server_name, error: stream.error, is_stale: stream.is_stale && !stream.error, is_gone: stream.state !== "active",
            measured: stream.is_measured ? format.when(stream.last_updated) : null, figures: this.figures(), facts: this.facts(), rows, has_rows: rows.length > 0,
            more: this.history.history.length > ROWS || this.history.history.length === POINTS ? t("streams.stream.more_rows", { count: rows.length }) : null,
            periods: periodButtons(this.days), csv: api.address(`/api/stream/${this.id}/history`, { days: String(this.days), limit: 10000, format: "csv" }),
            compare: `/compare?ids=${this.id}&days=${this.days}`, may_measure, is_running, is_locked: is_running || Boolean(lock), lock: is_running ? null : lockText(lock),
            explain: none ? t(`streams.explain.${this.page.session.role === "none" ? "none" : "user"}`) : null,
            is_anonymous: this.page.session.role === "none", login: `/login?next=${encodeURIComponent(location.pathname + location.search)}`,
        };
    }

    draw() {
        return this.page.signal.aborted || !this.stream ? null : show(this.page.element, "stream", this.data());
    }

    async drawChart() {
        const { element } = this.page, box = element.querySelector(".chart");
        if (!this.chart) {
            this.making ??= makeChart(box, { legend: element.querySelector(".chart-legend"), label: t("streams.stream.chart") });
            this.chart = await this.making;
            this.page.onClose(() => this.chart.close());
        }
        const points = pointsOf(this.history), what = JSON.stringify([this.days, points.length, this.history.history[0]]);
        if (what !== this.drawn) {
            this.drawn = what;
            this.chart.draw([{ name: this.stream.name, points }]);
        }
    }

    async measure() {
        this.is_busy = true;
        await this.draw();
        this.watch.hurry();
        await measureStream(this.id, this.stream.name);
        this.is_busy = false;
        await this.load();
    }

    async period(days) {
        this.days = days;
        this.page.setQuery({ days: days === USUAL ? null : String(days) }, { push: true });
        await this.load();
    }

    async open() {
        await this.load();
        this.page.title(this.stream.name);
        actions(this.page.element, {
            period: (target) => this.period(Number(target.dataset.days)),
            measure: () => this.measure(),
        });
        this.watch = watchActivity(this.page, async (now, before) => {
            this.activity = now;
            const had = before.operations?.length > 0 && now.operations.length === 0;
            await (had ? this.load() : this.draw());
        });
        let is_fresh = true; // it was loaded just now
        live(this.page, 60, async (signal) => {
            await (is_fresh ? null : this.load(signal));
            is_fresh = false;
        });
    }
}

export const open = (page) => new StreamPage(page).open();
