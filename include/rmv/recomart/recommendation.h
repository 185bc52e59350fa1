/* Recommending: a user's interactions out of the feature store, scored by the model. The row is the
 * one training would see now, so a user who came after training is scored as well as the others. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/features/store.h"
#include "rmv/recomart/feature_files.h"
#include "rmv/recomart/model.h"

struct rmv_recommendation {
    int64_t item; /* product number */
    double score; /* of the model; of a fallback, minus the rank by popularity */
};

struct rmv_recommendations {
    struct rmv_recommendation *items; /* best first */
    size_t count;
    bool is_fallback; /* nobody knows the user: these are the most popular items */
};

void rmv_recommendations_free(struct rmv_recommendations *recommendations);

struct rmv_recommend_options {
    const char *user;
    size_t k; /* at most RMV_RANKING_K_MAX */
    bool include_known;
};

/* The caller frees `*recommendations`. Errors: USAGE (bad k), NOT_FOUND (the model's version of the
 * features is not there), those of the store. */
RMV_MUST_CHECK
const struct rmv_error *rmv_recommend(const struct rmv_model *model,
                                      const struct rmv_feature_files *files,
                                      struct rmv_feature_store *store,
                                      const struct rmv_recommend_options *options,
                                      struct rmv_recommendations *recommendations);
