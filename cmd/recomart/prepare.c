#include <stdio.h>

#include "recomart/commands.h"
#include "recomart/stage.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/prepare.h"

static struct recomart_options option;

static const struct cli_option options[] = {RECOMART_OPTIONS(option), {0}};

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_prepare_options prepare;
    struct rmv_prepare_summary summary;
    (void)argv;
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'prepare' takes no arguments");

    const struct rmv_error *err = recomart_stage_open("preparation", &option, &stage);
    if (!err)
        err = rmv_prepare_options_read(&stage.settings, &prepare);
    if (!err)
        err = rmv_prepare(&stage.settings, &prepare, stage.log, &summary);
    if (err)
        return recomart_stage_failed(&stage, err);

    rmv_log_write(stage.log, RMV_LOG_INFO, "Prepared %llu interactions",
                  (unsigned long long)summary.rows);
    if (cli_quiet)
        return NULL;
    printf("Prepared %llu interactions of %llu users with %llu products", //
           (unsigned long long)summary.rows, (unsigned long long)summary.users,
           (unsigned long long)summary.products);
    const double cells = (double)summary.users * (double)summary.products;
    printf(" (sparsity %.4g)\n", 1 - (double)summary.pairs / cells);
    if (summary.duplicates > 0)
        printf("%llu exact duplicates were dropped\n", (unsigned long long)summary.duplicates);
    return NULL;
}

const struct cli_command recomart_prepare = {
    .name = "prepare",
    .arguments = "",
    .summary = "clean, join and encode the validated data, and plot it",
    .help =
        "Reads the validated partitions and writes processed/prepared_interactions.csv: one row\n"
        "per interaction, joined with the newest snapshot of its product, and plots of the same\n"
        "data in processed/eda/.\n\n"
        "Rows without user or product, of other event types, or whose time cannot be read are\n"
        "dropped. Times become UTC. The same event counts once, however often it was ingested.\n"
        "The strength of an interaction is 1 for a view, 2 for a click, 3 for a product put into\n"
        "the cart, 5 per unit bought; categories are numbered in sorted order from 0; prices are\n"
        "scaled to 0 … 1 over the products that occur. Section prepare of params.yaml changes\n"
        "strengths and time zone, and says what replaces missing values. The same input always\n"
        "gives the same bytes.",
    .examples = "recomart prepare  # as the stage of rmv.yaml does\n"
                "recomart prepare --config data/config/config.yaml  # the ratings pipeline",
    .options = options,
    .run = run,
};
