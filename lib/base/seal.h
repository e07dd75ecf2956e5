/* A secret kept beside the hash of the key that opens it: whoever has the file, and not the key, has nothing. The key is random, as long as
 * a hash, and seals one text in its life, so that a stream made of it by SHA-256 is as good as any cipher; whether the text was changed is
 * not noticed. */
#pragma once

#include "base/macro.h"

/* Hexadecimal, owned by the caller. */
int seal_text(const char *key, const char *text, char **ret);
/* Owned by the caller, who wipes it. -EBADMSG: that was never sealed. With another key it is any text. */
int unseal_text(const char *key, const char *sealed, char **ret);
/* Wipes and frees; sets *text to NULL. */
void wipe_text(char **text);
