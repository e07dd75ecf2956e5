/* The conflicts of a job: what job-conflicts.mustache shows of them, the choices a reader made, and the p4 commands that do the same by
 * hand. The choices stand in the radio buttons until they are sent. */
import { number } from "./format.js";
import { has, t } from "./i18n.js";

export const CHOICES = ["theirs", "yours", "merged", "edit"];
const SHOWN_MAX = 500;

const typeText = (type) => (has(`jobs.conflicts.type.${type}`) ? t(`jobs.conflicts.type.${type}`) : type);
const choiceOf = (value) => ({ value, text: t(`jobs.accept.${value}`), hint: t(`jobs.accept_hint.${value}`) });

function chunksText(conflict) {
    const { chunks_yours: yours, chunks_theirs: theirs, chunks_both: both, chunks_conflicting: conflicting } = conflict;
    const isCounted = conflict.type === "content" && yours + theirs + both + conflicting > 0;
    return isCounted ? t("jobs.conflicts.chunks", { yours: number(yours), theirs: number(theirs), both: number(both), conflicting: number(conflicting) }) : "";
}

function fileOf(conflict) {
    const isResolved = conflict.state === "resolved";
    return {
        ...conflict, depot_path: conflict.depot_path || conflict.local_path, is_resolved: isResolved, is_open: !isResolved,
        type_text: typeText(conflict.type), type_hint: t(`jobs.conflicts.type_hint.${conflict.type}`), type_tone: isResolved ? "" : "warn",
        chunks: chunksText(conflict), has_texts: conflict.type === "content",
        /* what has no text to merge is one side or the other */
        choices: CHOICES.filter((value) => conflict.type === "content" || value !== "edit").map(choiceOf),
    };
}

/* The data of job-conflicts.mustache; null: nothing was ever in conflict. */
export function conflictsData(job) {
    const all = job.conflicts ?? [];
    if (all.length === 0) {
        return null;
    }
    const open = all.filter((conflict) => conflict.state !== "resolved");
    return {
        title: open.length > 0 ? t("jobs.conflicts.count", { count: open.length }) : t("jobs.conflicts.all_resolved"),
        files: all.slice(0, SHOWN_MAX).map(fileOf), more: all.length > SHOWN_MAX ? t("jobs.conflicts.more", { count: all.length - SHOWN_MAX }) : "",
        can_resolve: Boolean(job.can?.resolve) && open.length > 0, bulk: ["theirs", "yours", "merged"].map(choiceOf),
    };
}

/* [{file, accept}] as they are chosen in element. */
export function chosenFiles(element) {
    return [...element.querySelectorAll(".conflict")].flatMap((row) => {
        const input = row.querySelector('input[type="radio"]:checked');
        return input ? [{ file: row.dataset.file, accept: input.value }] : [];
    });
}

export function chooseAll(element, accept) {
    element.querySelectorAll(`.conflict input[value="${CSS.escape(accept)}"]`).forEach((input) => {
        input.checked = true;
    });
}

/* --- by hand --------------------------------------------------------------------------------------------------------- */

export const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/* As the old pages gave them: into the workspace, then one command for all files, or one for each. */
export function resolveCommands(job, port) {
    const open = (job.conflicts ?? []).filter((conflict) => conflict.state !== "resolved");
    const p4 = ["p4", ...(port ? ["-p", quote(port)] : []), ...(job.client ? ["-c", quote(job.client)] : []), "resolve"].join(" ");
    const enter = job.workspace?.startsWith("/") ? [`cd ${quote(job.workspace)}`] : [];
    const each = open.map((conflict) => `${p4} ${quote(conflict.depot_path || conflict.local_path)}`);
    return [
        { n: 0, title: t("jobs.commands.all"), text: [...enter, p4].join("\n") },
        { n: 1, title: t("jobs.commands.each"), text: [...enter, ...each].join("\n") },
        { n: 2, title: t("jobs.commands.weir"), text: [...open.map((conflict) =>
            `weirctl resolve ${job.id} ${quote(conflict.depot_path || conflict.local_path)} --accept merged`), `weirctl continue ${job.id}`].join("\n") },
    ];
}
