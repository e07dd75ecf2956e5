/* What a job is in words, for every page that shows one: its status, what it integrates, why it ended and what to do then. Texts come
 * from jobs.* of the catalogs; here is only which. */
import { number, when } from "./format.js";
import { currentLanguage, has, t } from "./i18n.js";
import { kindOf } from "./job-spec.js";

const TONES = { queued: "", running: "info", needs_resolve: "warn", cancelling: "warn", done: "ok", failed: "bad", cancelled: "" };

export const statusText = (status) => t(`jobs.status.${status}`);
export const tone = (status) => TONES[status] ?? "";
export const stageText = (stage) => (has(`jobs.stage.${stage}`) ? t(`jobs.stage.${stage}`) : stage);

/* A list's summary has a line instead of the spec, as weirctl writes it. */
const TITLES = [
    [/^parent of (.+) into it @/, ([, stream]) => ({ stream, reverse: true })], [/^(.+) to its parent @/, ([, stream]) => ({ stream })],
    [/^branch (\S+)( reversed)? @/, ([, branch_spec, reverse]) => ({ branch_spec, reverse: Boolean(reverse) })],
    [/^(\/\/.+) to (\/\/.+) @/, ([, source, target]) => ({ source, target })], [/^(\/\/.+) @/, ([, path]) => ({ path })],
];

function specOfTitle(title) {
    for (const [pattern, read] of TITLES) {
        const match = (title ?? "").match(pattern);
        if (match) {
            return read(match);
        }
    }
    return {};
}

/* "//demo/dev to its parent", in the reader's language. */
export function whatOf(job) {
    const spec = job.spec ?? specOfTitle(job.title);
    const kind = kindOf(spec);
    const { stream, branch_spec, source, target, path } = spec;
    const texts = {
        stream: () => t(spec.reverse ? "jobs.what.stream_reverse" : "jobs.what.stream", { stream }),
        branch: () => t(spec.reverse ? "jobs.what.branch_reverse" : "jobs.what.branch", { branch: branch_spec }),
        paths: () => t("jobs.what.paths", { source, target }),
        path: () => t("jobs.what.path", { path }),
    };
    const isKnown = { stream, branch: branch_spec, paths: source && target, path }[kind];
    return isKnown ? texts[kind]() : job.title ?? job.id;
}

/* The first row that fits says which of jobs.advice it is. */
const ADVICE = [
    [/^login expired|^bad credential/, "login"], [/^server (unreachable|limit)|^p4 timeout/, "server"], [/^server not trusted/, "trust"],
    [/^no permission|^integrate refused/, "permission"], [/^timeout/, "timeout"], [/^oom/, "oom"], [/^interrupted in/, "interrupted"],
    [/^submit rejected/, "rejected"], [/^hook name_check still/, "name_check"], [/^hook /, "hook"], [/^out of date/, "out_of_date"],
    [/^foreign opened files|^too many open files|^local changes|^writable file/, "opened"], [/^unknown (client|stream|branch spec)|^no parent|^bad path|^empty source|^target not mapped/, "spec"],
    [/^(needs a|locked) client|^client of another host/, "client"], [/^workspace (busy|lost)/, "workspace"], [/^cancelled by/, "cancelled"],
];

export function adviceOf(job) {
    const name = ADVICE.find(([pattern]) => pattern.test(job.reason ?? ""))?.[1] ?? "other";
    return t(`jobs.advice.${name}`);
}

/* The reason as a reader says it; what p4 or a hook said stays in its own words. */
export function reasonText(job) {
    const reason = job.reason ?? "";
    const [, who] = reason.match(/^cancelled by (.+)$/) ?? [];
    const [, stage] = reason.match(/^interrupted in (\w+)$/) ?? [];
    const [, words] = reason.match(/^submit rejected: (.+)$/s) ?? [];
    const [, hook, end] = reason.match(/^hook (\w+) failed \((.+)\)$/) ?? [];
    const parts = [
        who && t("jobs.reason.cancelled_by", { who }), stage && t("jobs.reason.interrupted", { stage: stageText(stage) }),
        words && t("jobs.reason.rejected", { words }), hook && t("jobs.reason.hook", { hook, end }),
    ];
    const key = `jobs.reason.${reason.replace(/\W/g, "_")}`;
    return parts.find((part) => part) ?? (has(key) ? t(key) : reason);
}

/* A row of the dashboard. */
export function rowOf(job, session) {
    return {
        ...job,
        what: whatOf(job), status_text: statusText(job.status), tone: tone(job.status),
        stage_text: ["running", "cancelling"].includes(job.status) ? stageText(job.stage) : "",
        now: job.status === "queued" && job.position ? t("jobs.list.position", { count: job.position }) :
            job.status === "needs_resolve" ? t("jobs.conflicts.count", { count: job.n_conflicts ?? 0 }) :
                job.status === "failed" || job.status === "cancelled" ? reasonText(job) : "",
        is_running: job.status === "running" || job.status === "cancelling",
        is_mine: job.owner === session.user,
        changelist_text: job.changelist ? String(job.changelist) : "",
        source_text: job.source_changelist ? `@${job.source_changelist}` : "",
        created: when(job.created_at), updated: when(job.updated_at),
    };
}

export const countText = (value) => number(value ?? 0);

/* "17:04:09" in the reader's zone, the same width all day long: logs are read in columns. */
export function clock24(iso) {
    clock24.formats ??= new Map();
    const language = currentLanguage();
    if (!clock24.formats.has(language)) {
        const options = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
        clock24.formats.set(language, new Intl.DateTimeFormat(language, options));
    }
    return iso ? clock24.formats.get(language).format(new Date(iso)) : "";
}
