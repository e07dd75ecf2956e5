/* What a job shall do, between the form of /jobs/new and the API: job.json(5). The rules are those of the server (it has the last word,
 * and says so in the form); a problem is named by a key of jobs.rules with its places. Pure of the document.
 *
 * A form is a flat object of texts and booleans: kind, server, stream, branch_spec, source, target, path, reverse, revision ("latest" or
 * "number"), changelist, owner_client ("managed" or "own"), client, description, trial, clean_workspace, resolve, one text per hook (a
 * command per line), env (NAME=value per line), notify (a text per line) and the limits. */

export const HOOKS = ["update_component", "pre_submit", "build", "name_check", "sync", "push"];
export const PLACEHOLDERS = ["{changelist}", "{client}", "{workspace}", "{source_changelist}", "{job}"];
export const RESOLVES = ["merge", "safe", "theirs", "yours", "none"];
export const LIMITS = ["MemoryMax", "CPUWeight", "IOWeight", "TasksMax", "timeout", "stop_timeout"];
const FIELDS = { stream: ["stream"], branch: ["branch_spec"], paths: ["source", "target"], path: ["path"] };
export const KINDS = Object.keys(FIELDS);

const UNITS = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };
const SPANS = { "": 1, s: 1, min: 60, h: 3600, d: 86400 };
const RANGES = {
    MemoryMax: [2 ** 20, Number.MAX_SAFE_INTEGER], CPUWeight: [1, 10000], IOWeight: [1, 10000], TasksMax: [8, 1000000],
    timeout: [1, 30 * 86400], stop_timeout: [1, 3600],
};
const bytes = (text) => new TextEncoder().encode(text).length;
const problem = (rule, places = {}) => ({ rule, places });

/* --- commands ------------------------------------------------------------------------------------------------------- */

/* One line into words as a shell would cut it, without anything else a shell does: "…", '…' and \ are known. null: unbalanced. */
export function splitWords(line) {
    const words = [];
    let word = null, quote = "";
    for (let i = 0; i < line.length; i++) {
        const character = line[i];
        if (quote ? character === quote : character === "'" || character === '"') {
            quote = quote ? "" : character;
            word ??= "";
        } else if (character === "\\" && quote !== "'") {
            if (++i === line.length) {
                return null;
            }
            word = (word ?? "") + line[i];
        } else if (!quote && /\s/.test(character)) {
            words.push(word);
            word = null;
        } else {
            word = (word ?? "") + character;
        }
    }
    words.push(word);
    return quote ? null : words.filter((each) => each !== null);
}

export function joinWords(words) {
    return words.map((word) => /^[\w@%+=:,./{}-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}

const lines = (text) => (text ?? "").split("\n").map((line) => line.trim()).filter((line) => line !== "");

/* A hook's text: {commands: [[word, …], …]} or {problem}. */
export function readCommands(text) {
    const commands = lines(text).map(splitWords);
    const broken = commands.findIndex((words) => !words || words.length === 0 || words.length > 256 || words[0] === "");
    if (broken >= 0) {
        return { problem: problem("command", { line: broken + 1 }) };
    }
    if (commands.length > 32) {
        return { problem: problem("commands") };
    }
    const stray = commands.flat().find((word) => /^\{[a-z_]+\}$/.test(word) && !PLACEHOLDERS.includes(word));
    return stray === undefined ? { commands } : { problem: problem("placeholder", { word: stray, known: PLACEHOLDERS.join(" ") }) };
}

/* --- rules ---------------------------------------------------------------------------------------------------------- */

function pathProblem(text) {
    if (!text) {
        return problem("missing");
    }
    if (!/^\/\/[^/]./.test(text)) {
        return problem("depot_path");
    }
    if (/[\x00-\x1f\x7f]/.test(text) || bytes(text) > 1024) {
        return problem("path_characters");
    }
    return /[@#]/.test(text) ? problem("revision_in_path") : null;
}

function streamProblem(text) {
    const wrong = pathProblem(text);
    return wrong ?? (/^\/\/[^/]+\/[^/*]+$/.test(text) && !text.includes("...") ? null : problem("stream"));
}

function wordProblem(text) {
    if (!text) {
        return problem("missing");
    }
    const bad = text.match(/[\x00-\x20\x7f@#*/%\\"']/);
    if (bad) {
        return problem("character", { character: bad[0] === " " ? "“ ”" : bad[0] });
    }
    return text.startsWith("-") || text.includes("...") || /^\d+$/.test(text) || bytes(text) > 255 ? problem("name") : null;
}

function envProblem(text) {
    const wrong = lines(text).find((line) => !/^[A-Za-z_]\w*=/.test(line) || /^(P4|WEIR_|LD_|CREDENTIALS_)/.test(line));
    if (wrong !== undefined) {
        return problem("variable", { line: wrong.slice(0, 40) });
    }
    return lines(text).length > 64 ? problem("variables") : null;
}

/* "8 GiB", "512M", "2 h", "90 min", "3600": NaN when it is none. */
export function readAmount(name, text) {
    const [, value, unit] = text.trim().match(/^(\d+(?:[.,]\d+)?)\s*([a-z]*)$/i) ?? [];
    const factor = name === "MemoryMax" ? UNITS[(unit ?? "").replace(/i?b$/i, "").toUpperCase()] :
        name.endsWith("timeout") ? SPANS[(unit ?? "").toLowerCase()] : unit === "" ? 1 : undefined;
    return value === undefined || factor === undefined ? NaN : Math.round(Number(value.replace(",", ".")) * factor);
}

function limitProblem(name, text) {
    const amount = readAmount(name, text);
    const [least, most] = RANGES[name];
    return amount >= least && amount <= most ? null : problem(`limit_${name}`, { least, most });
}

const FIELD_RULES = {
    stream: streamProblem, branch_spec: wordProblem, source: pathProblem, target: pathProblem, path: pathProblem,
};

/* {field: {rule, places}} of everything that is wrong. */
export function checkForm(form) {
    const problems = {};
    const check = (field, wrong) => wrong && (problems[field] = wrong);
    check("server", form.server ? null : problem("missing"));
    FIELDS[form.kind].forEach((field) => check(field, FIELD_RULES[field]((form[field] ?? "").trim())));
    if (form.revision === "number") {
        const number = (form.changelist ?? "").trim();
        check("changelist", /^[1-9]\d{0,9}$/.test(number) && Number(number) <= 2147483647 ? null : problem("changelist"));
    }
    if (form.owner_client === "own") {
        check("client", wordProblem((form.client ?? "").trim()));
    }
    check("description", bytes(form.description ?? "") > 65000 ? problem("too_long") : null);
    HOOKS.forEach((hook) => check(hook, readCommands(form[hook]).problem));
    check("env", envProblem(form.env));
    check("notify", lines(form.notify).length > 16 ? problem("notify") : null);
    LIMITS.filter((name) => (form[name] ?? "").trim()).forEach((name) => check(name, limitProblem(name, form[name])));
    return problems;
}

/* --- form <-> spec -------------------------------------------------------------------------------------------------- */

/* Only what differs from the defaults: the shortest spec that says the same. The form has been checked. */
export function specOfForm(form) {
    const spec = { server: form.server };
    const put = (name, value) => value && (spec[name] = value);
    FIELDS[form.kind].forEach((field) => put(field, form[field].trim()));
    put("reverse", (form.kind === "stream" || form.kind === "branch") && form.reverse);
    spec.changelist = form.revision === "number" ? Number(form.changelist) : "latest";
    put("client", form.owner_client === "own" && form.client.trim());
    put("description", (form.description ?? "").trim());
    put("trial", form.trial);
    put("clean_workspace", form.owner_client === "own" && form.clean_workspace);
    put("resolve", form.resolve !== "merge" && form.resolve);
    const entries = (names, read) => names.filter((name) => (form[name] ?? "").trim()).map((name) => [name, read(name)]);
    const group = (name, pairs) => pairs.length > 0 && (spec[name] = Object.fromEntries(pairs));
    group("hooks", entries(HOOKS, (hook) => readCommands(form[hook]).commands));
    group("env", lines(form.env).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
    group("limits", entries(LIMITS, (name) => readAmount(name, form[name])));
    put("notify", lines(form.notify).length > 0 && lines(form.notify));
    return spec;
}

export function kindOf(spec) {
    return spec.stream ? "stream" : spec.branch_spec ? "branch" : spec.source || spec.target ? "paths" : spec.path ? "path" : "stream";
}

function amountText(name, value) {
    const units = name === "MemoryMax" ? [["GiB", 2 ** 30], ["MiB", 2 ** 20]] : name.endsWith("timeout") ? [["h", 3600], ["min", 60]] : [];
    const [unit, factor] = units.find(([, size]) => value % size === 0) ?? ["", 1];
    return unit ? `${value / factor} ${unit}` : String(value);
}

const commandsText = (value) => (typeof value?.[0] === "string" ? [value] : value ?? []).map(joinWords).join("\n");

export function formOfSpec(spec) {
    const isNumber = spec.changelist !== undefined && spec.changelist !== null && spec.changelist !== "latest";
    const texts = ["server", "stream", "branch_spec", "source", "target", "path", "client", "description"];
    return {
        ...Object.fromEntries(texts.map((name) => [name, spec[name] ?? ""])),
        kind: kindOf(spec), reverse: Boolean(spec.reverse), revision: isNumber ? "number" : "latest",
        changelist: isNumber ? String(spec.changelist) : "", owner_client: spec.client ? "own" : "managed",
        trial: Boolean(spec.trial), clean_workspace: Boolean(spec.clean_workspace), resolve: spec.resolve ?? "merge",
        ...Object.fromEntries(HOOKS.map((hook) => [hook, commandsText(spec.hooks?.[hook])])),
        env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`).join("\n"),
        notify: (spec.notify ?? []).join("\n"),
        ...Object.fromEntries(LIMITS.map((name) => [name, spec.limits?.[name] ? amountText(name, spec.limits[name]) : ""])),
    };
}
