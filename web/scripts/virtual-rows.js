/* Rows of one height in a scrolling element, of which only those in sight (and a few around them) are in the document. Two spacers stand
 * for the others. The owner says how many rows there are and makes the node of one; rows are the same object as long as their index
 * means the same, so a selection survives scrolling a little. Used by log-view.js and merge-view.js. */

const OVERSCAN = 24;

export class VirtualRows {
    /* scroller: overflows; list: its child that holds the rows; make(index) → element; onScroll(): after every repaint by scrolling;
     * onResize(): the scroller has another height. */
    constructor({ scroller, list, rowHeight, make, onScroll, onResize }) {
        Object.assign(this, { scroller, list, rowHeight, make, onScroll });
        this.count = 0;
        this.nodes = new Map();
        this.before = document.createElement("div");
        this.after = document.createElement("div");
        this.before.setAttribute("aria-hidden", "true");
        this.after.setAttribute("aria-hidden", "true");
        list.replaceChildren(this.before, this.after);
        this.frame = 0;
        this.schedule = () => {
            this.frame ||= requestAnimationFrame(() => {
                this.frame = 0;
                this.paint();
                this.onScroll?.();
            });
        };
        scroller.addEventListener("scroll", this.schedule, { passive: true });
        this.observer = new ResizeObserver(() => {
            onResize?.();
            this.schedule();
        });
        this.observer.observe(scroller);
    }

    close() {
        this.observer.disconnect();
        this.scroller.removeEventListener("scroll", this.schedule);
        cancelAnimationFrame(this.frame);
    }

    /* The rows anew: their number changed at the end, or (keep = false) any of them may mean something else. */
    reset(count, keep = false) {
        this.count = count;
        if (!keep) {
            this.nodes.forEach((node) => node.remove());
            this.nodes.clear();
        }
        this.paint();
    }

    /* Rows were added (n > 0) or removed (n < 0) at the front: what is in sight stays where it is. */
    shift(n, count) {
        const moved = new Map();
        for (const [index, node] of this.nodes) {
            if (index + n >= 0 && index + n < count) {
                moved.set(index + n, node);
            } else {
                node.remove();
            }
        }
        const top = this.scroller.scrollTop;
        this.nodes = moved;
        this.count = count;
        this.size(this.range());
        this.scroller.scrollTop = Math.max(0, top + n * this.rowHeight);
        this.paint();
    }

    range() {
        const first = Math.floor(this.scroller.scrollTop / this.rowHeight) - OVERSCAN;
        const n = Math.ceil(this.scroller.clientHeight / this.rowHeight) + 2 * OVERSCAN;
        const from = Math.max(0, Math.min(first, this.count - n));
        return [from, Math.min(this.count, from + n)];
    }

    size([from, to]) {
        this.before.style.height = `${from * this.rowHeight}px`;
        this.after.style.height = `${(this.count - to) * this.rowHeight}px`;
    }

    paint() {
        const [from, to] = this.range();
        for (const [index, node] of this.nodes) {
            if (index < from || index >= to) {
                node.remove();
                this.nodes.delete(index);
            }
        }
        let next = this.after;
        for (let index = to - 1; index >= from; index--) {
            let node = this.nodes.get(index);
            if (!node) {
                node = this.make(index);
                this.nodes.set(index, node);
            }
            if (node.nextSibling !== next) {
                next.before(node);
            }
            next = node;
        }
        this.size([from, to]);
    }

    /* The rows that are really to be seen. */
    visible() {
        const top = this.scroller.scrollTop;
        return [Math.floor(top / this.rowHeight),
            Math.min(this.count, Math.ceil((top + this.scroller.clientHeight) / this.rowHeight))];
    }

    isAtEnd() {
        return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < this.rowHeight * 1.5;
    }

    toEnd() {
        this.scroller.scrollTop = this.scroller.scrollHeight;
        this.paint();
    }

    toRow(index) {
        const middle = (this.scroller.clientHeight - this.rowHeight) / 2;
        this.scroller.scrollTop = Math.max(0, index * this.rowHeight - middle);
        this.paint();
    }
}
