#include "services/run_texts.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd_util.h"
#include "base/log.h"
#include "base/string_util.h"
#include "domain/conflict.h"
#include "domain/file_type.h"
#include "domain/merge3.h"
#include "services/run_p4.h"

/* What is being read for one conflict, and what the type of the file means for it. */
typedef struct Reading {
        Run *run;
        JobText text;
        bool is_utf8;
        FileKeywords keywords;
} Reading;

/* --- revisions ------------------------------------------------------------------------------------------------------- */

/* One revision on its way. Keywords stay as they are stored: expanded ones would differ in every revision. */
typedef struct Print {
        Reading *reading;
        Buffer content;
        bool is_there; /* a deleted revision has no content */
} Print;

static int on_revision(const MarshalRecord *record, void *userdata) {
        Print *print = userdata;
        const char *action = marshal_record_get(record, "action");
        print->is_there = !action || !strstr(action, "delete");
        const char *type = marshal_record_get(record, "type");
        print->reading->is_utf8 = file_type_is_utf8(type);
        print->reading->keywords = file_type_keywords(type);
        return 0;
}

static int on_content(const void *data, size_t length, void *userdata) {
        Print *print = userdata;
        size_t room = JOB_CONTENT_MAX - print->content.length;
        int r = buffer_append(&print->content, data, length < room ? length : room);
        return r < 0 ? r : length > room ? -EFBIG : 0;
}

/* The contents of a utf8 file may or may not begin with a mark of their order; that is no difference. */
static void drop_mark(JobBytes *bytes) {
        if (bytes->size >= 3 && memcmp(bytes->data, "\xef\xbb\xbf", 3) == 0) {
                bytes->size -= 3;
                memmove(bytes->data, bytes->data + 3, bytes->size + 1);
        }
}

static int keep(Print *print, JobBytes *ret) {
        int r = print->is_there ? job_bytes_copy(ret, print->content.data ?: "", print->content.length) : 0;
        if (r >= 0 && print->reading->is_utf8) {
                drop_mark(ret);
        }
        return r;
}

/* 0 with text->error: it could not be read. */
static int read_revision(Reading *reading, const char *revision, JobBytes *ret) {
        _cleanup_(p4_result_done) P4Result result = {};
        const char *const arguments[] = { "print", "-k", revision, NULL };
        Print print = { .reading = reading };
        JobText *text = &reading->text;
        P4Command command = P4_COMMAND_INIT;
        command.arguments = arguments;
        command.on_record = on_revision;
        command.on_text = on_content;
        command.userdata = &print;
        if (!revision || text->error) {
                return 0;
        }
        int r = run_p4(reading->run, &command, &result);
        if (r == -EFBIG) {
                text->truncated = true;
                r = 0;
        } else if (r >= 0 && !p4_class_is_success(result.p4_class)) {
                r = string_copy(&text->error, result.text ?: p4_class_to_string(result.p4_class));
        }
        r = r < 0 ? r : keep(&print, ret);
        buffer_done(&print.content);
        return r;
}

/* --- the workspace --------------------------------------------------------------------------------------------------- */

/* -EMEDIUMTYPE: no file. Nothing is read through a link that somebody put there. */
static int read_file(const char *path, Buffer *ret, bool *ret_truncated) {
        struct stat status;
        _cleanup_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &status) < 0) {
                return -errno;
        }
        if (!S_ISREG(status.st_mode)) {
                return -EMEDIUMTYPE;
        }
        ssize_t n = 1;
        while (n > 0 && ret->length < JOB_CONTENT_MAX) {
                n = buffer_read(ret, fd, JOB_CONTENT_MAX - ret->length);
        }
        *ret_truncated = n > 0 && status.st_size > (off_t) JOB_CONTENT_MAX;
        return n < 0 ? (int) n : 0;
}

static int read_yours(Reading *reading, const JobConflict *conflict) {
        Buffer content = {};
        JobText *text = &reading->text;
        bool truncated = false;
        if (text->error) {
                return 0;
        }
        int r = conflict->local_path ? read_file(conflict->local_path, &content, &truncated) : -ENOENT;
        if (r >= 0) {
                text->truncated = text->truncated || truncated;
                r = job_bytes_copy(&text->yours, content.data ?: "", content.length);
                if (r >= 0) {
                        text->yours.size = file_keywords_collapse(reading->keywords, text->yours.data,
                                                                  text->yours.size);
                }
        } else if (r != -ENOENT &&
                   r != -ENOMEM) { /* there is none where it is deleted, or not yet branched */
                r = string_format(&text->error, "%s: %s", conflict->local_path, strerror(-r));
        }
        buffer_done(&content);
        return r == -ENOENT ? 0 : r;
}

/* --- merging --------------------------------------------------------------------------------------------------------- */

static MergeSide side_of(const JobBytes *bytes, const char *name) {
        return (MergeSide) { bytes->data ?: "", bytes->size, name };
}

static int merge(Reading *reading, const JobConflict *conflict) {
        const Run *run = reading->run;
        JobText *text = &reading->text;
        _cleanup_free_ char *yours_name = NULL;
        Buffer merged = { .max = JOB_CONTENT_MAX };
        JobBytes yours = {};
        bool is_mergeable = string_equal(conflict->type, "content") && !text->error && !text->truncated &&
                            text->theirs.data && text->yours.data;
        if (!is_mergeable) {
                return 0;
        }
        int r = conflict_client_path(conflict->local_path, run->state.client, run->state.root, &yours_name);
        r = r < 0 ? r : job_bytes_copy(&yours, text->yours.data, text->yours.size);
        if (r >= 0) {
                if (reading->is_utf8) {
                        drop_mark(&yours);
                }
                const MergeSide sides[] = { side_of(&text->base, text->base.data ? conflict->base : NULL),
                                            side_of(&text->theirs, conflict->theirs),
                                            side_of(&yours, yours_name) };
                r = merge3(&sides[0], &sides[1], &sides[2], &merged, NULL);
        }
        if (r >= 0) {
                r = job_bytes_copy(&text->merged, merged.data ?: "", merged.length);
        } else if (r == -E2BIG || r == -ENOBUFS) { /* too much for a person, too */
                text->truncated = true;
                r = 0;
        }
        job_bytes_done(&yours);
        buffer_done(&merged);
        return r;
}

/* --- telling --------------------------------------------------------------------------------------------------------- */

/* The conflict about a file's content, if there is one; otherwise any. */
static const JobConflict *find_conflict(const Run *run, const char *file) {
        const JobConflict *found = NULL;
        for (size_t i = 0; i < run->conflicts.n_items; i++) {
                const JobConflict *conflict = run->conflicts.items + i;
                bool is_better = !found || (string_equal(conflict->type, "content") &&
                                            !string_equal(found->type, "content"));
                if (is_better && conflict_is_named(conflict, file)) {
                        found = conflict;
                }
        }
        return found;
}

static int fill(Reading *reading, const char *file) {
        const JobConflict *conflict = find_conflict(reading->run, file);
        JobText *text = &reading->text;
        int r = string_copy(&text->file, file);
        if (r < 0 || !conflict) {
                r = r < 0 ? r : string_copy(&text->error, "It is no conflict any more");
                return r < 0 ? r : string_copy(&text->state, "unavailable");
        }
        r = read_revision(reading, conflict->base, &text->base);
        r = r < 0 ? r : read_revision(reading, conflict->theirs, &text->theirs);
        r = r < 0 ? r : read_yours(reading, conflict);
        r = r < 0 ? r : merge(reading, conflict);
        return r < 0 ? r : string_copy(&text->state, text->error ? "unavailable" : "ready");
}

static int tell(Run *run, const char *file) {
        Reading reading = { .run = run };
        JobReport report = { .text = &reading.text };
        int r = fill(&reading, file);
        if (r >= 0 && reading.text.error) {
                run_log(run, LOG_LEVEL_WARNING, "Cannot read the texts of %s: %s", file, reading.text.error);
        }
        r = r < 0 ? r : run_report(run, &report);
        job_text_done(&reading.text);
        return r;
}

int run_texts_tell(Run *run) {
        int r = 0;
        while (r >= 0 && run->texts && *run->texts) {
                char **files = run->texts; /* what is asked for meanwhile comes with the answer */
                run->texts = NULL;
                for (size_t i = 0; r >= 0 && files[i]; i++) {
                        r = tell(run, files[i]);
                }
                strv_free(files);
        }
        return r;
}
