/* Names of jobs, INT-YYYYMMDD-NNN, and of the units of their attempts, weir-job-ID-ATTEMPT.service. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"

#define JOB_ID_MAX 32 /* bytes with the NUL */
#define JOB_UNIT_MAX 64
#define JOB_ATTEMPT_MAX 99

/* INT-, eight digits, '-', three to nine digits without needless zeros before them. */
bool job_id_is_valid(const char *id);
/* day: YYYYMMDD as a number, number: from 1. Returns text. */
char *job_id_format(char text[static JOB_ID_MAX], uint32_t day, uint32_t number);
/* The day of a realtime in the local zone, as YYYYMMDD. */
uint32_t job_id_day(int64_t realtime_usec);

/* "weir-job-INT-20261121-001-1.service". Returns text. */
char *job_unit_format(char text[static JOB_UNIT_MAX], const char *id, uint32_t attempt);
/* -EINVAL when it is no unit of a job. */
int job_unit_parse(const char *unit, char ret_id[static JOB_ID_MAX], uint32_t *ret_attempt);
