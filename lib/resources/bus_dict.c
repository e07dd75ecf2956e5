#include "resources/bus_dict.h"

#include <string.h>

#include "base/string_util.h"

#define TEXT_PRINTABLE_MAX 8192

int bus_append_text(sd_bus_message *message, const char *text) {
        _cleanup_free_ char *printable = NULL;
        int r;

        if (!text || string_is_utf8(text, strlen(text))) {
                return sd_bus_message_append_basic(message, 's', text ? text : "");
        }
        r = string_printable(&printable, text, TEXT_PRINTABLE_MAX);
        return r < 0 ? r : sd_bus_message_append_basic(message, 's', printable);
}

int bus_dict_open_entry(sd_bus_message *message, const char *name, const char *type) {
        int r = sd_bus_message_open_container(message, 'e', "sv");

        r = r < 0 ? r : sd_bus_message_append_basic(message, 's', name);
        return r < 0 ? r : sd_bus_message_open_container(message, 'v', type);
}

int bus_dict_close_entry(sd_bus_message *message) {
        int r = sd_bus_message_close_container(message);

        return r < 0 ? r : sd_bus_message_close_container(message);
}

static bool has_value(char type, const void *field) {
        switch (type) {
        case 's':
                return !string_is_empty(*(char *const *) field);
        case 'b':
                return *(const bool *) field;
        case 'u':
                return *(const uint32_t *) field != 0;
        default:
                return *(const uint64_t *) field != 0;
        }
}

static int append_value(sd_bus_message *message, char type, const void *field) {
        int flag;

        switch (type) {
        case 's':
                return bus_append_text(message, *(char *const *) field);
        case 'b':
                flag = *(const bool *) field;
                return sd_bus_message_append_basic(message, 'b', &flag);
        default:
                return sd_bus_message_append_basic(message, type, field);
        }
}

int bus_dict_append_fields(sd_bus_message *message, const BusField *fields, size_t n_fields,
                           const void *source) {
        int r = 0;

        for (size_t i = 0; i < n_fields && r >= 0; i++) {
                const void *field = (const char *) source + fields[i].offset;

                if (has_value(fields[i].type, field)) {
                        r = bus_dict_open_entry(message, fields[i].name, (char[]) { fields[i].type, 0 });
                        r = r < 0 ? r : append_value(message, fields[i].type, field);
                        r = r < 0 ? r : bus_dict_close_entry(message);
                }
        }
        return r;
}

static int read_value(sd_bus_message *message, char type, bool copies, void *field) {
        const char *text;
        int r, flag;

        switch (type) {
        case 's':
                r = sd_bus_message_read_basic(message, 's', &text);
                if (r >= 0 && copies) {
                        return string_replace(field, text);
                }
                if (r >= 0) {
                        *(const char **) field = text;
                }
                return r;
        case 'b':
                r = sd_bus_message_read_basic(message, 'b', &flag);
                if (r >= 0) {
                        *(bool *) field = flag;
                }
                return r;
        default:
                return sd_bus_message_read_basic(message, type, field);
        }
}

static int read_field(sd_bus_message *message, const BusField *field, bool copies, void *target,
                      sd_bus_error *ret_error) {
        int r = sd_bus_message_enter_container(message, 'v', (char[]) { field->type, 0 });

        if (r < 0) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "%s: a value of type \"%c\" is expected", field->name, field->type);
        }
        r = read_value(message, field->type, copies, (char *) target + field->offset);
        return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_other(sd_bus_message *message, const BusDict *dict, const char *name, void *target,
                      sd_bus_error *ret_error) {
        int r = dict->other ? dict->other(message, name, target, ret_error) : 0;

        if (r < 0 && !(ret_error && sd_bus_error_is_set(ret_error))) {
                return sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                         "%s: the value is of another type than expected", name);
        }
        if (r != 0) {
                return r;
        }
        return dict->strict ? sd_bus_error_setf(ret_error, SD_BUS_ERROR_INVALID_ARGS,
                                                "There is no %s called %s", dict->strict, name) :
                              sd_bus_message_skip(message, "v");
}

static int read_entry(sd_bus_message *message, const BusDict *dict, void *target, sd_bus_error *ret_error) {
        const char *name;
        int r = sd_bus_message_read_basic(message, 's', &name);

        for (size_t i = 0; r >= 0 && i < dict->n_fields; i++) {
                if (string_equal(dict->fields[i].name, name)) {
                        return read_field(message, &dict->fields[i], dict->copies, target, ret_error);
                }
        }
        return r < 0 ? r : read_other(message, dict, name, target, ret_error);
}

int bus_dict_read(sd_bus_message *message, const BusDict *dict, void *target, sd_bus_error *ret_error) {
        int r = sd_bus_message_enter_container(message, 'a', "{sv}");

        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = read_entry(message, dict, target, ret_error);
                r = r < 0 ? r : sd_bus_message_exit_container(message);
        }
        return r < 0 ? r : sd_bus_message_exit_container(message);
}
