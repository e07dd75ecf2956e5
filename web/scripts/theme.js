/* Light, dark, or as the system says. The choice is kept in this browser; base.css does the rest by html[data-theme].
 * Whoever draws by script (charts) listens for the event "weir:theme" on document. */
const KEY = "weir-theme";
export const THEMES = ["auto", "light", "dark"];

export function theme() {
    return document.documentElement.dataset.theme ?? "auto";
}

export function setTheme(name) {
    if (name === "light" || name === "dark") {
        document.documentElement.dataset.theme = name;
    } else {
        delete document.documentElement.dataset.theme;
    }
    try {
        localStorage.setItem(KEY, name);
    } catch { /* kept for this page only */ }
    changed();
}

/* A colour of base.css as it is right now: colour("--accent"). */
export function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function changed() {
    document.dispatchEvent(new CustomEvent("weir:theme"));
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
