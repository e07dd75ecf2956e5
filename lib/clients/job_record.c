#include "clients/job_record.h"

#include <string.h>

#include "base/seal.h"
#include "base/string_util.h"

/* Room for one more; grows by doubling, as some lists have twenty thousand entries. */
static int grow(void *items, size_t n_items, size_t size) {
        void **list = items, *grown;

        if (n_items & (n_items - 1)) { /* full only when the number is a power of two, or 0 */
                return 0;
        }
        grown = reallocarray(*list, n_items == 0 ? 1 : 2 * n_items, size);
        if (!grown) {
                return -ENOMEM;
        }
        *list = grown;
        return 0;
}

void job_pairs_done(JobPairs *pairs) {
        for (size_t i = 0; i < pairs->n_items; i++) {
                free(pairs->items[i].first);
                free(pairs->items[i].second);
        }
        free(pairs->items);
        *pairs = (JobPairs) {};
}

int job_pairs_append(JobPairs *pairs, const char *first, const char *second) {
        _cleanup_free_ char *a = NULL, *b = NULL;
        int r = grow(&pairs->items, pairs->n_items, sizeof(*pairs->items));

        r = r < 0 ? r : string_copy(&a, first);
        r = r < 0 ? r : string_copy(&b, second);
        if (r < 0) {
                return r;
        }
        pairs->items[pairs->n_items++] = (JobPair) { TAKE_PTR(a), TAKE_PTR(b) };
        return 0;
}

void job_conflict_done(JobConflict *conflict) {
        free(conflict->type);
        free(conflict->depot_path);
        free(conflict->local_path);
        free(conflict->base);
        free(conflict->theirs);
        free(conflict->yours);
        free(conflict->state);
        *conflict = (JobConflict) {};
}

void job_conflicts_done(JobConflicts *conflicts) {
        for (size_t i = 0; i < conflicts->n_items; i++) {
                job_conflict_done(&conflicts->items[i]);
        }
        free(conflicts->items);
        *conflicts = (JobConflicts) {};
}

int job_conflict_copy(JobConflict *ret, const JobConflict *conflict) {
        JobConflict copy = *conflict;
        const struct {
                char **to;
                const char *from;
        } texts[] = {
                { &copy.type, conflict->type },
                { &copy.depot_path, conflict->depot_path },
                { &copy.local_path, conflict->local_path },
                { &copy.base, conflict->base },
                { &copy.theirs, conflict->theirs },
                { &copy.yours, conflict->yours },
                { &copy.state, conflict->state },
        };
        int r = 0;

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                *texts[i].to = NULL;
        }
        for (size_t i = 0; i < ELEMENTSOF(texts) && r >= 0; i++) {
                r = string_copy(texts[i].to, texts[i].from);
        }
        if (r < 0) {
                job_conflict_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

int job_conflicts_append(JobConflicts *conflicts, const JobConflict *conflict) {
        int r = grow(&conflicts->items, conflicts->n_items, sizeof(*conflicts->items));

        r = r < 0 ? r : job_conflict_copy(&conflicts->items[conflicts->n_items], conflict);
        if (r < 0) {
                return r;
        }
        conflicts->n_items++;
        return 0;
}

void job_bytes_done(JobBytes *bytes) {
        free(bytes->data);
        *bytes = (JobBytes) {};
}

int job_bytes_copy(JobBytes *ret, const void *data, size_t size) {
        char *copy = NULL;

        if (data) {
                copy = malloc(size + 1);
                if (!copy) {
                        return -ENOMEM;
                }
                memcpy(copy, data, size);
                copy[size] = 0;
        }
        *ret = (JobBytes) { copy, data ? size : 0 };
        return 0;
}

void job_text_done(JobText *text) {
        free(text->file);
        free(text->state);
        free(text->type);
        free(text->error);
        job_bytes_done(&text->base);
        job_bytes_done(&text->theirs);
        job_bytes_done(&text->yours);
        job_bytes_done(&text->merged);
        *text = (JobText) {};
}

int job_text_copy(JobText *ret, const JobText *text) {
        JobText copy = { .is_text = text->is_text, .truncated = text->truncated };
        int r = string_copy(&copy.file, text->file);

        r = r < 0 ? r : string_copy(&copy.state, text->state);
        r = r < 0 ? r : string_copy(&copy.type, text->type);
        r = r < 0 ? r : string_copy(&copy.error, text->error);
        r = r < 0 ? r : job_bytes_copy(&copy.base, text->base.data, text->base.size);
        r = r < 0 ? r : job_bytes_copy(&copy.theirs, text->theirs.data, text->theirs.size);
        r = r < 0 ? r : job_bytes_copy(&copy.yours, text->yours.data, text->yours.size);
        r = r < 0 ? r : job_bytes_copy(&copy.merged, text->merged.data, text->merged.size);
        if (r < 0) {
                job_text_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void job_history_done(JobHistory *history) {
        for (size_t i = 0; i < history->n_items; i++) {
                free(history->items[i].from);
                free(history->items[i].to);
        }
        free(history->items);
        *history = (JobHistory) {};
}

int job_history_append(JobHistory *history, const char *from, const char *to, uint64_t at) {
        _cleanup_free_ char *a = NULL, *b = NULL;
        int r = grow(&history->items, history->n_items, sizeof(*history->items));

        r = r < 0 ? r : string_copy(&a, from);
        r = r < 0 ? r : string_copy(&b, to);
        if (r < 0) {
                return r;
        }
        history->items[history->n_items++] = (JobStep) { TAKE_PTR(a), TAKE_PTR(b), at };
        return 0;
}

void job_record_done(JobRecord *record) {
        char *const texts[] = {
                record->id,         record->kind,     record->status,       record->stage,
                record->owner,      record->spec,     record->server,       record->client,
                record->host,       record->unit,     record->error,        record->reason,
                record->blocked_by, record->retry_of, record->cancelled_by, record->status_text,
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                free(texts[i]);
        }
        job_conflicts_done(&record->conflicts);
        job_history_done(&record->history);
        job_pairs_done(&record->left_behind);
        *record = (JobRecord) {};
}

void job_records_done(JobRecords *records) {
        for (size_t i = 0; i < records->n_items; i++) {
                job_record_done(&records->items[i]);
        }
        free(records->items);
        *records = (JobRecords) {};
}

int job_records_take(JobRecords *records, JobRecord *record) {
        int r = grow(&records->items, records->n_items, sizeof(*records->items));

        if (r < 0) {
                return r;
        }
        records->items[records->n_items++] = *record;
        *record = (JobRecord) {};
        return 0;
}

void job_work_done(JobWork *work) {
        char *const texts[] = {
                work->spec,           work->owner,          work->status,        work->stage,
                work->checkpoint,     work->intent,         work->cancelled_by,  work->reason,
                work->client,         work->server.p4port,  work->server.p4user, work->server.trust,
                work->server.program, work->server.charset,
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                free(texts[i]);
        }
        job_pairs_done(&work->resolutions);
        job_pairs_done(&work->ledger);
        *work = (JobWork) {};
}

void job_answer_done(JobAnswer *answer) {
        job_pairs_done(&answer->resolutions);
        strv_free(answer->texts);
        wipe_text(&answer->login);
        *answer = (JobAnswer) {};
}
