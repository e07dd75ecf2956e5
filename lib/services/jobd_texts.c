#include "services/jobd_texts.h"

#include <malloc.h>
#include <string.h>

#include "base/log.h"
#include "base/string_util.h"
#include "base/time_util.h"
#include "services/job_parts_store.h"
#include "services/jobd_job.h"

#define FRESH_USEC (30 * USEC_PER_SEC) /* people may edit the file meanwhile: then it is read again */
#define FAILURE_USEC USEC_PER_SEC      /* a failure may be over soon */

typedef struct JobdText JobdText;
struct JobdText {
        JobText text;   /* is empty but for its file until the runner told */
        uint64_t known; /* monotonic: since when; 0: not yet */
        bool is_wanted; /* the runner shall read it */
        JobdText *next;
};

/* --- the list -------------------------------------------------------------------------------------------------------- */

static JobdText *find(const Job *job, const char *file) {
        JobdText *text = job->texts;

        while (text && !string_equal(text->text.file, file)) {
                text = text->next;
        }
        return text;
}

static void unlink_text(JobdText **link) {
        JobdText *text = *link;

        *link = text->next;
        job_text_done(&text->text);
        free(text);
}

void jobd_texts_free(Job *job) {
        while (job->texts) {
                unlink_text(&job->texts);
        }
}

/* Drops what is known, or not even wanted any more. */
static void drop_known(Job *job, uint64_t until) {
        for (JobdText **link = &job->texts; *link;) {
                if (!(*link)->is_wanted && (*link)->known <= until) {
                        unlink_text(link);
                } else {
                        link = &(*link)->next;
                }
        }
}

void jobd_texts_outdated(Job *job) {
        drop_known(job, UINT64_MAX);
}

void jobd_texts_forget(Jobd *jobd) {
        uint64_t now = now_monotonic();

        jobd->next_forget = 0;
        for (Job *job = jobd->first; job; job = job->next) {
                drop_known(job, now > FRESH_USEC ? now - FRESH_USEC : 0);
                if (job->texts) {
                        jobd->next_forget = now + FRESH_USEC;
                }
        }
        (void) malloc_trim(0); /* texts are large, and seldom */
}

/* Room for one more: the oldest goes. */
static void make_room(Jobd *jobd) {
        JobdText **oldest = NULL;
        size_t n = 0;

        for (Job *job = jobd->first; job; job = job->next) {
                for (JobdText **link = &job->texts; *link; link = &(*link)->next) {
                        if ((*link)->known == 0 || (*link)->is_wanted) {
                                continue;
                        }
                        n++;
                        oldest = !oldest || (*link)->known < (*oldest)->known ? link : oldest;
                }
        }
        if (n >= JOBD_TEXTS_KEPT_MAX) {
                unlink_text(oldest);
        }
}

/* --- reading --------------------------------------------------------------------------------------------------------- */

static bool is_fresh(const JobdText *text) {
        uint64_t age = now_monotonic() - text->known;

        return text->known > 0 && !text->is_wanted &&
               age < (string_equal(text->text.state, "ready") ? FRESH_USEC : FAILURE_USEC);
}

static size_t count_wanted(const Job *job) {
        size_t n = 0;

        for (const JobdText *text = job->texts; text; text = text->next) {
                n += text->is_wanted;
        }
        return n;
}

static int want(Jobd *jobd, Job *job, const char *file, char **ret_message) {
        JobdText *text = find(job, file);

        if (text && text->is_wanted) {
                return 0;
        }
        if (count_wanted(job) >= JOBD_TEXTS_WANTED_MAX) {
                (void) string_format(ret_message, "Already %d files of job %s are being read",
                                     JOBD_TEXTS_WANTED_MAX, job->id);
                return -ENOBUFS;
        }
        if (!text) {
                text = calloc(1, sizeof(*text));
                if (!text || string_copy(&text->text.file, file) < 0) {
                        free(text);
                        return -ENOMEM;
                }
                text->next = job->texts;
                job->texts = text;
        }
        text->is_wanted = true;
        jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        return 0;
}

/* The job waits for people, and one of its conflicts is about that file. */
static int find_conflict(Jobd *jobd, const char *id, const char *file, Job **ret, JobConflict *ret_conflict,
                         char **ret_message) {
        int r = jobd_find_live(jobd, id, "resolved", ret, ret_message);

        if (r < 0) {
                return r;
        }
        if ((*ret)->state.status != JOB_STATUS_NEEDS_RESOLVE) {
                (void) string_format(ret_message,
                                     "Job %s is %s; it does not wait for conflicts to be resolved", id,
                                     job_status_to_string((*ret)->state.status));
                return -EBUSY;
        }
        r = conflict_store_find(jobd->store, (*ret)->seq, file, ret_conflict);
        if (r == 0) {
                (void) string_format(ret_message, "Job %s has no open conflict in %s", id, file);
                return -EINVAL;
        }
        return r;
}

/* Takes over the words of the conflict that the answer needs. */
static void describe(JobConflict *conflict, JobText *ret) {
        *ret = (JobText) { .is_text = conflict->is_text };
        ret->file = TAKE_PTR(conflict->depot_path);
        ret->type = TAKE_PTR(conflict->type);
        job_conflict_done(conflict);
}

static int answer_known(const JobdText *text, JobText *answer) {
        JobText copy = {};
        int r = job_text_copy(&copy, &text->text);

        if (r < 0) {
                return r;
        }
        copy.type = TAKE_PTR(answer->type);
        copy.is_text = answer->is_text;
        job_text_done(answer);
        *answer = copy;
        return 1;
}

static int answer_no_text(JobText *answer) {
        int r = string_copy(&answer->state, "unavailable");

        r = r < 0 ? r : string_copy(&answer->error, "The file is no text");
        return r < 0 ? r : 1;
}

static int answer_pending(Jobd *jobd, Job *job, bool wish, JobText *answer, char **ret_message) {
        int r = string_copy(&answer->state, "pending");

        return r < 0 || !wish ? r : want(jobd, job, answer->file, ret_message);
}

int jobd_read_conflict(Jobd *jobd, const char *id, const char *file, bool wish, JobText *ret,
                       char **ret_message) {
        JobConflict conflict = {};
        const JobdText *text;
        JobText answer = {};
        Job *job;
        int r = find_conflict(jobd, id, file, &job, &conflict, ret_message);

        if (r < 0) {
                return r;
        }
        describe(&conflict, &answer);
        text = find(job, answer.file);
        r = !answer.is_text        ? answer_no_text(&answer) :
            text && is_fresh(text) ? answer_known(text, &answer) :
                                     answer_pending(jobd, job, wish, &answer, ret_message);
        if (r < 0) {
                job_text_done(&answer);
                return r;
        }
        *ret = answer;
        return r;
}

/* --- the runner ------------------------------------------------------------------------------------------------------ */

int jobd_texts_wanted(Jobd *jobd, Job *job, char ***ret) {
        int r = 0;

        if (job->state.status != JOB_STATUS_NEEDS_RESOLVE) {
                jobd_texts_free(job); /* whoever asked is told why */
                return 0;
        }
        for (JobdText **link = &job->texts; r >= 0 && *link;) {
                r = (*link)->is_wanted ? conflict_store_has(jobd->store, job->seq, (*link)->text.file) : 1;
                if (r == 0) {
                        unlink_text(link);
                        continue;
                }
                r = r < 0 || !(*link)->is_wanted ? r : strv_append(ret, (*link)->text.file);
                link = &(*link)->next;
        }
        return r;
}

static bool is_too_large(const JobText *text) {
        const size_t sizes[] = { text->base.size, text->theirs.size, text->yours.size, text->merged.size };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                if (sizes[i] > JOB_CONTENT_MAX) {
                        return true;
                }
        }
        return false;
}

int jobd_texts_put(Jobd *jobd, Job *job, const JobText *told) {
        JobdText *text = find(job, told->file);
        JobText copy = {};
        int r;

        if (!text) {
                return 0; /* nobody wants it any more */
        }
        if (is_too_large(told)) {
                return -ENOBUFS;
        }
        r = job_text_copy(&copy, told);
        if (r < 0) {
                return r;
        }
        make_room(jobd);
        text = find(job, told->file);
        if (!text) { /* it was the oldest itself */
                job_text_done(&copy);
                return 0;
        }
        job_text_done(&text->text);
        text->text = copy;
        text->known = now_monotonic();
        text->is_wanted = false;
        jobd->next_forget = text->known + FRESH_USEC;
        return 0;
}

/* --- resolving ------------------------------------------------------------------------------------------------------- */

static int check_edit(Jobd *jobd, const Job *job, const JobConflict *conflict, const JobBytes *text,
                      char **ret_message) {
        int n = resolution_store_count_texts(jobd->store, job->seq);

        if (n < 0) {
                return n;
        }
        if (!conflict->is_text) {
                (void) string_format(ret_message, "%s is no text: accept theirs or yours",
                                     conflict->depot_path);
                return -EINVAL;
        }
        if (!string_equal(conflict->type, "content")) {
                (void) string_format(ret_message,
                                     "What conflicts in %s is no content (%s): accept theirs or yours",
                                     conflict->depot_path, conflict->type);
                return -EINVAL;
        }
        if (text->size > JOB_CONTENT_MAX) {
                (void) string_format(ret_message, "The text is larger than %zu bytes", JOB_CONTENT_MAX);
                return -ENOBUFS;
        }
        if (n >= JOBD_EDITS_MAX) {
                (void) string_copy(ret_message, "Too many texts wait to be put into the workspace already");
                return -ENOBUFS;
        }
        return 0;
}

int jobd_resolve_with_text(Jobd *jobd, const char *id, const char *file, const JobBytes *text,
                           char **ret_message) {
        _cleanup_(job_conflict_done) JobConflict conflict = {};
        JobChange change = { .edit = *text };
        JobState next;
        Job *job;
        int r = find_conflict(jobd, id, file, &job, &conflict, ret_message);

        r = r < 0 ? r : check_edit(jobd, job, &conflict, text, ret_message);
        if (r < 0) {
                return r;
        }
        change.edited = conflict.depot_path;
        next = job->state;
        r = jobd_save(jobd, job, &next, &change);
        if (r >= 0) {
                jobd_announce(jobd, job, JOBD_EVENT_WAKE);
        }
        return r;
}
