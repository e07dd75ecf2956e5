/* Tables as files. A list that fits one answer is an ordinary link; a longer one is fetched page by page, by key, and saved whole. */
import { api } from "./api.js";

export const CSV_PAGE = 1000;

function save(text, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

export async function saveStreams({ server_id, q }, signal) {
    const parts = [];
    for (let page = 1, lines = CSV_PAGE + 1; lines > CSV_PAGE; page++) {
        const wanted = { server_id, q, page, per_page: CSV_PAGE, format: "csv" };
        const text = await (await api.raw("/api/streams", wanted, signal)).text();
        lines = text.split("\r\n").length - 1; // a path holds no line break
        parts.push(page === 1 ? text : text.slice(text.indexOf("\r\n") + 2));
    }
    save(parts.join(""), "weir-streams.csv");
}
