/* Who is logged in here. `session` is one object for all pages: user, server, role ("none", "user", "operator", "admin"),
 * expires_at, servers (where one can log in). It is read from the API once per opened page. */
import { api } from "./api.js";

const RANKS = ["none", "user", "operator", "admin"];

export const session = {
    user: null, server: null, role: "none", expires_at: null, servers: [],
    get is_logged_in() { return this.user !== null; },
    may(role) { return RANKS.indexOf(this.role) >= RANKS.indexOf(role); },
    is(user, server) { return this.user === user && this.server === server; },
};

export async function loadSession() {
    const { user, server, role, expires_at, servers } = await api.get("/api/session");
    Object.assign(session, { user, server, role, expires_at, servers: servers ?? session.servers });
    document.dispatchEvent(new CustomEvent("weir:session"));
}

export async function login(server, user, password) {
    await api.post("/api/session", {}, { body: { server, user, password } });
    await loadSession();
}

export async function logout() {
    await api.del("/api/session");
    await loadSession();
}
