#include "domain/file_type.h"

#include <string.h>

#include "base/macro.h"

/* The base, without what stands behind "+". */
static bool has_base(const char *type, const char *base) {
        size_t length = type ? strcspn(type, "+") : 0;

        return length == strlen(base) && strncmp(type, base, length) == 0;
}

static bool has_base_of(const char *type, const char *const *bases) {
        for (; type && *bases; bases++) {
                if (has_base(type, *bases)) {
                        return true;
                }
        }
        return false;
}

/* Also the names from the time before there were modifiers. */
bool file_type_is_text(const char *type) {
        static const char *const bases[] = { "text",  "ctext", "cxtext", "ktext",   "kxtext",
                                             "ltext", "xtext", "xltext", "unicode", "xunicode",
                                             "utf8",  "xutf8", NULL };

        return has_base_of(type, bases);
}

bool file_type_is_utf8(const char *type) {
        return has_base_of(type, (const char *const[]) { "utf8", "xutf8", NULL });
}

FileKeywords file_type_keywords(const char *type) {
        const char *modifiers = type ? strchr(type, '+') : NULL,
                   *k = modifiers ? strchr(modifiers, 'k') : NULL;

        if (k) {
                return k[1] == 'o' ? FILE_KEYWORDS_OLD : FILE_KEYWORDS_ALL;
        }
        return has_base_of(type, (const char *const[]) { "ktext", "kxtext", NULL }) ? FILE_KEYWORDS_ALL :
                                                                                      FILE_KEYWORDS_NONE;
}

/* --- keywords -------------------------------------------------------------------------------------------------------- */

static const struct {
        const char *name;
        FileKeywords since;
} keywords_known[] = {
        { "Id", FILE_KEYWORDS_OLD },         { "Header", FILE_KEYWORDS_OLD },
        { "Date", FILE_KEYWORDS_ALL },       { "DateUTC", FILE_KEYWORDS_ALL },
        { "DateTime", FILE_KEYWORDS_ALL },   { "DateTimeUTC", FILE_KEYWORDS_ALL },
        { "DateTimeTZ", FILE_KEYWORDS_ALL }, { "Change", FILE_KEYWORDS_ALL },
        { "File", FILE_KEYWORDS_ALL },       { "Revision", FILE_KEYWORDS_ALL },
        { "Author", FILE_KEYWORDS_ALL },
};

/* The keyword whose name stands at text and ends with ':'; its length, 0: none. */
static size_t name_length(FileKeywords keywords, const char *text, size_t length) {
        for (size_t i = 0; i < ELEMENTSOF(keywords_known); i++) {
                size_t n = strlen(keywords_known[i].name);

                if (keywords_known[i].since <= keywords && n < length && text[n] == ':' &&
                    memcmp(text, keywords_known[i].name, n) == 0) {
                        return n;
                }
        }
        return 0;
}

/* "$Id: … $" at text: how long it is, and its name; 0: it is none. */
static size_t expansion_length(FileKeywords keywords, const char *text, size_t length, size_t *ret_name) {
        size_t name = length > 1 && *text == '$' ? name_length(keywords, text + 1, length - 1) : 0,
               at = name + 2;

        if (name == 0) {
                return 0;
        }
        while (at < length && text[at] != '$' && text[at] != '\n') {
                at++;
        }
        *ret_name = name;
        return at < length && text[at] == '$' ? at + 1 : 0;
}

size_t file_keywords_collapse(FileKeywords keywords, char *text, size_t length) {
        size_t to = 0, name;

        if (keywords == FILE_KEYWORDS_NONE) {
                return length;
        }
        for (size_t from = 0; from < length;) {
                size_t skipped = expansion_length(keywords, text + from, length - from, &name);
                size_t kept = skipped > 0 ? name + 1 : 1;

                memmove(text + to, text + from, kept);
                to += kept;
                if (skipped > 0) {
                        text[to++] = '$';
                }
                from += skipped > 0 ? skipped : 1;
        }
        return to;
}
