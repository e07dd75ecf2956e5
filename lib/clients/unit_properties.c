/* One function per type of value. Braces follow the nesting of the message, so that an open container is seen. */
#include "clients/unit_properties.h"

#include <string.h>

static int append_words(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append_strv(message, (char **) row->words);
}

static int append_text(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append(message, "s", row->text);
}

static int append_bool(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append(message, "b", row->number != 0);
}

static int append_uint32(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append(message, "u", (uint32_t) row->number);
}

static int append_uint64(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append(message, "t", row->number);
}

static int append_filter(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'r', "bas");

        if (r >= 0) {
                r = sd_bus_message_append(message, "b", row->type == UNIT_PROPERTY_ALLOW);
        }
        if (r >= 0) {
                r = append_words(message, row);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

/* argv begins with the program itself. Without the flag ${NAME} in an argument would be replaced. */
static int append_command(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'a', "(sasas)");

        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'r', "sasas");
        }
        if (r >= 0) {
                r = sd_bus_message_append(message, "s", row->words[0]);
        }
        if (r >= 0) {
                r = append_words(message, row);
        }
        if (r >= 0) {
                r = sd_bus_message_append(message, "as", 1, "no-env-expand");
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(message);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_fields(sd_bus_message *message, const UnitProperty *row) {
        int r = sd_bus_message_open_container(message, 'a', "ay");

        for (size_t i = 0; r >= 0 && row->words[i]; i++) {
                r = sd_bus_message_append_array(message, 'y', row->words[i], strlen(row->words[i]));
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

static int append_credential(sd_bus_message *message, const UnitProperty *row) {
        return sd_bus_message_append(message, "a(ss)", 1, row->words[0], row->words[1]);
}

static const struct {
        const char *signature;
        int (*append)(sd_bus_message *message, const UnitProperty *row);
} types[_UNIT_PROPERTY_MAX] = {
        [UNIT_PROPERTY_TEXT] = { "s", append_text },
        [UNIT_PROPERTY_BOOL] = { "b", append_bool },
        [UNIT_PROPERTY_UINT32] = { "u", append_uint32 },
        [UNIT_PROPERTY_UINT64] = { "t", append_uint64 },
        [UNIT_PROPERTY_WORDS] = { "as", append_words },
        [UNIT_PROPERTY_ALLOW] = { "(bas)", append_filter },
        [UNIT_PROPERTY_DENY] = { "(bas)", append_filter },
        [UNIT_PROPERTY_COMMAND] = { "a(sasas)", append_command },
        [UNIT_PROPERTY_FIELDS] = { "aay", append_fields },
        [UNIT_PROPERTY_CREDENTIAL] = { "a(ss)", append_credential },
};

static int append_row(sd_bus_message *message, const UnitProperty *row) {
        const char *signature = types[row->type].signature;
        int r = sd_bus_message_open_container(message, 'r', "sv");

        if (r >= 0) {
                r = sd_bus_message_append(message, "s", row->name);
        }
        if (r >= 0) {
                r = sd_bus_message_open_container(message, 'v', signature);
        }
        if (r >= 0) {
                r = types[row->type].append(message, row);
        }
        if (r >= 0) {
                r = sd_bus_message_close_container(message);
        }
        return r < 0 ? r : sd_bus_message_close_container(message);
}

int unit_properties_append(sd_bus_message *message, const UnitProperty *rows, size_t n_rows) {
        int r = 0;

        for (size_t i = 0; i < n_rows && r >= 0; i++) {
                r = append_row(message, rows + i);
        }
        return r;
}
