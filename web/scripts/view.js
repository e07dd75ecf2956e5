/* From data to the page: Mustache templates, and only them.
 *
 *   await show(element, "streams", data)     renders templates/streams.mustache into element
 *   actions(element, {remove(target, event) {…}})
 *                                            clicks on [data-action="remove"] inside (and submits of such forms)
 *   icon("refresh")                          an icon of style/icons.svg, where no template is at hand
 *
 * show() may be called again with new data as often as one likes: what is there is changed to what is wanted, element by element,
 * so focus, selection, scrolling, open <details> and typed text survive. Three attributes steer it:
 *   data-key="…"    in lists: the element is the same one wherever it stands among its siblings
 *   data-keep       its content belongs to a script (a chart, a log) and is left alone
 *   data-fill       a field whose value follows the data even after it was typed in
 *
 * In templates: {{t.area.key}} are the texts (i18n.js), {{> name}} is templates/name.mustache. Data are escaped by construction:
 * a template with an unescaped place ("triple mustache" or {{&) is refused when it is loaded. */
import { allTexts } from "./i18n.js";

const sources = new Map();
const RAW = /\{\{\s*[{&]/;
const PARTIAL = /\{\{>\s*([\w-]+)\s*\}\}/g;

async function fetchTemplate(name) {
    const answer = await fetch(`/templates/${name}.mustache`);
    const text = answer.ok ? await answer.text() : "";
    if (!answer.ok || RAW.test(text)) {
        throw new Error(`templates/${name}.mustache: ${answer.ok ? "has an unescaped place" : answer.status}`);
    }
    await Promise.all([...text.matchAll(PARTIAL)].map((match) => loadTemplate(match[1])));
    return text;
}

/* Several at once, before they are needed. */
export async function loadTemplate(...names) {
    await Promise.all(names.map(async (name) => {
        if (!sources.has(name)) {
            const loading = fetchTemplate(name);
            loading.catch(() => sources.delete(name));
            sources.set(name, loading);
        }
        const text = await sources.get(name);
        sources.set(name, text);
    }));
}

/* Mustache looks a partial up by name; by then all of them are texts. */
const partial = (name) => (typeof sources.get(name) === "string" ? sources.get(name) : "");

function render(name, data) {
    const template = document.createElement("template");
    template.innerHTML = window.Mustache.render(partial(name), { t: allTexts(), ...data }, partial);
    return document.importNode(template.content, true);
}

export async function show(element, name, data = {}) {
    await loadTemplate(name);
    const focused = element.contains(document.activeElement) ? document.activeElement : null;
    patchChildren(element, render(name, data));
    if (focused && focused.isConnected && document.activeElement !== focused) {
        focused.focus({ preventScroll: true });
    }
}

/* --- changing what is there to what is wanted ------------------------------------------------------------------------- */

const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.dataset.key ?? (node.id || null) : null);
const isSame = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.type ?? "") === (b.type ?? "");

/* For each wanted node the one that is there and becomes it, or itself. Those without a key keep their order. A text never skips over an
 * element to become one behind it: the element would be lost for its own counterpart. */
function pair(children, wanted) {
    const keyed = new Map(children.filter(keyOf).map((child) => [keyOf(child), child]));
    let plain = children.filter((child) => keyOf(child) === null);
    return wanted.map((fresh) => {
        const key = keyOf(fresh);
        if (key !== null) {
            const found = keyed.get(key);
            keyed.delete(key);
            return found && isSame(found, fresh) ? found : fresh;
        }
        const nearest = fresh.nodeType === Node.ELEMENT_NODE ? plain : plain.slice(0, 1);
        const index = nearest.findIndex((child) => isSame(child, fresh));
        const found = plain[index] ?? fresh;
        plain = plain.slice(index + 1);
        return found;
    });
}

function patchChildren(parent, fragment) {
    const wanted = [...fragment.childNodes], children = [...parent.childNodes];
    const result = pair(children, wanted), stays = new Set(result);
    children.filter((child) => !stays.has(child)).forEach((child) => child.remove());
    let at = parent.firstChild;
    result.forEach((node, index) => {
        if (node === at) {
            at = at.nextSibling;
        } else {
            parent.insertBefore(node, at);
        }
        if (node !== wanted[index]) {
            patchNode(node, wanted[index]);
        }
    });
}

function patchNode(node, wanted) {
    if (node.nodeType !== Node.ELEMENT_NODE) {
        if (node.data !== wanted.data) {
            node.data = wanted.data;
        }
        return;
    }
    patchAttributes(node, wanted);
    if (!node.hasAttribute("data-keep")) {
        patchChildren(node, wanted);
    }
}

/* What a person opened, typed or ticked is theirs: it changes only where the data say something new, and never under the cursor. */
function patchAttributes(node, wanted) {
    const isMine = (name) => name === "open" && (node.nodeName === "DETAILS" || node.nodeName === "DIALOG");
    for (const { name } of [...node.attributes]) {
        if (!wanted.hasAttribute(name) && !isMine(name) && name !== "style") {
            node.removeAttribute(name);
            patchState(node, name, null);
        }
    }
    for (const { name, value } of wanted.attributes) {
        if (node.getAttribute(name) !== value && !isMine(name)) {
            node.setAttribute(name, value);
            patchState(node, name, value);
        }
    }
    if (node.hasAttribute("data-fill") && node !== document.activeElement) {
        node.value = wanted.getAttribute("value") ?? wanted.value;
    }
}

function patchState(node, name, value) {
    if (name === "value" && "value" in node && node !== document.activeElement) {
        node.value = value ?? "";
    } else if (["checked", "selected"].includes(name) && name in node) {
        node[name] = value !== null;
    }
}

/* --- what people do --------------------------------------------------------------------------------------------------- */

function dispatch(table, event, target) {
    const name = target?.dataset.action;
    if (name && Object.hasOwn(table, name)) {
        event.preventDefault();
        table[name](target, event);
    }
}

/* One listener for what is inside now and later. A form acts when it is submitted, a field when it was changed. */
export function actions(element, table) {
    element.addEventListener("click", (event) => {
        const target = event.target.closest("[data-action]");
        if (target && element.contains(target) && !["FORM", "SELECT", "INPUT"].includes(target.nodeName)) {
            dispatch(table, event, target);
        }
    });
    element.addEventListener("submit", (event) => dispatch(table, event, event.target));
    element.addEventListener("change", (event) => {
        if (["SELECT", "INPUT"].includes(event.target.nodeName)) {
            dispatch(table, event, event.target);
        }
    });
}

export function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `/style/icons.svg#${name}`);
    svg.append(use);
    return svg;
}
