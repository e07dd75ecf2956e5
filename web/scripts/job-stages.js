/* How far a job is: the fifteen stages in the seven phases that people know, from a job of the API. Pure; job.mustache shows it.
 *
 * history is [{from, to, time}], one entry per change of stage, in order; a stage may be come back to (re-resolving, re-syncing, a second
 * attempt), and its durations add up. */

export const PHASES = [
    { name: "init", stages: ["INIT", "GET_LATEST_CL"] },
    { name: "sync", stages: ["SYNC", "UPDATE_COMPONENT"] },
    { name: "integrate", stages: ["INTEGRATE", "RESOLVE_PASS_1", "RESOLVE_CHECK"] },
    { name: "resolve", stages: ["NEEDS_RESOLVE"] },
    { name: "build", stages: ["PRE_SUBMIT", "BUILD"] },
    { name: "submit", stages: ["SHELVE", "P4PUSH", "CLEANUP"] },
    { name: "done", stages: ["DONE", "ERROR"] },
];
export const STATUSES = ["queued", "running", "needs_resolve", "cancelling", "done", "failed", "cancelled"];
export const FINAL = new Set(["done", "failed", "cancelled"]);
export const STAGES = PHASES.flatMap((phase) => phase.stages);

const ENDS = new Set(["CLEANUP", "DONE", "ERROR"]);
const phaseIndex = (stage) => PHASES.findIndex((phase) => phase.stages.includes(stage));

export const isFinal = (job) => FINAL.has(job.status);

/* Where the work was when it ended or began to be cleaned up; while it works, where it is. */
export function workStage(job) {
    if (!ENDS.has(job.stage)) {
        return job.stage;
    }
    const passed = (job.history ?? []).flatMap((step) => [step.from, step.to]).filter((stage) => stage && !ENDS.has(stage));
    return passed.at(-1) ?? "INIT";
}

/* Visits of stages, oldest first: [{stage, from, to, seconds, isNow}], times in ISO 8601; to is null for the one that goes on. */
export function visits(job, now = Date.now()) {
    const steps = job.history ?? [];
    const list = [];
    const begin = job.started_at ?? job.created_at;
    if (steps.length === 0 || steps[0].from) {
        list.push({ stage: steps[0]?.from ?? job.stage, from: begin });
    }
    steps.forEach((step) => {
        if (list.at(-1)?.stage !== step.to) {
            list.push({ stage: step.to, from: step.time });
        }
    });
    const end = job.finished_at;
    return list.map((visit, i) => {
        const to = list[i + 1]?.from ?? (isFinal(job) ? end ?? visit.from : null);
        const seconds = Math.max(0, ((to ? Date.parse(to) : now) - Date.parse(visit.from)) / 1000);
        return { ...visit, to, seconds, isNow: to === null };
    });
}

function stateOf(index, current, job, passed) {
    if (job.status === "done") {
        return index === PHASES.length - 1 || passed.has(index) ? "passed" : "skipped";
    }
    if (index === current) {
        return { failed: "failed", cancelled: "cancelled", needs_resolve: "attention", queued: "waiting" }[job.status] ?? "active";
    }
    return index > current ? "waiting" : passed.has(index) ? "passed" : "skipped";
}

/* The seven phases: [{name, state, seconds, stages: [{stage, isNow}]}]. State is passed, skipped (nothing was to be done there), active,
 * attention (people are waited for), failed, cancelled or waiting. */
export function phases(job, now = Date.now()) {
    const current = phaseIndex(job.status === "done" ? "DONE" : workStage(job));
    const been = visits(job, now);
    const passed = new Set(been.map((visit) => phaseIndex(visit.stage)));
    return PHASES.map((phase, index) => {
        const mine = been.filter((visit) => phase.stages.includes(visit.stage));
        return {
            name: phase.name,
            state: stateOf(index, current, job, passed),
            seconds: index === PHASES.length - 1 || mine.length === 0 ? null : mine.reduce((sum, visit) => sum + visit.seconds, 0),
            stage: phase.stages.includes(job.stage) && !isFinal(job) ? job.stage : null,
        };
    });
}
