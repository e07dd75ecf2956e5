/* SHA-256 (FIPS 180-4), for remembering secrets without keeping them: session keys are random, so a plain hash is enough. */
#pragma once

#include <stddef.h>

#define SHA256_TEXT_MAX 65
/* 64 hexadecimal digits. Returns text. */
char *sha256_text(char text[static SHA256_TEXT_MAX], const void *data, size_t length);
