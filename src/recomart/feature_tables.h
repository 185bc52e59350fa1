/* What the features are, and their computation from events. */
#pragma once

#include <stddef.h>

#include "rmv/base/buf.h"
#include "rmv/features/store.h"
#include "rmv/recomart/events.h"

struct feature_definition {
    const char *version;
    const char *group;
    const char *file;
    struct rmv_feature_table table;

    /* Appends all rows as CSV, without the header, in the order of the key, and counts them. */
    const struct rmv_error *(*write_rows)(const struct rmv_events *events, struct rmv_buf *out,
                                          size_t *rows);
};

extern const struct feature_definition feature_definitions[];
extern const size_t feature_definitions_count;
