/* Charts of sizes over time, by dygraphs, which is loaded when the first chart is.
 *
 *   const chart = await makeChart(box, {legend, label});     box has data-keep; legend is an element of the page
 *   chart.draw([{name, points: [[Date, bytes], …]}], {relative: false})
 *   chart.close()
 *
 * A size holds until the next measurement, so lines are steps. The colours are those of the theme (--c0 … --c9) and follow it. The
 * chart is for the eye; pages have the same figures as a table. */
import * as format from "./format.js";
import { currentLanguage } from "./i18n.js";
import { colour } from "./theme.js";

const COLOURS = 10;
let library = null;

function loadScript(src) {
    const script = document.createElement("script");
    script.src = src;
    return new Promise((resolve, reject) => {
        script.onload = resolve;
        script.onerror = () => reject(new Error(src));
        document.head.append(script);
    });
}

/* Its own legend writes style attributes, which our pages' policy forbids; tell() below takes its place. */
function withoutLegend() {
    const { Dygraph } = window;
    Dygraph.PLUGINS = Dygraph.PLUGINS.filter((plugin) => plugin !== Dygraph.Plugins.Legend);
}

function loadLibrary() {
    if (!library) {
        const link = document.createElement("link");
        link.rel = "stylesheet";
        link.href = "/lib/dygraph.css";
        document.head.append(link);
        library = loadScript("/lib/dygraph.js").then(withoutLegend);
        library.catch(() => { library = null; });
    }
    return library;
}

/* Rows of dygraphs: every moment of any line; where a line has none it is open (null) and drawn through. */
function tableOf(series) {
    const rows = new Map();
    series.forEach(({ points }, index) => points.forEach(([time, value]) => {
        const at = time.getTime();
        if (!rows.has(at)) {
            rows.set(at, [time, ...series.map(() => null)]);
        }
        rows.get(at)[index + 1] = value;
    }));
    return [...rows.values()].sort((a, b) => a[0] - b[0]);
}

const relativeOf = (points) => {
    const first = points.find(([, value]) => value > 0)?.[1];
    return first ? points.map(([time, value]) => [time, ((value - first) / first) * 100]) : [];
};

/* So many that neighbours on the axis differ. */
function digitsFor(step, high) {
    const unit = 1024 ** Math.floor(Math.log(Math.max(high, 1)) / Math.log(1024));
    return Math.min(6, Math.max(0, Math.ceil(Math.log10(unit / step))));
}

/* Round steps of powers of 1024, so that the axis says 512 MiB and not 488.3 MiB. */
function sizeTicks(low, high, pixels) {
    const wanted = Math.max(2, Math.floor(pixels / 48)), rough = (high - low) / wanted || 1;
    const unit = 1024 ** Math.floor(Math.log(Math.max(rough, 1)) / Math.log(1024));
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1024].map((n) => n * unit).find((n) => n >= rough) ?? rough;
    const ticks = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) {
        ticks.push({ v, label: format.size(v, digitsFor(step, high)) });
    }
    return ticks;
}

function spanLabel(date, days) {
    const options = days > 400 ? { year: "numeric", month: "short" } : days > 2 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" };
    return new Intl.DateTimeFormat(currentLanguage(), options).format(date);
}

class Chart {
    constructor(box, { legend, label }) {
        this.box = box;
        this.legend = legend;
        box.setAttribute("role", "img");
        box.setAttribute("aria-label", label);
        this.redraw = () => this.graph && this.draw(this.series, this.mode);
        document.addEventListener("weir:theme", this.redraw);
    }

    options(series, relative) {
        const show = relative ? format.percent : format.size;
        return {
            labels: ["time", ...series.map(({ name }, i) => `${i} ${name}`)], legend: "never", stepPlot: true, connectSeparatedPoints: true,
            colors: series.map((line) => colour(`--c${line.colour % COLOURS}`)), strokeWidth: 2, fillGraph: series.length === 1 && !relative, fillAlpha: 0.12,
            gridLineColor: colour("--line"), axisLineColor: colour("--line-strong"), rangeSelectorPlotFillColor: "", animatedZooms: false,
            includeZero: series.length > 1 && !relative, yRangePad: 12, xRangePad: 4, highlightCircleSize: 4,
            axes: {
                x: { axisLabelFormatter: (date) => spanLabel(date, this.days()), axisLabelWidth: 72, drawGrid: false },
                y: {
                    axisLabelWidth: 84, axisLabelFormatter: show,
                    ...(relative ? {} : { ticker: (low, high, pixels) => sizeTicks(low, high, pixels) }),
                },
            },
            highlightCallback: (event, x, points) => this.tell(x, points, show),
            unhighlightCallback: () => this.legend.replaceChildren(),
        };
    }

    days() {
        const range = this.graph?.xAxisRange() ?? this.range;
        return (range[1] - range[0]) / 86400000;
    }

    /* Under the pointer: when, and how large each was. */
    tell(x, points, show) {
        const time = document.createElement("span");
        time.textContent = format.dateTime(new Date(x).toISOString());
        const lines = points.map((point) => {
            const index = Number(point.name.split(" ")[0]), line = document.createElement("span"), key = document.createElement("i"), value = document.createElement("b");
            key.className = `key c${this.series[index].colour % COLOURS}`;
            value.textContent = show(point.yval);
            line.append(key, " ", this.series.length > 1 ? `${this.series[index].name} ` : "", value);
            return line;
        });
        this.legend.replaceChildren(time, ...lines);
    }

    draw(series, { relative = false } = {}) {
        this.series = series.map((line, i) => ({ colour: i, ...line }));
        this.mode = { relative };
        const lines = this.series.map((line) => (relative ? { ...line, points: relativeOf(line.points) } : line));
        const rows = tableOf(lines);
        this.graph?.destroy();
        this.graph = null;
        this.legend.replaceChildren();
        if (rows.length) {
            this.range = [rows[0][0].getTime(), rows.at(-1)[0].getTime()];
            this.graph = new window.Dygraph(this.box, rows, this.options(this.series, relative));
        }
    }

    close() {
        document.removeEventListener("weir:theme", this.redraw);
        this.graph?.destroy();
        this.graph = null;
    }
}

export async function makeChart(box, options) {
    await loadLibrary();
    return new Chart(box, options);
}

/* What the API says of a stream's history, oldest first, as points. A value holds until now. */
export function pointsOf({ history, to }) {
    const points = history.map((point) => [new Date(point.timestamp), point.size_bytes]).reverse();
    const end = new Date(to);
    if (points.length && points.at(-1)[0] < end) {
        points.push([end, points.at(-1)[1]]);
    }
    return points;
}
