#include "rmv/recomart/training.h"

#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/csv.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/recomart/database.h"

#define RANK_DEFAULT 10

/* ---- Features ---------------------------------------------------------------------------------
 */

const struct rmv_error *rmv_feature_source_open(const struct rmv_settings *settings,
                                                const char *database_path, struct rmv_log *log,
                                                struct rmv_feature_source *source)
{
    struct rmv_feature_source opened = {0};
    size_t filled = 0;
    const struct rmv_error *err = rmv_feature_files_open(settings->features, &opened.files);
    if (!err)
        err = rmv_database_open(database_path, &opened.store);
    if (!err)
        err = rmv_feature_files_materialize(&opened.files, opened.store, &filled);
    if (err) {
        rmv_feature_source_close(&opened);
        return err;
    }
    if (filled > 0)
        rmv_log_write(log, RMV_LOG_INFO, "Filled the tables of the %s from %s",
                      rmv_feature_store_name(opened.store), settings->features);
    *source = opened;
    return NULL;
}

void rmv_feature_source_close(struct rmv_feature_source *source)
{
    rmv_feature_store_close(&source->store);
    rmv_feature_files_free(&source->files);
}

/* ---- Options ----------------------------------------------------------------------------------
 */

static const struct rmv_error *read_weighting(const struct rmv_settings *settings,
                                              const struct rmv_value *section,
                                              enum rmv_model_weighting *weighting)
{
    const char *name = rmv_model_weighting_name(*weighting);
    const struct rmv_error *err = rmv_settings_text(settings, section, "weighting", &name);
    if (!err)
        err = rmv_model_weighting_parse(name, weighting);
    return err ? rmv_error_context(err, "%s: train", settings->params_path) : NULL;
}

const struct rmv_error *rmv_train_options_read(const struct rmv_settings *settings,
                                               struct rmv_train_options *options)
{
    static const char *const known[] = {"rank", "weighting", "popularity_scale", "features", NULL};
    static const double rank_range[] = {1, RMV_MODEL_RANK_MAX};
    static const double scale_range[] = {0, 1};
    const struct rmv_value *section = NULL;
    double rank = RANK_DEFAULT;
    *options = (struct rmv_train_options){.features_version = RMV_FEATURES_VERSION_DEFAULT};
    const struct rmv_error *err = rmv_settings_section(settings, "train", known, &section);
    if (!err)
        err = rmv_settings_number(settings, section, "rank", rank_range, &rank);
    if (!err)
        err = rmv_settings_number(settings, section, "popularity_scale", scale_range,
                                  &options->model.popularity_scale);
    if (!err)
        err = rmv_settings_text(settings, section, "features", &options->features_version);
    if (!err)
        err = read_weighting(settings, section, &options->model.weighting);
    options->model.rank = (size_t)rank;
    return err;
}

/* ---- Training ---------------------------------------------------------------------------------
 */

char *rmv_model_path(const struct rmv_settings *settings)
{
    return rmv_path_join(settings->models, "model.bin");
}

static void track(struct rmv_tracking *run, const struct rmv_train_options *options,
                  const struct rmv_feature_source *source, const struct rmv_model *model)
{
    if (!run)
        return;
    RMV_CLEANUP(rmv_str_free) char *rank = rmv_str_format("%zu", model->rank);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf scale = {0};
    rmv_csv_append_double(&scale, options->model.popularity_scale);
    rmv_tracking_param(run, "model", "TruncatedSVD");
    rmv_tracking_param(run, "n_components", rank);
    rmv_tracking_param(run, "weighting", rmv_model_weighting_name(options->model.weighting));
    rmv_tracking_param(run, "popularity_scale", rmv_buf_string(&scale));
    rmv_tracking_param(run, "training_source", rmv_feature_store_name(source->store));
    rmv_tracking_param(run, "features_version", options->features_version);
    rmv_tracking_param(run, "features_sha256", source->files.id_hex);
    for (size_t i = 0; i < model->rank && i < RMV_TRAINED_VALUES; i++) {
        RMV_CLEANUP(rmv_str_free) char *key = rmv_str_format("singular_value_%zu", i + 1);
        rmv_tracking_metric(run, key, model->values[i]);
    }
    rmv_tracking_metric(run, "users", (double)model->users_count);
    rmv_tracking_metric(run, "items", (double)model->items_count);
}

static void summarize(const struct rmv_model *model, size_t bytes,
                      struct rmv_train_summary *summary)
{
    *summary = (struct rmv_train_summary){.users = model->users_count,
                                          .items = model->items_count,
                                          .entries = model->starts[model->users_count],
                                          .rank = model->rank,
                                          .model_bytes = bytes};
    for (size_t i = 0; i < model->rank && i < RMV_TRAINED_VALUES; i++)
        summary->values[i] = model->values[i];
}

const struct rmv_error *rmv_train(const struct rmv_settings *settings,
                                  const struct rmv_train_options *options,
                                  struct rmv_feature_source *source, struct rmv_tracking *run,
                                  struct rmv_train_summary *summary)
{
    RMV_CLEANUP(rmv_preferences_free) struct rmv_preferences preferences = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_model_path(settings);
    struct rmv_model model = {0};
    struct rmv_model_source from = {.features_version = options->features_version};
    memcpy(from.features_id, source->files.id, sizeof(from.features_id));

    const struct rmv_error *err = rmv_feature_files_load(&source->files, source->store,
                                                         options->features_version, &preferences);
    if (!err)
        err = rmv_model_train(&preferences, &options->model, &from, &bytes);
    if (!err)
        err = rmv_model_parse(path, bytes.data, bytes.size, &model);
    if (!err)
        err = rmv_fs_write_atomic(path, bytes.data, bytes.size);
    if (err)
        return err;
    track(run, options, source, &model);
    if (run)
        rmv_tracking_artifact(run, path);
    summarize(&model, bytes.size, summary);
    return NULL;
}
