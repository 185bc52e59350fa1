/* The prepared interactions, column by column, in the order of the file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/recomart/preferences.h"

#define RMV_PREPARED_FILE "prepared_interactions.csv" /* in the folder of processed data */

enum rmv_attribute {
    RMV_ATTRIBUTE_RATING,       /* rating.rate */
    RMV_ATTRIBUTE_RATING_COUNT, /* rating.count */
    RMV_ATTRIBUTE_PRICE,        /* price_normalized */
    RMV_ATTRIBUTE_CATEGORY,     /* category_encoded */
    RMV_ATTRIBUTES_COUNT,
};

struct rmv_events {
    struct rmv_strings users; /* sorted bytewise, distinct */
    int64_t *items;           /* product numbers, ascending, distinct */
    size_t items_count;
    uint32_t *user, *item; /* of each event: indexes into users and items */
    double *score;         /* strength of each event */
    /* Of the product, from the catalogue; NaN where missing. */
    double *attributes[RMV_ATTRIBUTES_COUNT];
    int64_t *time_ns; /* since 1970 */
    size_t count;
};

void rmv_events_free(struct rmv_events *events);

/* Reads prepared_interactions.csv, of which the columns user_id, product_id, event_score, timestamp
 * and, where present, those of the attributes matter. The caller frees `*events`. Errors:
 * NOT_FOUND, CORRUPT naming file, line and column, LIMIT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_events_read(const char *path, struct rmv_events *events);

/* Adds up events into interactions, all users and items of `events` included, without the events
 * marked in `left_out` (one flag per event; NULL for none). The caller frees `*preferences`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_events_sum(const struct rmv_events *events, const bool *left_out,
                                       struct rmv_preferences *preferences);
