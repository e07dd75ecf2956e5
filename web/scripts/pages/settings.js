/* /settings: language and colours, the session, tokens for programs, and what this installation is. */
import { api } from "../api.js";
import { confirm } from "../dialog.js";
import * as format from "../format.js";
import { languages, setLanguage, t } from "../i18n.js";
import { logout, session } from "../session.js";
import { setTheme, theme, THEMES } from "../theme.js";
import { toast } from "../toast.js";
import { actions, show } from "../view.js";

const ROLES = ["user", "operator", "admin"];

function howOften({ calendar, scheduler_interval_hours: hours }) {
    if (calendar) {
        return t("streams.settings.calendar", { calendar });
    }
    return hours > 0 ? t("streams.settings.every", { count: hours }) : t("streams.settings.never");
}

class SettingsPage {
    tokens = [];
    created = null;
    error = null;

    constructor(page) {
        this.page = page;
    }

    async load() {
        const { signal } = this.page;
        const [info, stats, tokens] = await Promise.all([
            api.get("/api/info", {}, signal), api.get("/api/stats", {}, signal), session.is_logged_in ? api.get("/api/tokens", {}, signal) : null,
        ]);
        Object.assign(this, { info: info.app_info, stats: stats.stats, tokens: tokens?.tokens ?? [] });
        await this.draw();
    }

    facts() {
        const { info, stats } = this;
        return [
            [t("streams.settings.version"), info.version], [t("streams.settings.interval"), howOften(info)],
            [t("streams.settings.login_required"), t(info.login_required ? "streams.settings.needs_login" : "streams.settings.open")],
            [t("streams.settings.servers"), format.number(stats.total_servers)], [t("streams.settings.streams"), format.number(stats.total_streams)],
        ].map(([label, text]) => ({ label, text }));
    }

    row(token) {
        return {
            ...token, role_text: t(`shell.role.${token.role}`), made: format.when(token.created_at), ends: format.when(token.expires_at),
            owner: token.user === session.user && token.server === session.server ? null : `${token.user}@${token.server}`,
        };
    }

    draw() {
        const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
        return show(this.page.element, "settings", {
            languages: languages(), zone: t("streams.settings.zone", { zone }), facts: this.facts(), last: format.when(this.stats.last_global_update),
            themes: THEMES.map((name) => ({ name, label: t(`streams.settings.${name}`), is_current: name === theme() })),
            session: session.is_logged_in ? { ...session, role_text: t(`shell.role.${session.role}`), expires: format.when(session.expires_at) } : null,
            login: `/login?next=${encodeURIComponent("/settings")}`, tokens: this.tokens.map((token) => this.row(token)), has_tokens: this.tokens.length > 0,
            roles: ROLES.filter((role) => session.may(role)).map((role) => ({ role, label: t(`shell.role.${role}`) })),
            created: this.created, error: this.error,
        });
    }

    async create(form) {
        const { name, role, days } = Object.fromEntries(new FormData(form));
        this.error = null;
        try {
            const body = { name: name.trim(), role, days: Number(days) };
            this.created = await api.post("/api/tokens", {}, { body });
            form.reset();
        } catch (error) {
            this.error = error.message;
        }
        await this.load();
        this.page.element.querySelector(this.error ? "#token-name" : "#token")?.focus();
    }

    async revoke(id) {
        const token = this.tokens.find((row) => row.id === id);
        const is_sure = await confirm({
            title: t("streams.settings.tokens.revoke_title"), text: t("streams.settings.tokens.revoke_text", { name: token.name }),
            accept: t("streams.settings.tokens.revoke"), danger: true,
        });
        if (is_sure) {
            await api.del(`/api/tokens/${id}`);
            this.created = this.created?.id === id ? null : this.created;
            toast(t("streams.settings.tokens.revoked"), { kind: "success" });
            await this.load();
        }
    }

    async copy() {
        const field = this.page.element.querySelector("#token");
        field.select();
        await (navigator.clipboard?.writeText(field.value) ?? Promise.resolve(document.execCommand("copy")));
        toast(t("streams.settings.tokens.copied"), { kind: "success" });
    }

    async open() {
        const told = (action) => (...what) => Promise.resolve(action(...what)).catch((error) => toast(error.message, { kind: "error" }));
        actions(this.page.element, {
            language: told((target) => setLanguage(target.dataset.language)),
            theme: (target) => setTheme(target.dataset.theme),
            create: told((form) => this.create(form)),
            revoke: told((target) => this.revoke(Number(target.dataset.id))),
            copy: told(() => this.copy()),
            logout: told(async () => { await logout(); toast(t("shell.logged_out"), { kind: "success" }); await this.load(); }),
        });
        const redraw = () => this.draw();
        document.addEventListener("weir:theme", redraw);
        this.page.onClose(() => document.removeEventListener("weir:theme", redraw));
        await this.load();
    }
}

export const open = (page) => new SettingsPage(page).open();
