/* Short messages in the corner: toast("Saved"), toast(error.message, {kind: "error"}). Kinds: info, success, warning, error.
 * Screen readers hear them; errors stay until they are closed, the others for some seconds, longer while the pointer is on them. */
import { t } from "./i18n.js";
import { icon } from "./view.js";

const SECONDS = { info: 5, success: 5, warning: 10 };
const AT_MOST = 4;

function close(box) {
    box.remove();
}

function closeButton(box) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "icon-button";
    button.setAttribute("aria-label", t("shell.close"));
    button.append(icon("close"));
    button.addEventListener("click", () => close(box));
    return button;
}

function keepTime(box, seconds) {
    let timer = null;
    const begin = () => { timer = setTimeout(() => close(box), seconds * 1000); };
    box.addEventListener("pointerenter", () => clearTimeout(timer));
    box.addEventListener("pointerleave", begin);
    begin();
}

export function toast(text, { kind = "info" } = {}) {
    const region = document.getElementById("toasts");
    const same = [...region.children].find((box) => box.dataset.text === text);
    same?.remove();
    while (region.children.length >= AT_MOST) {
        region.firstElementChild.remove();
    }
    const box = document.createElement("div"), words = document.createElement("p");
    box.className = `toast toast-${kind}`;
    box.dataset.text = text;
    box.setAttribute("role", kind === "error" ? "alert" : "status");
    words.textContent = text;
    box.append(icon(kind), words, closeButton(box));
    region.append(box);
    if (SECONDS[kind]) {
        keepTime(box, SECONDS[kind]);
    }
    return box;
}
