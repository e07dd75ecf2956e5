/* Numbers, sizes and times as people read them, in the language of the page and the reader's zone. What is shortened has an exact
 * form beside it, for the title. Everything here is pure but the language, which i18n.js holds. */
import { currentLanguage, t } from "./i18n.js";

const UNITS = { en: ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"], ru: ["Б", "КиБ", "МиБ", "ГиБ", "ТиБ", "ПиБ", "ЭиБ"] };
const NBSP = "\u00a0";
const cache = new Map();

function cached(kind, options) {
    const key = `${currentLanguage()} ${kind} ${JSON.stringify(options)}`;
    if (!cache.has(key)) {
        cache.set(key, new Intl[kind](currentLanguage(), options));
    }
    return cache.get(key);
}

export const number = (value) => cached("NumberFormat", {}).format(value);
export const signedNumber = (value) => cached("NumberFormat", { signDisplay: "exceptZero" }).format(value).replace("-", "−");
export const decimal = (value, digits = 1) =>
    cached("NumberFormat", { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
export const percent = (value) =>
    cached("NumberFormat", { style: "percent", maximumFractionDigits: 1, signDisplay: "exceptZero" }).format(value / 100).replace("-", "−");

/* "690.3 GiB": powers of 1024, one decimal from KiB on, as weirctl writes it. */
export function size(bytes, digits = 1) {
    const units = UNITS[currentLanguage()];
    let value = Math.abs(bytes), unit = 0;
    while (unit + 1 < units.length && (unit === 0 ? value >= 1024 : Math.round(value * 10) >= 10240)) {
        value /= 1024;
        unit++;
    }
    const sign = bytes < 0 ? "−" : "";
    return `${sign}${unit === 0 ? number(value) : decimal(value, digits)}${NBSP}${units[unit]}`;
}
export const signedSize = (bytes) => (bytes > 0 ? `+${size(bytes)}` : size(bytes));
export const exactSize = (bytes) => t("shell.bytes", { count: bytes });

/* 1,234,567 -> "1.2M" */
export const short = (value) => cached("NumberFormat", { notation: "compact", maximumFractionDigits: 1 }).format(value);

/* --- times ----------------------------------------------------------------------------------------------------------- */

export const exactTime = (iso) =>
    iso ? cached("DateTimeFormat", { dateStyle: "long", timeStyle: "long" }).format(new Date(iso)) : "";
export const dateTime = (iso) =>
    iso ? cached("DateTimeFormat", { dateStyle: "medium", timeStyle: "short" }).format(new Date(iso)) : "";
export const day = (iso) => (iso ? cached("DateTimeFormat", { dateStyle: "medium" }).format(new Date(iso)) : "");
export const clock = (iso) =>
    iso ? cached("DateTimeFormat", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(new Date(iso)) : "";

const STEPS = [[60, "second", 1], [3600, "minute", 60], [86400, "hour", 3600], [7 * 86400, "day", 86400]];

/* "5 minutes ago" for a week, the date after that; the future the same way. */
export function ago(iso, now = Date.now()) {
    const seconds = (new Date(iso).getTime() - now) / 1000;
    if (Math.abs(seconds) < 5) {
        return t("shell.now");
    }
    const step = STEPS.find(([until]) => Math.abs(seconds) < until);
    return step ? cached("RelativeTimeFormat", { numeric: "auto" }).format(Math.round(seconds / step[2]), step[1]) : dateTime(iso);
}

/* What the partial {{> time}} shows: {{#measured}}{{> time}}{{/measured}}; null stays null. The shell keeps "ago" up to date. */
export const when = (iso) => (iso ? { iso, text: ago(iso), exact: exactTime(iso) } : null);

/* 3725 -> "1 h 02 min", 65 -> "1 min 05 s", 7 -> "7 s" */
export function duration(seconds) {
    const whole = Math.max(0, Math.floor(seconds)), two = (n) => String(n).padStart(2, "0");
    const d = Math.floor(whole / 86400), h = Math.floor(whole / 3600) % 24, m = Math.floor(whole / 60) % 60, s = whole % 60;
    if (d > 0) {
        return t("shell.duration.days", { d, h: two(h) });
    }
    if (h > 0) {
        return t("shell.duration.hours", { h, m: two(m) });
    }
    return m > 0 ? t("shell.duration.minutes", { m, s: two(s) }) : t("shell.duration.seconds", { s });
}
