/* The `p4 -G` output format: a stream of Python marshal dictionaries of strings and 32-bit ints, no
 * separators.
 *
 * A push parser: feed bytes as they come, take records one at a time. It holds at most one record, so ten
 * million records cost what the largest one costs; a record beyond the limit is an error (-EMSGSIZE), not a
 * truncation. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"

#define MARSHAL_RECORD_MAX ((size_t) 16 * 1024 * 1024)
#define MARSHAL_FIELDS_MAX ((size_t) 1024 * 1024)

typedef struct MarshalField {
        const char *key; /* NUL-terminated */
        size_t key_length;
        const char *value; /* NUL-terminated, may hold NULs and any bytes; of an int its decimal text */
        size_t value_length;
} MarshalField;

typedef struct MarshalRecord {
        const MarshalField *fields;
        size_t n_fields;
        size_t *hint; /* where get_indexed() found the last one; may be NULL */
} MarshalRecord;

typedef struct MarshalParser MarshalParser;

int marshal_parser_new(MarshalParser **ret, size_t record_max); /* 0 = MARSHAL_RECORD_MAX */
MarshalParser *marshal_parser_free(MarshalParser *parser);
DEFINE_TRIVIAL_CLEANUP_FUNC(MarshalParser *, marshal_parser_free);

int marshal_parser_feed(MarshalParser *parser, const void *data, size_t length);
/* Returns 1 and the next whole record (valid until the next call of feed or next), 0 when more bytes are
 * needed, -EBADMSG when the bytes are not marshal (marshal_parser_offset() tells where),
 * -EMSGSIZE beyond the limit. */
int marshal_parser_next(MarshalParser *parser, MarshalRecord *ret);
/* Bytes of the stream consumed by complete records. */
uint64_t marshal_parser_offset(const MarshalParser *parser);
/* No unfinished record is pending: a clean end. */
bool marshal_parser_is_idle(const MarshalParser *parser);

const MarshalField *marshal_record_find(const MarshalRecord *record, const char *key); /* or NULL */
const char *marshal_record_get(const MarshalRecord *record, const char *key); /* its value, or NULL */
/* The Nth of an indexed key: ("depotFile", 3) finds depotFile3. */
const char *marshal_record_get_indexed(const MarshalRecord *record, const char *key, unsigned index);

/* Writing (for `-i` input): one dictionary of strings. */
struct Buffer;
int marshal_write_begin(struct Buffer *buffer);
int marshal_write_field(struct Buffer *buffer, const char *key, const char *value, size_t value_length);
int marshal_write_end(struct Buffer *buffer);
