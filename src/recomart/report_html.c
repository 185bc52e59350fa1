/* The data quality report as a page. */
#include <string.h>

#include "recomart/html.h"
#include "recomart/report.h"
#include "rmv/base/mem.h"

static const char *class_of(double score, bool is_failed)
{
    return is_failed ? "bad" : score < 90 ? "warn" : "good";
}

static void append_cell(struct rmv_buf *out, uint64_t count, bool is_bad_if_any)
{
    rmv_buf_append_format(out, "<td class=\"n%s\">", is_bad_if_any && count > 0 ? " warn" : "");
    rmv_html_count(out, count);
    rmv_buf_append_string(out, "</td>");
}

static void append_head(struct rmv_buf *out, enum rmv_lake_dataset dataset)
{
    const struct rmv_report_column *column = rmv_report_columns(dataset);
    rmv_buf_append_string(out, "<tr><th>Dataset</th><th>File</th><th class=\"n\">Rows</th><th "
                               "class=\"n\">Missing Values</th><th class=\"n\">Duplicates</th>");
    for (size_t i = 0; i < RMV_REPORT_COLUMNS_MAX && column[i].title; i++)
        rmv_buf_append_format(out, "<th class=\"n\">%s</th>", column[i].title);
    rmv_buf_append_string(out, "<th class=\"n\">Rejected</th><th class=\"n\">Quality</th></tr>\n");
}

static void append_file(struct rmv_buf *out, const struct rmv_file_report *report)
{
    const struct rmv_report_column *column = rmv_report_columns(report->dataset);
    rmv_buf_append_format(out, "<tr><td>%s</td><td><code>", rmv_lake_title(report->dataset));
    rmv_html_text(out, report->path);
    rmv_buf_append_string(out, "</code></td>");
    append_cell(out, report->rows, false);
    append_cell(out, report->missing_cells, true);
    append_cell(out, report->duplicates, true);
    for (size_t i = 0; i < RMV_REPORT_COLUMNS_MAX && column[i].title; i++)
        append_cell(out, rmv_report_invalid(report, column[i].column), true);
    append_cell(out, report->rejected, true);
    rmv_buf_append_format(out, "<td class=\"n %s\">%.1f</td></tr>\n",
                          class_of(report->score, report->is_failed), report->score);
}

static void append_dataset(struct rmv_buf *out, const struct rmv_lake_check *check,
                           enum rmv_lake_dataset dataset)
{
    bool is_started = false;
    for (size_t i = 0; i < check->count; i++) {
        if (check->reports[i].dataset != dataset)
            continue;
        if (!is_started) {
            rmv_buf_append_format(out, "<h2>%s</h2>\n<div class=\"card\"><table>\n",
                                  rmv_lake_title(dataset));
            append_head(out, dataset);
        }
        is_started = true;
        append_file(out, &check->reports[i]);
    }
    if (is_started)
        rmv_buf_append_string(out, "</table></div>\n");
}

static void append_examples(struct rmv_buf *out, const struct rmv_outcome *outcome)
{
    for (size_t i = 0; i < outcome->examples.count; i++) {
        rmv_buf_append_string(out, i ? ", <code>" : "<code>");
        rmv_html_text(out, outcome->examples.items[i]);
        rmv_buf_append_string(out, "</code>");
    }
}

static void append_outcome(struct rmv_buf *out, const struct rmv_outcome *outcome)
{
    const struct rmv_expectation *expectation = outcome->expectation;
    const char *class = outcome->is_met ? "good" : expectation->is_critical ? "bad" : "warn";
    const char *word = outcome->is_skipped        ? "not checked"
                       : outcome->is_met          ? "met"
                       : expectation->is_critical ? "not met"
                                                  : "warning";
    rmv_buf_append_format(out, "<tr><td class=\"%s\">%s</td><td><code>%s</code></td><td>",
                          outcome->is_skipped ? "soft" : class, word,
                          rmv_expectation_name(expectation->what));
    for (size_t i = 0; i < expectation->columns.count; i++) {
        rmv_buf_append_string(out, i ? ", " : "");
        rmv_html_text(out, expectation->columns.items[i]);
    }
    rmv_buf_append_string(out, "</td>");
    append_cell(out, outcome->evaluated, false);
    append_cell(out, outcome->unexpected, true);
    rmv_buf_append_format(out, "<td class=\"n\">%.4g&nbsp;%%</td><td class=\"wrap\">",
                          100 * expectation->mostly);
    append_examples(out, outcome);
    rmv_buf_append_string(out, "</td></tr>\n");
}

/* The expectations of one file; open if something is wrong with it. */
static void append_details(struct rmv_buf *out, const struct rmv_file_report *report)
{
    uint64_t met = 0;
    uint64_t skipped = 0;
    for (size_t i = 0; i < report->outcomes_count; i++) {
        skipped += report->outcomes[i].is_skipped;
        met += report->outcomes[i].is_met && !report->outcomes[i].is_skipped;
    }
    const bool is_all = met + skipped == report->outcomes_count && !report->error;
    rmv_buf_append_format(out, "<details%s><summary><code>", is_all ? "" : " open");
    rmv_html_text(out, report->path);
    rmv_buf_append_format(out, "</code> <span class=\"%s\">",
                          class_of(is_all ? 100 : 0, report->is_failed));
    if (report->error)
        rmv_html_text(out, report->error);
    else
        rmv_buf_append_format(out, "%llu of %llu expectations met", (unsigned long long)met,
                              (unsigned long long)(report->outcomes_count - skipped));
    if (skipped > 0 && !report->error)
        rmv_buf_append_format(out, ", %llu not checked", (unsigned long long)skipped);
    rmv_buf_append_string(out, "</span></summary>\n");
    if (report->outcomes_count > 0) {
        rmv_buf_append_string(
            out, "<div class=\"card\"><table>\n<tr><th>Result</th><th>Expectation</th>"
                 "<th>Columns</th><th class=\"n\">Looked at</th><th class=\"n\">Unexpected</th>"
                 "<th class=\"n\">Mostly</th><th>Found</th></tr>\n");
        for (size_t i = 0; i < report->outcomes_count; i++)
            append_outcome(out, &report->outcomes[i]);
        rmv_buf_append_string(out, "</table></div>\n");
    }
    rmv_buf_append_string(out, "</details>\n");
}

static void append_tiles(struct rmv_buf *out, const struct rmv_validate_summary *summary)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf rows = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf rejected = {0};
    rmv_html_count(&rows, summary->rows);
    rmv_html_count(&rejected, summary->rejected);
    rmv_buf_append_string(out, "<div class=\"tiles\">\n");
    rmv_html_tile(out, "quality score of 100", "%.1f", summary->score);
    rmv_html_tile(out, "verdict", "%s", summary->failed_files ? "Failed" : "Passed");
    rmv_html_tile(out, "files", "%llu", (unsigned long long)summary->files);
    rmv_html_tile(out, "files not good enough", "%llu", (unsigned long long)summary->failed_files);
    rmv_html_tile(out, "rows", "%s", rmv_buf_string(&rows));
    rmv_html_tile(out, "rows put aside", "%s", rmv_buf_string(&rejected));
    rmv_buf_append_string(out, "</div>\n");
}

void rmv_report_html(const struct rmv_lake_check *check, const struct rmv_validate_summary *summary,
                     struct rmv_buf *out)
{
    rmv_html_start(out, "RecoMart data quality report",
                   "Every partition of the raw data lake, held against its expectations.");
    append_tiles(out, summary);
    for (size_t i = 0; i < RMV_LAKE_DATASETS; i++)
        append_dataset(out, check, (enum rmv_lake_dataset)i);
    rmv_buf_append_string(out, "<h2>Expectations, file by file</h2>\n");
    for (size_t i = 0; i < check->count; i++)
        append_details(out, &check->reports[i]);
    rmv_buf_append_string(
        out, "<h2>How the score comes about</h2>\n<p>Each file starts with 100. Missing columns "
             "cost 30; missing values and duplicates their share in percent, at most 20 each; "
             "values out of range or set and damaged rows theirs, at most 15; wrong types 15. The "
             "score of all is the mean of the files, each weighing as many as it has rows.</p>\n");
    rmv_html_end(out);
}
