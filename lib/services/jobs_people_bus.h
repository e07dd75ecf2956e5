/* The methods by which people and their tools change something, and who may. */
#pragma once

#include "services/jobs_state_bus.h"

int jobs_method_create(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_retry(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_continue(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_renew_login(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);
int jobs_method_resolve(sd_bus_message *message, void *userdata, sd_bus_error *ret_error);

#define JOBS_USER_NAME_MAX 256
int jobs_sender_name(sd_bus_message *message, uid_t *ret_uid, char name[static JOBS_USER_NAME_MAX]);
/* Those who speak for others and may say for whom: root, weir, and the web pages, which know who is logged in there. */
bool jobs_speaks_for_others(uid_t uid);
/* As polkit_client_authorise(), for a job: its owner, and who speaks for others, need no permission. */
int jobs_authorise_manage(JobsBus *jobs_bus, sd_bus_message *message, const char *id,
                          sd_bus_error *ret_error);

/* Creations that still wait for their credential are dropped with their drafts. */
void jobs_people_done(JobsBus *jobs_bus);
