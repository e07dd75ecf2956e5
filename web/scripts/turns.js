/* Of questions that overlap only the newest one's answer counts, whichever comes first:
 *
 *   const isNewest = turns.next();      a new question (turns.now(): asked within the newest one)
 *   const answer = await …;
 *   if (!isNewest()) { return; } */
export class Turns {
    newest = 0;

    next() {
        this.newest++;
        return this.now();
    }

    now() {
        const mine = this.newest;
        return () => mine === this.newest;
    }
}
