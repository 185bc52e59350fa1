/* The prepared interactions, column by column, in the order of the file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/recomart/preferences.h"

#define RMV_PREPARED_FILE "prepared_interactions.csv" /* in the folder of processed data */

struct rmv_events {
    struct rmv_strings users; /* sorted bytewise, distinct */
    int64_t *items;           /* product numbers, ascending, distinct */
    size_t items_count;
    uint32_t *user, *item; /* of each event: indexes into users and items */
    double *score;         /* strength of each event */
    double *rating;        /* of the product, from the catalogue; NaN where missing */
    int64_t *time_ns;      /* since 1970 */
    size_t count;
};

void rmv_events_free(struct rmv_events *events);

/* Reads prepared_interactions.csv, of which the columns user_id, product_id, event_score, timestamp
 * and, where present, rating.rate matter. The caller frees `*events`. Errors: NOT_FOUND, CORRUPT
 * naming file, line and column, LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_events_read(const char *path, struct rmv_events *events);

/* Adds up events into interactions, all users and items of `events` included, without the events
 * marked in `left_out` (one flag per event; NULL for none). The caller frees `*preferences`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_events_sum(const struct rmv_events *events, const bool *left_out,
                                       struct rmv_preferences *preferences);
