/* Asking weir-preview what a job would integrate. Blocks; for the programs of the web. */
#pragma once

/* *ret is the answer's JSON text, owned by the caller; services/preview_answer.h says what is in it. -ETIMEDOUT it takes too long,
 * -ECONNREFUSED there is no weir-preview, -EIO it ended without an answer; other errno. */
int preview_client_ask(const char *user, const char *ticket, const char *spec_json, char **ret);
