#include "domain/conflict.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/file_type.h"

#define COUNTS_MAX CONFLICTS_MAX

/* --- chunks ----------------------------------------------------------------------------------------- */

void chunk_counts_done(ChunkCounts *counts) {
        for (size_t i = 0; i < counts->n_items; i++) {
                free(counts->items[i].path);
        }
        free(counts->items);
        *counts = (ChunkCounts) {};
}

int chunk_count_parse(const char *text, ChunkCount *ret) {
        uint32_t numbers[4];
        const char *at = strchr(text, ':');
        if (!at) {
                return -EINVAL;
        }
        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                char digits[11];
                at += strcspn(at, "0123456789");
                size_t length = strspn(at, "0123456789");
                if (length == 0 || length >= sizeof(digits)) {
                        return -EINVAL;
                }
                (void) snprintf(digits, sizeof(digits), "%.*s", (int) length, at);
                at += length;
                if (parse_uint32(digits, &numbers[i]) < 0) {
                        return -EINVAL;
                }
        }
        *ret = (ChunkCount) { NULL, numbers[0], numbers[1], numbers[2], numbers[3] };
        return 0;
}

static ChunkCount *find_count(const ChunkCounts *counts, const char *path) {
        for (size_t i = 0; i < counts->n_items; i++) {
                if (string_equal(counts->items[i].path, path)) {
                        return counts->items + i;
                }
        }
        return NULL;
}

const ChunkCount *chunk_counts_find(const ChunkCounts *counts, const char *path) {
        return find_count(counts, path);
}

int chunk_counts_set(ChunkCounts *counts, const char *path, const ChunkCount *count) {
        ChunkCount *known = find_count(counts, path);
        if (known) {
                char *kept = known->path;
                *known = *count;
                known->path = kept;
                return 0;
        }
        if (counts->n_items >= COUNTS_MAX) {
                return 0;
        }
        ChunkCount *grown = reallocarray(counts->items, counts->n_items + 1, sizeof(*grown));
        if (!grown) {
                return -ENOMEM;
        }
        counts->items = grown;
        ChunkCount row = *count;
        int r = string_copy(&row.path, path);
        if (r < 0) {
                return r;
        }
        grown[counts->n_items++] = row;
        return 0;
}

/* --- the list --------------------------------------------------------------------------------------- */

/* resolveType of p4, and what weir calls it. */
static const struct {
        const char *p4, *type;
} types[] = {
        { "content", "content" },     { "branch", "branch" },     { "delete", "delete" },
        { "move", "move" },           { "filetype", "filetype" }, { "attributes", "attribute" },
        { "attribute", "attribute" }, { "charset", "attribute" },
};

static const char *type_of(const MarshalRecord *record) {
        const char *text = marshal_record_get(record, "resolveType");
        for (size_t i = 0; text && i < ELEMENTSOF(types); i++) {
                if (string_equal(types[i].p4, text)) {
                        return types[i].type;
                }
        }
        return "content"; /* old servers know no other and do not say it */
}

/* "//depot/file#3"; without a file there is none. */
static int revision(const char *file, const char *rev, char **ret) {
        if (string_is_empty(file)) {
                *ret = NULL;
                return 0;
        }
        if (string_is_empty(rev) || string_equal(rev, "none")) {
                return string_copy(ret, file);
        }
        return string_format(ret, "%s%s%s", file, *rev == '#' || *rev == '@' ? "" : "#", rev);
}

static int hex_digit(char c) {
        return c >= '0' && c <= '9' ? c - '0' :
               c >= 'A' && c <= 'F' ? c - 'A' + 10 :
               c >= 'a' && c <= 'f' ? c - 'a' + 10 :
                                      -1;
}

/* %40 %23 %2A %25 in place; what is no such code stays. */
static void decode(char *path) {
        char *to = path;
        for (const char *from = path; *from; to++) {
                int high = *from == '%' ? hex_digit(from[1]) : -1, low = high < 0 ? -1 : hex_digit(from[2]);
                *to = low < 0 ? *from : (char) (high * 16 + low);
                from += low < 0 ? 1 : 3;
        }
        *to = 0;
}

int conflict_local_path(const char *path, const char *client, const char *root, char **ret) {
        size_t length = strlen(client);
        if (!string_has_prefix(path, "//") || strncmp(path + 2, client, length) != 0 ||
            path[2 + length] != '/') {
                return string_copy(ret, path);
        }
        _cleanup_free_ char *below = NULL;
        int r = string_copy(&below, path + 2 + length);
        if (r < 0) {
                return r;
        }
        decode(below);
        size_t root_length = strlen(root);
        bool has_slash = root_length > 0 && root[root_length - 1] == '/';
        return string_format(ret, "%.*s%s", (int) (root_length - has_slash), root, below);
}

static int encode(const char *path, Buffer *ret) {
        int r = 0;
        for (; r >= 0 && *path; path++) {
                r = strchr("@#%*", *path) ? buffer_append_format(ret, "%%%02X", (unsigned char) *path) :
                                            buffer_append(ret, path, 1);
        }
        return r;
}

int conflict_client_path(const char *path, const char *client, const char *root, char **ret) {
        size_t length = strlen(root);
        bool is_below = string_has_prefix(path, root) &&
                        (path[length] == '/' || string_has_suffix(root, "/"));
        if (!is_below) {
                return string_copy(ret, path);
        }
        _cleanup_(buffer_done) Buffer text = {};
        int r = buffer_append_format(&text, "//%s/", client);
        r = r < 0 ? r : encode(path + length + strspn(path + length, "/"), &text);
        return r < 0 ? r : buffer_take_string(&text, ret);
}

int conflicts_add_resolve(JobConflicts *conflicts, const MarshalRecord *record, const char *client,
                          const char *root) {
        _cleanup_free_ char *base = NULL, *theirs = NULL, *local = NULL;
        const char *file = marshal_record_get(record, "clientFile");
        const char *shelf = marshal_record_get(record, "shelvedChange");
        if (!file) {
                return 0;
        }
        if (conflicts->n_items >= CONFLICTS_MAX) {
                return 1;
        }
        int r = conflict_local_path(file, client, root, &local);
        r = r < 0 ? r :
                    revision(marshal_record_get(record, "baseFile"), marshal_record_get(record, "baseRev"),
                             &base);
        r = r < 0 ? r :
                    revision(marshal_record_get(record, "fromFile"),
                             shelf ? shelf : marshal_record_get(record, "endFromRev"), &theirs);
        JobConflict conflict = {
                .type = (char *) type_of(record),
                .local_path = local,
                .base = base,
                .theirs = theirs,
                .state = (char *) "open",
                .is_text = !string_equal(marshal_record_get(record, "contentResolveType"), "3wayraw"),
        };
        r = r < 0 ? r : job_conflicts_append(conflicts, &conflict);
        return r < 0 ? r : 1;
}

static int add_depot_path(JobConflict *conflict, const MarshalRecord *record) {
        const char *depot = marshal_record_get(record, "depotFile");
        const char *rev = marshal_record_get(record, "haveRev");
        conflict->is_text = conflict->is_text && file_type_is_text(marshal_record_get(record, "type"));
        rev = rev ? rev : marshal_record_get(record, "workRev");
        free(TAKE_PTR(conflict->yours));
        int r = string_replace(&conflict->depot_path, depot);
        return r < 0 ? r : revision(depot, rev, &conflict->yours);
}

int conflicts_add_fstat(JobConflicts *conflicts, const MarshalRecord *record, const char *client,
                        const char *root) {
        const char *path = marshal_record_get(record, "path");
        _cleanup_free_ char *local = NULL;
        path = path ? path : marshal_record_get(record, "clientFile");
        if (!path || !marshal_record_get(record, "depotFile")) {
                return 0;
        }
        int r = conflict_local_path(path, client, root, &local);
        for (size_t i = 0; i < conflicts->n_items && r >= 0; i++) {
                if (string_equal(conflicts->items[i].local_path, local)) {
                        r = add_depot_path(conflicts->items + i, record);
                }
        }
        return r < 0 ? r : 0;
}

void conflicts_add_chunks(JobConflicts *conflicts, const ChunkCounts *counts) {
        for (size_t i = 0; i < conflicts->n_items; i++) {
                JobConflict *conflict = conflicts->items + i;
                const ChunkCount *count = chunk_counts_find(counts, conflict->local_path);
                if (!count || !string_equal(conflict->type, "content")) {
                        continue;
                }
                conflict->chunks_yours = count->yours;
                conflict->chunks_theirs = count->theirs;
                conflict->chunks_both = count->both;
                conflict->chunks_conflicting = count->conflicting;
        }
}

static uint64_t stamp_text(uint64_t stamp, const char *text) {
        for (const char *c = text ? text : ""; *c; c++) {
                stamp = (stamp ^ (unsigned char) *c) * UINT64_C(1099511628211);
        }
        return (stamp ^ 0x100) * UINT64_C(1099511628211); /* the end of a text counts, too */
}

uint64_t conflicts_stamp(const JobConflicts *conflicts) {
        uint64_t stamp = UINT64_C(14695981039346656037);
        for (size_t i = 0; i < conflicts->n_items; i++) {
                const JobConflict *conflict = conflicts->items + i;
                stamp = stamp_text(stamp, conflict->type);
                stamp = stamp_text(stamp, conflict->local_path);
                stamp = stamp_text(stamp, conflict->theirs);
        }
        return stamp;
}

/* --- how to resolve --------------------------------------------------------------------------------- */

static const struct {
        const char *name, *option;
} accepts[] = {
        [CONFLICT_THEIRS] = { "theirs", "-at" }, [CONFLICT_YOURS] = { "yours", "-ay" },
        [CONFLICT_MERGED] = { "merged", "-am" }, [CONFLICT_EDIT] = { "edit", NULL },
        [CONFLICT_TEXT] = { "text", NULL },
};

ConflictAccept conflict_accept_from_string(const char *text) {
        for (int i = 0; i < _CONFLICT_ACCEPT_MAX; i++) {
                if (string_equal(accepts[i].name, text)) {
                        return (ConflictAccept) i;
                }
        }
        return _CONFLICT_ACCEPT_INVALID;
}

const char *conflict_accept_option(ConflictAccept accept) {
        return accepts[accept].option;
}

/* As resources/bus_dict.h makes it printable. */
static bool is_printed_as(const char *path, const char *file) {
        _cleanup_free_ char *printable = NULL;
        return path && strchr(file, '\\') && !string_is_utf8(path, strlen(path)) &&
               string_printable(&printable, path, SIZE_MAX) >= 0 && string_equal(printable, file);
}

bool conflict_is_named(const JobConflict *conflict, const char *file) {
        return string_equal(file, "*") || string_equal(file, conflict->depot_path) ||
               string_equal(file, conflict->local_path) || is_printed_as(conflict->depot_path, file) ||
               is_printed_as(conflict->local_path, file);
}
