/* What weir is doing right now and what is locked, as everybody sees it: asked every few seconds, every second while something is
 * going on. Shared by the pages of streams and of operations.
 *
 *   const activity = watchActivity(page, (now, before) => …)     now = {operations, locks, is_known}
 *   activity.hurry()                                             after something was started here: ask at once */
import { api } from "./api.js";
import { live } from "./live.js";

const QUIET = 5, BUSY = 1;
const NOTHING = { operations: [], locks: [], is_known: false };

export function watchActivity(page, tell) {
    let last = NOTHING;
    const poll = live(page, QUIET, async (signal) => {
        const [operations, locks] = await Promise.all([
            api.get("/api/operations", {}, signal), api.get("/api/status/locks", {}, signal),
        ]);
        const now = { operations: operations.operations, locks: locks.locks, is_known: true }, before = last;
        last = now;
        poll?.every(now.operations.length ? BUSY : QUIET);
        await tell(now, before);
    });
    return {
        first: poll.first,
        get now() { return last; },
        hurry() {
            poll.every(BUSY);
            return poll.now();
        },
    };
}

/* --- what concerns a server, or a stream of it ------------------------------------------------------------------------- */

const streamResource = (server, path) => `server/${server}/stream/${path}`;

/* The operation that measures this server, or all of them. One stream's operation is not the server's. */
export const operationOfServer = (activity, server) =>
    activity.operations.find((run) => run.server === server && !run.scope.includes("//") && !run.scope.includes("#")) ?? null;
export const operationOfStream = (activity, stream) =>
    activity.operations.find((run) => run.server === stream.server_name &&
        (run.scope.endsWith(stream.name) || run.scope.endsWith(`#${stream.id}`) || run.current === stream.name)) ?? null;

function heldBy(activity, resources) {
    return activity.locks.find((lock) => lock.mode === "exclusive" && !lock.waiting && resources.includes(lock.resource)) ?? null;
}
export const lockOfServer = (activity, server) => heldBy(activity, [`server/${server}`, "server", "/", "config"]);
export const lockOfStream = (activity, stream) => heldBy(activity, [streamResource(stream.server_name, stream.name)]);
export const lockOfConfig = (activity) => heldBy(activity, ["config", "/"]);

/* Anything at all that stands in the way of measuring everything. */
export const lockOfAll = (activity) =>
    activity.locks.find((lock) => lock.mode === "exclusive" && !lock.waiting && !lock.resource.startsWith("workspace")) ?? null;
