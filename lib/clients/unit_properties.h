/* Properties of a unit as systemd's StartTransientUnit() wants them, from a table: one row, one property. The names are those of the bus,
 * which differ from those of unit files where times are concerned (TimeoutStopUSec). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/macro.h"
#include "resources/bus.h"

typedef enum UnitPropertyType {
        UNIT_PROPERTY_TEXT,    /* s: text */
        UNIT_PROPERTY_BOOL,    /* b: number */
        UNIT_PROPERTY_UINT32,  /* u: number */
        UNIT_PROPERTY_UINT64,  /* t: number */
        UNIT_PROPERTY_WORDS,   /* as: words */
        UNIT_PROPERTY_ALLOW,   /* (bas): only words */
        UNIT_PROPERTY_DENY,    /* (bas): all but words */
        UNIT_PROPERTY_COMMAND, /* a(sasb): words is its argv; it must have no $ in it */
        UNIT_PROPERTY_FIELDS,  /* aay: words are NAME=VALUE of the journal */
        UNIT_PROPERTY_PAIR, /* a(ss): words are a credential's id and file, or a mount's place and options */
        UNIT_PROPERTY_BIND, /* a(ssbt): text is a path that is to be seen where it is */
        _UNIT_PROPERTY_MAX,
} UnitPropertyType;

typedef struct UnitProperty {
        const char *name;
        UnitPropertyType type;
        const char *text;
        uint64_t number;
        const char *const *words; /* NULL-terminated */
} UnitProperty;

/* Appends rows to an a(sv) that the caller has opened. */
int unit_properties_append(sd_bus_message *message, const UnitProperty *rows, size_t n_rows);
