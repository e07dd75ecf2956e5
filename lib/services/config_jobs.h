/* The section `jobs:` of weir.yaml: how many integration jobs run at once, what they may use, and what they run beside p4. Read by
 * services/config.c; its user is weir-jobd. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/macro.h"
#include "base/time_util.h"
#include "domain/job_spec.h"
#include "formats/yaml_config.h"

typedef struct JobsConfig {
        uint64_t max_running, max_running_per_server; /* 0: as many as there are */
        uint64_t keep_usec;                           /* finished jobs; 0: for ever */
        uint64_t timeout_usec, stop_timeout_usec; /* of jobs that give none of their own, as the next four */
        uint64_t memory_max, cpu_weight, io_weight, tasks_max; /* 0: systemd's */
        bool hooks_see_ticket;
        JobCommands hooks[_JOB_HOOK_MAX]; /* of jobs that give none */
} JobsConfig;

#define JOBS_CONFIG_DEFAULTS                                                                                \
        {                                                                                                   \
                .max_running = 16, .max_running_per_server = 8, .keep_usec = 365 * USEC_PER_DAY,            \
                .timeout_usec = 4 * USEC_PER_HOUR, .stop_timeout_usec = 20 * USEC_PER_SEC                   \
        }

void jobs_config_done(JobsConfig *config);
/* section NULL: there is none. -EBADMSG with *ret_message "FILE:LINE: …". */
int jobs_config_read(const char *name, const YamlNode *section, JobsConfig *config, char **ret_message);
/* Gives a spec what weir.yaml says where it says nothing itself. */
int jobs_config_apply(const JobsConfig *config, JobSpec *spec);
