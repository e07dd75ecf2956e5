/* "weir-lock 1", one KEY=VALUE per line, an empty line at the end: readable in a debugger, and cut off is
 * noticed. Every key must be there exactly in this order; a newer version of the program that wants more
 * writes another first line. */
#include "domain/lock_record.h"

#include <inttypes.h>
#include <string.h>

#include "base/parse_util.h"
#include "base/string_util.h"
#include "domain/lock_resource.h"

#define HEAD "weir-lock 1\n"

void lock_record_done(LockRecord *record) {
        free(record->resource);
        free(record->owner.holder);
        free(record->owner.why);
        *record = (LockRecord) {};
}

int lock_record_write(const Lock *lock, Buffer *buffer) {
        size_t start = buffer->length;
        int r = buffer_append_format(buffer,
                                     HEAD "id=%" PRIu64
                                          "\nresource=%s\nmode=%s\nuid=%u\npid=%d\nsince=%" PRId64
                                          "\nholder=%s\nwhy=%s\n\n",
                                     lock->id, lock->resource, lock_mode_to_string(lock->mode),
                                     lock->owner.uid, lock->owner.pid, lock->owner.since, lock->owner.holder,
                                     lock->owner.why);

        if (r < 0) {
                return r;
        }
        return buffer->length - start > LOCK_RECORD_MAX ? -EMSGSIZE : 0;
}

/* Takes "KEY=VALUE\n" off the front of *text. */
static int take_value(const char **text, const char *key, char **ret) {
        size_t key_length = strlen(key), length;

        if (strncmp(*text, key, key_length) != 0 || (*text)[key_length] != '=') {
                return -EBADMSG;
        }
        *text += key_length + 1;
        length = strcspn(*text, "\n");
        if ((*text)[length] != '\n') {
                return -EBADMSG;
        }
        *ret = strndup(*text, length);
        *text += length + 1;
        return *ret ? 0 : -ENOMEM;
}

enum { ID, RESOURCE, MODE, UID, PID, SINCE, HOLDER, WHY, N_KEYS };
static const char *const keys[N_KEYS] = { "id", "resource", "mode", "uid", "pid", "since", "holder", "why" };

static int fill_record(char **values, LockRecord *record) {
        uint32_t uid, pid;

        record->mode = lock_mode_from_string(values[MODE]);
        if (record->mode < 0 || parse_uint64(values[ID], &record->id) < 0 ||
            parse_uint32(values[UID], &uid) < 0 || parse_uint32(values[PID], &pid) < 0 ||
            parse_int64(values[SINCE], &record->owner.since) < 0 ||
            lock_resource_parse(values[RESOURCE], &record->resource, NULL) < 0) {
                return -EBADMSG;
        }
        record->owner.uid = uid;
        record->owner.pid = (pid_t) pid;
        record->owner.holder = TAKE_PTR(values[HOLDER]);
        record->owner.why = TAKE_PTR(values[WHY]);
        return 0;
}

int lock_record_parse(const char *text, LockRecord *ret) {
        char *values[N_KEYS] = {};
        LockRecord record = {};
        int r = string_has_prefix(text, HEAD) ? 0 : -EBADMSG;

        text += r < 0 ? 0 : strlen(HEAD);
        for (size_t i = 0; i < N_KEYS && r >= 0; i++) {
                r = take_value(&text, keys[i], &values[i]);
        }
        if (r >= 0) {
                r = *text == '\n' ? fill_record(values, &record) : -EBADMSG;
        }
        for (size_t i = 0; i < N_KEYS; i++) {
                free(values[i]);
        }
        if (r < 0) {
                lock_record_done(&record);
                return r;
        }
        *ret = record;
        return 0;
}
