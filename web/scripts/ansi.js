/* Lines as programs print them to a terminal, made into DOM nodes: colours and weights (SGR) are kept, everything else a terminal would
 * obey (cursor moves, titles, links, device strings) is taken out, and what is left of control and direction characters is shown instead
 * of being acted on. Text only ever becomes text nodes. Each line begins plain: lines of several programs are mixed in one log.
 *
 * Used by log-view.js; ansiParse() is pure, for tests. */

export const LINE_SHOWN_MAX = 4000;

/* CSI, then strings that end with BEL or ST (OSC, DCS, SOS, PM, APC), then any other escape; both 7 and 8 bit forms. Of a
 * string without an end only the beginning goes: nothing a line says may vanish by that. */
const ESCAPE = new RegExp(
    "(?:\\x1b\\[|\\x9b)([0-9:;<=>?]*)[ -/]*([@-~]?)" +
    "|(?:\\x1b[\\]PX^_]|[\\x90\\x98\\x9d-\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c)" +
    "|\\x1b[ -/]*[0-~]?", "g");
const HIDDEN = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

const FLAGS = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const FLAGS_OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

function plain() {
    return { flags: new Set(), foreground: null, background: null };
}

const LEVELS = [0, 95, 135, 175, 215, 255];

/* 0-15 are the theme's; the cube and the greys are what every terminal agrees on. */
function paletteColor(number) {
    if (!(number >= 0 && number <= 255)) {
        return null;
    }
    if (number < 16) {
        return { index: number };
    }
    if (number >= 232) {
        const grey = 8 + (number - 232) * 10;
        return { rgb: [grey, grey, grey] };
    }
    const cube = number - 16;
    return { rgb: [LEVELS[Math.floor(cube / 36)], LEVELS[Math.floor(cube / 6) % 6], LEVELS[cube % 6]] };
}

/* The colour after 38 or 48, as "5;N", "2;R;G;B" or with colons; takes from codes what belongs to it. */
function extendedColor(codes, parts) {
    const next = () => parts.length > 0 ? parts.shift() : codes.length > 0 ? Number(codes.shift()) : NaN;
    const inColons = parts.length > 0;
    const mode = next();
    if (mode === 5) {
        return paletteColor(next());
    }
    if (mode !== 2) {
        return null;
    }
    if (inColons && parts.length > 3) {
        parts.shift(); /* the colour space, which nobody fills in */
    }
    const rgb = [next(), next(), next()];
    return rgb.every((value) => value >= 0 && value <= 255) ? { rgb } : null;
}

function baseColor(code) {
    const tens = Math.floor(code / 10);
    const index = code % 10;
    if (index > 7 || ![3, 4, 9, 10].includes(tens)) {
        return null;
    }
    return { target: tens === 3 || tens === 9 ? "foreground" : "background", color: { index: index + (tens >= 9 ? 8 : 0) } };
}

function applyCode(style, code, parts, codes) {
    const base = baseColor(code);
    if (code === 38 || code === 48) {
        style[code === 38 ? "foreground" : "background"] = extendedColor(codes, parts);
    } else if (base) {
        style[base.target] = base.color;
    } else if (FLAGS[code]) {
        style.flags[parts[0] === 0 ? "delete" : "add"](FLAGS[code]);
    } else if (FLAGS_OFF[code]) {
        FLAGS_OFF[code].forEach((flag) => style.flags.delete(flag));
    } else if (code === 39 || code === 49) {
        style[code === 39 ? "foreground" : "background"] = null;
    }
}

function applySgr(style, parameters) {
    const codes = parameters.split(";");
    while (codes.length > 0) {
        const [code, ...parts] = codes.shift().split(":").map(Number);
        if (code === 0) {
            Object.assign(style, plain());
        } else {
            applyCode(style, code, parts, codes);
        }
    }
}

/* ␀ and its like for control characters, U+202E and its like for what hides or turns text. */
function showHidden(text) {
    return text.replace(HIDDEN, (character) => {
        const code = character.codePointAt(0);
        if (code < 0x20) {
            return String.fromCodePoint(0x2400 + code);
        }
        return code === 0x7f ? "␡" : `⟨U+${code.toString(16).toUpperCase().padStart(4, "0")}⟩`;
    });
}

/* [{text, style}]: style is {flags: Set, foreground, background}, a colour {index} or {rgb} or null. */
export function ansiParse(line) {
    const pieces = [];
    const style = plain();
    let end = 0;
    const add = (text) => {
        if (text) {
            pieces.push({ text: showHidden(text), style: { ...style, flags: new Set(style.flags) } });
        }
    };
    for (const match of line.matchAll(ESCAPE)) {
        add(line.slice(end, match.index));
        end = match.index + match[0].length;
        if (match[2] === "m" && !/[<=>?]/.test(match[1])) {
            applySgr(style, match[1]);
        }
    }
    add(line.slice(end));
    return pieces;
}

/* The line as people would read it: for copying. */
export function ansiStrip(line) {
    return line.search(HIDDEN) < 0 ? line : ansiParse(line).map((piece) => piece.text).join("");
}

function isPlain(style) {
    return style.flags.size === 0 && !style.foreground && !style.background;
}

/* Own colours get their lightness bound by the style sheet, unless the program chose the background too. */
function paint(node, property, color) {
    if (!color) {
        return;
    }
    if (color.rgb) {
        node.classList.add(`ansi-${property}-rgb`);
        node.style.setProperty(`--ansi-${property}`, `rgb(${color.rgb.join(" ")})`);
    } else {
        node.classList.add(`ansi-${property}-${color.index}`);
    }
}

function nodeOf(piece) {
    if (isPlain(piece.style)) {
        return document.createTextNode(piece.text);
    }
    const node = document.createElement("span");
    const { foreground, background, flags } = piece.style;
    flags.forEach((flag) => node.classList.add(`ansi-${flag}`));
    paint(node, "fg", foreground);
    paint(node, "bg", background);
    node.append(piece.text);
    return node;
}

/* A fragment for one line, cut where nobody reads on: what is missing is in the download. */
export function ansiNodes(line) {
    const fragment = document.createDocumentFragment();
    const shown = line.length > LINE_SHOWN_MAX ? line.slice(0, LINE_SHOWN_MAX) : line;
    for (const piece of ansiParse(shown)) {
        fragment.append(nodeOf(piece));
    }
    return fragment;
}
