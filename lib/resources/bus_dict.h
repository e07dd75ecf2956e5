/* Dictionaries of D-Bus, a{sv}, by tables of fields: one table serves the end that writes and the end that reads. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

#include "base/macro.h"

typedef struct BusField {
        const char *name;
        char type; /* of the value and of the field: s char *, b bool, u uint32_t, t uint64_t, x int64_t */
        size_t offset; /* of the field in the structure */
} BusField;

/* Appends the dictionary's entries, those without a value (empty, 0, false) left out; the array around them is the caller's. A text that
 * is no UTF-8, which D-Bus refuses, is made printable. */
int bus_dict_append_fields(sd_bus_message *message, const BusField *fields, size_t n_fields,
                           const void *source);
/* Around one entry whose value the caller appends: type is its signature. */
int bus_dict_open_entry(sd_bus_message *message, const char *name, const char *type);
int bus_dict_close_entry(sd_bus_message *message);
int bus_append_text(sd_bus_message *message, const char *text);

/* How a dictionary is read. */
typedef struct BusDict {
        const BusField *fields;
        size_t n_fields;
        bool copies; /* texts are copied and owned by target; otherwise they live as long as the message */
        /* Entries that are not in the table: enters the variant and reads it, returning 1; 0: not known either. May be NULL. */
        int (*other)(sd_bus_message *message, const char *name, void *target, sd_bus_error *ret_error);
        const char *strict; /* unknown entries are refused as "there is no STRICT called …"; NULL: they are skipped */
} BusDict;
/* Reads a whole a{sv} into target. What is wrong with it is told as InvalidArgs; ret_error may be NULL. */
int bus_dict_read(sd_bus_message *message, const BusDict *dict, void *target, sd_bus_error *ret_error);
