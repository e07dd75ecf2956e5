/* Three versions of a text against each other, line by line: how they stand side by side, and which blocks of a merged text are still in
 * conflict. Pure; merge-view.js shows it. Perforce decides what is a conflict: the merged text with its markers comes from the server.
 * The alignment here is for the eye, and for a merged text where the server gives none. */

const MYERS_MAX = 1500; /* edits; two texts further apart than that have their common unique lines, and the rest is different */

/* Lines with their ends, so that a text is the sum of its lines. */
export function splitLines(text) {
    return text === "" ? [] : text.match(/[^\n]*\n|[^\n]+$/g);
}

/* --- equal lines of two texts ------------------------------------------------------------------------------------- */

/* Pairs of indexes of lines that occur once in either range, in their longest common order. */
function uniquePairs(a, b, [a0, a1, b0, b1]) {
    const seen = new Map();
    for (let i = a0; i < a1; i++) {
        seen.set(a[i], seen.has(a[i]) ? null : { i, j: -1 });
    }
    for (let j = b0; j < b1; j++) {
        const pair = seen.get(b[j]);
        if (pair) {
            pair.j = pair.j < 0 ? j : Infinity;
        }
    }
    return longestIncreasing([...seen.values()].filter((pair) => pair && pair.j >= 0 && pair.j < Infinity));
}

function longestIncreasing(pairs) {
    const ends = [];
    for (const pair of pairs) {
        let low = 0, high = ends.length;
        while (low < high) {
            const middle = (low + high) >> 1;
            if (ends[middle].j < pair.j) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        pair.previous = low > 0 ? ends[low - 1] : null;
        ends[low] = pair;
    }
    const chain = [];
    for (let pair = ends.at(-1); pair; pair = pair.previous) {
        chain.unshift(pair);
    }
    return chain;
}

/* Myers' greedy way through the edit graph, bounded; calls match(i, j) from the end backwards. */
function shortestEdit(a, b, [a0, a1, b0, b1], match) {
    const n = a1 - a0, m = b1 - b0, most = Math.min(n + m, MYERS_MAX);
    const trace = [];
    let reach = new Map([[1, 0]]);
    for (let d = 0; d <= most; d++) {
        trace.push(new Map(reach));
        for (let k = -d; k <= d; k += 2) {
            const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
            let x = down ? reach.get(k + 1) : reach.get(k - 1) + 1;
            while (x < n && x - k < m && a[a0 + x] === b[b0 + x - k]) {
                x++;
            }
            reach.set(k, x);
            if (x >= n && x - k >= m) {
                walkBack(trace, d, [n, m], (x1, y1) => match(a0 + x1, b0 + y1));
                return;
            }
        }
    }
}

function walkBack(trace, d, [x, y], match) {
    for (; d >= 0; d--) {
        const reach = trace[d], k = x - y;
        const down = k === -d || (k !== d && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
        const previousK = down ? k + 1 : k - 1;
        const previousX = d === 0 ? 0 : reach.get(previousK), previousY = d === 0 ? 0 : previousX - previousK;
        while (x > previousX && y > previousY) {
            match(--x, --y);
        }
        [x, y] = [previousX, previousY];
    }
}

/* For each line of a the index of its equal in b, or -1; increasing. */
export function matchLines(a, b) {
    const matches = new Int32Array(a.length).fill(-1);
    const todo = [[0, a.length, 0, b.length]];
    while (todo.length > 0) {
        let [a0, a1, b0, b1] = todo.pop();
        while (a0 < a1 && b0 < b1 && a[a0] === b[b0]) {
            matches[a0++] = b0++;
        }
        while (a0 < a1 && b0 < b1 && a[a1 - 1] === b[b1 - 1]) {
            matches[--a1] = --b1;
        }
        if (a0 === a1 || b0 === b1) {
            continue;
        }
        const range = [a0, a1, b0, b1];
        const anchors = uniquePairs(a, b, range);
        if (anchors.length === 0) {
            shortestEdit(a, b, range, (i, j) => {
                matches[i] = j;
            });
            continue;
        }
        for (const { i, j } of anchors) {
            matches[i] = j;
            todo.push([a0, i, b0, j]);
            [a0, b0] = [i + 1, j + 1];
        }
        todo.push([a0, a1, b0, b1]);
    }
    return matches;
}

/* --- three texts -------------------------------------------------------------------------------------------------- */

function isEqual(a, b) {
    return a.length === b.length && a.every((line, i) => line === b[i]);
}

function kindOf(base, theirs, yours) {
    if (isEqual(theirs, yours)) {
        return isEqual(base, theirs) ? "same" : "both";
    }
    return isEqual(base, theirs) ? "yours" : isEqual(base, yours) ? "theirs" : "conflict";
}

/* Chunks [{kind, base: [from, to], theirs, yours}]: kind is same, theirs, yours (who changed it), both (the same change) or conflict.
 * base null: there is none; then what is not the same in the two is a conflict. */
export function alignTexts(base, theirs, yours) {
    const middle = base ?? yours;
    const toTheirs = matchLines(middle, theirs);
    const toYours = base ? matchLines(base, yours) : middle.map((_, i) => i);
    const chunks = [];
    let at = [0, 0, 0];
    const cut = (to) => {
        if (to.some((end, i) => end > at[i])) {
            const ranges = { base: base ? [at[0], to[0]] : [0, 0], theirs: [at[1], to[1]], yours: [at[2], to[2]] };
            const slices = [middle.slice(at[0], to[0]), theirs.slice(...ranges.theirs), yours.slice(...ranges.yours)];
            const kind = kindOf(...slices);
            chunks.push({ kind: base || kind === "same" ? kind : "conflict", ...ranges });
        }
        at = to;
    };
    for (let i = 0; i < middle.length; i++) {
        if (toTheirs[i] < 0 || toYours[i] < 0) {
            continue;
        }
        cut([i, toTheirs[i], toYours[i]]);
        const last = chunks.at(-1);
        if (last?.kind === "same") {
            last.base[1] += base ? 1 : 0;
            last.theirs[1]++;
            last.yours[1]++;
        } else {
            chunks.push({ kind: "same", base: base ? [i, i + 1] : [0, 0], theirs: [toTheirs[i], toTheirs[i] + 1],
                yours: [toYours[i], toYours[i] + 1] });
        }
        at = [i + 1, toTheirs[i] + 1, toYours[i] + 1];
    }
    cut([middle.length, theirs.length, yours.length]);
    return chunks;
}

/* One row per line as it stands side by side: {kind, chunk, isFirst, base, theirs, yours}, each an index of a line or -1. */
export function alignedRows(chunks) {
    const rows = [];
    chunks.forEach((chunk, number) => {
        const { base, theirs, yours } = chunk;
        const height = Math.max(base[1] - base[0], theirs[1] - theirs[0], yours[1] - yours[0]);
        const at = (range, i) => range[0] + i < range[1] ? range[0] + i : -1;
        for (let i = 0; i < height; i++) {
            rows.push({ kind: chunk.kind, chunk: number, isFirst: i === 0, base: at(base, i), theirs: at(theirs, i), yours: at(yours, i) });
        }
    });
    return rows;
}

/* Where two lines differ: [from, to of a, to of b], for marking; the same ends are left out. */
export function differingPart(a, b) {
    let from = 0, ends = 0;
    const least = Math.min(a.length, b.length);
    while (from < least && a[from] === b[from]) {
        from++;
    }
    while (ends < least - from && a[a.length - 1 - ends] === b[b.length - 1 - ends]) {
        ends++;
    }
    return [from, a.length - ends, b.length - ends];
}

/* --- a merged text with markers ------------------------------------------------------------------------------------ */

const MARKERS = [["original", />>>> ORIGINAL( .*)?$/], ["theirs", /==== THEIRS( .*)?$/], ["yours", /==== YOURS( .*)?$/],
    ["both", /==== BOTH( .*)?$/], ["end", /<<<<( .*)?$/]];

function markerOf(line) {
    const bare = line.replace(/\r?\n$/, "");
    return MARKERS.find(([, pattern]) => bare.search(pattern) === 0)?.[0] ?? null;
}

/* The blocks that are still in conflict: [{start, end, line, original, theirs, yours, both}], offsets into the text; a block that is not
 * complete is listed with broken: true, because it must not get into a file either. */
export function findConflicts(text) {
    const conflicts = [];
    let block = null, part = null, offset = 0, lineNumber = 0;
    for (const line of splitLines(text)) {
        const marker = markerOf(line);
        lineNumber++;
        if (marker === "original") {
            if (block) {
                conflicts.push({ ...block, end: offset, broken: true });
            }
            block = { start: offset, line: lineNumber, original: "", theirs: "", yours: "", both: "" };
            part = marker;
        } else if (block && marker === "end") {
            conflicts.push({ ...block, end: offset + line.length });
            block = null;
        } else if (block && marker) {
            part = marker;
        } else if (block) {
            block[part] += line;
        }
        offset += line.length;
    }
    if (block) {
        conflicts.push({ ...block, end: offset, broken: true });
    }
    return conflicts;
}

const ANSWERS = {
    theirs: (block) => block.theirs + block.both,
    yours: (block) => block.yours + block.both,
    base: (block) => block.original,
    "theirs-yours": (block) => block.theirs + block.yours + block.both,
    "yours-theirs": (block) => block.yours + block.theirs + block.both,
};

/* What stands instead of a block. */
export function answerConflict(block, choice) {
    return ANSWERS[choice](block);
}

/* A merged text as Perforce writes it: what one side changed is taken, conflicts stand between markers. */
export function mergeTexts(base, theirs, yours, names) {
    const texts = { base: base ?? [], theirs, yours };
    const part = (chunk, name) => {
        const text = texts[name].slice(...chunk[name]).join("");
        return text === "" || text.endsWith("\n") ? text : `${text}\n`;
    };
    return alignTexts(base, theirs, yours).map((chunk) => {
        if (chunk.kind !== "conflict") {
            return texts[chunk.kind === "theirs" ? "theirs" : "yours"].slice(...chunk[chunk.kind === "theirs" ? "theirs" : "yours"]).join("");
        }
        return `>>>> ORIGINAL ${names.base}\n${part(chunk, "base")}==== THEIRS ${names.theirs}\n${part(chunk, "theirs")}` +
            `==== YOURS ${names.yours}\n${part(chunk, "yours")}<<<<\n`;
    }).join("");
}
