/* The dialog for one file in conflict: the three texts side by side, and for texts that may be changed an editor of the merged one, where
 * every block in conflict is answered with a button or by hand. What is left between markers cannot be saved.
 *
 *   const text = await openMerge(page, job, conflict)     the merged text, or null when it was closed
 *
 * The editor's text is the only state: blocks are found in it anew after every change, so buttons and typing go together, and the browser's
 * own undo works across both. */
import { api } from "./api.js";
import { openDialog } from "./dialog.js";
import { t } from "./i18n.js";
import { alignedRows, alignTexts, answerConflict, differingPart, findConflicts, mergeTexts, splitLines } from "./merge.js";
import { actions } from "./view.js";
import { VirtualRows } from "./virtual-rows.js";

const WAIT_SECONDS = 10;
const WAITS_MAX = 12;
const ROW_HEIGHT = 20;
const TEXT_MAX = 1024 * 1024;
const ANSWERS = ["theirs", "yours", "theirs-yours", "yours-theirs", "base"];
const SIDES = ["theirs", "base", "yours"];

async function fetchTexts(job, file, signal) {
    for (let i = 0; i < WAITS_MAX; i++) {
        const texts = await api.get(`/api/jobs/${job.id}/conflict`, { file, wait: WAIT_SECONDS }, signal);
        if (texts.state !== "pending") {
            return texts;
        }
    }
    return { state: "unavailable" };
}

function problemOf(texts) {
    if (texts.state !== "ready") {
        return t("jobs.merge.unavailable");
    }
    if (!texts.is_text) {
        return t("jobs.merge.binary", { type: texts.type ?? "binary" });
    }
    return texts.truncated ? t("jobs.merge.truncated") : "";
}

class Merge {
    constructor(box, job, conflict) {
        Object.assign(this, { box, job, conflict });
        this.part = (name) => box.body.querySelector(`[data-part="${name}"]`);
        this.at = -1;
        actions(box.body, {
            difference: (target) => this.toDifference(Number(target.dataset.step)),
            conflict: (target) => this.toConflict(Number(target.dataset.step)),
            answer: (target) => this.answer(target.dataset.choice),
            save: () => this.save(),
        });
    }

    data(more) {
        const { theirs, base, yours } = this.conflict;
        return {
            file: this.conflict.depot_path, theirs_revision: theirs ?? "", base_revision: base ?? "", yours_revision: yours ?? "",
            answers: ANSWERS.map((value) => ({ value, text: t(`jobs.merge.answer.${value}`) })), ...more,
        };
    }

    async load(signal) {
        const texts = await fetchTexts(this.job, this.conflict.depot_path, signal);
        const problem = problemOf(texts);
        const isReady = texts.state === "ready" && texts.is_text;
        const isEditable = isReady && !texts.truncated && Boolean(this.job.can?.resolve) && this.conflict.state !== "resolved";
        await this.box.show(this.data({ problem, is_ready: isReady, is_editable: isEditable, has_base: isReady && texts.base !== null }));
        if (isReady) {
            this.compare(texts);
        }
        if (isEditable) {
            this.edit(texts);
        }
    }

    /* --- side by side ------------------------------------------------------------------------------------------------ */

    compare({ base, theirs, yours }) {
        this.lines = { base: base === null ? null : splitLines(base), theirs: splitLines(theirs ?? ""), yours: splitLines(yours ?? "") };
        this.chunks = alignTexts(this.lines.base, this.lines.theirs, this.lines.yours);
        this.aligned = alignedRows(this.chunks);
        this.differences = this.aligned.flatMap((row, i) => (row.isFirst && row.kind !== "same" ? [i] : []));
        this.part("scroller").classList.toggle("has-base", base !== null);
        this.box.body.querySelector(".merge-titles").classList.toggle("has-base", base !== null);
        this.rows = new VirtualRows({
            scroller: this.part("scroller"), list: this.part("lines"), rowHeight: ROW_HEIGHT, make: (i) => this.row(this.aligned[i]),
        });
        this.rows.reset(this.aligned.length);
        this.shiftable();
        this.tellDifferences();
        if (this.differences.length > 0) {
            this.toDifference(1);
        }
        this.box.closed.then(() => this.rows.close());
    }

    row(aligned) {
        const row = document.createElement("div");
        row.className = `merge-row is-${aligned.kind}`;
        row.classList.toggle("is-first", aligned.isFirst && aligned.kind !== "same");
        for (const side of SIDES) {
            if (this.lines[side]) {
                row.append(this.cell(side, aligned));
            }
        }
        return row;
    }

    cell(side, aligned) {
        const cell = document.createElement("div"), number = document.createElement("span"), text = document.createElement("span");
        cell.className = `merge-cell side-${side}`;
        number.className = "merge-number";
        text.className = "merge-line";
        if (aligned[side] >= 0) {
            const line = this.bare(side, aligned[side]);
            number.textContent = aligned[side] + 1;
            this.write(text, line, side, aligned);
        } else {
            cell.classList.add("is-absent");
        }
        cell.append(number, text);
        return cell;
    }

    bare(side, index) {
        return this.lines[side][index].replace(/\r?\n$/, "").replaceAll("\t", "    ");
    }

    /* What of the line is not as it was is marked. */
    write(element, line, side, aligned) {
        const against = side === "base" ? null : aligned.base;
        if (aligned.kind === "same" || against === null || against < 0 || !this.lines.base) {
            element.textContent = line;
            return;
        }
        const [from, to] = differingPart(line, this.bare("base", against));
        const mark = document.createElement("mark");
        mark.textContent = line.slice(from, to);
        element.append(line.slice(0, from), ...(to > from ? [mark] : []), line.slice(to));
    }

    /* Long lines: one slider moves all three. */
    shiftable() {
        const longest = Math.max(0, ...SIDES.map((side) => (this.lines[side] ?? []).reduce((most, line) => Math.max(most, line.length), 0)));
        const shift = this.part("shift"), scroller = this.part("scroller");
        const move = () => scroller.style.setProperty("--shift", `${-shift.value}ch`);
        shift.max = String(Math.max(0, longest - 20));
        shift.hidden = longest <= 30;
        shift.addEventListener("input", move);
        scroller.addEventListener("wheel", (event) => {
            if (event.deltaX !== 0) {
                shift.value = String(Number(shift.value) + event.deltaX / 8);
                move();
            }
        }, { passive: true });
    }

    tellDifferences() {
        const n = this.differences.length;
        this.part("differences").textContent = n === 0 ? t("jobs.merge.identical") :
            this.at < 0 ? t("jobs.merge.differences", { count: n }) : t("jobs.merge.difference_of", { n: this.at + 1, count: n });
    }

    toDifference(step) {
        const n = this.differences.length;
        if (n > 0) {
            this.at = this.at < 0 && step < 0 ? n - 1 : (this.at + step + n) % n;
            this.rows.toRow(this.differences[this.at]);
            this.tellDifferences();
        }
    }

    /* --- the merged text ---------------------------------------------------------------------------------------------- */

    edit({ merged, base, theirs, yours }) {
        const { conflict, lines } = this;
        this.text = this.part("text");
        this.text.value = merged ?? (base === null && theirs === yours ? yours :
            mergeTexts(lines.base, lines.theirs, lines.yours, { base: conflict.base ?? "", theirs: conflict.theirs ?? "", yours: conflict.yours ?? "" }));
        this.hasReturns = /\r\n/.test(yours ?? "") && !/[^\r]\n/.test(yours ?? "");
        this.text.addEventListener("input", () => {
            clearTimeout(this.typing);
            this.typing = setTimeout(() => this.look(), 120);
        });
        this.look();
        this.toConflict(1);
    }

    look() {
        this.blocks = findConflicts(this.text.value);
        const n = this.blocks.length, left = this.part("left");
        left.textContent = n === 0 ? t("jobs.merge.none_left") : t("jobs.merge.left", { count: n });
        left.className = `badge ${n === 0 ? "ok" : "warn"}`;
        this.part("answers").hidden = n === 0;
        this.part("save").disabled = n > 0;
    }

    /* The block at the cursor, otherwise the next one after it, or the first. */
    current() {
        const at = this.text.selectionStart;
        return this.blocks.find((block) => at < block.end) ?? this.blocks[0];
    }

    toConflict(step) {
        const { blocks, text } = this;
        if (blocks.length === 0) {
            return;
        }
        const now = blocks.findIndex((block) => text.selectionStart >= block.start && text.selectionStart < block.end);
        const next = now < 0 ? blocks.indexOf(this.current()) : (now + step + blocks.length) % blocks.length;
        this.select(blocks[next]);
    }

    select(block) {
        const lineHeight = parseFloat(getComputedStyle(this.text).lineHeight) || ROW_HEIGHT;
        this.text.focus({ preventScroll: true });
        this.text.setSelectionRange(block.start, block.end);
        this.text.scrollTop = Math.max(0, (block.line - 4) * lineHeight);
        this.lookAside(block);
    }

    /* The block's place among the texts side by side: where they say the same. */
    lookAside(block) {
        const textOf = (chunk, side) => this.lines[side].slice(...chunk[side]).join("").trimEnd();
        const isSame = (chunk) => ["theirs", "yours"].every((side) => textOf(chunk, side).includes(block[side].trimEnd()));
        const at = this.differences.findIndex((i) => this.aligned[i].kind === "conflict" && isSame(this.chunks[this.aligned[i].chunk]));
        if (at >= 0) {
            this.at = at;
            this.rows.toRow(this.differences[at]);
            this.tellDifferences();
        }
    }

    /* Written as if typed, so that it can be undone. */
    answer(choice) {
        const block = this.current();
        if (!block) {
            return;
        }
        const text = answerConflict(block, choice);
        this.select(block);
        const isTyped = text === "" ? document.execCommand("delete") : document.execCommand("insertText", false, text);
        if (!isTyped) {
            this.text.setRangeText(text, block.start, block.end, "end");
        }
        this.look();
        if (this.blocks.length > 0) {
            this.select(this.current());
        }
    }

    /* A field of the browser knows only \n: files with \r\n get theirs back. */
    save() {
        const text = this.hasReturns ? this.text.value.replace(/\r?\n/g, "\r\n") : this.text.value;
        this.look();
        if (this.blocks.length > 0) {
            this.toConflict(1);
        } else if (new TextEncoder().encode(text).length > TEXT_MAX) {
            this.part("left").textContent = t("jobs.merge.too_long");
        } else {
            this.box.close({ text });
        }
    }
}

export async function openMerge(page, job, conflict) {
    const controller = new AbortController();
    const box = await openDialog({ title: t("jobs.merge.title"), template: "job-merge", wide: true, data: { file: conflict.depot_path, is_pending: true } });
    box.dialog.classList.add("merge-dialog");
    const merge = new Merge(box, job, conflict);
    box.closed.then(() => controller.abort());
    try {
        await merge.load(AbortSignal.any([controller.signal, page.signal]));
    } catch (error) {
        if (error.name !== "AbortError") {
            await box.show(merge.data({ problem: error.message }));
        }
    }
    return (await box.closed)?.text ?? null;
}
