/* Asking again and again, politely.
 *
 *   const poll = live(page, 5, async (signal) => { … });    at once, then 5 s after each answer
 *   poll.now()  poll.every(1)  poll.stop()
 *
 * It pauses while the tab is hidden and goes on at once when it is seen again; after a failure it waits longer, up to a minute,
 * and the failure is told once (the function may catch what it wants to tell itself); it ends with the page. */
import { ApiError } from "./api.js";
import { toast } from "./toast.js";

const LONGEST = 60;

export function live(page, seconds, ask) {
    const state = { seconds, failures: 0, timer: null, is_running: false, is_stopped: false, is_wanted: false };

    function later() {
        clearTimeout(state.timer);
        if (!state.is_stopped && !document.hidden) {
            const wait = Math.min(LONGEST, state.seconds * 2 ** state.failures);
            state.timer = setTimeout(run, wait * 1000);
        }
    }

    function failed(error) {
        if (error.name === "AbortError" || state.is_stopped) {
            return;
        }
        state.failures = Math.min(state.failures + 1, 6);
        if (state.failures === 1 && !(error instanceof ApiError && (error.status === 0 || error.status === 401))) {
            toast(error.message, { kind: "error" });
        }
        if (!(error instanceof ApiError)) {
            console.error(error);
        }
    }

    async function run() {
        if (state.is_stopped || state.is_running) {
            state.is_wanted = state.is_running;
            return;
        }
        clearTimeout(state.timer);
        state.is_running = true;
        try {
            await ask(page.signal);
            state.failures = 0;
        } catch (error) {
            failed(error);
        }
        state.is_running = false;
        if (state.is_wanted) {
            state.is_wanted = false;
            await run();
            return;
        }
        later();
    }

    const seen = () => (document.hidden ? clearTimeout(state.timer) : run());
    const stop = () => {
        state.is_stopped = true;
        clearTimeout(state.timer);
        document.removeEventListener("visibilitychange", seen);
        window.removeEventListener("online", seen);
    };
    document.addEventListener("visibilitychange", seen);
    window.addEventListener("online", seen);
    page.onClose(stop);
    const first = run();
    return {
        first, stop,
        now: run,
        every(wanted) {
            if (wanted !== state.seconds) {
                state.seconds = wanted;
                if (!state.is_running) {
                    later();
                }
            }
        },
    };
}
