#include "recomart/report.h"

#include <math.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/value.h"

#define REPORT_VERSION 1

static const struct rmv_report_column columns[RMV_LAKE_DATASETS][RMV_REPORT_COLUMNS_MAX] = {
    [RMV_LAKE_CLICKSTREAM] = {{"Invalid Events", "event_type"}, {"Invalid Device", "device"}},
    [RMV_LAKE_TRANSACTIONS] = {{"Invalid Quantity", "quantity"}, {"Invalid Price", "price"}},
    [RMV_LAKE_RATINGS] = {{"Invalid Rating", "rating"}},
    [RMV_LAKE_PRODUCTS] = {{"Invalid Price", "price"}, {"Invalid Rating", "rating.rate"}},
};

const struct rmv_report_column *rmv_report_columns(enum rmv_lake_dataset dataset)
{
    return columns[dataset];
}

uint64_t rmv_report_invalid(const struct rmv_file_report *report, const char *column)
{
    uint64_t count = 0;
    for (size_t i = 0; i < report->outcomes_count; i++) {
        const struct rmv_outcome *outcome = &report->outcomes[i];
        const enum rmv_expect what = outcome->expectation->what;
        if ((what == RMV_EXPECT_IN_SET || what == RMV_EXPECT_BETWEEN) &&
            strcmp(outcome->expectation->columns.items[0], column) == 0)
            count += outcome->unexpected;
    }
    return count;
}

uint64_t rmv_report_accepted(const struct rmv_file_report *report)
{
    return report->error || report->lacks_columns ? 0 : report->rows - report->rejected;
}

/* ---- JSON ---- */

static double rounded(double number)
{
    return round(number * 100) / 100;
}

static void set_count(struct rmv_value *map, const char *key, uint64_t count)
{
    rmv_value_set_int(rmv_value_add(map, key), (int64_t)count);
}

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    rmv_value_set_text(rmv_value_add(map, key), text);
}

static void set_list(struct rmv_value *map, const char *key, const struct rmv_strings *strings)
{
    struct rmv_value *list = rmv_value_add(map, key);
    rmv_value_set_list(list);
    for (size_t i = 0; i < strings->count; i++)
        rmv_value_set_text(rmv_value_append(list), strings->items[i]);
}

static void describe_outcome(const struct rmv_outcome *outcome, struct rmv_value *out)
{
    const struct rmv_expectation *expectation = outcome->expectation;
    rmv_value_set_map(out);
    set_text(out, "expectation_type", rmv_expectation_name(expectation->what));
    set_list(out, "columns", &expectation->columns);
    set_text(out, "severity", expectation->is_critical ? "critical" : "warning");
    rmv_value_set_double(rmv_value_add(out, "mostly"), expectation->mostly);
    rmv_value_set_bool(rmv_value_add(out, "success"), outcome->is_met);
    rmv_value_set_bool(rmv_value_add(out, "skipped"), outcome->is_skipped);
    set_count(out, "element_count", outcome->evaluated);
    set_count(out, "unexpected_count", outcome->unexpected);
    set_list(out,
             expectation->what <= RMV_EXPECT_NEAR_PREVIOUS ? "observed" : "partial_unexpected_list",
             &outcome->examples);
}

static void describe_file(const struct rmv_file_report *report, struct rmv_value *out)
{
    rmv_value_set_map(out);
    set_text(out, "Dataset", rmv_lake_title(report->dataset));
    set_text(out, "File", report->path);
    set_count(out, "Rows", report->rows);
    set_count(out, "Missing Values", report->missing_cells);
    set_count(out, "Duplicates", report->duplicates);
    for (const struct rmv_report_column *column = columns[report->dataset];
         column < columns[report->dataset] + RMV_REPORT_COLUMNS_MAX && column->title; column++)
        set_count(out, column->title, rmv_report_invalid(report, column->column));
    set_count(out, "Damaged", report->damaged);
    set_count(out, "Accepted", rmv_report_accepted(report));
    set_count(out, "Rejected", report->rejected);
    rmv_value_set_double(rmv_value_add(out, "quality_score"), rounded(report->score));
    rmv_value_set_bool(rmv_value_add(out, "success"), !report->is_failed);
    if (report->error)
        set_text(out, "error", report->error);

    struct rmv_value *list = rmv_value_add(out, "expectations");
    rmv_value_set_list(list);
    for (size_t i = 0; i < report->outcomes_count; i++)
        describe_outcome(&report->outcomes[i], rmv_value_append(list));
}

static void describe_summary(const struct rmv_validate_summary *summary, struct rmv_value *out)
{
    rmv_value_set_double(rmv_value_add(out, "quality_score"), rounded(summary->score));
    rmv_value_set_bool(rmv_value_add(out, "success"), summary->failed_files == 0);
    set_count(out, "files", summary->files);
    set_count(out, "failed_files", summary->failed_files);
    set_count(out, "rows", summary->rows);
    set_count(out, "rejected", summary->rejected);
}

static void format_and_free(struct rmv_value *document, struct rmv_buf *out)
{
    rmv_json_format(document, true, out);
    rmv_value_free(document);
}

void rmv_report_json(const struct rmv_lake_check *check, const struct rmv_validate_summary *summary,
                     struct rmv_buf *out)
{
    struct rmv_value document = {0};
    rmv_value_set_map(&document);
    set_count(&document, "version", REPORT_VERSION);
    struct rmv_value *inner = rmv_value_add(&document, "summary");
    rmv_value_set_map(inner);
    describe_summary(summary, inner);
    struct rmv_value *list = rmv_value_add(&document, "datasets");
    rmv_value_set_list(list);
    for (size_t dataset = 0; dataset < RMV_LAKE_DATASETS; dataset++)
        for (size_t i = 0; i < check->count; i++)
            if (check->reports[i].dataset == dataset)
                describe_file(&check->reports[i], rmv_value_append(list));
    format_and_free(&document, out);
}

/* Sums over the files of a dataset. */
static void describe_dataset(const struct rmv_lake_check *check, enum rmv_lake_dataset dataset,
                             struct rmv_value *document)
{
    uint64_t files = 0, rows = 0, rejected = 0, duplicates = 0, missing = 0;
    for (size_t i = 0; i < check->count; i++) {
        const struct rmv_file_report *report = &check->reports[i];
        if (report->dataset != dataset)
            continue;
        files++;
        rows += report->rows;
        rejected += report->rejected;
        duplicates += report->duplicates;
        missing += report->missing_cells;
    }
    if (files == 0)
        return;
    struct rmv_value *out = rmv_value_add(document, rmv_lake_name(dataset));
    rmv_value_set_map(out);
    set_count(out, "files", files);
    set_count(out, "rows", rows);
    set_count(out, "rejected", rejected);
    set_count(out, "duplicates", duplicates);
    set_count(out, "missing_values", missing);
}

void rmv_report_metrics(const struct rmv_lake_check *check,
                        const struct rmv_validate_summary *summary, struct rmv_buf *out)
{
    struct rmv_value document = {0};
    rmv_value_set_map(&document);
    describe_summary(summary, &document);
    rmv_value_remove(&document, "success");
    for (size_t i = 0; i < RMV_LAKE_DATASETS; i++)
        describe_dataset(check, (enum rmv_lake_dataset)i, &document);
    format_and_free(&document, out);
}
