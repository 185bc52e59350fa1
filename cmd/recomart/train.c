#include <stdio.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/training.h"

static struct recomart_options option;
static const char *option_database;
static bool option_no_tracking;

static const struct cli_option options[] = {
    RECOMART_OPTIONS(option),
    RECOMART_DATABASE_OPTION(option_database),
    {.name = "no-tracking", .flag = &option_no_tracking, .help = "record no run in mlruns/"},
    {0},
};

static void print(const struct rmv_train_summary *summary)
{
    printf("Model trained and saved successfully\n");
    printf("%zu users, %zu items, %zu interactions; rank %zu; singular values", summary->users,
           summary->items, summary->entries, summary->rank);
    for (size_t i = 0; i < summary->rank && i < RMV_TRAINED_VALUES; i++)
        printf(" %.8f", summary->values[i]);
    printf("%s\n", summary->rank > RMV_TRAINED_VALUES ? " …" : "");
}

static const struct rmv_error *train(struct recomart_stage *stage, struct rmv_tracking *tracked,
                                     struct rmv_train_summary *summary)
{
    RMV_CLEANUP(rmv_feature_source_close) struct rmv_feature_source source = {.store = NULL};
    struct rmv_train_options chosen;
    const struct rmv_error *err = rmv_train_options_read(&stage->settings, &chosen);
    if (!err)
        err = rmv_feature_source_open(&stage->settings, option_database, stage->log, &source);
    /* What is trained on must be what the files say, not only what the tables were filled from. */
    if (!err)
        err = rmv_feature_files_check(&source.files);
    if (!err)
        err = rmv_train(&stage->settings, &chosen, &source, tracked, summary);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_tracking *tracked = NULL;
    struct rmv_train_summary summary = {0};
    (void)argv;
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'train' takes no arguments");
    const struct rmv_error *err = recomart_stage_open("training", &option, &stage);
    if (err)
        return err;

    if (!option_no_tracking)
        rmv_tracking_start(NULL, "recomart train", &tracked);
    err = train(&stage, tracked, &summary);
    err = recomart_tracking_end(&stage, &tracked, err);
    if (err)
        return recomart_stage_failed(&stage, err);
    rmv_log_write(stage.log, RMV_LOG_INFO, "Model trained and saved successfully");
    if (!cli_quiet)
        print(&summary);
    return NULL;
}

const struct cli_command recomart_train = {
    .name = "train",
    .arguments = "",
    .summary = "factor the interactions of the feature store into a model",
    .help =
        "Reads user_item_features of a version from the feature store and writes "
        "models/model.bin:\n"
        "the exact truncated singular value decomposition of the users × items matrix of total\n"
        "interaction score. The same features and parameters give the same bytes. The tables of\n"
        "the feature store are filled again first where they do not match data/features.\n\n"
        "Section train of params.yaml has rank, weighting (sum, binary or log1p of the total\n"
        "score), popularity_scale (0 for plain SVD; 0.2 takes weight from popular products), and\n"
        "the version of the features. The run is recorded in mlruns/, which `mlflow ui` shows, or\n"
        "in the folder MLFLOW_TRACKING_URI names.",
    .examples = "recomart train  # as the stage of rmv.yaml does\n"
                "recomart train --database postgresql.yaml  # features from another database",
    .options = options,
    .run = run,
};
