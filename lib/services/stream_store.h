/* The streams of monitor.db: who is listed, who vanished, what each one's view covers. See
 * services/monitor_store.h. */
#pragma once

#include "services/server_store.h"

/* One row. Strings are valid during the callback only, unless it came from stream_store_get(). */
typedef struct MonitorStream {
        int64_t id, server_id;
        const char *server; /* its name */
        const char *path, *name, *type, *parent;
        bool is_gone, is_server_retired;
        bool is_measured; /* size_bytes and file_count have a meaning */
        bool is_direct;   /* its view is exactly its own depot path */
        bool is_volatile; /* its content can change without a submitted change: measured in every run */
        bool is_stale;    /* the last attempt failed, or it must be measured for another reason */
        unsigned missing_listings;
        int64_t spec_stamp; /* 0: its view is not known */
        int64_t size_bytes, file_count;
        int64_t measured_at, change; /* known to be so at that time, up to that change */
        int64_t created_at, gone_at; /* gone_at: the last time it went */
        const char *error_text;      /* why the last attempt failed; NULL: it did not */
} MonitorStream;

typedef struct MonitorStreamFilter {
        int64_t server_id; /* 0: all servers */
        int64_t stream_id; /* 0: all streams */
        const char *path;  /* NULL: all */
        bool with_gone;    /* also those no longer listed */
        bool with_retired; /* also those of retired servers */
} MonitorStreamFilter;
/* By server name and path. A non-zero return of function ends it and is returned. */
int stream_store_each(MonitorStore *store, const MonitorStreamFilter *filter,
                      int (*function)(const MonitorStream *stream, void *userdata), void *userdata);
/* The id of the stream with that path, on one server or (server_id 0) on the only one that has it; active
 * rows before gone ones. -ENOENT; -ENOTUNIQ when several servers have it. */
int stream_store_find(MonitorStore *store, int64_t server_id, const char *path, int64_t *ret_id);
/* The row itself, strings owned. */
int stream_store_get(MonitorStore *store, int64_t stream_id, MonitorStream *ret);
void monitor_stream_done(MonitorStream *stream); /* only for rows of stream_store_get() */

/* For the sister modules that ask for streams in other ways: the columns (t is streams, v is servers) and what a row of
 * them says. */
#define STREAM_STORE_COLUMNS                                                                                \
        "SELECT t.id, t.server_id, v.name, t.path, t.name, t.type, t.parent, t.state = 'gone',"             \
        " v.retired_at IS NOT NULL, t.size_bytes, t.file_count, t.direct, t.volatile, t.stale,"             \
        " t.missing_listings, t.spec_stamp, t.measured_at, t.change, t.created_at, t.gone_at, t.error_text" \
        " FROM streams t JOIN servers v ON v.id = t.server_id "
void stream_store_read(DbStatement *statement, MonitorStream *ret);

/* One successful listing: stream_store_list() for each stream the server has (and the mask selects),
 * between begin and end, inside one transaction. */
typedef struct StreamListing {
        const char *path, *name, *type, *parent;
} StreamListing;
/* Inserts or refreshes; a gone stream is active again. *ret_id; returns 1 for a new or returned stream. */
int stream_store_list(MonitorStore *store, int64_t server_id, const StreamListing *listing, int64_t now,
                      int64_t *ret_id);
/* Every active stream for which is_listed() says no is missed once more; the second time in a row it is
 * gone. on_gone is told of each such one. */
typedef struct StreamMissing {
        bool (*is_listed)(const char *path, void *userdata);
        void (*on_gone)(const char *path, void *userdata);
        void *userdata;
        unsigned n_missing, n_gone; /* results */
} StreamMissing;
int stream_store_mark_missing(MonitorStore *store, int64_t server_id, StreamMissing *missing, int64_t now);

/* What the view of a stream maps, see domain/stream_view.h; prefixes already folded where the server
 * ignores case. One transaction. */
int stream_store_set_view(MonitorStore *store, int64_t server_id, int64_t stream_id, int64_t spec_stamp,
                          bool is_direct, bool is_volatile, char *const *prefixes);
/* Streams whose view holds something in exactly this depot directory (a prefix that equals it). */
int stream_store_each_with_prefix(MonitorStore *store, int64_t server_id, const char *prefix,
                                  int (*function)(int64_t stream_id, void *userdata), void *userdata);
/* Streams whose view holds something below it (a prefix that lies deeper). */
int stream_store_each_below_prefix(MonitorStore *store, int64_t server_id, const char *prefix,
                                   int (*function)(int64_t stream_id, void *userdata), void *userdata);
