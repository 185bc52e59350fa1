/* The stage `train`: from the feature store to data/models/model.bin. */
#pragma once

#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/features/store.h"
#include "rmv/recomart/feature_files.h"
#include "rmv/recomart/model.h"
#include "rmv/recomart/settings.h"
#include "rmv/recomart/tracking.h"

#define RMV_FEATURES_VERSION_DEFAULT "v1"
#define RMV_TRAINED_VALUES 5 /* singular values that the summary shows */

/* The feature files and a store that has their content: opens both, and fills the tables where
 * their stamp is another. The caller closes them with rmv_feature_source_close(). */
struct rmv_feature_source {
    struct rmv_feature_files files;
    struct rmv_feature_store *store;
};

RMV_MUST_CHECK
const struct rmv_error *rmv_feature_source_open(const struct rmv_settings *settings,
                                                const char *database_path, struct rmv_log *log,
                                                struct rmv_feature_source *source);
void rmv_feature_source_close(struct rmv_feature_source *source);

/* Section `train` of params.yaml: rank, weighting, popularity_scale, features. */
struct rmv_train_options {
    struct rmv_model_options model;
    const char *features_version; /* lives as long as the settings */
};
RMV_MUST_CHECK
const struct rmv_error *rmv_train_options_read(const struct rmv_settings *settings,
                                               struct rmv_train_options *options);

/* MODELS/model.bin; the caller frees it. */
char *rmv_model_path(const struct rmv_settings *settings);

struct rmv_train_summary {
    size_t users, items, entries, rank;
    double values[RMV_TRAINED_VALUES]; /* the first singular values; as many as `rank` are set */
    size_t model_bytes;
};

/* Trains and replaces the model file atomically. `run` (may be NULL) gets parameters, metrics and
 * the model as artifact. Errors: those of the feature store, and of rmv_model_train(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_train(const struct rmv_settings *settings,
                                  const struct rmv_train_options *options,
                                  struct rmv_feature_source *source, struct rmv_tracking *run,
                                  struct rmv_train_summary *summary);
