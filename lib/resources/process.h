/* Child processes: argv only, never a shell. A child gets exactly the environment given, closed descriptors,
 * default signals, its own process group (so that a timeout or cancel takes its children too) and dies with
 * us (PR_SET_PDEATHSIG). */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macro.h"

typedef struct ProcessSpec {
        const char *const *argv;        /* argv[0]: absolute, or a name looked up in the caller's PATH */
        const char *const *environment; /* NULL-terminated NAME=VALUE; NULL: empty */
        const char *directory;          /* NULL: / */
        const void *input;              /* written to stdin, then closed; NULL: /dev/null */
        size_t input_length;
        uid_t uid; /* used when set_ids; supplementary groups are dropped to gid alone */
        gid_t gid;
        bool set_ids;
        /* Folders that the child and its children find empty, whatever they do; NULL: none. Those that are not there are left out. It gets
         * name spaces of its own for that, in which all users but ours are nobody, and the processes outside are not its business. -ENOSYS:
         * this system lets nobody make name spaces. Not together with set_ids. */
        const char *const *hidden;
        uint64_t timeout_usec; /* 0: none. TERM to the group, KILL 2 s later */
        int cancel_fd;         /* becomes readable: the child is ended as with a timeout; negative: none */
        bool inherit_stdout, inherit_stderr; /* it writes to ours; nothing is called back then */
        /* Called with what arrives; a negative return ends the child and becomes process_run()'s result. May
         * be NULL (discard). */
        int (*on_stdout)(const void *data, size_t length, void *userdata);
        int (*on_stderr)(const void *data, size_t length, void *userdata);
        void *userdata;
} ProcessSpec;

#define PROCESS_SPEC_INIT ((ProcessSpec) { .cancel_fd = -1 }) /* zero would be descriptor 0 */

typedef struct ProcessResult {
        int exit_status; /* valid if signal == 0 */
        int signal;      /* the signal that ended it, or 0 */
        bool timed_out;
        bool cancelled;
        uint64_t duration_usec;
} ProcessResult;

/* Runs to the end. 0 with *ret filled whatever the exit status; -ENOENT when argv[0] is not there; -errno
 * otherwise. Safe to call from several threads. */
int process_run(const ProcessSpec *spec, ProcessResult *ret);
