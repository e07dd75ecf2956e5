/*
 * MD5 (RFC 1321), the digest of the product's file revisions. Not for secrets.
 */
#pragma once

#include "text.h"

enum {
        MD5_HEX_SIZE = 33, /* with NUL */
};

typedef struct Md5 {
        uint32_t state[4];
        uint64_t length;
        uint8_t block[64];
} Md5;

void md5_init(Md5 *md5);
void md5_add(Md5 *md5, Str data);

/* Writes the digest in upper case hex; the state is used up. */
void md5_finish(Md5 *md5, char ret_hex[MD5_HEX_SIZE]);
