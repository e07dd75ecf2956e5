/* Requests to the API of this host. Every answer is JSON or an ApiError; nothing is swallowed:
 *
 *   await api.get("/api/streams", {server_id: 1, q: ""}, signal)     empty and missing parameters are left out
 *   await api.post("/api/update/all", {}, {body: {...}, signal})     likewise api.del(path)
 *   await api.raw(path, parameters, signal)                          the Response itself (headers, text)
 *
 * ApiError has status (0: the server was not reached), code, message (in the reader's language), body.error with more.
 * A request that takes a login announces "weir:login" on document, which leads to /login and back (app.js); whether the
 * server can be reached is announced as "weir:online" and "weir:offline". An aborted request throws the browser's AbortError. */
import { t } from "./i18n.js";

export class ApiError extends Error {
    constructor(status, code, message, body = null) {
        super(message);
        this.name = "ApiError";
        this.status = status;
        this.code = code;
        this.body = body;
    }
    get details() { return this.body?.error ?? {}; }
}

const announce = (name) => document.dispatchEvent(new CustomEvent(name));

function address(path, parameters) {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(parameters ?? {})) {
        if (value !== undefined && value !== null && value !== "") {
            query.set(name, value);
        }
    }
    return query.size ? `${path}?${query}` : path;
}

async function send(url, options) {
    let answer;
    try {
        answer = await fetch(url, { credentials: "same-origin", cache: "no-cache", ...options });
    } catch (error) {
        if (error.name === "AbortError") {
            throw error;
        }
        announce("weir:offline");
        throw new ApiError(0, "offline", t("shell.offline"));
    }
    announce("weir:online");
    return answer;
}

async function fail(answer) {
    const body = await answer.json().catch(() => null);
    const error = body?.error ?? {};
    if (answer.status === 401 && error.code === "not_logged_in") {
        announce("weir:login");
    }
    return new ApiError(answer.status, error.code ?? "unknown", error.message ?? t("shell.failed", { status: String(answer.status) }), body);
}

async function raw(path, parameters, signal, options = {}) {
    const answer = await send(address(path, parameters), { signal, ...options });
    if (!answer.ok) {
        throw await fail(answer);
    }
    return answer;
}

async function call(method, path, parameters, { body, signal } = {}) {
    const options = { method };
    if (body !== undefined) {
        options.headers = { "Content-Type": "application/json" };
        options.body = JSON.stringify(body);
    }
    return (await raw(path, parameters, signal, options)).json();
}

export const api = {
    raw,
    address,
    get: (path, parameters, signal) => call("GET", path, parameters, { signal }),
    post: (path, parameters, options) => call("POST", path, parameters, options),
    del: (path, parameters, options) => call("DELETE", path, parameters, options),
};
