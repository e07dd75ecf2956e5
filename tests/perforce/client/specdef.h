/*
 * Forms: a definition string (`Change;code:201;rq;ro;fmt:L;seq:1;len:10;;Date;…;;`) and the building of the
 * form's text from fields by it.
 */
#pragma once

#include "message.h"

/* Appends the form's text. Fields are looked up by name (Description), those of lists by name and index
 * (View0…), comments by name, `Comment` and index; fields the definition does not have are left out. */
void specdef_format(Str specdef, const Dict *fields, Buffer *out);

/* The form of a record that carries a specdef, with `Field=value` and `Field+=value` changes. Returns
 * -ENOENT for a record that is no form, -EINVAL for a change that is none; an unknown field is told in
 * the message too. */
int specdef_change_fields(const Dict *record, const char *const *changes, Buffer *out, Message *message);
