/* How good are the recommendations? Two protocols:
 *
 * - leave-last-out, the honest one: of each user with at least two items, the item of the last
 * event in time is held out with all the user's events on it; a model with the same options is
 * trained on the rest; items known from the rest are not recommended. Popularity and item-kNN learn
 * from the same rest.
 * - customer: the model as it is, trained on everything; each user's test item is the one with the
 *   highest number among those the user touched (users with at least two items); known items are
 *   recommended. It leaks, as the test item was in training, and is kept for comparison only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"
#include "rmv/recomart/events.h"
#include "rmv/recomart/model.h"

#define RMV_EVALUATE_USERS_MIN 200 /* fewer test users than this support no claim */

enum rmv_metric {
    RMV_METRIC_PRECISION,
    RMV_METRIC_RECALL,
    RMV_METRIC_NDCG,
    RMV_METRIC_HIT_RATE,
    RMV_METRIC_MAP,
    RMV_METRIC_MRR,
    RMV_METRIC_COUNT,
};

/* "Precision@K" without the K for people, "precision" for files. */
const char *rmv_metric_title(enum rmv_metric metric);
const char *rmv_metric_key(enum rmv_metric metric);

struct rmv_mean {
    double mean;
    double margin; /* half the width of the 95 % confidence interval, 1.96·sd/√n; 0 for n < 2 */
};

/* One ranker over all test users. */
struct rmv_scores {
    struct rmv_mean metrics[RMV_METRIC_COUNT];
    double coverage; /* share of the items that were recommended to anybody */
};

/* How much of the result ties decide: recall if equal scores fell badly, at random, and well for
 * the held-out items. */
struct rmv_tie_range {
    size_t users; /* whose held-out item ties with another across the end of the list */
    double worst, average, best;
};

struct rmv_evaluation {
    size_t k;
    size_t users; /* test users */
    size_t items;
    struct rmv_scores model, popularity,
        item_knn;              /* popularity and item_knn: leave-last-out only */
    struct rmv_tie_range ties; /* of the model's recall */
};

/* The customer's protocol, of a trained model. Errors: FAILED (nobody to test on), USAGE (bad k).
 */
RMV_MUST_CHECK
const struct rmv_error *rmv_evaluate_customer(const struct rmv_model *model, size_t k,
                                              struct rmv_evaluation *evaluation);

/* Leave-last-out over the events. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_evaluate_leave_last_out(const struct rmv_events *events,
                                                    const struct rmv_model_options *options,
                                                    size_t k, struct rmv_evaluation *evaluation);
