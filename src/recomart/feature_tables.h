/* What the features are, and their computation from events. */
#pragma once

#include <stddef.h>

#include "recomart/running_sum.h"
#include "rmv/base/buf.h"
#include "rmv/features/store.h"
#include "rmv/recomart/events.h"

/* Sums per user, item or pair, from the first event to the last. */
struct feature_group {
    size_t count, rated;
    struct running_sum score, rating;
    struct running_sum squares; /* of what each score is off the mean */
    double lowest, highest;     /* score */
    size_t last;                /* index of the last event in time */
};

/* One group per member 0 … groups_count − 1; the caller frees them. */
struct feature_group *feature_groups_of(const struct rmv_events *events, const uint32_t *member,
                                        size_t groups_count);

/* Numbers the pairs of user and item that occur, in the order of user and item, in the rows of a
 * matrix of users × items, and sets member[event] to the event's pair. The caller frees both. */
RMV_MUST_CHECK
const struct rmv_error *feature_pairs_of(const struct rmv_events *events, struct rmv_sparse *pairs,
                                         uint32_t **member);

double feature_mean(const struct running_sum *sum, size_t count); /* NaN of nothing */

/* Pieces of a row of CSV: a text key first, or a comma and a number. NaN is an empty field. */
void feature_append_key(struct rmv_buf *out, const char *text);
void feature_append_number(struct rmv_buf *out, double number);

struct feature_definition {
    const char *version;
    const char *group;
    const char *file;
    struct rmv_feature_table table;

    /* Appends all rows as CSV, without the header, in the order of the key, and counts them. */
    const struct rmv_error *(*write_rows)(const struct rmv_events *events, struct rmv_buf *out,
                                          size_t *rows);
};

#define FEATURE_DEFINITIONS_COUNT 3 /* of one version */

extern const struct feature_definition feature_definitions_v1[FEATURE_DEFINITIONS_COUNT];
extern const struct feature_definition feature_definitions_v2[FEATURE_DEFINITIONS_COUNT];
