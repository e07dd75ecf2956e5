/*
 * See md5.h.
 */
#include "md5.h"

#include <stdio.h>

static const uint32_t sines[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t rotations[4][4] = {
        { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
};

static uint32_t mix(unsigned round, uint32_t b, uint32_t c, uint32_t d) {
        switch (round) {
        case 0:
                return (b & c) | (~b & d);
        case 1:
                return (d & b) | (~d & c);
        case 2:
                return b ^ c ^ d;
        default:
                return c ^ (b | ~d);
        }
}

static void add_block(Md5 *md5, const uint8_t block[64]) {
        static const uint8_t factor[4] = { 1, 5, 3, 7 }, offset[4] = { 0, 1, 5, 0 };
        uint32_t words[16], a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];

        for (unsigned i = 0; i < 16; i++) {
                words[i] = read_le32(block + 4 * i);
        }
        for (unsigned i = 0; i < 64; i++) {
                unsigned round = i / 16, rotation = rotations[round][i % 4];
                uint32_t sum = a + mix(round, b, c, d) + sines[i] +
                               words[(factor[round] * i + offset[round]) % 16];

                a = d;
                d = c;
                c = b;
                b += sum << rotation | sum >> (32 - rotation);
        }
        md5->state[0] += a;
        md5->state[1] += b;
        md5->state[2] += c;
        md5->state[3] += d;
}

void md5_init(Md5 *md5) {
        *md5 = (Md5) { .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
}

void md5_add(Md5 *md5, Str data) {
        size_t used = md5->length % 64;

        md5->length += data.length;
        while (data.length > 0) {
                size_t n = 64 - used < data.length ? 64 - used : data.length;

                memcpy(md5->block + used, data.data, n);
                data = str_sub(data, n, data.length - n);
                used += n;
                if (used == 64) {
                        add_block(md5, md5->block);
                        used = 0;
                }
        }
}

void md5_finish(Md5 *md5, char ret_hex[MD5_HEX_SIZE]) {
        static const char padding[64] = { (char) 0x80 };
        uint64_t bits = md5->length * 8;
        uint8_t length[8];

        md5_add(md5, (Str) { .data = padding, .length = 1 + (119 - md5->length % 64) % 64 });
        write_le32(length, (uint32_t) bits);
        write_le32(length + 4, (uint32_t) (bits >> 32));
        md5_add(md5, (Str) { .data = (const char *) length, .length = sizeof(length) });
        for (unsigned i = 0; i < 16; i++) {
                (void) snprintf(ret_hex + 2 * i, 3, "%02X", md5->state[i / 4] >> 8 * (i % 4) & 0xff);
        }
}
