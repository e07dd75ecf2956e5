/*
 * Frames over the connection to the server (../WIRE.md). One Wire is one connection; a frame received stays
 * valid until the next one is received. Errors stick: after the first one every call fails, and `error`
 * holds the product's message for it.
 */
#pragma once

#include "tls.h"

enum {
        WIRE_FRAME_MAX = 16 * 1024 * 1024,
        WIRE_PAIRS_MAX = 1000000,
        WIRE_CHUNK_MAX = 64 * 1024,
};

typedef struct Wire {
        int fd;
        Tls *tls;          /* or NULL */
        unsigned max_wait; /* seconds for one wait on the network, 0 for ever (-vnet.maxwait) */
        Buffer input;
        size_t input_used; /* start of what was not taken yet */
        Buffer output;     /* the frame being built */
        Dict frame;
        Message error;
} Wire;

/* Takes over the descriptor. */
void wire_init(Wire *wire, int fd, unsigned max_wait);
void wire_done(Wire *wire);

/* Building and sending a frame: begin, any number of adds, send. */
void wire_begin(Wire *wire, Str function);
void wire_add(Wire *wire, Str key, Str value);
void wire_add_text(Wire *wire, const char *key, const char *value);
void wire_add_number(Wire *wire, const char *key, uint64_t value);
int wire_send(Wire *wire);

/* Waits for the next frame. stdout is flushed before it blocks, so that nothing is held back while the
 * server thinks. Returns 0 with *ret_frame, or a negative errno. */
int wire_receive(Wire *wire, const Dict **ret_frame);
