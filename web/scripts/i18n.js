/* Texts of the pages in the reader's language.
 *
 *   t("streams.title")                       a text
 *   t("streams.found", {count: 29})          with places {count} filled in; numbers are written as the language writes them
 *
 * A text that depends on a number is an object of plural forms {one, few, many, other}, chosen by `count`. Templates read the
 * same texts as {{t.streams.title}} (view.js adds them). The catalogs are locales/LANG/AREA.json; an area is fetched once, when
 * the first page that needs it is opened. The choice is kept in a cookie because the API answers in the same language. */
const LANGUAGES = { en: "English", ru: "Русский" };
const COOKIE = "weir_language";
const PLURALS = new Set(["zero", "one", "two", "few", "many", "other"]);

const texts = {};
const areas = new Map();
let language = chosen() ?? preferred();
let rules = new Intl.PluralRules(language);
let numbers = new Intl.NumberFormat(language);
document.documentElement.lang = language;

function chosen() {
    const match = document.cookie.match(/(?:^|;\s*)weir_language=(\w+)/);
    return match && Object.hasOwn(LANGUAGES, match[1]) ? match[1] : null;
}

function preferred() {
    for (const tag of navigator.languages ?? []) {
        const short = tag.slice(0, 2).toLowerCase();
        if (Object.hasOwn(LANGUAGES, short)) {
            return short;
        }
    }
    return "en";
}

export const currentLanguage = () => language;
export const languages = () => Object.entries(LANGUAGES).map(([code, name]) => ({ code, name, is_current: code === language }));
export const allTexts = () => texts;

async function fetchArea(area) {
    const answer = await fetch(`/locales/${language}/${area}.json`);
    if (!answer.ok) {
        throw new Error(`locales/${language}/${area}.json: ${answer.status}`);
    }
    Object.assign(texts, await answer.json());
}

/* Makes the texts of these areas ("shell", "streams", "jobs") available. */
export async function loadTexts(...names) {
    await Promise.all(names.map((area) => {
        if (!areas.has(area)) {
            const loading = fetchArea(area);
            loading.catch(() => areas.delete(area));
            areas.set(area, loading);
        }
        return areas.get(area);
    }));
}

export async function setLanguage(code) {
    language = Object.hasOwn(LANGUAGES, code) ? code : language;
    rules = new Intl.PluralRules(language);
    numbers = new Intl.NumberFormat(language);
    document.documentElement.lang = language;
    document.cookie = `${COOKIE}=${language}; Path=/; Max-Age=31536000; SameSite=Strict`;
    const known = [...areas.keys()];
    areas.clear();
    await loadTexts(...known);
    document.dispatchEvent(new CustomEvent("weir:language"));
}

function find(key) {
    return key.split(".").reduce((node, part) => node?.[part], texts);
}

function isPlural(node) {
    return node && typeof node === "object" && Object.keys(node).every((name) => PLURALS.has(name));
}

/* A key that does not exist is shown as itself: visible, and harmless. */
export function t(key, places = {}) {
    let text = find(key);
    if (isPlural(text)) {
        text = text[rules.select(places.count)] ?? text.other;
    }
    if (typeof text !== "string") {
        return key;
    }
    return text.replace(/\{(\w+)\}/g, (whole, name) => {
        const value = places[name];
        return value === undefined ? whole : typeof value === "number" ? numbers.format(value) : String(value);
    });
}

export const has = (key) => typeof find(key) === "string";
