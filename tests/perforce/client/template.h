/*
 * The product's message templates: %name%, [text %name% text|alternative], %'literal'%, %%.
 */
#pragma once

#include "text.h"

/* Appends the template with its variables replaced from the dictionary. Never fails: what cannot be
 * understood (an unpaired % or [) is copied as it stands, a variable that is not set is nothing. */
void template_expand(Buffer *out, Str format, const Dict *values);
