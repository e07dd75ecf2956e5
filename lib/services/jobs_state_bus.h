/* What the files of jobs_bus.h share. Not for others. */
#pragma once

#include <sys/types.h>
#include <systemd/sd-bus.h>

#include "clients/polkit_client.h"
#include "services/jobd.h"
#include "services/jobs_bus.h"
#include "services/jobs_port_bus.h"

#define JOBS_NAME "org.weir.Jobs1"
#define JOBS_OBJECT "/org/weir/Jobs1"
#define JOBS_INTERFACE "org.weir.Jobs1.Manager"
#define JOBS_JOB_PREFIX JOBS_OBJECT "/job"
#define JOBS_JOB_INTERFACE "org.weir.Jobs1.Job"

typedef struct Creation Creation; /* one that waits for its credential to be kept */
struct JobsBus {
        sd_bus *bus;
        sd_bus_slot *slots[3];
        Jobd *jobd;
        JobsPort *port;
        PolkitClient *polkit;
        Creation *creations;
        struct JobsReader *readers; /* of conflicts, that wait for their answer */
        JobRecord shown;            /* the job whose object is being asked, see jobs_object_bus.c */
};

/* Turns jobd's errors into those of the interface. message may be NULL. Always negative. */
int jobs_bus_fail(sd_bus_error *ret_error, int error, const char *id, const char *message);
/* The object's path of a job; owned. */
int jobs_bus_path(const char *id, char **ret);
