/* Sizes for people: IEC units everywhere, one decimal, as "690.3 GiB"; below 1024 "512 B". */
#pragma once

#include <stdint.h>

#define HUMAN_SIZE_MAX 32
/* Returns text. Negative is allowed (a change): "-1.5 KiB". */
char *human_size(char text[static HUMAN_SIZE_MAX], int64_t bytes);
