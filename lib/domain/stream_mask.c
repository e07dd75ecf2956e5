#include "domain/stream_mask.h"

#include <stddef.h>

/* Past one character: UTF-8 continuation bytes belong to the one before them. */
static const char *skip_character(const char *name) {
        name++;
        while (((unsigned char) *name & 0xc0) == 0x80) {
                name++;
        }
        return name;
}

/* Linear apart from the last star: an earlier star never has to be tried again. */
bool stream_mask_matches(const char *mask, const char *name) {
        const char *star = NULL, *retry = NULL;
        while (*name) {
                if (*mask == '*') {
                        star = mask++;
                        retry = name;
                } else if (*mask == '?') {
                        mask++;
                        name = skip_character(name);
                } else if (*mask == *name) {
                        mask++;
                        name++;
                } else if (star) {
                        mask = star + 1;
                        name = ++retry;
                } else {
                        return false;
                }
        }
        while (*mask == '*') {
                mask++;
        }
        return *mask == 0;
}
