/* What weir-lockd must know about a held lock after a restart, as text. It is written into the lock's own
 * pipe before anybody gets the other end, so that the descriptor in systemd's store and the knowledge about
 * it are one thing that cannot come apart. */
#pragma once

#include <stddef.h>

#include "base/buffer.h"
#include "base/macro.h"
#include "domain/lock_table.h"

/* A record always fits into one page, the smallest pipe there is. */
#define LOCK_RECORD_MAX 4096
#define LOCK_WHY_MAX 512    /* bytes */
#define LOCK_HOLDER_MAX 512 /* bytes; a unit's name has 255 at most */

typedef struct LockRecord {
        uint64_t id;
        char *resource; /* canonical */
        LockMode mode;
        LockOwner owner;
} LockRecord;
void lock_record_done(LockRecord *record);

/* -EMSGSIZE beyond LOCK_RECORD_MAX, which names and texts within their bounds never reach. Texts must hold
 * no newlines. */
int lock_record_write(const Lock *lock, Buffer *buffer);
/* -EBADMSG when text (NUL-terminated; more may follow the record) does not begin with a complete and sane
 * record. */
int lock_record_parse(const char *text, LockRecord *ret);
