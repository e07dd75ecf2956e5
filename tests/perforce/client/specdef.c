/*
 * See specdef.h.
 */
#include "specdef.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

typedef struct Element {
        Str tag;
        bool list;           /* wlist, llist: one line per value */
        bool text;           /* text, bulk: an indented block */
        bool comment_format; /* fmt:C, comments stay behind ## */
        bool always;         /* opt:default and z show even when empty */
} Element;

/* Cuts the piece before the next separator off the front. */
static Str cut(Str *rest, char separator) {
        const char *end = rest->length > 0 ? memchr(rest->data, separator, rest->length) : NULL;
        size_t length = end ? (size_t) (end - rest->data) : rest->length;
        Str piece = str_sub(*rest, 0, length);

        length += end ? 1 : 0;
        *rest = str_sub(*rest, length, rest->length - length);
        return piece;
}

/* Takes the next element off the definition; false at its end. */
static bool next_element(Str *specdef, Element *ret_element) {
        Element element = { .tag = cut(specdef, ';') };

        if (element.tag.length == 0) {
                return false;
        }
        for (;;) {
                Str attribute = cut(specdef, ';');

                if (attribute.length == 0) {
                        break;
                }
                element.list = element.list || str_is(attribute, "type:wlist") ||
                               str_is(attribute, "type:llist");
                element.text = element.text || str_is(attribute, "type:text") ||
                               str_is(attribute, "type:bulk");
                element.comment_format = element.comment_format || str_is(attribute, "fmt:C");
                element.always =
                                element.always || str_is(attribute, "opt:default") || str_is(attribute, "z");
        }
        *ret_element = element;
        return true;
}

/* The value of tag, infix ("" or "Comment") and, for lists, the index. */
static const Str *find_value(const Dict *fields, const Element *element, const char *infix, size_t index) {
        _cleanup_(buffer_done) Buffer key = {};

        buffer_append_str(&key, element->tag);
        buffer_append_text(&key, infix);
        if (element->list) {
                buffer_printf(&key, "%zu", index);
        }
        return dict_find(fields, buffer_str(&key));
}

/* Comments come with their hashes, which the form's syntax adds again. */
static Str find_comment(const Dict *fields, const Element *element, size_t index) {
        const Str *found = find_value(fields, element, "Comment", index);
        Str comment = found ? *found : STR("");

        while (comment.length > 0 && comment.data[0] == '#') {
                comment = str_sub(comment, 1, comment.length - 1);
        }
        return comment;
}

static void append_comment(Buffer *out, const char *prefix, Str comment) {
        if (comment.length > 0) {
                buffer_append_text(out, prefix);
                buffer_append_str(out, comment);
        }
}

static void format_list(const Element *element, const Dict *fields, Buffer *out) {
        const Str *value;

        buffer_append_str(out, element->tag);
        buffer_append_text(out, ":\n");
        for (size_t i = 0; (value = find_value(fields, element, "", i)); i++) {
                Str comment = find_comment(fields, element, i);

                if (value->length == 0 && comment.length == 0) {
                        continue;
                }
                buffer_append_char(out, '\t');
                buffer_append_str(out, *value);
                append_comment(out,
                               value->length == 0      ? "##" :
                               element->comment_format ? "\t##" :
                                                         "\t# ",
                               comment);
                buffer_append_char(out, '\n');
        }
}

static void format_text(const Element *element, const Dict *fields, Buffer *out) {
        const Str *value = find_value(fields, element, "", 0);
        Str rest = value ? *value : STR("");

        buffer_append_str(out, element->tag);
        buffer_append_text(out, ":\n");
        while (rest.length > 0) {
                Str line = cut(&rest, '\n');

                buffer_append_char(out, '\t');
                buffer_append_str(out, line);
                buffer_append_char(out, '\n');
        }
}

static void format_line(const Element *element, const Dict *fields, Buffer *out) {
        const Str *value = find_value(fields, element, "", 0);

        buffer_append_str(out, element->tag);
        buffer_append_char(out, ':');
        append_comment(out, "\t", value ? *value : STR(""));
        append_comment(out, "\t# ", find_comment(fields, element, 0));
        buffer_append_char(out, '\n');
}

void specdef_format(Str specdef, const Dict *fields, Buffer *out) {
        size_t start = out->length;
        Element element;

        while (next_element(&specdef, &element)) {
                if (!find_value(fields, &element, "", 0) && !element.always) {
                        continue;
                }
                if (out->length > start) {
                        buffer_append_char(out, '\n');
                }
                if (element.list) {
                        format_list(&element, fields, out);
                } else if (element.text) {
                        format_text(&element, fields, out);
                } else {
                        format_line(&element, fields, out);
                }
        }
}

static bool find_element(Str specdef, Str tag, Element *ret_element) {
        while (next_element(&specdef, ret_element)) {
                if (ret_element->tag.length == tag.length &&
                    strncasecmp(ret_element->tag.data, tag.data, tag.length) == 0) {
                        return true;
                }
        }
        return false;
}

/* Keys and values the changes make live until the form is done. */
typedef struct Changes {
        Dict fields;
        char **owned;
        size_t n_owned;
} Changes;

static Str own(Changes *changes, Buffer *text) {
        Str s = buffer_str(text);

        buffer_append_text(text, ""); /* never NULL */
        s = buffer_str(text);
        changes->owned = memory_resize(changes->owned, (changes->n_owned + 1) * sizeof(char *));
        changes->owned[changes->n_owned++] = text->data;
        return s;
}

static void changes_done(Changes *changes) {
        for (size_t i = 0; i < changes->n_owned; i++) {
                free(changes->owned[i]);
        }
        free(changes->owned);
        dict_done(&changes->fields);
}

static void change_list(Changes *changes, const Element *element, Str value, bool add) {
        Buffer key = {};
        size_t n = 0;

        while (find_value(&changes->fields, element, "", n)) {
                n++;
        }
        for (; n > 0 && !add; n--) {
                Buffer old = {};

                buffer_append_str(&old, element->tag);
                buffer_printf(&old, "%zu", n - 1);
                dict_remove(&changes->fields, buffer_str(&old));
                buffer_done(&old);
        }
        buffer_append_str(&key, element->tag);
        buffer_printf(&key, "%zu", n);
        dict_set(&changes->fields, own(changes, &key), value);
}

static void change_value(Changes *changes, const Element *element, Str value, bool add) {
        const Str *old = find_value(&changes->fields, element, "", 0);
        Buffer joined = {};

        if (add && old) {
                buffer_append_str(&joined, *old);
        }
        buffer_append_str(&joined, value);
        dict_set(&changes->fields, element->tag, own(changes, &joined));
}

static int change_field(Changes *changes, Str specdef, const char *change, Message *message) {
        Str value = str_from(change), tag = cut(&value, '=');
        bool add = tag.length > 0 && tag.data[tag.length - 1] == '+';
        Element element;

        tag.length -= add;
        if (tag.length == 0 || !strchr(change, '=')) {
                return -EINVAL;
        }
        if (!find_element(specdef, tag, &element)) {
                _cleanup_(free_charp) char *name = str_dup(tag);

                message_add(message, &MSG_FIELD_UNKNOWN, "field", name);
                return -EINVAL;
        }
        if (element.list) {
                change_list(changes, &element, value, add);
        } else {
                change_value(changes, &element, value, add);
        }
        return 0;
}

int specdef_change_fields(const Dict *record, const char *const *changes, Buffer *out, Message *message) {
        const Str *specdef = dict_get(record, "specdef");
        _cleanup_(changes_done) Changes state = {};

        if (!specdef) {
                return -ENOENT;
        }
        for (size_t i = 0; i < record->n_pairs; i++) {
                dict_add(&state.fields, record->pairs[i].key, record->pairs[i].value);
        }
        for (; *changes; changes++) {
                int r = change_field(&state, *specdef, *changes, message);

                if (r < 0) {
                        return r;
                }
        }
        specdef_format(*specdef, &state.fields, out);
        return 0;
}
