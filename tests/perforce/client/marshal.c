/*
 * See marshal.h.
 */
#include "marshal.h"

static void append_string(Buffer *out, Str s) {
        uint8_t head[5] = { 's' };

        write_le32(head + 1, (uint32_t) s.length);
        buffer_append(out, head, sizeof(head));
        buffer_append_str(out, s);
}

void marshal_begin(Buffer *out) {
        buffer_append_char(out, '{');
}

void marshal_add(Buffer *out, Str key, Str value) {
        append_string(out, key);
        append_string(out, value);
}

void marshal_add_number(Buffer *out, Str key, int32_t value) {
        uint8_t number[5] = { 'i' };

        append_string(out, key);
        write_le32(number + 1, (uint32_t) value);
        buffer_append(out, number, sizeof(number));
}

void marshal_end(Buffer *out) {
        buffer_append_char(out, '0');
}

static bool take(Str *input, char c) {
        if (input->length == 0 || input->data[0] != c) {
                return false;
        }
        *input = str_sub(*input, 1, input->length - 1);
        return true;
}

/* s or u, four bytes of length, bytes; a length beyond the end stops there, as in the product. */
static bool take_string(Str *input, Str *ret_string) {
        uint32_t length = 0;

        if (!take(input, 's') && !take(input, 'u')) {
                return false;
        }
        if (input->length >= 4) {
                length = read_le32(input->data);
                *input = str_sub(*input, 4, input->length - 4);
        }
        if (length > input->length) {
                length = (uint32_t) input->length;
        }
        *ret_string = str_sub(*input, 0, length);
        *input = str_sub(*input, length, input->length - length);
        return true;
}

unsigned marshal_read(Str input, Dict *ret_fields) {
        unsigned mistakes = !take(&input, '{');
        Str key, value;

        while (take_string(&input, &key) && take_string(&input, &value)) {
                dict_set(ret_fields, key, value);
        }
        return mistakes + !take(&input, '0');
}
