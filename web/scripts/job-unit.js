/* What systemd knows about a job's unit, for the box on its page. Pure. */
import { duration, exactSize, size, when } from "./format.js";
import { t } from "./i18n.js";

const TONES = { active: "info", activating: "info", failed: "bad", deactivating: "warn" };

/* {name, label, value, …} for a list of facts; what is not known is left out. */
export function fact(name, value, more = {}) {
    const isTold = value !== null && value !== undefined && value !== "";
    return isTold ? [{ name, label: t(`jobs.field.${name}`), value: String(value), time: null, href: "", title: "", is_mono: false, is_copyable: false, ...more }] : [];
}

function memoryFacts({ memory_bytes, memory_peak }) {
    const told = memory_bytes ? size(memory_bytes) : "";
    const peak = memory_peak ? t("jobs.unit.peak", { size: size(memory_peak) }) : "";
    return fact("memory", [told, peak].filter(Boolean).join(", "), { title: memory_bytes ? exactSize(memory_bytes) : "" });
}

function commandsFor(job, name) {
    return [`systemctl status ${name}`, `journalctl WEIR_JOB=${job.id}`, `weirctl show ${job.id}`, `weirctl logs -f ${job.id}`].join("\n");
}

/* status: the answer of process_status. */
export function unitData(job, status) {
    const unit = status?.unit ?? (job.unit ? { name: job.unit } : null);
    if (!unit?.name) {
        return null;
    }
    const copy = { is_mono: true, is_copyable: true, copy_text: t("jobs.copy") };
    const isRunning = unit.main_pid > 0;
    const processes = (status?.process_list ?? []).slice(0, 60);
    return {
        state: unit.active_state ? `${unit.active_state} (${unit.sub_state})` : "", state_tone: TONES[unit.active_state] ?? "",
        facts: [
            ...fact("unit", unit.name, copy), ...fact("host", status?.agent_id ?? job.host), ...fact("pid", isRunning ? unit.main_pid : ""),
            ...(isRunning ? memoryFacts(unit) : []),
            ...fact("cpu", unit.cpu_nsec ? duration(unit.cpu_nsec / 1e9) : "", { title: unit.cpu_nsec ? `${unit.cpu_nsec} ns` : "" }),
            ...fact("tasks", isRunning ? unit.tasks : ""), ...fact("since", unit.started_at, { time: when(unit.started_at) }),
            ...fact("result", unit.result && unit.result !== "success" ? unit.result : ""),
        ],
        has_processes: processes.length > 0, processes, commands: commandsFor(job, unit.name),
    };
}
