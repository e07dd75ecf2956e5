/* What a job shall integrate, as a person or a program says it: JSON, checked completely before the job exists (job.json(5)).
 *
 *   { "server": "demo", "stream": "//demo/dev", "reverse": false,        one of stream, branch_spec, source + target, path
 *     "changelist": "latest", "client": null, "host": "", "description": "", "trial": false, "clean_workspace": false,
 *     "resolve": "merge", "hooks": {"build": [["make"]]}, "env": {"NAME": "value"}, "notify": ["mail"],
 *     "limits": {"MemoryMax": …, "CPUWeight": …, "IOWeight": …, "TasksMax": …, "timeout": SECONDS, "stop_timeout": SECONDS} } */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define JOB_HOOK_COMMANDS_MAX 32
#define JOB_ENVIRONMENT_MAX 64

typedef enum JobKind { JOB_KIND_STREAM, JOB_KIND_BRANCH, JOB_KIND_PATHS, JOB_KIND_PATH } JobKind;

/* How RESOLVE_PASS_1 resolves by itself; what is left is for people. */
typedef enum JobResolve {
        JOB_RESOLVE_MERGE, /* -am: whatever merges without conflict */
        JOB_RESOLVE_SAFE,  /* -as: only where one side changed */
        JOB_RESOLVE_THEIRS,
        JOB_RESOLVE_YOURS,
        JOB_RESOLVE_NONE,
        _JOB_RESOLVE_MAX,
        _JOB_RESOLVE_INVALID = -EINVAL,
} JobResolve;
const char *job_resolve_to_string(JobResolve resolve); /* "merge" */

typedef enum JobHook {
        JOB_HOOK_UPDATE_COMPONENT,
        JOB_HOOK_PRE_SUBMIT,
        JOB_HOOK_BUILD,
        JOB_HOOK_NAME_CHECK,
        JOB_HOOK_SYNC,
        JOB_HOOK_PUSH,
        _JOB_HOOK_MAX,
        _JOB_HOOK_INVALID = -EINVAL,
} JobHook;
const char *job_hook_to_string(JobHook hook); /* "update_component" */
JobHook job_hook_from_string(const char *text);

/* Commands run one after another, each a NULL-terminated argv with placeholders not yet filled. */
typedef struct JobCommands {
        char ***commands; /* n_commands of them */
        size_t n_commands;
} JobCommands;
void job_commands_done(JobCommands *commands);
int job_commands_copy(JobCommands *ret, const JobCommands *commands);

typedef struct JobSpec {
        JobKind kind;
        char *server;
        char *stream; /* JOB_KIND_STREAM: the stream whose changes go to its parent; reverse: the parent's changes come into it */
        char *branch_spec; /* JOB_KIND_BRANCH */
        char *source, *target;
        char *path;
        bool reverse;
        uint64_t changelist; /* 0: the latest */
        char *client;        /* NULL: a client of the job's own, removed at its end */
        char *host;          /* NULL: here */
        char *description;   /* NULL: none beyond what weir writes */
        bool trial, clean_workspace;
        JobResolve resolve;
        JobCommands hooks[_JOB_HOOK_MAX]; /* none given: those of weir.yaml, else the built-in ones */
        char **environment;               /* NAME=VALUE for hooks; NULL: none */
        char **notify;                    /* NULL: as weir.yaml says */
        uint64_t memory_max, cpu_weight, io_weight,
                        tasks_max; /* 0: as weir.yaml says, as with the next two */
        uint64_t timeout_sec, stop_timeout_sec;
} JobSpec;
void job_spec_done(JobSpec *spec);

/* -EBADMSG with *ret_message, "spec.FIELD: what is wrong" (owned by the caller). */
int job_spec_parse(const char *json, JobSpec *ret, char **ret_message);
