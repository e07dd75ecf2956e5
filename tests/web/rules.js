/* What holds for every page, asked of the page itself: each rule gives the complaints it has. Run inside the browser by rules.py, which
 * appends the call. Names and roles of the accessibility tree are asked there, of the browser. */

const shown = (node) => node.checkVisibility({ opacityProperty: false, visibilityProperty: true }) && node.getClientRects().length > 0 &&
    !node.closest(".visually-hidden, .skip:not(:focus)");
const visible = (selector, root = document) => [...root.querySelectorAll(selector)].filter(shown);

/* <button#id.class> "text": enough to find it. */
function say(node) {
    const text = (node.innerText ?? node.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 60);
    return `<${node.localName}${node.name ? ` ${node.type} ${node.name}` : ""}${node.id ? `#${node.id}` : ""}${[...node.classList].map((name) => `.${name}`).join("")}> "${text}"`;
}

function textNodes(root = document.body) {
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT), found = [];
    while (walker.nextNode()) {
        const parent = walker.currentNode.parentElement;
        if (walker.currentNode.data.trim() && shown(parent) && !parent.closest("script, style, noscript, template")) {
            found.push(walker.currentNode);
        }
    }
    return found;
}

/* --- structure -------------------------------------------------------------------------------------------------------- */

function structure(language) {
    const found = [];
    const one = (selector, what) => {
        const n = visible(selector).length;
        n === 1 || found.push(`${n} of ${what} instead of one`);
    };
    one("body > header, [role=banner]", "banner");
    one("main, [role=main]", "main");
    one("body > footer, [role=contentinfo]", "contentinfo");
    one("h1", "h1");
    visible("nav, [role=navigation]").length > 0 || found.push("no navigation");
    visible("[aria-current=page]", document.querySelector("nav") ?? document).length <= 1 || found.push("several current pages");
    document.documentElement.lang === language || found.push(`lang is ${document.documentElement.lang} instead of ${language}`);
    /\S · weir$/.test(document.title) || found.push(`the title is "${document.title}"`);
    document.querySelector("[aria-live], [role=status], [role=alert], [role=log]") || found.push("nothing is announced: no live region");
    return found;
}

function headings() {
    let level = 0;
    return visible("h1, h2, h3, h4, h5, h6").filter((node) => !node.closest("dialog")).flatMap((node) => {
        const before = level;
        level = Number(node.localName[1]);
        return level > before + 1 ? [`${say(node)} comes after a heading of level ${before}`] : [];
    });
}

function references() {
    const count = {}, found = [];
    document.querySelectorAll("[id]").forEach((node) => { count[node.id] = (count[node.id] ?? 0) + 1; });
    Object.keys(count).filter((id) => count[id] > 1).forEach((id) => found.push(`id ${id} is there ${count[id]} times`));
    for (const name of ["for", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns", "list", "headers", "aria-activedescendant"]) {
        for (const node of document.querySelectorAll(`[${name}]`)) {
            const missing = node.getAttribute(name).split(/\s+/).filter((id) => id && !document.getElementById(id));
            missing.length === 0 || found.push(`${say(node)} ${name} names ${missing.join(", ")}, which is not there`);
        }
    }
    document.querySelectorAll("[tabindex]").forEach((node) => node.tabIndex > 0 && found.push(`${say(node)} has a tabindex of its own`));
    return found;
}

/* A field is labelled by words beside it that stay, not by a placeholder. */
function labels() {
    return visible("input:not([type=hidden], [type=submit], [type=button]), select, textarea").filter((node) =>
        !node.labels?.length && !node.getAttribute("aria-label")?.trim() && !node.getAttribute("aria-labelledby")).map((node) => `${say(node)} has no label`);
}

function tables() {
    return visible("table").flatMap((table) => [
        ...table.querySelector("th") ? [] : [`${say(table)} has no headings`],
        ...table.caption || table.hasAttribute("aria-label") || table.hasAttribute("aria-labelledby") ? [] : [`${say(table)} has no caption`],
        ...visible("th", table).filter((th) => !th.textContent.trim() && !th.hasAttribute("aria-label") && !th.querySelector("[aria-label]"))
            .map((th) => `an empty heading in column ${th.cellIndex + 1} of ${say(table)}`),
    ]);
}

/* --- sizes ------------------------------------------------------------------------------------------------------------ */

const scrolls = (node) => { for (let at = node.parentElement; at && at !== document.body; at = at.parentElement) {
    if (getComputedStyle(at).overflowX !== "visible") { return true; } } return false; };

function width() {
    const room = document.documentElement.clientWidth, wide = document.documentElement.scrollWidth;
    const culprits = visible("body *").filter((node) => node.getBoundingClientRect().right > room + 1 && !scrolls(node));
    return wide <= room && culprits.length === 0 ? [] :
        [`${wide} pixels wide in a window of ${room}: ${culprits.slice(-3).map(say).join(", ")}`];
}

/* Letters that are cut off without a way to read on: an ellipsis needs the whole text in a title. */
function clipped() {
    return visible("body *").filter((node) => {
        const style = getComputedStyle(node);
        return [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim()) &&
            ["hidden", "clip"].includes(style.overflowX) && node.scrollWidth > node.clientWidth + 1 && node.clientWidth > 1 &&
            !node.closest("[title]") && !node.closest("canvas, .dygraph-axis-label");
    }).map((node) => `${say(node)} is cut off`);
}

/* Words that stick out of what they stand in, onto its neighbours. */
const stickingOut = () => visible("button, a.button, .badge, select, th, td, dt, dd, label").filter((node) => node.scrollWidth > node.clientWidth + 2 &&
    node.clientWidth > 0 && getComputedStyle(node).overflowX === "visible" && (node.matches("button, a.button, .badge") || getComputedStyle(node).display !== "inline"))
    .map((node) => `the words of ${say(node)} stick out by ${node.scrollWidth - node.clientWidth} pixels`);

/* Fingers find it: 24 by 24 pixels, or as much room around its middle. Links within text are as large as their text. */
function targets() {
    const nodes = visible("button, select, summary, [role=button], [role=tab], input:not([type=hidden]), a.button").filter((node) => !node.closest(".dygraph-axis-label"));
    const boxes = nodes.map((node) => [node, ...node.labels ?? []].map((part) => part.getBoundingClientRect())
        .reduce((a, b) => a.width * a.height >= b.width * b.height ? a : b));
    const isNear = (box, other) => Math.hypot(Math.max(other.left - box.x - box.width / 2, 0, box.x + box.width / 2 - other.right),
        Math.max(other.top - box.y - box.height / 2, 0, box.y + box.height / 2 - other.bottom)) < 12;
    return nodes.filter((node, i) => Math.min(boxes[i].width, boxes[i].height) < 23.5 && boxes.some((other, j) => j !== i && isNear(boxes[i], other)))
        .map((node) => `${say(node)} is only ${Math.round(node.getBoundingClientRect().width)} × ${Math.round(node.getBoundingClientRect().height)} pixels, beside others`);
}

/* --- contrast --------------------------------------------------------------------------------------------------------- */

const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
const known = new Map();

/* Any CSS colour as [r, g, b, alpha], by painting it. */
function rgba(color) {
    if (!known.has(color)) {
        canvas.clearRect(0, 0, 1, 1);
        canvas.fillStyle = color;
        canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        known.set(color, [r, g, b, a / 255]);
    }
    return known.get(color);
}

const over = (top, alpha, below) => [0, 1, 2].map((i) => top[i] * alpha + below[i] * (1 - alpha));

/* What is seen behind an element's content: its own background and those it lies on. */
function backdrop(node) {
    const layers = [];
    for (let at = node; at; at = at.parentElement) {
        const color = rgba(getComputedStyle(at).backgroundColor);
        layers.unshift(color);
        if (color[3] === 1 || at.matches("dialog:modal")) {
            break;
        }
    }
    return layers.reduce((below, layer) => over(layer, layer[3], below), rgba("Canvas").slice(0, 3));
}

function opacity(node) {
    let product = 1;
    for (let at = node; at; at = at.parentElement) {
        product *= Number(getComputedStyle(at).opacity);
    }
    return product;
}

function luminance(color) {
    const [r, g, b] = color.map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function ratio(a, b) {
    const [bright, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (bright + 0.05) / (dark + 0.05);
}

function inkRatio(node, style, background) {
    const ink = rgba(style.color), fill = rgba(style.webkitTextFillColor);
    const used = style.webkitTextFillColor === style.color ? ink : fill;
    return ratio(over(used, used[3] * opacity(node), background), background);
}

const isOff = (node) => node.closest(":disabled, [aria-disabled=true], [inert]") !== null;

function contrast() {
    const found = [], seen = new Set();
    const judge = (node, style, what) => {
        const size = parseFloat(style.fontSize), needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
        const background = backdrop(node), got = inkRatio(node, style, background);
        const key = `${what} ${style.color} ${background.map(Math.round)}`;
        if (got < needed - 0.005 && !seen.has(key)) {
            seen.add(key);
            found.push(`${what} ${say(node)}: ${got.toFixed(2)} to 1 (${style.color} on rgb(${background.map(Math.round)})), ${needed} is needed`);
        }
    };
    for (const parent of new Set(textNodes().map((node) => node.parentElement))) {
        isOff(parent) || judge(parent, getComputedStyle(parent), "text");
    }
    visible("input, textarea").filter((node) => !isOff(node)).forEach((node) => {
        !node.value || judge(node, getComputedStyle(node), "typed text");
        !node.placeholder || node.value || judge(node, getComputedStyle(node, "::placeholder"), "placeholder");
    });
    return found;
}

/* Where one can type is seen without its text: the edge, or else the area, stands out from what is around it. */
function edges() {
    return visible("input:not([type=checkbox], [type=radio], [type=hidden], [type=range]), select, textarea").filter((node) => !isOff(node)).filter((node) => {
        const style = getComputedStyle(node), around = backdrop(node.parentElement), edge = rgba(style.borderBottomColor);
        const line = parseFloat(style.borderBottomWidth) > 0 ? ratio(over(edge, edge[3], around), around) : 1;
        return Math.max(line, ratio(backdrop(node), around)) < 2.995;
    }).map((node) => `the edge of ${say(node)} cannot be seen: ${getComputedStyle(node).borderBottomColor}`);
}

/* Icons that are all a control has. */
function icons() {
    return visible("button svg, a svg").filter((node) => !isOff(node)).filter((node) => {
        const control = node.closest("button, a");
        return !textNodes(control).length && ratio(over(rgba(getComputedStyle(node).color), opacity(node), backdrop(control)), backdrop(control)) < 2.995;
    }).map((node) => `the icon of ${say(node.closest("button, a"))} cannot be seen`);
}

/* --- texts ------------------------------------------------------------------------------------------------------------ */

/* All that is read, with the attributes that are read out. */
function readTexts() {
    const found = textNodes().filter((node) => !node.parentElement.closest("[data-raw], .log-text, code, pre, samp")).map((node) => node.data.trim());
    for (const name of ["title", "aria-label", "placeholder", "alt", "aria-description", "aria-valuetext"]) {
        document.querySelectorAll(`[${name}]`).forEach((node) => found.push(node.getAttribute(name).trim()));
    }
    document.querySelectorAll("option").forEach((node) => found.push(node.textContent.trim()));
    return [...new Set([document.title, ...found])].filter((text) => text);
}

const LEAKS = [/\{\{|\}\}/, /\{(?!changelist\}|client\}|workspace\}|source_changelist\}|job\})[a-z_]+\}/, /\bundefined\b|\bNaN\b|\[object |Invalid Date/, /^null$/, /\b(shell|streams|jobs|t)\.[a-z_]+(\.[a-z_-]+)*\b/];

function leaks() {
    return readTexts().filter((text) => LEAKS.some((leak) => leak.test(text))).map((text) => `"${text.slice(0, 100)}" is no text for people`);
}

/* --- focus ------------------------------------------------------------------------------------------------------------ */

const TABBABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex], audio[controls], [contenteditable]";

/* What Tab has to reach. Of the radio buttons of a group, the checked one is, or else the first. */
function tabbable() {
    return [...document.querySelectorAll(TABBABLE)].filter((node) => node.tabIndex >= 0 && !node.disabled && !node.closest("[inert]") &&
        node.checkVisibility({ visibilityProperty: true }) && node.getClientRects().length > 0).filter((node) => {
        if (node.type !== "radio") {
            return true;
        }
        const group = [...document.querySelectorAll("input[type=radio]")].filter((other) => other.name === node.name && other.form === node.form);
        return node.checked || (!group.some((other) => other.checked) && group[0] === node);
    });
}

/* The line around what has the focus; a field within a label may leave it to that. */
function outlined(node) {
    const style = getComputedStyle(node), line = rgba(style.outlineColor), around = backdrop(node.parentElement ?? node);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 &&
        (style.outlineStyle === "auto" || ratio(over(line, line[3], around), around) >= 2.995);
}

/* The focused element: can it be seen, and seen to be the one? */
function focusSeen() {
    const node = document.activeElement, box = node.getBoundingClientRect(), found = [];
    [node, ...node.labels ?? []].some(outlined) || found.push(`the focus on ${say(node)} cannot be seen`);
    box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth || found.push(`${say(node)} has the focus out of sight`);
    const at = document.elementFromPoint(Math.min(Math.max(box.left + Math.min(box.width, 40) / 2, 1), innerWidth - 2),
        Math.min(Math.max(box.top + box.height / 2, 1), innerHeight - 2));
    !at || node.contains(at) || at.contains(node) || node.labels?.[0]?.contains(at) || found.push(`${say(node)} is covered by ${say(at)} when it has the focus`);
    return found;
}

function movement() {
    return document.getAnimations().filter((animation) => animation.playState === "running" && animation.effect?.getTiming().duration > 10 &&
        animation.effect.getKeyframes().some((frame) => ["transform", "left", "top", "margin", "rotate", "translate", "scale"].some((name) => name in frame)))
        .map((animation) => `${animation.animationName ?? "an animation"} moves ${say(animation.effect.target)}`);
}

/* rules that can be broken at every width and in every theme, and those that one look settles */
const audit = (language) => [...structure(language), ...headings(), ...references(), ...labels(), ...tables(), ...leaks()];
const auditSize = () => [...width(), ...clipped(), ...stickingOut(), ...targets()];
const auditTheme = () => {
    document.getAnimations().forEach((animation) => animation instanceof CSSTransition && animation.finish());
    return [...contrast(), ...edges(), ...icons()];
};
