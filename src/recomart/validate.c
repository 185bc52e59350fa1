#include "rmv/recomart/validate.h"

#include <string.h>

#include "recomart/lake_check.h"
#include "recomart/report.h"
#include "recomart/staging.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

const struct rmv_error *rmv_validate_options_read(const struct rmv_settings *settings,
                                                  struct rmv_validate_options *options)
{
    static const char *const known[] = {"score_min", "rejected_max", NULL};
    static const double score_range[2] = {0, 100}, rejected_range[2] = {0, 1e9};
    const struct rmv_value *section;
    double score = 70, rejected = 1000;

    const struct rmv_error *err = rmv_settings_section(settings, "validate", known, &section);
    if (!err)
        err = rmv_settings_number(settings, section, "score_min", score_range, &score);
    if (!err)
        err = rmv_settings_number(settings, section, "rejected_max", rejected_range, &rejected);
    *options = (struct rmv_validate_options){
        .score_min = score,
        .rejected_max = (uint64_t)rejected,
        .suites_path = RMV_VALIDATE_SUITES_DEFAULT,
    };
    return err;
}

static const struct rmv_error *check_lake(struct rmv_lake_check *check, const char *raw)
{
    /* Products first: the others refer to them. The report has them last. */
    static const enum rmv_lake_dataset order[] = {RMV_LAKE_PRODUCTS, RMV_LAKE_CLICKSTREAM,
                                                  RMV_LAKE_TRANSACTIONS, RMV_LAKE_RATINGS};
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < sizeof(order) / sizeof(order[0]); i++)
        err = rmv_lake_check_dataset(check, raw, order[i]);
    if (!err && check->count == 0)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there is no data in '%s'", raw),
                              "run 'recomart ingest-clickstream' and 'recomart ingest-products'");
    return err;
}

static void sum_up(const struct rmv_lake_check *check, struct rmv_validate_summary *summary)
{
    double weighted = 0, weights = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct rmv_file_report *report = &check->reports[i];
        /* A file that cannot be read weighs as much as one row at least. */
        const double weight = report->rows > 0 ? (double)report->rows : 1;
        weighted += weight * report->score;
        weights += weight;
        summary->files++;
        summary->failed_files += report->is_failed;
        summary->rows += report->rows;
        summary->rejected += report->rejected;
    }
    summary->score = weighted / weights;
}

static const struct rmv_error *write_reports(const struct rmv_settings *settings,
                                             const struct rmv_lake_check *check,
                                             struct rmv_validate_summary *summary)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf json = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf html = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf metrics = {0};
    RMV_CLEANUP(rmv_str_free)
    char *json_path = rmv_path_join(settings->reports, "data_quality_report.json");
    RMV_CLEANUP(rmv_str_free)
    char *metrics_path = rmv_path_join(settings->metrics, "quality.json");

    summary->report_path = rmv_path_join(settings->reports, "data_quality_report.html");
    rmv_report_json(check, summary, &json);
    rmv_report_html(check, summary, &html);
    rmv_report_metrics(check, summary, &metrics);
    const struct rmv_error *err = rmv_fs_write_atomic(json_path, json.data, json.size);
    if (!err)
        err = rmv_fs_write_atomic(summary->report_path, html.data, html.size);
    if (!err)
        err = rmv_fs_write_atomic(metrics_path, metrics.data, metrics.size);
    return err;
}

/* The first thing that is wrong with a file, in words. */
static char *explain_file(const struct rmv_file_report *report, double score_min)
{
    if (report->error)
        return rmv_str_copy(report->error);
    for (size_t i = 0; i < report->outcomes_count; i++) {
        const struct rmv_outcome *outcome = &report->outcomes[i];
        if (outcome->is_met || !outcome->expectation->is_critical)
            continue;
        const struct rmv_strings *columns = &outcome->expectation->columns;
        return rmv_str_format(
            "%s: %s%s%s is not met: %llu of %llu%s%s", report->path,
            rmv_expectation_name(outcome->expectation->what), columns->count == 1 ? " of " : "",
            columns->count == 1 ? columns->items[0] : "", (unsigned long long)outcome->unexpected,
            (unsigned long long)outcome->evaluated,
            outcome->examples.count ? ", for instance " : "",
            outcome->examples.count ? outcome->examples.items[0] : "");
    }
    return rmv_str_format("%s: its score is %.1f; %.1f is needed", report->path, report->score,
                          score_min);
}

static void log_reports(const struct rmv_lake_check *check,
                        const struct rmv_validate_summary *summary, struct rmv_log *log)
{
    for (size_t i = 0; i < check->count; i++) {
        const struct rmv_file_report *report = &check->reports[i];
        rmv_log_write(log, RMV_LOG_INFO, "%s: %llu rows, %llu rejected, quality score %.1f/100",
                      report->path, (unsigned long long)report->rows,
                      (unsigned long long)report->rejected, report->score);
        if (!report->is_failed)
            continue;
        RMV_CLEANUP(rmv_str_free)
        char *why = explain_file(report, check->options->score_min);
        rmv_log_write(log, RMV_LOG_ERROR, "%s", why);
    }
    rmv_log_write(log, RMV_LOG_INFO, "Quality score: %.1f/100", summary->score);
}

static const struct rmv_error *verdict(const struct rmv_lake_check *check,
                                       const struct rmv_validate_summary *summary)
{
    for (size_t i = 0; i < check->count; i++) {
        if (!check->reports[i].is_failed)
            continue;
        RMV_CLEANUP(rmv_str_free)
        char *why = explain_file(&check->reports[i], check->options->score_min);
        return rmv_error_hint(rmv_error(RMV_ERR_FAILED,
                                        "%llu of %llu files are not good enough: %s",
                                        (unsigned long long)summary->failed_files,
                                        (unsigned long long)summary->files, why),
                              "'%s' has it all", summary->report_path);
    }
    return NULL;
}

static const struct rmv_error *publish(struct rmv_staging *staging,
                                       const struct rmv_validate_summary *summary)
{
    return summary->failed_files > 0 ? rmv_staging_publish_part(staging, "rejected")
                                     : rmv_staging_publish(staging);
}

const struct rmv_error *rmv_validate(const struct rmv_settings *settings,
                                     const struct rmv_validate_options *options,
                                     struct rmv_log *log, struct rmv_validate_summary *summary)
{
    RMV_CLEANUP(rmv_lake_check_free) struct rmv_lake_check check = {.options = options};
    RMV_CLEANUP(rmv_staging_close) struct rmv_staging staging = RMV_STAGING_EMPTY;

    *summary = (struct rmv_validate_summary){0};
    const struct rmv_error *err = rmv_expectations_read(options->suites_path, &check.suites);
    if (!err)
        err = rmv_staging_open(settings->validated, &staging);
    if (err)
        return err;
    check.staging = rmv_str_copy(staging.path);
    err = check_lake(&check, settings->raw);
    if (err)
        return err;
    sum_up(&check, summary);
    log_reports(&check, summary, log);
    err = write_reports(settings, &check, summary);
    if (!err)
        err = publish(&staging, summary);
    if (!err)
        err = verdict(&check, summary);
    return err;
}
