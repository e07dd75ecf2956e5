#include "base/seal.h"

#include <stdio.h>
#include <string.h>

#include "base/sha256.h"
#include "base/string_util.h"

#define BLOCK 32 /* bytes of a hash */

static int hex_value(char digit) {
        return digit >= '0' && digit <= '9' ? digit - '0' :
               digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 :
                                              -1;
}

static int hex_byte(const char *digits) {
        int high = hex_value(digits[0]), low = high < 0 ? -1 : hex_value(digits[1]);

        return low < 0 ? -1 : high * 16 + low;
}

/* XORs data with the stream: once seals, twice opens. */
static int apply(const char *key, unsigned char *data, size_t length) {
        for (size_t at = 0; at < length; at += BLOCK) {
                _cleanup_free_ char *input = NULL;
                char block[SHA256_TEXT_MAX];
                int r = string_format(&input, "weir seal %zu %s", at / BLOCK, key);

                if (r < 0) {
                        return r;
                }
                (void) sha256_text(block, input, strlen(input));
                explicit_bzero(input, strlen(input));
                for (size_t i = 0; i < BLOCK && at + i < length; i++) {
                        data[at + i] ^= (unsigned char) hex_byte(block + 2 * i);
                }
                explicit_bzero(block, sizeof block);
        }
        return 0;
}

int seal_text(const char *key, const char *text, char **ret) {
        size_t length = strlen(text);
        _cleanup_free_ unsigned char *data = malloc(length + 1);
        _cleanup_free_ char *hex = malloc(2 * length + 1);
        int r;

        if (!data || !hex) {
                return -ENOMEM;
        }
        memcpy(data, text, length + 1);
        r = apply(key, data, length);
        for (size_t i = 0; i < length; i++) {
                (void) snprintf(hex + 2 * i, 3, "%02x", data[i]);
        }
        hex[2 * length] = 0;
        explicit_bzero(data, length);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(hex);
        return 0;
}

int unseal_text(const char *key, const char *sealed, char **ret) {
        size_t length = strlen(sealed) / 2;
        _cleanup_free_ char *text = calloc(1, length + 1);
        int r;

        if (!text) {
                return -ENOMEM;
        }
        for (size_t i = 0; i < length; i++) {
                int byte = hex_byte(sealed + 2 * i);
                if (byte < 0) {
                        return -EBADMSG;
                }
                text[i] = (char) byte;
        }
        if (sealed[2 * length]) {
                return -EBADMSG;
        }
        r = apply(key, (unsigned char *) text, length);
        if (r < 0) {
                return r;
        }
        *ret = TAKE_PTR(text);
        return 0;
}

void wipe_text(char **text) {
        if (*text) {
                explicit_bzero(*text, strlen(*text));
                free(TAKE_PTR(*text));
        }
}
