/* /login?next=PATH: user and password of a chosen Perforce server; afterwards back to where one came from, on this host only. */
import { safePath } from "../app.js";
import { t } from "../i18n.js";
import { login, session } from "../session.js";
import { toast } from "../toast.js";
import { actions, show } from "../view.js";

const KEY = "weir-login"; // the last server and user, never the password

function last() {
    try {
        return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
        return {};
    }
}

function remember(server, user) {
    try {
        localStorage.setItem(KEY, JSON.stringify({ server, user }));
    } catch { /* typed again next time */ }
}

export async function open(page) {
    const { element } = page, known = last(), servers = session.servers;
    const state = { error: null, is_busy: false };

    function draw() {
        return show(element, "login", {
            ...state, user: known.user ?? "", has_servers: servers.length > 0, several: servers.length > 1,
            servers: servers.map((name) => ({ name, is_current: name === known.server })), only: servers[0],
        });
    }

    async function submit(form) {
        const { server, user, password } = Object.fromEntries(new FormData(form));
        Object.assign(state, { error: null, is_busy: true });
        await draw();
        try {
            await login(server, user.trim(), password);
            remember(server, user.trim());
            toast(t("streams.login.done", { user: session.user }), { kind: "success" });
            await page.navigate(safePath(page.query.next), { replace: true });
            return;
        } catch (error) {
            state.error = error.message;
        }
        state.is_busy = false;
        await draw();
        const field = form.elements.password;
        field.value = "";
        field.focus();
    }

    actions(element, { login: submit });
    await draw();
    element.querySelector(known.user ? "#password" : "#user")?.focus();
}
