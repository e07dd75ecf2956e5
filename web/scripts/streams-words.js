/* From the API's data to what the templates about streams show: texts, shortened numbers with their exact forms, small drawings. */
import { lockOfServer, lockOfStream, operationOfServer, operationOfStream } from "./activity.js";
import * as format from "./format.js";
import { t } from "./i18n.js";

/* --- states ---------------------------------------------------------------------------------------------------------- */

const STATE_KINDS = { ok: "ok", never: "", unreachable: "bad", auth: "bad", trust: "bad", limit: "warn", permission: "bad", failed: "bad" };

export function stateOf(server) {
    return {
        text: t(`streams.state.${server.state}`), kind: STATE_KINDS[server.state] ?? "bad",
        is_ok: server.state === "ok", words: server.state === "ok" ? null : server.state_text,
    };
}

/* Who holds it, why and since when: one sentence, the same for everybody. */
export function lockText(lock) {
    return lock && t("streams.lock.text", { holder: lock.holder, why: lock.why, since: format.ago(lock.since) });
}

export function progressOf(run) {
    const is_counted = run.total > 0;
    return {
        server: run.server, scope: run.scope, current: run.current, done: run.done, total: run.total, is_counted,
        text: is_counted ? t("streams.progress.measuring", { done: run.done, total: run.total }) : t("streams.progress.listing"),
        since: format.when(run.started_at),
    };
}

/* --- drawings -------------------------------------------------------------------------------------------------------- */

const WIDTH = 96, HEIGHT = 22, EDGE = 2;

/* The points of a line through evenly spread sizes; null where nothing was measured. A stream at rest is a line in the middle. */
export function sparkPoints({ sizes, skipped }) {
    if (!sizes.length) {
        return null;
    }
    const low = Math.min(...sizes), span = Math.max(...sizes) - low, steps = Math.max(1, sizes.length + skipped - 1);
    return sizes.map((size, i) => {
        const x = ((i + skipped) / steps) * WIDTH;
        const y = span ? EDGE + (1 - (size - low) / span) * (HEIGHT - 2 * EDGE) : HEIGHT / 2;
        return `${x.toFixed(1)},${y.toFixed(1)}`;
    }).join(" ");
}

export function changeOf(bytes, before) {
    const kind = bytes > 0 ? "grew" : bytes < 0 ? "shrank" : "";
    const part = before > 0 ? format.percent((bytes / before) * 100) : null;
    return { kind, text: format.signedSize(bytes), part, exact: format.exactSize(bytes) };
}

function trendOf(spark) {
    const points = spark && sparkPoints(spark);
    if (!points) {
        return null;
    }
    const first = spark.sizes[0], change = changeOf(spark.sizes.at(-1) - first, first);
    return { points, width: WIDTH, height: HEIGHT, kind: change.kind, label: t("streams.trend", { change: change.part ?? change.text }) };
}

/* --- rows ------------------------------------------------------------------------------------------------------------ */

export function streamRow(stream, { activity, spark, is_selected, is_busy, is_server_busy, may_measure }) {
    const lock = lockOfStream(activity, stream), run = operationOfStream(activity, stream);
    const is_running = is_busy || Boolean(run);
    return {
        id: stream.id, name: stream.name, server: stream.server_name, is_measured: stream.is_measured, is_selected, is_running, may_measure,
        is_taken: is_running || is_server_busy || Boolean(lock),
        size: format.size(stream.size_bytes), size_exact: format.exactSize(stream.size_bytes),
        files: format.short(stream.file_count), files_exact: t("streams.files", { count: stream.file_count }),
        measured: stream.is_measured ? format.when(stream.last_updated) : null,
        error: stream.error, stale: stream.is_stale && !stream.error, lock: is_running ? null : lockText(lock),
        trend: trendOf(spark), select_label: t("streams.select", { name: stream.name }),
        update_label: t("streams.update_one", { name: stream.name }), chart_label: t("streams.chart_of", { name: stream.name }),
    };
}

export function serverHead(server, activity, { is_busy = false, may_measure = false } = {}) {
    const run = operationOfServer(activity, server.name), lock = lockOfServer(activity, server.name);
    return {
        id: server.id, name: server.name, p4port: server.p4port, p4user: server.p4user,
        mask: server.stream_mask === "*" ? null : server.stream_mask,
        state: stateOf(server), progress: run && progressOf(run), lock: run ? null : lockText(lock),
        is_busy: is_busy || Boolean(run) || Boolean(lock), may_measure, checked: format.when(server.checked_at),
        measured: format.when(server.last_updated), streams: t("streams.count", { count: server.streams_count }),
    };
}

/* "29 streams in 2 servers" needs two plural forms in one sentence. */
export function countText(key, streams, servers) {
    return t(key, { streams: t("streams.count", { count: streams }), servers: t("streams.in_servers", { count: servers }) });
}
