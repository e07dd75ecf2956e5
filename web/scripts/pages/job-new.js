/* /jobs/new: what a new integration shall do. The form is checked as it is typed by the rules of job-spec.js; the server's own word on a
 * field is shown at the field. ?retry=ID begins with that job's specification, otherwise with what was last started from this browser. */
import { ApiError, api } from "../api.js";
import { copyText } from "../clipboard.js";
import { number } from "../format.js";
import { t } from "../i18n.js";
import { checkForm, formOfSpec, HOOKS, KINDS, LIMITS, PLACEHOLDERS, readCommands, RESOLVES, specOfForm } from "../job-spec.js";
import { whatOf } from "../job-words.js";
import { toast } from "../toast.js";
import { Turns } from "../turns.js";
import { actions, show } from "../view.js";

const REMEMBERED = "weir.job-form";
const FORGOTTEN = ["description", "env", "changelist", "trial", "clean_workspace"]; /* of one job only, or not for a shared browser */
const KIND_FIELDS = { stream: ["stream"], branch: ["branch_spec"], paths: ["source", "target"], path: ["path"] };
const PLACEHOLDER_TEXTS = {
    stream: "//depot/dev", branch_spec: "main-to-rel", source: "//depot/main/...", target: "//depot/rel/...", path: "//depot/dev/src/...",
    changelist: "12345", client: "alice-dev", MemoryMax: "8 GiB", CPUWeight: "100", IOWeight: "100", TasksMax: "512", timeout: "4 h",
    stop_timeout: "30", env: "LEVEL=2", build: "make -j4\nmake check", update_component: "bump-component {changelist}",
};
const FILES_SHOWN = 300;
const TYPING_MS = 300;

function remembered() {
    try {
        return JSON.parse(localStorage.getItem(REMEMBERED)) ?? {};
    } catch {
        return {};
    }
}

function remember(form) {
    try {
        const kept = Object.entries(form).filter(([name]) => !FORGOTTEN.includes(name));
        localStorage.setItem(REMEMBERED, JSON.stringify(Object.fromEntries(kept)));
    } catch { /* a browser that keeps nothing: the next form begins empty */ }
}

class NewJob {
    constructor(page) {
        this.page = page;
        this.touched = new Set();
        this.refusals = {};
        this.streams = [];
        this.turns = new Turns();
    }

    async open() {
        const { servers } = await api.get("/api/servers", {}, this.page.signal);
        this.servers = servers;
        this.form = await this.first();
        this.check();
        const { element } = this.page;
        actions(element, { start: () => this.start(), preview: () => this.runPreview(), copy_json: () => copyText(this.json()) });
        element.addEventListener("input", (event) => this.typed(event.target));
        element.addEventListener("focusout", (event) => this.left(event.target));
        await this.render();
        this.lookAround();
    }

    async first() {
        const { retry } = this.page.query;
        const empty = formOfSpec({ server: this.page.session.server ?? this.servers[0]?.name });
        if (retry) {
            this.origin = await api.get(`/api/jobs/${encodeURIComponent(retry)}`, {}, this.page.signal);
            return { ...empty, ...formOfSpec(this.origin.spec) };
        }
        const form = { ...empty, ...remembered() };
        const isThere = this.servers.some((server) => server.name === form.server);
        return { ...form, server: isThere ? form.server : empty.server, kind: KINDS.includes(form.kind) ? form.kind : "stream" };
    }

    /* --- what is typed --------------------------------------------------------------------------------------------- */

    typed(field) {
        if (!field.name) {
            return;
        }
        const isBox = field.type === "checkbox";
        this.form[field.name] = isBox ? field.checked : field.name === "reverse" ? field.value === "1" : field.value;
        delete this.refusals[field.name];
        this.problem = null;
        if (field.type === "radio" || isBox || this.touched.has(field.name)) {
            this.touched.add(field.name);
        }
        if (this.preview) {
            this.preview.is_stale = true;
        }
        this.check();
        this.render();
        clearTimeout(this.typing);
        this.typing = setTimeout(() => {
            this.touched.add(field.name);
            this.render();
            this.lookAround(field.name);
        }, TYPING_MS);
    }

    left(field) {
        if (field.name && field.value !== "" && !this.touched.has(field.name)) {
            this.touched.add(field.name);
            this.render();
        }
    }

    check() {
        this.problems = checkForm(this.form);
    }

    errorOf(name) {
        const wrong = this.touched.has(name) ? this.problems[name] : null;
        return this.refusals[name] ?? (wrong ? t(`jobs.rules.${wrong.rule}`, wrong.places) : "");
    }

    /* What the server knows about what was typed: streams with that name, and whether the client is free. Only for the eye. */
    async lookAround(name) {
        const isNewest = this.turns.next();
        try {
            if (!name || ["stream", "source", "target", "path", "server", "kind"].includes(name)) {
                await this.suggest(name, isNewest);
            }
            if (!name || ["client", "server", "owner_client"].includes(name)) {
                await this.lookAtClient(isNewest);
            }
        } catch (error) {
            if (!(error instanceof ApiError) && error.name !== "AbortError") {
                throw error;
            }
        }
    }

    async suggest(name, isNewest) {
        const server = this.servers.find((each) => each.name === this.form.server);
        const q = (this.form[KIND_FIELDS[this.form.kind].includes(name) ? name : KIND_FIELDS[this.form.kind][0]] ?? "").replace(/\/?\.*$/, "");
        if (!server || this.form.kind === "branch") {
            return;
        }
        const { streams } = q.length < 2 ? await api.get("/api/streams", { server_id: server.id, per_page: 20 }, this.page.signal) :
            await api.get("/api/streams/search", { q, limit: 50 }, this.page.signal);
        if (isNewest()) {
            this.streams = streams.filter((stream) => stream.server_id === server.id).map((stream) => ({ name: this.form.kind === "stream" ? stream.name : `${stream.name}/...` }));
            await this.render();
        }
    }

    async lookAtClient(isNewest) {
        const client = (this.form.client ?? "").trim();
        this.client_note = null;
        if (this.form.owner_client === "own" && client && !this.problems.client) {
            const answer = await api.get("/api/queue/check", { workspace: client, server: this.form.server }, this.page.signal);
            if (!isNewest()) {
                return;
            }
            const { available, running_job_id, running_job_owner, queue_length } = answer;
            this.client_note = available ? { text: t("jobs.form.client_free"), tone: "" } :
                { text: t("jobs.form.client_busy", { job: running_job_id ?? "–", owner: running_job_owner ?? "–", count: queue_length }), tone: "warn" };
        }
        await this.render();
    }

    /* --- showing ---------------------------------------------------------------------------------------------------- */

    field(name, more = {}) {
        const hook = HOOKS.includes(name) ? readCommands(this.form[name]).commands ?? [] : [];
        return {
            name, label: t(`jobs.field.${name}`), hint: t(`jobs.hint.${name}`), value: this.form[name] ?? "", error: this.errorOf(name),
            placeholder: PLACEHOLDER_TEXTS[name] ?? "", list: "", inputmode: "text", is_area: false, is_prose: false, rows: 2,
            has_words: hook.length > 0, words_label: t("jobs.form.words"),
            commands: hook.map((words) => ({ words: words.map((text) => ({ text, is_place: PLACEHOLDERS.includes(text) })) })), ...more,
        };
    }

    choices(values, current, prefix) {
        return values.map((value) => ({
            value, is_current: value === current, text: t(`jobs.${prefix}.${value}`), hint: t(`jobs.${prefix}_hint.${value}`),
        }));
    }

    fieldsData() {
        const { form } = this;
        const area = (name) => this.field(name, { is_area: true });
        return {
            kinds: this.choices(KINDS, form.kind, "kind"),
            kind_fields: KIND_FIELDS[form.kind].map((name) => this.field(name, { list: form.kind === "branch" ? "" : "job-streams" })),
            has_direction: form.kind === "stream" || form.kind === "branch",
            directions: [false, true].map((value) => ({
                value: value ? "1" : "0", is_current: form.reverse === value, text: t(`jobs.direction.${form.kind}_${value ? "reverse" : "forward"}`),
            })),
            revisions: ["latest", "number"].map((value) => ({ value, is_current: form.revision === value, text: t(`jobs.revision.${value}`) })),
            changelist_field: form.revision === "number" ? [this.field("changelist", { inputmode: "numeric" })] : [],
            clients: this.choices(["managed", "own"], form.owner_client, "client"),
            is_own_client: form.owner_client === "own", client_field: [this.field("client")],
            description_field: [this.field("description", { is_area: true, is_prose: true, rows: 3 })],
            hook_fields: HOOKS.map(area), limit_fields: LIMITS.map((name) => this.field(name)), other_fields: [area("env"), area("notify")],
        };
    }

    json() {
        const isComplete = Object.keys(this.problems).length === 0;
        return isComplete ? JSON.stringify(specOfForm(this.form), null, 2) : "";
    }

    openParts() {
        const isSet = (names) => names.some((name) => (this.form[name] ?? "").trim() || this.errorOf(name));
        this.open_parts ??= { hooks_open: isSet(HOOKS), limits_open: isSet(LIMITS), other_open: isSet(["env", "notify"]) };
        return this.open_parts;
    }

    async render() {
        const { form } = this;
        const spec = Object.keys(this.problems).some((name) => KIND_FIELDS[form.kind].includes(name)) ? null : specOfForm({ ...form, revision: "latest" });
        const isElsewhere = this.page.session.server && form.server && this.page.session.server !== form.server;
        await show(this.page.element, "job-new", {
            heading: this.origin ? t("jobs.form.again", { job: this.origin.id }) : t("jobs.new"), problem: this.problem,
            servers: this.servers.map(({ name }) => ({ name, is_current: name === form.server })), server_error: this.errorOf("server"),
            server_note: isElsewhere ? t("jobs.form.other_server", { server: this.page.session.server }) : "",
            ...this.fieldsData(), ...this.openParts(), trial: form.trial, is_trial: form.trial, clean_workspace: form.clean_workspace,
            hooks_count: HOOKS.filter((name) => (form[name] ?? "").trim()).length || "",
            resolves: this.choices(RESOLVES, form.resolve, "resolve"), resolve_hint: t(`jobs.resolve_hint.${form.resolve}`),
            client_note: this.client_note?.text, client_tone: this.client_note?.tone, streams: this.streams,
            what: spec ? whatOf({ spec }) : t("jobs.form.incomplete"),
            at: form.revision === "number" && form.changelist ? t("jobs.form.at", { change: form.changelist }) : t("jobs.form.at_latest"),
            json: this.json() || t("jobs.form.incomplete"), is_busy: Boolean(this.busy), busy_text: this.busy ?? "", preview: this.preview,
        });
    }

    /* --- doing ------------------------------------------------------------------------------------------------------ */

    /* All that is wrong is shown, and the first of it gets the focus. */
    async isComplete() {
        Object.keys(this.problems).forEach((name) => this.touched.add(name));
        const isGood = Object.keys(this.problems).length === 0;
        this.problem = isGood ? null : t("jobs.form.wrong", { count: Object.keys(this.problems).length });
        await this.render();
        if (!isGood) {
            await this.showFirst(Object.keys(this.problems));
        }
        return isGood;
    }

    async showFirst(names) {
        const fields = [...this.page.element.querySelectorAll("[name]")].filter((field) => names.includes(field.name));
        const [first] = fields;
        const details = first?.closest("details");
        if (details) {
            details.open = true;
        }
        first?.focus();
    }

    /* "spec.stream: …", "spec.hooks.build: …" belong to their field, if it is in the form. */
    async refused(error) {
        const text = error.message ?? String(error);
        const names = (error.details?.field ?? text.match(/spec\.([\w.]+):/)?.[1] ?? "").split(".");
        const name = names.findLast((part) => this.page.element.querySelector(`[name="${CSS.escape(part)}"]`));
        this.busy = null;
        if (name) {
            this.refusals[name] = text.replace(/^.*?spec\.[\w.]+:\s*/, "");
            this.touched.add(name);
        }
        this.problem = name ? t("jobs.form.wrong", { count: 1 }) : text;
        await this.render();
        if (name) {
            await this.showFirst([name]);
        } else {
            this.page.element.querySelector(".form-error")?.scrollIntoView({ block: "center" });
        }
    }

    /* One request at a time, however fast one clicks; the form says what is going on, and stays busy with an answer in its hand. */
    async ask(busy, request) {
        if (this.busy) {
            return null;
        }
        this.busy = busy;
        if (!await this.isComplete()) {
            this.busy = null;
            await this.render();
            return null;
        }
        try {
            return await request({ spec: specOfForm(this.form) });
        } catch (error) {
            if (error.name !== "AbortError") {
                await this.refused(error);
            }
            return null;
        }
    }

    async start() {
        const { signal } = this.page;
        const answer = await this.ask(t("jobs.form.starting"), (body) => api.post("/api/jobs", {}, { body, signal }));
        if (answer) {
            remember(this.form);
            toast(t("jobs.form.started", { job: answer.job_id }), { kind: "success" });
            await this.page.navigate(`/jobs/${answer.job_id}`);
        }
    }

    async runPreview() {
        const { signal } = this.page;
        const answer = await this.ask(t("jobs.form.previewing"), (body) => api.post("/api/jobs/preview", {}, { body, signal }));
        if (answer) {
            this.busy = null;
            this.preview = this.previewData(answer);
            await this.render();
            this.page.element.querySelector(".job-preview")?.scrollIntoView({ block: "nearest", behavior: "smooth" });
        }
    }

    previewData({ files, conflicts, messages, count, conflict_count, source_changelist, truncated }) {
        const n = conflict_count ?? conflicts.length;
        const texts = { count, conflicts: number(n), change: source_changelist ? String(source_changelist) : t("jobs.revision.latest") };
        const rest = count - Math.min(files.length, FILES_SHOWN);
        const list = (items) => items.slice(0, FILES_SHOWN).map((file) => ({
            ...file, resolves: (file.resolves ?? []).map((type) => ({ text: t(`jobs.conflicts.type.${type}`) })),
        }));
        return {
            is_stale: false, tone: n > 0 ? "warn" : "", has_files: files.length > 0, has_conflicts: conflicts.length > 0,
            headline: count === 0 ? t("jobs.preview.nothing") :
                `${t("jobs.preview.count", texts)} ${n > 0 ? t("jobs.preview.conflict_count", { count: n }) : t("jobs.preview.no_conflicts")}`,
            messages: (messages ?? []).slice(0, 20).map((text) => ({ text })), files: list(files), conflicts: list(conflicts),
            more: rest > 0 || truncated ? t("jobs.preview.more", { count: Math.max(rest, 1) }) : "",
        };
    }
}

export async function open(page) {
    await new NewJob(page).open();
}
