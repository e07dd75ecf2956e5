/* JSON answers of weirctl: built in one buffer, printed once, so that a failure half-way prints no half answer. */
#pragma once

#include "formats/json_writer.h"

typedef struct CtlJson {
        Buffer buffer;
        JsonWriter writer;
} CtlJson;

void ctl_json_begin(CtlJson *json);
/* Prints and frees; returns the exit status. */
int ctl_json_print(CtlJson *json);
