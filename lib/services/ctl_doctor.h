/* `weirctl doctor`: what a check reports. The checks of this machine are in ctl_doctor.c, those of each
 * server in ctl_doctor_servers.c. */
#pragma once

#include "services/ctl.h"
#include "services/ctl_output.h"

typedef enum DoctorVerdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL, _DOCTOR_VERDICT_MAX } DoctorVerdict;

typedef struct Doctor {
        const Ctl *ctl;
        CtlJson json;
        unsigned counts[_DOCTOR_VERDICT_MAX];
        bool has_colours;
} Doctor;

/* One line; next is what to do about it, and may be NULL. */
void doctor_report(Doctor *doctor, DoctorVerdict verdict, const char *subject, const char *next,
                   const char *format, ...) _printf_(5, 6);

/* The p4 program, then each server: reachable, clock, ticket, permissions, how measuring went. Root becomes
 * the measuring user here. */
void doctor_check_servers(Doctor *doctor);
