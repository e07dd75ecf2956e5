/*
 * What the server asks of files in the workspace. Paths are absolute and raw bytes. Every function returns 0
 * or a negative errno with the product's words for it added to the message.
 */
#pragma once

#include "lineend.h"
#include "message.h"

#include <sys/stat.h>

typedef enum FileType {
        FILE_TEXT,
        FILE_BINARY,
        FILE_SYMLINK,
        FILE_DIRECTORY,
        FILE_OTHER,
        FILE_MISSING,
} FileType;

const char *file_type_to_string(FileType type);

/* text, binary or symlink; everything else counts as text. */
FileType file_type_from_string(Str word);

/* An owned C string of a path from the server; NULL with a message if it is none that we would touch. */
char *workspace_path(Str path, Message *message);

/* Adds `operation: path: reason`, returns -error. */
int workspace_fail(Message *message, const char *operation, const char *path, int error);

/* Makes the directories that lead to the path. */
int workspace_make_parents(const char *path, Message *message);

/* Refuses a regular file that the user made writable. */
int workspace_check_clobber(const char *path, Message *message);

/* The mode of `ro`, `rw` and exec, by the umask. */
mode_t workspace_mode(Str perms, bool exec);

int workspace_delete(const char *path, bool clobber, Message *message);
int workspace_chmod(const char *path, Str perms, bool exec, const Str *mod_time, Message *message);
int workspace_move(const char *from, const char *to, bool clobber, Message *message);

/* Removes the directories above the path that are empty now; never the one we are in. */
void workspace_remove_empty_parents(const char *path);

/* What is there, without following a link: FILE_MISSING is no error. A regular file is text if its first
 * 64 KiB have no NUL. */
int workspace_stat(const char *path, FileType *ret_type, struct stat *ret_stat, Message *message);

/* Calls back with the content in server form, in pieces of at most 64 KiB. */
typedef int (*ContentFunction)(void *userdata, Str data);
int workspace_read(const char *path, FileType type, LineEnd line_end, ContentFunction function,
                   void *userdata, Message *message);

/* Calls back for every entry, in byte order of paths: all files below with `recursive`, else files and
 * directories right there. Names that begin with a dot only with `hidden`. */
typedef int (*EntryFunction)(void *userdata, const char *path, const struct stat *st);
int workspace_list(const char *path, bool recursive, bool hidden, EntryFunction function, void *userdata,
                   Message *message);
