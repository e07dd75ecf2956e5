/* libFuzzer target: any bytes through the marshal parser. Fed at once or in pieces, the outcome must be the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "formats/marshal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Outcome {
        uint64_t n_records, sum, offset;
        int last;
        bool idle;
} Outcome;

static void look_at(const MarshalRecord *record, Outcome *outcome) {
        outcome->n_records++;
        for (size_t i = 0; i < record->n_fields; i++) {
                const MarshalField *field = record->fields + i;

                if (field->key[field->key_length] != 0 || field->value[field->value_length] != 0) {
                        abort();
                }
                for (size_t k = 0; k < field->value_length; k++) {
                        outcome->sum = outcome->sum * 31 + (uint8_t) field->value[k];
                }
                outcome->sum += field->key_length + strlen(field->key);
        }
        if (record->n_fields > 0 && marshal_record_get(record, record->fields[0].key) == NULL &&
            strlen(record->fields[0].key) == record->fields[0].key_length) {
                abort();
        }
        (void) marshal_record_get_indexed(record, "View", 7);
}

static Outcome parse(const uint8_t *data, size_t size, size_t piece) {
        _cleanup_(marshal_parser_freep) MarshalParser *parser = NULL;
        Outcome outcome = {};
        MarshalRecord record;

        if (marshal_parser_new(&parser, 4096) < 0) {
                abort();
        }
        for (size_t at = 0; at < size && outcome.last >= 0; at += piece) {
                if (marshal_parser_feed(parser, data + at, size - at < piece ? size - at : piece) < 0) {
                        abort();
                }
                while ((outcome.last = marshal_parser_next(parser, &record)) > 0) {
                        look_at(&record, &outcome);
                }
        }
        outcome.offset = marshal_parser_offset(parser);
        outcome.idle = marshal_parser_is_idle(parser);
        return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Outcome whole = parse(data, size, size + 1);
        static const size_t pieces[] = { 1, 3, 64 };

        for (size_t i = 0; i < ELEMENTSOF(pieces); i++) {
                Outcome cut = parse(data, size, pieces[i]);

                if (cut.n_records != whole.n_records || cut.sum != whole.sum || cut.offset != whole.offset ||
                    cut.last != whole.last || cut.idle != whole.idle) {
                        abort();
                }
        }
        return 0;
}
