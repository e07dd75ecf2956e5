/* /growth?days=&direction=&server=: the streams that grew most over a period, or shrank most. */
import { api } from "../api.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { periodButtons, periodFrom, USUAL } from "../periods.js";
import { changeOf } from "../streams-words.js";
import { Turns } from "../turns.js";
import { actions, show } from "../view.js";

const AT_MOST = 100;

class GrowthPage {
    turns = new Turns();

    constructor(page) {
        this.page = page;
        this.days = periodFrom(page.query.days);
        this.direction = page.query.direction === "down" ? "down" : "up";
        this.server = /^[1-9]\d{0,17}$/.test(page.query.server ?? "") ? page.query.server : "";
    }

    question() {
        return { days: String(this.days), direction: this.direction, server_id: this.server, limit: AT_MOST };
    }

    row(stream, largest) {
        const change = changeOf(stream.change, stream.before_bytes);
        return {
            id: stream.id, name: stream.name, server: stream.server_name, change, part: change.part, largest, amount: Math.abs(stream.change),
            before: format.size(stream.before_bytes), before_exact: format.exactSize(stream.before_bytes),
            now: format.size(stream.size_bytes), now_exact: format.exactSize(stream.size_bytes),
            files: format.signedNumber(stream.file_change), since: format.day(stream.since), since_exact: format.exactTime(stream.since), since_iso: stream.since,
        };
    }

    async load(signal = this.page.signal) {
        const isNewest = this.turns.next();
        const [{ streams }, { servers }] = await Promise.all([api.get("/api/growth", this.question(), signal), api.get("/api/servers", {}, signal)]);
        if (!isNewest()) {
            return;
        }
        const largest = Math.max(1, ...streams.map((stream) => Math.abs(stream.change)));
        await show(this.page.element, "growth", {
            rows: streams.map((stream) => this.row(stream, largest)), has_rows: streams.length > 0, periods: periodButtons(this.days),
            is_up: this.direction === "up", is_down: this.direction === "down", count: t("streams.growth.count", { count: streams.length }),
            servers: servers.map((server) => ({ id: server.id, name: server.name, is_current: String(server.id) === this.server })),
            csv: api.address("/api/growth", { ...this.question(), limit: 1000, format: "csv" }),
        });
    }

    ask(changes) {
        Object.assign(this, changes);
        this.page.setQuery({
            days: this.days === USUAL ? null : String(this.days), direction: this.direction === "up" ? null : this.direction, server: this.server,
        });
        return this.load();
    }

    async open() {
        actions(this.page.element, {
            period: (target) => this.ask({ days: Number(target.dataset.days) }),
            direction: (target) => this.ask({ direction: target.dataset.direction }),
            server: (target) => this.ask({ server: target.value }),
        });
        await this.load();
        live(this.page, 120, (signal) => this.load(signal));
    }
}

export const open = (page) => new GrowthPage(page).open();
