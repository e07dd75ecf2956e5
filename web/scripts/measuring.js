/* The actions about measuring, for every page that has their buttons: each asks the API, tells what came of it, and returns whether
 * it has ended (true), goes on (false) or was refused (null). Whoever is in the way is told in the API's words. */
import { api } from "./api.js";
import { openDialog } from "./dialog.js";
import * as format from "./format.js";
import { t } from "./i18n.js";
import { toast } from "./toast.js";
import { actions } from "./view.js";

async function act(path, wait, tell) {
    try {
        const answer = await api.post(path, { wait });
        const has_ended = answer.operation?.state === "done";
        toast(has_ended ? tell(answer) : answer.message, { kind: has_ended ? "success" : "info" });
        return has_ended;
    } catch (error) {
        if (error.status !== 401) {
            toast(error.message, { kind: error.status === 423 ? "warning" : "error" });
        }
        return null;
    }
}

export const measureAll = () => act("/api/update/all", 1, (answer) => answer.message);
export const measureServer = (id) => act(`/api/update/server/${id}`, 1, (answer) => answer.message);
export const measureStream = (id, name) => act(`/api/update/stream/${id}`, 30, (answer) =>
    t("streams.done.stream", { name, size: format.size(answer.size_bytes), files: t("streams.files", { count: answer.file_count }) }));
export const syncStreams = (id, name) => act(`/api/update/server/${id}/sync-streams`, 30, (answer) =>
    t("streams.done.sync", { name, added: answer.added, removed: answer.removed, total: t("streams.count", { count: answer.total }) }));
export const syncServers = () => act("/api/admin/sync-servers", 30, (answer) => answer.message);

/* --- the list of a server's streams ------------------------------------------------------------------------------------ */

const SHOWN = 200;

function listData(answer, filter, may_sync) {
    const wanted = filter.toLowerCase();
    const found = answer.streams.filter((path) => path.toLowerCase().includes(wanted)), shown = found.slice(0, SHOWN);
    return {
        paths: shown.map((path) => ({ path })), may_sync, filter, is_empty: found.length === 0,
        count: t("streams.count", { count: found.length }), listed: format.when(answer.listed_at),
        more: found.length > shown.length ? t("streams.list.more", { count: found.length - shown.length }) : null,
    };
}

/* Resolves when it is closed; true: the list was brought up to date meanwhile. */
export async function listStreams(server, may_sync) {
    let answer = await api.get(`/api/server/${server.id}/streams`), filter = "", is_changed = false;
    const box = await openDialog({
        title: t("streams.list.title", { name: server.name }), template: "streams-list", data: listData(answer, filter, may_sync),
    });
    const refresh = () => box.show(listData(answer, filter, may_sync));
    box.body.addEventListener("input", (event) => {
        filter = event.target.value;
        refresh();
    });
    actions(box.body, {
        async sync(button) {
            button.disabled = true;
            if (await syncStreams(server.id, server.name) !== null) {
                is_changed = true;
                answer = await api.get(`/api/server/${server.id}/streams`);
            }
            button.disabled = false;
            await refresh();
        },
    });
    await box.closed;
    return is_changed;
}
