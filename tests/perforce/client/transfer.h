/*
 * Files on their way into the workspace: opened, written in pieces, put into place at the end. What fails
 * stays failed until it is closed, so that the server may send a whole file without waiting.
 */
#pragma once

#include "workspace.h"

typedef struct Transfer Transfer;

typedef struct Transfers {
        Transfer *first;
        size_t n;
} Transfers;

/* The request of client-OpenFile, -WriteFile, -CloseFile. Messages as in workspace.h; writing tells
 * nothing, closing repeats the error number of what went wrong before without its message, which was told
 * then. */
int transfer_open(Transfers *transfers, const Dict *request, Message *message);
int transfer_write(Transfers *transfers, const Dict *request, Message *message);
int transfer_close(Transfers *transfers, const Dict *request, uint64_t *ret_size, Message *message);

/* Drops what is still open. */
void transfers_done(Transfers *transfers);
