/* Puts a text into the clipboard and says so. Where the browser does not allow that (a page without TLS on another host), the text is
 * copied the old way, through a field that nobody sees. */
import { t } from "./i18n.js";
import { toast } from "./toast.js";

function copyThroughField(text) {
    const field = document.createElement("textarea"), before = document.activeElement;
    field.value = text;
    field.className = "visually-hidden";
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    before?.focus({ preventScroll: true });
    return isDone;
}

export async function copyText(text, said = t("jobs.copied")) {
    const isDone = await navigator.clipboard?.writeText(text).then(() => true, () => false) || copyThroughField(text);
    toast(isDone ? said : t("jobs.not_copied"), { kind: isDone ? "success" : "error" });
    return isDone;
}
