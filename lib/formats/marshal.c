/* Reading and writing p4's marshalled dictionaries. resources/p4.c feeds it what the child prints.
 *
 * The bytes of the record in hand are kept raw. A resumable scan walks them as they arrive: it only checks
 * and counts, never looks at a byte twice and refuses a length before its bytes are there. When the record
 * is whole, the fields are laid over the raw bytes in place: every string is followed by a type byte that
 * has served its purpose, and that byte becomes its NUL. Only integers need a few bytes of their own. */
#include "formats/marshal.h"

#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/string_util.h"

#define LENGTH_SIZE 4
#define FEED_MAX ((size_t) 1024 * 1024)
#define INTEGER_TEXT_MAX 12 /* "-2147483648" and NUL */

struct MarshalParser {
        Buffer bytes; /* of the stream: consumed records (until the next feed), then the record in hand */
        size_t start; /* of the record in hand in bytes */
        size_t record_max;
        size_t scanned;   /* of the record in hand; 0: before a record */
        size_t n_objects; /* its keys and values so far */
        size_t n_integers;
        uint64_t dropped; /* of the stream before bytes */
        size_t hint;      /* see MarshalRecord */
        MarshalField *fields;
        size_t n_fields_allocated;
        Buffer integers;
};

int marshal_parser_new(MarshalParser **ret, size_t record_max) {
        MarshalParser *parser = calloc(1, sizeof(MarshalParser));

        if (!parser) {
                return -ENOMEM;
        }
        parser->record_max = record_max > 0 ? record_max : MARSHAL_RECORD_MAX;
        parser->bytes.max = parser->record_max + FEED_MAX;
        *ret = parser;
        return 0;
}

MarshalParser *marshal_parser_free(MarshalParser *parser) {
        if (parser) {
                buffer_done(&parser->bytes);
                buffer_done(&parser->integers);
                free(parser->fields);
                free(parser);
        }
        return NULL;
}

/* Dropping consumed records here, and not one by one, moves every byte at most once per feed. */
int marshal_parser_feed(MarshalParser *parser, const void *data, size_t length) {
        buffer_consume(&parser->bytes, parser->start);
        parser->dropped += parser->start;
        parser->start = 0;
        return buffer_append(&parser->bytes, data, length);
}

static size_t bytes_available(const MarshalParser *parser) {
        return parser->bytes.length - parser->start;
}

static uint32_t read_u32(const char *bytes) {
        const unsigned char *p = (const unsigned char *) bytes;

        return (uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24;
}

/* Scans one key or value, or the dictionary's end. 1: done, go on; 0: more bytes are needed. */
static int scan_object(MarshalParser *parser) {
        const char *p = parser->bytes.data + parser->start + parser->scanned;
        size_t available = bytes_available(parser) - parser->scanned, size = 1 + LENGTH_SIZE;
        bool is_key = parser->n_objects % 2 == 0;

        if (*p != 's' && *p != 'u' && (*p != 'i' || is_key)) {
                return -EBADMSG;
        }
        if (parser->scanned + size > parser->record_max || parser->n_objects >= 2 * MARSHAL_FIELDS_MAX) {
                return -EMSGSIZE;
        }
        if (available < size) {
                return 0;
        }
        if (*p != 'i') {
                uint32_t length = read_u32(p + 1);

                if (length > INT32_MAX) {
                        return -EBADMSG; /* the length is signed */
                }
                if (length > parser->record_max - parser->scanned - size) {
                        return -EMSGSIZE;
                }
                size += length;
        }
        if (available < size) {
                return 0;
        }
        parser->n_integers += *p == 'i';
        parser->scanned += size;
        parser->n_objects++;
        return 1;
}

/* 1: a whole record lies at `start`, `scanned` bytes long. */
static int scan_record(MarshalParser *parser) {
        while (parser->scanned < bytes_available(parser)) {
                char next = parser->bytes.data[parser->start + parser->scanned];
                int r;

                if (parser->scanned == 0) {
                        if (next != '{') {
                                return -EBADMSG;
                        }
                        parser->scanned = 1;
                        continue;
                }
                if (next == '0' && parser->n_objects % 2 == 0) {
                        parser->scanned++;
                        return parser->scanned > parser->record_max ? -EMSGSIZE : 1;
                }
                r = scan_object(parser);
                if (r <= 0) {
                        return r;
                }
        }
        return 0;
}

/* Room for the fields and the integers' texts, at once, so that nothing moves while pointers are taken. */
static int reserve_fields(MarshalParser *parser) {
        size_t n = parser->n_objects / 2;
        int r = 0;

        if (n > parser->n_fields_allocated) {
                MarshalField *fields = reallocarray(parser->fields, n, sizeof(MarshalField));

                if (!fields) {
                        return -ENOMEM;
                }
                parser->fields = fields;
                parser->n_fields_allocated = n;
        }
        buffer_clear(&parser->integers);
        for (size_t i = 0; i < parser->n_integers && r >= 0; i++) {
                r = buffer_append(&parser->integers, (char[INTEGER_TEXT_MAX]) {}, INTEGER_TEXT_MAX);
        }
        return r;
}

/* Takes the key or value at *position of the scanned record. */
static void take_object(MarshalParser *parser, size_t *position, size_t *n_integers, const char **ret,
                        size_t *ret_length) {
        char *p = parser->bytes.data + parser->start + *position, *text;

        *position += 1 + LENGTH_SIZE;
        if (*p == 'i') {
                text = parser->integers.data + (*n_integers)++ * INTEGER_TEXT_MAX;
                *ret_length = (size_t) snprintf(text, INTEGER_TEXT_MAX, "%d", (int32_t) read_u32(p + 1));
                *ret = text;
                return;
        }
        *ret_length = read_u32(p + 1);
        *ret = p + 1 + LENGTH_SIZE;
        *position += *ret_length;
}

static void take_fields(MarshalParser *parser) {
        size_t position = 1, n_integers = 0, n = parser->n_objects / 2;

        for (size_t i = 0; i < n; i++) {
                MarshalField *field = parser->fields + i;

                take_object(parser, &position, &n_integers, &field->key, &field->key_length);
                take_object(parser, &position, &n_integers, &field->value, &field->value_length);
        }
        /* Only now: the byte behind a string was the next object's type. */
        for (size_t i = 0; i < n; i++) {
                ((char *) parser->fields[i].key)[parser->fields[i].key_length] = 0;
                ((char *) parser->fields[i].value)[parser->fields[i].value_length] = 0;
        }
}

int marshal_parser_next(MarshalParser *parser, MarshalRecord *ret) {
        int r = scan_record(parser);

        if (r <= 0) {
                return r;
        }
        r = reserve_fields(parser);
        if (r < 0) {
                return r;
        }
        take_fields(parser);
        *ret = (MarshalRecord) { .fields = parser->fields,
                                 .n_fields = parser->n_objects / 2,
                                 .hint = &parser->hint };
        parser->start += parser->scanned;
        parser->scanned = parser->n_objects = parser->n_integers = parser->hint = 0;
        return 1;
}

uint64_t marshal_parser_offset(const MarshalParser *parser) {
        return parser->dropped + parser->start;
}

bool marshal_parser_is_idle(const MarshalParser *parser) {
        return bytes_available(parser) == 0;
}

static bool field_is(const MarshalField *field, const char *key, size_t length, const char *number) {
        size_t number_length = strlen(number);

        return field->key_length == length + number_length && memcmp(field->key, key, length) == 0 &&
               memcmp(field->key + length, number, number_length) == 0;
}

const MarshalField *marshal_record_find(const MarshalRecord *record, const char *key) {
        size_t length = strlen(key);

        for (size_t i = 0; i < record->n_fields; i++) {
                if (field_is(record->fields + i, key, length, "")) {
                        return record->fields + i;
                }
        }
        return NULL;
}

const char *marshal_record_get(const MarshalRecord *record, const char *key) {
        const MarshalField *field = marshal_record_find(record, key);

        return field ? field->value : NULL;
}

/* Indexed keys come in order and are asked for in order: the search goes on where the last one ended. */
const char *marshal_record_get_indexed(const MarshalRecord *record, const char *key, unsigned index) {
        size_t length = strlen(key), from = record->hint ? *record->hint : 0;
        char number[INTEGER_TEXT_MAX];

        (void) snprintf(number, sizeof(number), "%u", index);
        for (size_t i = 0; i < record->n_fields; i++) {
                size_t at = (from + i) % record->n_fields;

                if (field_is(record->fields + at, key, length, number)) {
                        if (record->hint) {
                                *record->hint = at;
                        }
                        return record->fields[at].value;
                }
        }
        return NULL;
}

/* --- writing
 * ------------------------------------------------------------------------------------------------------- */

int marshal_write_begin(Buffer *buffer) {
        return buffer_append(buffer, "{", 1);
}

static int write_string(Buffer *buffer, const char *text, size_t length) {
        unsigned char head[1 + LENGTH_SIZE] = { 's' };
        int r;

        if (length > INT32_MAX) {
                return -EMSGSIZE;
        }
        for (size_t i = 0; i < LENGTH_SIZE; i++) {
                head[1 + i] = (unsigned char) (length >> (8 * i));
        }
        r = buffer_append(buffer, head, sizeof(head));
        return r < 0 ? r : buffer_append(buffer, text, length);
}

int marshal_write_field(Buffer *buffer, const char *key, const char *value, size_t value_length) {
        int r = write_string(buffer, key, strlen(key));

        return r < 0 ? r : write_string(buffer, value, value_length);
}

int marshal_write_end(Buffer *buffer) {
        return buffer_append(buffer, "0", 1);
}
