/* Text to numbers: whole string or -EINVAL, -ERANGE outside the type; no leading blanks, no signs where
 * senseless. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

int parse_uint64(const char *text, uint64_t *ret);
int parse_int64(const char *text, int64_t *ret);
int parse_uint32(const char *text, uint32_t *ret);
int parse_bool(const char *text, bool *ret); /* yes no true false on off 1 0, any case */
/* Time spans as systemd writes them: "6h", "1h 30min", "90s", "2 weeks", plain number = seconds. µs. */
int parse_span(const char *text, uint64_t *ret_usec);
/* Byte sizes: "512M", "16MiB", "1048576" (powers of 1024). */
int parse_bytes(const char *text, uint64_t *ret);
