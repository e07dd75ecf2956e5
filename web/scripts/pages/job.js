/* /jobs/ID: one integration. The job is asked for again and again while it lives, and the page changed in place; the log is a LogView
 * with its own long poll. What can be done is what the answer's `can` allows. A change of stage is said to screen readers. */
import { api } from "../api.js";
import { copyText } from "../clipboard.js";
import { confirm, openDialog } from "../dialog.js";
import { duration, exactTime, when } from "../format.js";
import { has, t } from "../i18n.js";
import { chooseAll, chosenFiles, conflictsData, resolveCommands } from "../job-conflicts.js";
import { isFinal, phases, STAGES, visits } from "../job-stages.js";
import { fact, unitData } from "../job-unit.js";
import { adviceOf, clock24, reasonText, stageText, statusText, tone, whatOf } from "../job-words.js";
import { live } from "../live.js";
import { LogView } from "../log-view.js";
import { openMerge } from "../merge-view.js";
import { toast } from "../toast.js";
import { actions, show } from "../view.js";

const SECONDS = { queued: 3, running: 1.5, cancelling: 1, needs_resolve: 3 };
const SECONDS_ENDED = 30; /* somebody may retry it, or clean up behind it */
const UNIT_SECONDS = 4;
const MANY_CONFLICTS = 60;
const ICONS = { passed: "check", failed: "close", cancelled: "stop", attention: "pause" };

class JobPage {
    constructor(page) {
        this.page = page;
        this.url = `/api/jobs/${encodeURIComponent(page.params.job)}`;
        this.said = "";
        this.chosen = "";
    }

    async open() {
        const { page } = this;
        this.job = await api.get(this.url, {}, page.signal);
        page.title(this.job.id);
        actions(page.element, {
            cancel: () => this.cancel(), continue: () => this.act("continue"), retry: () => this.retry(), resolve: () => this.resolve(),
            choose_all: (target) => this.chooseAll(target.dataset.accept), compare: (target) => this.compare(Number(target.dataset.n)),
            commands: () => this.showCommands(), copy: (target) => copyText(target.dataset.text),
        });
        page.element.addEventListener("change", (event) => event.target.closest(".conflict") && this.countChosen());
        await this.render();
        this.openLog();
        this.poll = live(page, this.seconds(), (signal) => this.refresh(signal));
        this.unitPoll = live(page, UNIT_SECONDS, (signal) => this.refreshUnit(signal));
        const ticking = setInterval(() => this.tick(), 1000);
        page.onClose(() => clearInterval(ticking));
    }

    seconds() {
        return SECONDS[this.job.status] ?? SECONDS_ENDED;
    }

    /* Durations go on by the second; with many conflicts on the page by ten. */
    tick() {
        this.ticks = (this.ticks ?? 0) + 1;
        const isDue = this.job.conflicts.length < MANY_CONFLICTS || this.ticks % 10 === 0;
        if (isDue && !document.hidden && !isFinal(this.job)) {
            this.render();
        }
    }

    async refresh(signal) {
        const before = this.job;
        this.job = await api.get(this.url, {}, signal);
        if (before.stage !== this.job.stage || before.status !== this.job.status) {
            this.said = `${statusText(this.job.status)}: ${stageText(this.job.stage)}`;
            this.unitPoll?.now();
        }
        this.poll?.every(this.seconds());
        await this.render();
    }

    async refreshUnit(signal) {
        this.unit = await api.get(`${this.url}/process_status`, {}, signal);
        this.unitPoll?.every(isFinal(this.job) ? SECONDS_ENDED : UNIT_SECONDS);
        await this.render();
    }

    /* --- showing ----------------------------------------------------------------------------------------------------- */

    async render() {
        const { job } = this;
        const { changelist } = job.spec;
        const conflicts = conflictsData(job);
        await show(this.page.element, "job", {
            ...job, what: whatOf(job), at: !changelist || changelist === "latest" ? "@latest" : `@${changelist}`,
            status_text: statusText(job.status), tone: tone(job.status), is_running: job.status === "running" || job.status === "cancelling",
            is_final: isFinal(job), is_bad: job.status === "failed", said: this.said,
            phases: phases(job).map((phase) => this.phaseData(phase)), notices: this.notices(),
            facts: this.facts(), description: job.spec.description ?? "", json: JSON.stringify(job.spec, null, 2),
            unit: unitData(job, this.unit), visits: this.visitsData(),
            conflicts: conflicts && { ...conflicts, chosen_text: this.chosen }, log_stages: STAGES.map((name) => ({ name })),
        });
    }

    phaseData(phase) {
        const isCurrent = ["active", "attention", "failed", "cancelled"].includes(phase.state);
        return {
            ...phase, text: t(`jobs.phase.${phase.name}`), state_text: t(`jobs.phase_state.${phase.state}`), icon: ICONS[phase.state] ?? "",
            is_current: isCurrent, stage: phase.stage ? stageText(phase.stage) : "", duration: phase.seconds === null ? "" : duration(phase.seconds),
        };
    }

    visitsData() {
        return visits(this.job).map((visit, n) => ({
            n, stage: visit.stage, text: stageText(visit.stage), from: visit.from, exact: exactTime(visit.from), clock: clock24(visit.from),
            is_now: visit.isNow, duration: ["DONE", "ERROR"].includes(visit.stage) ? "" : duration(visit.seconds),
        }));
    }

    facts() {
        const { job } = this;
        const time = (name, iso) => fact(name, iso, { time: when(iso) });
        const copy = { is_mono: true, is_copyable: true, copy_text: t("jobs.copy") };
        return [
            ...fact("owner", job.owner), ...fact("server", job.server), ...fact("client", job.client, copy),
            ...fact("workspace", job.workspace === job.client ? "" : job.workspace, copy),
            ...fact("source_changelist", job.source_changelist), ...fact("submitted", job.changelist), ...fact("shelf", job.shelf),
            ...time("created", job.created_at), ...time("started", job.started_at), ...time("finished", job.finished_at),
            ...(job.started_at && job.finished_at ? fact("took", duration((Date.parse(job.finished_at) - Date.parse(job.started_at)) / 1000)) : []),
            ...fact("attempt", job.attempt > 1 ? job.attempt : ""), ...fact("retry_of", job.retry_of, { href: `/jobs/${job.retry_of}` }),
            ...fact("cancelled_by", job.cancelled_by), ...fact("now", job.status === "running" ? job.status_text : "", { is_mono: true }),
        ];
    }

    /* What a reader must know first: why it waits, why it ended, what is left. */
    notices() {
        const { job } = this;
        const notice = (name, kind, icon, title, more = {}) => [{ name, tone: kind, icon, title, text: "", quote: "", link: "", has_items: false, items: [], ...more }];
        const left = (job.left_behind ?? []).map((item) => ({ kind: has(`jobs.left.${item.kind}`) ? t(`jobs.left.${item.kind}`) : item.kind, name: item.name }));
        const byStatus = {
            queued: () => notice("queued", "", "clock", job.position ? t("jobs.notice.queued", { count: job.position }) : t("jobs.notice.starting"),
                job.blocked_by ? { text: t("jobs.notice.waits_for"), ...this.blocker(job.blocked_by) } : {}),
            needs_resolve: () => notice("needs", "warn", "pause", t("jobs.notice.needs_resolve", { count: job.n_conflicts ?? 0 }), { text: t("jobs.notice.needs_resolve_text") }),
            cancelling: () => notice("cancelling", "warn", "stop", job.cancelled_by ? t("jobs.reason.cancelled_by", { who: job.cancelled_by }) : statusText(job.status), { text: t("jobs.notice.cancelling") }),
            failed: () => notice("failed", "bad", "error", reasonText(job) || statusText("failed"), { quote: job.error ?? "", text: adviceOf(job) }),
            cancelled: () => notice("cancelled", "", "stop", reasonText(job) || statusText("cancelled"), { quote: job.error ?? "", text: adviceOf(job) }),
            done: () => notice("done", "ok", "success", this.doneTitle(), { quote: this.doneQuote() }),
        };
        return [
            ...(byStatus[job.status]?.() ?? []),
            ...(job.needs_login ? notice("login", "bad", "warning", t("jobs.notice.needs_login"), { text: t("jobs.notice.needs_login_text") }) : []),
            ...(left.length > 0 ? notice("left", "warn", "warning", t("jobs.notice.left"), { text: t("jobs.notice.left_text"), has_items: true, items: left }) : []),
        ];
    }

    blocker(text) {
        return /^INT-[\d-]+$/.test(text) ? { link: text } : { quote: text };
    }

    doneTitle() {
        const { job } = this;
        return job.changelist ? t("jobs.notice.submitted", { change: String(job.changelist) }) :
            job.shelf ? t("jobs.notice.shelved", { change: String(job.shelf) }) : t("jobs.notice.nothing");
    }

    /* Why there was nothing to do, in the words of the program that found out. */
    doneQuote() {
        const { changelist, shelf, status_text: words, reason } = this.job;
        return changelist || shelf ? "" : reason || words || "";
    }

    /* --- the log -------------------------------------------------------------------------------------------------------- */

    async fetchPage(parameters, signal) {
        const { level, ...rest } = parameters;
        const answer = await api.raw(`${this.url}/logs`, { ...rest, level }, AbortSignal.any([signal, this.page.signal]));
        const entries = await answer.json();
        const flag = (name) => answer.headers.get(name) === "1";
        return {
            entries, more: flag("Weir-More"), ended: flag("Weir-Ended"), gone: flag("Weir-Gone"),
            cursor: answer.headers.get("Weir-Cursor"), before: answer.headers.get("Weir-Before"),
        };
    }

    openLog() {
        const words = {
            cut: (n) => t("jobs.log.cut", { count: n }), newer: (n) => t("jobs.log.newer", { count: n }), some: (n) => t("jobs.log.some", { count: n }),
            range: (from, to, isAll) => t(isAll && from === 1 ? "jobs.log.all" : "jobs.log.range", { from, to, count: to }),
            empty: t("jobs.log.empty"), nothingFound: t("jobs.log.nothing_found"), notFound: t("jobs.log.not_found"),
            wrapped: t("jobs.log.wrapped"), searching: t("jobs.log.searching"), gone: t("jobs.log.gone"),
        };
        this.log = new LogView(this.page.element.querySelector("#log"), {
            fetchPage: (parameters, signal) => this.fetchPage(parameters, signal), isLive: () => !isFinal(this.job), words,
            time: (iso) => ({ short: clock24(iso), exact: exactTime(iso) }), onFailure: (error) => error.status === 0 || toast(error.message, { kind: "error" }),
            copy: (text, n) => copyText(text, n === null ? t("jobs.copied") : t("jobs.log.copied", { count: n })),
        });
        this.page.onClose(() => this.log.close());
        return this.log.open(this.job.status === "done" ? "start" : "end");
    }

    /* --- doing ------------------------------------------------------------------------------------------------------------ */

    /* One thing at a time: a second click while the first is under way is none. */
    async act(action, body = {}, said = "") {
        if (this.isActing) {
            return null;
        }
        this.isActing = true;
        try {
            const answer = await api.post(`${this.url}/${action}`, {}, { body, signal: this.page.signal });
            toast(said || t(`jobs.did.${action}`), { kind: "success" });
            return answer;
        } catch (error) {
            if (error.name !== "AbortError") {
                toast(error.message, { kind: "error" });
            }
            return null;
        } finally {
            this.isActing = false;
            this.poll.now();
        }
    }

    async cancel() {
        const isQueued = this.job.status === "queued";
        const title = t("jobs.cancel.title", { job: this.job.id });
        if (isQueued) {
            if (await confirm({ title, text: t("jobs.cancel.queued"), accept: t("jobs.action.cancel"), danger: true })) {
                await this.act("cancel");
            }
            return;
        }
        const box = await openDialog({ title, template: "job-cancel", data: { text: t("jobs.cancel.text") } });
        actions(box.body, { cancel: () => box.close(box.body.querySelector("input:checked").value) });
        const mode = await box.closed;
        if (mode === "graceful" || mode === "immediate") {
            await this.act("cancel", { mode });
        }
    }

    async retry() {
        const isMeant = await confirm({ title: t("jobs.retry.title", { job: this.job.id }), text: t("jobs.retry.text"), accept: t("jobs.action.retry") });
        const answer = isMeant ? await this.act("retry") : null;
        if (answer) {
            await this.page.navigate(`/jobs/${answer.job_id}`);
        }
    }

    chooseAll(accept) {
        chooseAll(this.page.element, accept);
        this.countChosen();
    }

    countChosen() {
        const n = chosenFiles(this.page.element).length;
        this.chosen = n > 0 ? t("jobs.conflicts.chosen", { count: n }) : "";
        this.render();
    }

    async resolve() {
        const files = chosenFiles(this.page.element);
        if (files.length === 0) {
            this.chosen = t("jobs.conflicts.choose_first");
            await this.render();
            return;
        }
        this.chosen = "";
        await this.act("resolve", { files }, t("jobs.did.resolve_files", { count: files.length }));
    }

    async compare(n) {
        const conflict = this.job.conflicts.find((each) => each.n === n);
        const text = conflict ? await openMerge(this.page, this.job, conflict) : null;
        if (text !== null) {
            await this.act("resolve", { files: [{ file: conflict.depot_path, accept: "edit", text }] }, t("jobs.did.resolve_files", { count: 1 }));
        }
    }

    async showCommands() {
        const servers = await api.get("/api/servers", {}, this.page.signal);
        const port = servers.servers.find((server) => server.name === this.job.server)?.p4port;
        const blocks = resolveCommands(this.job, port);
        const box = await openDialog({ title: t("jobs.commands.title"), template: "job-commands", data: { blocks }, wide: true });
        actions(box.body, { copy: (target) => copyText(blocks[Number(target.dataset.n)].text) });
    }
}

export async function open(page) {
    await new JobPage(page).open();
}
