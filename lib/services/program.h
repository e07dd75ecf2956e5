/* Command lines that several of weir's programs share. */
#pragma once

#include <stdint.h>

#include "base/macro.h"

#define PROGRAM_EXIT_USAGE 64

/* A program that takes the folders of the configuration and of the state, and nothing else. */
typedef struct PlacesProgram {
        const char *name;                                  /* "weir-prune" */
        const char *summary;                               /* what it does, for --help */
        int (*run)(const char *config, const char *state); /* logs its errors, returns the exit status */
} PlacesProgram;

/* main() of such a program. */
int places_program_main(const PlacesProgram *program, int argc, char *argv[]);

/* A program of a job's unit: it is told which job, and which attempt. */
typedef struct JobProgram {
        const char *name;
        const char *summary; /* lines for --help */
        const char *exits;   /* what its exit status says, for --help */
} JobProgram;

/* 0: *ret_id, which belongs to argv, and *ret_attempt are good. 1: there is nothing more to do. -EINVAL: wrong usage, told. */
int job_program_read(const JobProgram *program, int argc, char *argv[], const char **ret_id,
                     uint32_t *ret_attempt);
