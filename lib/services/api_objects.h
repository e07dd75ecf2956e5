/* Named objects in the web API's answers and bodies, in the words of the route table: "name:type …", see services/api_schema.h. */
#pragma once

#include <stddef.h>

typedef struct ApiObject {
        const char *name, *fields;
} ApiObject;
extern const ApiObject api_objects[];
extern const size_t api_n_objects;

/* A job as lists tell it; one job's own answer has more beside it. */
#define API_JOB_SUMMARY                                                                                     \
        "id:string status:string stage:string owner:string kind:string server:string client:string? "       \
        "host:string? trial:bool created_at:time updated_at:time started_at:time? finished_at:time? "       \
        "changelist:int? source_changelist:int? n_conflicts:int position:int? error:string? "               \
        "reason:string? attempt:int retry_of:string? status_text:string? workspace:string? "                \
        "branch_spec:string? stream:string? title:string"
