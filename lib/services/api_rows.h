/* A list in an answer, written once for both forms: an array of objects in JSON, or (format=csv) a table whose header is made of the
 * first row's names. */
#pragma once

#include "services/api.h"

typedef struct ApiRows {
        Api *api;
        bool is_csv, has_header;
        Buffer header, row;
} ApiRows;
void api_rows_done(ApiRows *rows);

/* Begins the answer. name is that of the file a browser would save, without its end. */
int api_rows_begin(ApiRows *rows, Api *api, const char *key, const char *name);
void api_rows_end(ApiRows *rows); /* JSON: the object stays open for what else is to be said */
/* The answer's end. *rows is closed. */
int api_rows_finish(ApiRows *rows);

int api_row_begin(ApiRows *rows);
void api_row_string(ApiRows *rows, const char *name, const char *value);
void api_row_int(ApiRows *rows, const char *name, int64_t value);
void api_row_count(ApiRows *rows, const char *name, int64_t value); /* 0: there is none, null */
void api_row_bool(ApiRows *rows, const char *name, bool value);
void api_row_time(ApiRows *rows, const char *name, int64_t realtime_usec);
int api_row_end(ApiRows *rows);
