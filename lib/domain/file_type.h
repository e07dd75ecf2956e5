/* Types of Perforce files: "text", "xtext", "utf8+kx"…, and the keywords that some of them have. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum FileKeywords {
        FILE_KEYWORDS_NONE,
        FILE_KEYWORDS_OLD, /* +ko: $Id$ and $Header$ */
        FILE_KEYWORDS_ALL, /* +k */
} FileKeywords;

/* NULL is no type. */
bool file_type_is_text(const char *type); /* it has lines of bytes; so not utf16 */
bool file_type_is_utf8(const char *type);
FileKeywords file_type_keywords(const char *type);

/* "$Id: //depot/file#3 $" becomes "$Id$" again, as the server stores it. Returns the new length. */
size_t file_keywords_collapse(FileKeywords keywords, char *text, size_t length);
