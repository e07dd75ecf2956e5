/* Modal dialogs, by the browser's own <dialog>: focus stays in, Escape and a click beside it close, focus returns.
 *
 *   if (await confirm({title, text, accept: "Cancel the job", danger: true})) …
 *   const box = await openDialog({title, template: "job-hooks", data, wide: true});
 *       box.body      where the template stands       box.show(data)   renders it anew
 *       box.close(v)  closes with a value             box.closed       a promise of that value (null: dismissed)
 *   Buttons of the template with data-close="VALUE" close with that value; actions(box.body, {…}) of view.js does the rest. */
import { t } from "./i18n.js";
import { icon, show } from "./view.js";

let count = 0;

function frame(title, wide) {
    const dialog = document.createElement("dialog"), head = document.createElement("header");
    const heading = document.createElement("h2"), button = document.createElement("button"), body = document.createElement("div");
    heading.id = `dialog-${++count}`;
    heading.textContent = title;
    button.type = "button";
    button.className = "icon-button";
    button.setAttribute("aria-label", t("shell.close"));
    button.append(icon("close"));
    head.append(heading, button);
    body.className = "dialog-body";
    dialog.setAttribute("aria-labelledby", heading.id);
    dialog.classList.toggle("wide", wide);
    dialog.append(head, body);
    button.addEventListener("click", () => dialog.close());
    return { dialog, body };
}

function isBeside(event, dialog) {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    return event.target === dialog && (event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom);
}

export async function openDialog({ title, template, data = {}, wide = false }) {
    const { dialog, body } = frame(title, wide), before = document.activeElement;
    let value = null;
    const box = {
        dialog, body,
        show: (fresh) => show(body, template, fresh),
        close(result = null) {
            value = result;
            dialog.close();
        },
    };
    box.closed = new Promise((resolve) => dialog.addEventListener("close", () => {
        dialog.remove();
        before?.isConnected && before.focus();
        resolve(value);
    }));
    await box.show(data);
    document.body.append(dialog);
    dialog.addEventListener("mousedown", (event) => isBeside(event, dialog) && dialog.close());
    dialog.addEventListener("click", (event) => {
        const button = event.target.closest("[data-close]");
        if (button) {
            box.close(button.dataset.close);
        }
    });
    dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
    return box;
}

export async function confirm({ title, text, accept, danger = false }) {
    const box = await openDialog({ title, template: "confirm", data: { text, accept, danger } });
    return (await box.closed) === "accept";
}

/* A dialog does not outlive the page that opened it. */
document.addEventListener("weir:leave", () => document.querySelectorAll("dialog[open]").forEach((dialog) => dialog.close()));
