/* /operations: what is being measured right now, and what is locked by whom, why and since when: the same for everybody, live. */
import { watchActivity } from "../activity.js";
import * as format from "../format.js";
import { t } from "../i18n.js";
import { progressOf } from "../streams-words.js";
import { show } from "../view.js";

const FIXED = { "/": "everything", server: "all_servers", config: "config", workspace: "workspace" };

/* server/NAME, server/NAME/stream/PATH, workspace/HOST/CLIENT: in words and what is left of it. */
function resourceOf(resource) {
    const stream = resource.match(/^server\/([^/]+)\/stream\/(.*)$/s);
    if (stream) {
        return { kind: t("streams.operations.of_stream"), name: stream[2], where: stream[1] };
    }
    const [head, ...rest] = resource.split("/");
    if (Object.hasOwn(FIXED, resource)) {
        return { kind: t(`streams.operations.${FIXED[resource]}`) };
    }
    return { kind: t(head === "workspace" ? "streams.operations.workspace" : "streams.operations.of_server"), name: rest.join("/") };
}

const MODES = ["exclusive", "shared"];

function lockRow(lock, index) {
    return {
        key: `${lock.resource} ${lock.holder} ${index}`, resource: resourceOf(lock.resource), raw: lock.resource, holder: lock.holder, why: lock.why,
        mode: t(`streams.operations.${MODES.includes(lock.mode) ? lock.mode : "intention"}`), since: format.when(lock.since), waiting: lock.waiting,
    };
}

export async function open(page) {
    async function draw({ operations, locks, is_known }) {
        const rows = locks.filter((lock) => MODES.includes(lock.mode) || lock.waiting).map(lockRow);
        await show(page.element, "operations", {
            is_known, runs: operations.map((run) => ({ key: `${run.scope} ${run.server}`, ...progressOf(run) })), has_runs: operations.length > 0,
            locks: rows, has_locks: rows.length > 0,
        });
    }
    await draw({ operations: [], locks: [], is_known: false });
    await watchActivity(page, draw).first;
}
