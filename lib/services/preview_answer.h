/* weir-preview: what a job would integrate, for the programs of the web, which reach no network themselves. One connection, one question,
 * one answer; who leaves ends it. */
#pragma once

#define PREVIEW_QUESTION_MAX ((size_t) 72 * 1024)
#define PREVIEW_FILES_MAX 2000 /* told, and as many beyond them that need resolving; all are counted */

/* Reads "USER\0TICKET\0SPEC\0" from in (SPEC is JSON, job.json(5)), and writes a JSON object: {"n_files", "n_resolves", "files", "messages"},
 * or {"class", "text"} of what went wrong: a class of resources/p4_class.h, "spec", "server" or "failed". */
int preview_answer(int in, int out, const char *config_directory, const char *state_directory);
