/* Showing locks: shared by `weirctl locks` and `weirctl status`. */
#pragma once

#include "clients/lock_client.h"
#include "formats/json_writer.h"

void ctl_write_locks(JsonWriter *writer, const char *key, const LockHolder *holders, size_t n);
int ctl_print_locks(const LockHolder *holders, size_t n);
