#include "recomart/ingest.h"

#include <stdio.h>

#include "recomart/stage.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/recomart/ingest.h"

#define NS_PER_DAY 86400000000000

static struct recomart_options option;
static const char *option_date;
static const char *option_source;

#define DATE_OPTION                                                                                \
    {                                                                                              \
        .name = "date", .text = &option_date, .argument = "YYYY-MM-DD",                            \
        .help = "the partition to fill (default today)"                                            \
    }

const struct cli_option recomart_ingest_options[] = {
    DATE_OPTION,
    {.name = "source",
     .text = &option_source,
     .argument = "FILE",
     .help = "what to copy (default: the file of that name in source_files)"},
    RECOMART_OPTIONS(option),
    {0},
};

const struct cli_option recomart_ingest_products_options[] = {
    DATE_OPTION,
    {.name = "url",
     .text = &option_source,
     .argument = "URL",
     .help = "where to get it (default: ingest.products_url of params.yaml)"},
    RECOMART_OPTIONS(option),
    {0},
};

static const struct rmv_error *start(int argc, char **argv, struct recomart_stage *stage,
                                     struct rmv_ingest *ingest)
{
    if (argc > 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "unexpected argument '%s'", argv[0]),
                              "name a file with --source, an address with --url");
    *ingest = (struct rmv_ingest){.settings = &stage->settings,
                                  .days = rmv_time_now_ns() / NS_PER_DAY,
                                  .source = option_source};
    if (option_date && !rmv_time_parse_date(option_date, &ingest->days))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is not a date", option_date),
                              "--date 2025-01-31");
    const struct rmv_error *err = recomart_stage_open("ingestion", &option, stage);
    ingest->log = stage->log;
    return err;
}

static const struct rmv_error *finish(const struct rmv_error *err, const char *what,
                                      struct rmv_ingest_result *result)
{
    if (!err && !cli_quiet)
        printf("Ingested %llu %s at %s\n", (unsigned long long)result->count, what, result->path);
    rmv_str_free(&result->path);
    return err;
}

const struct rmv_error *recomart_run_ingest_file(enum rmv_lake_dataset dataset, int argc,
                                                 char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_ingest ingest;
    struct rmv_ingest_result result = {0};

    const struct rmv_error *err = start(argc, argv, &stage, &ingest);
    if (!err)
        err = rmv_ingest_file(&ingest, dataset, &result);
    return finish(err, "interactions", &result);
}

const struct rmv_error *recomart_run_ingest_products(const char *token, int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_ingest ingest;
    struct rmv_ingest_result result = {0};

    const struct rmv_error *err = start(argc, argv, &stage, &ingest);
    if (!err)
        err = rmv_ingest_products(&ingest, token, &result);
    return finish(err, "products", &result);
}
