/* The questions measuring asks a Perforce server, each one p4 command, answered as plain values. All
 * return 0 with ret_result filled whatever its class, or a negative errno for a failure of our own; other
 * out-parameters mean something only when p4_class_is_success(). Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "domain/stream_tree.h"
#include "domain/stream_view.h"
#include "resources/p4.h"

typedef struct P4Session {
        P4Server server;
        int cancel_fd; /* readable: every command ends with P4_CANCELLED */
} P4Session;

typedef struct P4Info {
        int64_t server_time; /* the server's clock in seconds; 0: it did not say */
        bool ignores_case;
} P4Info;
int p4_query_info(const P4Session *session, P4Info *ret, P4Result *ret_result);

/* login -s. Seconds until the ticket expires; 0: it does not, or none is needed. */
int p4_query_login(const P4Session *session, int64_t *ret_expires_in, P4Result *ret_result);

/* Submitted changes from since (inclusive; 0: all), newest first, at most max. */
typedef struct P4Change {
        int64_t change, time;
        const char *path; /* common path of its files, or NULL */
} P4Change;
int p4_query_changes(const P4Session *session, int64_t since, unsigned max,
                     int (*on_change)(const P4Change *change, void *userdata), void *userdata,
                     P4Result *ret_result);

/* Every stream, whatever its name. */
int p4_query_streams(const P4Session *session, int (*on_stream)(const StreamSpec *spec, void *userdata),
                     void *userdata, P4Result *ret_result);

/* The files of submitted changes, at most max_files of each. on_change comes before the on_files of a
 * change; n_files tells whether it was cut off (it equals max_files then). */
typedef struct P4Described {
        int64_t change;
        const char *path;   /* common path, or NULL */
        const char *stream; /* a stream spec is part of it, or NULL */
        size_t n_files;
} P4Described;
typedef struct P4DescribeCallbacks {
        int (*on_change)(const P4Described *described, void *userdata);
        int (*on_file)(const char *depot_file, void *userdata);
        void *userdata;
} P4DescribeCallbacks;
int p4_query_describe(const P4Session *session, const int64_t *changes, size_t n_changes, unsigned max_files,
                      const P4DescribeCallbacks *callbacks, P4Result *ret_result);

/* The view of one stream, finished. *ret is valid (and owned) after success only. -ENOENT: there is no
 * such stream (any more). */
int p4_query_view(const P4Session *session, const char *path, const char *type, bool ignore_case,
                  StreamView *ret, P4Result *ret_result);

typedef struct P4Size {
        bool is_known; /* the server answered for this path */
        int64_t size_bytes, file_count;
} P4Size;
/* sizes -s of several paths in one command; sizes[i] is that of paths[i]. Paths without files are not
 * always answered: is_known stays false. */
int p4_query_sizes(const P4Session *session, const char *const *paths, size_t n_paths, P4Size *sizes,
                   P4Result *ret_result);

/* Makes a client show a stream; a client that does not exist is made. Needs session->server.client. */
int p4_query_show_stream(const P4Session *session, const char *stream, P4Result *ret_result);

/* Pins an SSL fingerprint in the trust file. */
int p4_query_trust(const P4Session *session, const char *fingerprint, P4Result *ret_result);
