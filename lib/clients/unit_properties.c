#include "clients/unit_properties.h"

#include <string.h>

static const char *const signatures[_UNIT_PROPERTY_MAX] = {
        [UNIT_PROPERTY_TEXT] = "s",     [UNIT_PROPERTY_BOOL] = "b",          [UNIT_PROPERTY_UINT32] = "u",
        [UNIT_PROPERTY_UINT64] = "t",   [UNIT_PROPERTY_WORDS] = "as",        [UNIT_PROPERTY_ALLOW] = "(bas)",
        [UNIT_PROPERTY_DENY] = "(bas)", [UNIT_PROPERTY_COMMAND] = "a(sasb)", [UNIT_PROPERTY_FIELDS] = "aay",
        [UNIT_PROPERTY_PAIR] = "a(ss)", [UNIT_PROPERTY_BIND] = "a(ssbt)",
};

static int append_words(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append_strv(message, (char **) row->words);
}

static int append_filter(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'r', "bas");

        r = r < 0 ? r : sd_bus_message_append(message, "b", row->type == UNIT_PROPERTY_ALLOW);
        r = r < 0 ? r : append_words(message, row);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* argv begins with the program itself. Not the extended form, which could also forbid ${NAME} to be replaced: systemd 252 writes it into the
 * unit's file in words that it does not read, and after a daemon-reload the unit has no commands any more. */
static int append_command(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'a', "(sasb)");

        r = r < 0 ? r : sd_bus_message_open_container(message, 'r', "sasb");
        r = r < 0 ? r : sd_bus_message_append(message, "s", row->words[0]);
        r = r < 0 ? r : append_words(message, row);
        r = r < 0 ? r : sd_bus_message_append(message, "b", 0);
        r = r < 0 ? r : sd_bus_message_close_container(message);
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_fields(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'a', "ay");

        for (size_t i = 0; r >= 0 && row->words[i]; i++) {
                r = sd_bus_message_append_array(message, 'y', row->words[i], strlen(row->words[i]));
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_value(sd_bus_message *message, const UnitProperty *row) {
        switch (row->type) {
        case UNIT_PROPERTY_TEXT:
                return sd_bus_message_append(message, "s", row->text);
        case UNIT_PROPERTY_BOOL:
                return sd_bus_message_append(message, "b", row->number != 0);
        case UNIT_PROPERTY_UINT32:
                return sd_bus_message_append(message, "u", (uint32_t) row->number);
        case UNIT_PROPERTY_UINT64:
                return sd_bus_message_append(message, "t", row->number);
        case UNIT_PROPERTY_WORDS:
                return append_words(message, row);
        case UNIT_PROPERTY_ALLOW:
        case UNIT_PROPERTY_DENY:
                return append_filter(message, row);
        case UNIT_PROPERTY_COMMAND:
                return append_command(message, row);
        case UNIT_PROPERTY_FIELDS:
                return append_fields(message, row);
        case UNIT_PROPERTY_PAIR:
                return sd_bus_message_append(message, "a(ss)", 1, row->words[0], row->words[1]);
        case UNIT_PROPERTY_BIND:
                return sd_bus_message_append(message, "a(ssbt)", 1, row->text, row->text, 0, (uint64_t) 0);
        default:
                return -EINVAL;
        }
}

int unit_properties_append(sd_bus_message *message, const UnitProperty *rows, size_t n_rows) {
        int r = 0;

        for (size_t i = 0; i < n_rows && r >= 0; i++) {
                r = sd_bus_message_open_container(message, 'r', "sv");
                r = r < 0 ? r : sd_bus_message_append(message, "s", rows[i].name);
                r = r < 0 ? r : sd_bus_message_open_container(message, 'v', signatures[rows[i].type]);
                r = r < 0 ? r : append_value(message, rows + i);
                r = r < 0 ? r : sd_bus_message_close_container(message);
                r = r < 0 ? r : sd_bus_message_close_container(message);
        }
        return r;
}
