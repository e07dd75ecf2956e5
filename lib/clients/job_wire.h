/* The structures of clients/job_record.h on the bus, written and read by the same tables: clients/jobs_client.c and services/jobs_bus.c are
 * the two ends. Readers accept what they do not know from the other side's future, except where a person's mistake would go unnoticed:
 * options, filters and reports are refused by the name of what is unknown. */
#pragma once

#include <systemd/sd-bus.h>

#include "clients/job_record.h"

#define JOB_WIRE_CONFLICTS_MAX 20000
#define JOB_WIRE_CONFLICTS_BYTES_MAX ((size_t) 16 * 1024 * 1024) /* what one answer has room for */
#define JOB_WIRE_PAIRS_MAX 20000

int job_wire_append_pairs(sd_bus_message *message, const JobPairs *pairs); /* a(ss) */
/* -E2BIG beyond JOB_WIRE_PAIRS_MAX. */
int job_wire_read_pairs(sd_bus_message *message, JobPairs *ret);

/* a{sv}. is_full: with conflicts, history and what is left behind. */
int job_wire_append_record(sd_bus_message *message, const JobRecord *record, bool is_full);
int job_wire_read_record(sd_bus_message *message, JobRecord *ret);
int job_wire_append_records(sd_bus_message *message, const JobRecords *records); /* aa{sv} */
int job_wire_read_records(sd_bus_message *message, JobRecords *ret);

/* Texts and bytes read live as long as the message. */
int job_wire_append_filter(sd_bus_message *message, const JobFilter *filter);
int job_wire_read_filter(sd_bus_message *message, JobFilter *ret, sd_bus_error *ret_error);
int job_wire_append_options(sd_bus_message *message, const JobOptions *options);
int job_wire_read_options(sd_bus_message *message, JobOptions *ret, sd_bus_error *ret_error);

/* a{sv}; what is read is owned by *ret. */
int job_wire_append_text(sd_bus_message *message, const JobText *text);
int job_wire_read_text(sd_bus_message *message, JobText *ret, sd_bus_error *ret_error);

int job_wire_append_work(sd_bus_message *message, const JobWork *work);
int job_wire_read_work(sd_bus_message *message, JobWork *ret);
int job_wire_append_answer(sd_bus_message *message, const JobAnswer *answer);
int job_wire_read_answer(sd_bus_message *message, JobAnswer *ret);

/* A report or a result as read: the lists it points to live here, its texts in the message. */
typedef struct JobWireReport {
        JobReport report;
        JobConflicts conflicts;
        JobPairs ledger_add, ledger_done;
        char **resolved;
        JobText text;
} JobWireReport;
void job_wire_report_done(JobWireReport *report);
int job_wire_append_report(sd_bus_message *message, const JobReport *report);
int job_wire_read_report(sd_bus_message *message, JobWireReport *ret, sd_bus_error *ret_error);

typedef struct JobWireResult {
        JobResult result;
        JobPairs ledger_done;
} JobWireResult;
void job_wire_result_done(JobWireResult *result);
int job_wire_append_result(sd_bus_message *message, const JobResult *result);
int job_wire_read_result(sd_bus_message *message, JobWireResult *ret, sd_bus_error *ret_error);
