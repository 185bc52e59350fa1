#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/stage.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/timestamp.h"
#include "rmv/recomart/validate.h"

static struct recomart_options option;
static const char *option_suites;
static const char *option_at;

static const struct cli_option options[] = {
    {.name = "suites",
     .text = &option_suites,
     .argument = "FILE",
     .help = "the expectations (default " RMV_VALIDATE_SUITES_DEFAULT ")"},
    {.name = "at",
     .text = &option_at,
     .argument = "TIME",
     .help = "what lies behind TIME (UTC) is in the future (default: a partition's end)"},
    RECOMART_OPTIONS(option),
    {0},
};

static const struct rmv_error *set_options(const struct rmv_settings *settings,
                                           struct rmv_validate_options *validate)
{
    const struct rmv_error *err = rmv_validate_options_read(settings, validate);
    if (err)
        return err;
    if (option_suites)
        validate->suites_path = option_suites;
    validate->has_now = option_at != NULL;
    if (option_at && !rmv_timestamp_parse(option_at, strlen(option_at), 0, &validate->now_ns))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is not a time", option_at),
                              "--at 2025-01-31T12:00:00Z");
    return NULL;
}

static void print_summary(const struct rmv_validate_summary *summary)
{
    printf("%llu rows in %llu file%s, %llu rejected. Quality score: %.1f/100\n",
           (unsigned long long)summary->rows, (unsigned long long)summary->files,
           summary->files == 1 ? "" : "s", (unsigned long long)summary->rejected, summary->score);
    printf("The report is %s\n", summary->report_path);
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_validate_options validate;
    struct rmv_validate_summary summary = {0};
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "unexpected argument '%s'", argv[0]);

    const struct rmv_error *err = recomart_stage_open("validation", &option, &stage);
    if (!err)
        err = set_options(&stage.settings, &validate);
    if (!err)
        err = rmv_validate(&stage.settings, &validate, stage.log, &summary);
    if (summary.report_path && !cli_quiet)
        print_summary(&summary);
    rmv_str_free(&summary.report_path);
    return err ? recomart_stage_failed(&stage, err) : NULL;
}

const struct cli_command recomart_validate = {
    .name = "validate",
    .arguments = "",
    .summary = "hold the data lake against its expectations, and report",
    .help =
        "Checks every partition of the raw lake against the suite of its dataset in\n"
        "data/config/expectations.yaml, written in the terms of Great Expectations: columns and\n"
        "types, missing values, duplicates, allowed values, ranges, times, products that exist,\n"
        "and how many rows there are. Rows that break a critical expectation are put aside in\n"
        "validated/rejected/ with the reason; the others become the validated lake.\n\n"
        "Each file gets a score from 100: less 30 if columns are missing, up to 20 for missing\n"
        "values and for duplicates, up to 15 for values out of range, 15 for wrong types.\n"
        "reports/data_quality_report.html and .json have all of it, metrics/quality.json the\n"
        "figures to compare between versions.\n\n"
        "Exit status 1 says that the data is not good enough: a critical expectation holds for\n"
        "fewer rows than its 'mostly', or a score is below validate.score_min of params.yaml.\n"
        "Then the reports are written, and the validated lake stays as it was but for rejected/.",
    .examples = "recomart validate  # as the stage of rmv.yaml does\n"
                "recomart validate --at 2025-01-02T00:00:00Z  # as it was seen on that day",
    .options = options,
    .run = run,
};
