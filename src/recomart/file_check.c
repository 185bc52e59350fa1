#include "recomart/file_check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/csv.h"
#include "rmv/base/mem.h"

#define EXAMPLE_BYTES_MAX 60

static void outcome_free(struct rmv_outcome *outcome)
{
    free(outcome->columns);
    rmv_row_set_free(&outcome->seen);
    rmv_strings_free(&outcome->examples);
}

void rmv_file_report_free(struct rmv_file_report *report)
{
    for (size_t i = 0; i < report->outcomes_count; i++)
        outcome_free(&report->outcomes[i]);
    free(report->outcomes);
    rmv_str_free(&report->path);
    rmv_str_free(&report->date);
    rmv_str_free(&report->error);
    *report = (struct rmv_file_report){0};
}

void rmv_file_check_free(struct rmv_file_check *check)
{
    rmv_row_set_free(&check->rows_seen);
    rmv_output_close(&check->rejected);
    rmv_str_free(&check->rejected_path);
    rmv_buf_free(&check->reasons);
}

void rmv_file_report_unreadable(struct rmv_file_report *report, const char *message)
{
    rmv_str_set(&report->error, message);
    report->score = 0;
    report->is_failed = true;
}

static bool is_of_table(enum rmv_expect what)
{
    return what <= RMV_EXPECT_NEAR_PREVIOUS;
}

static size_t index_of(const struct rmv_strings *columns, const char *name)
{
    for (size_t i = 0; i < columns->count; i++)
        if (strcmp(columns->items[i], name) == 0)
            return i;
    return SIZE_MAX;
}

/* The header answers the question of columns at once. */
static void judge_columns(struct rmv_outcome *outcome, const struct rmv_strings *columns,
                          struct rmv_file_report *report)
{
    const struct rmv_strings *wanted = &outcome->expectation->columns;
    outcome->evaluated = 1;
    for (size_t i = 0; i < wanted->count; i++) {
        if (outcome->columns[i] == SIZE_MAX) {
            rmv_strings_take(&outcome->examples, rmv_str_format("no column %s", wanted->items[i]));
            report->lacks_columns = true;
        }
    }
    for (size_t i = 0; outcome->expectation->exact_match && i < columns->count; i++)
        if (!rmv_strings_has(wanted, columns->items[i]))
            rmv_strings_take(&outcome->examples,
                             rmv_str_format("another column %s", columns->items[i]));
    outcome->unexpected = outcome->examples.count > 0;
}

static void start_outcome(struct rmv_outcome *outcome, const struct rmv_expectation *expectation,
                          const struct rmv_strings *columns)
{
    outcome->expectation = expectation;
    outcome->columns = rmv_calloc(expectation->columns.count, sizeof(*outcome->columns));
    for (size_t i = 0; i < expectation->columns.count; i++) {
        outcome->columns[i] = index_of(columns, expectation->columns.items[i]);
        outcome->is_skipped |= outcome->columns[i] == SIZE_MAX;
    }
}

void rmv_file_check_start(struct rmv_file_check *check, const struct rmv_suite *suite,
                          const struct rmv_strings *columns)
{
    struct rmv_file_report *report = check->report;
    check->columns_count = columns->count;
    report->outcomes = rmv_calloc(suite->count, sizeof(*report->outcomes));
    report->outcomes_count = suite->count;
    for (size_t i = 0; i < suite->count; i++) {
        struct rmv_outcome *outcome = &report->outcomes[i];
        start_outcome(outcome, &suite->items[i], columns);
        if (suite->items[i].what == RMV_EXPECT_COLUMNS) {
            outcome->is_skipped = false;
            judge_columns(outcome, columns, report);
        } else if (suite->items[i].what == RMV_EXPECT_IN_PRODUCTS && !check->context->products) {
            outcome->is_skipped = true;
        }
    }
}

/* ---- rows ---- */

static bool was_there(struct rmv_outcome *outcome, const struct rmv_cell *cells)
{
    struct rmv_row_key key = rmv_row_key_start();
    for (size_t i = 0; i < outcome->expectation->columns.count; i++) {
        const struct rmv_cell *cell = &cells[outcome->columns[i]];
        rmv_row_key_add(&key, cell->text, cell->size);
    }
    return rmv_row_set_add(&outcome->seen, key);
}

/* Does it cover every column, so that the count of doubled rows answers it? */
static bool is_of_whole_rows(const struct rmv_file_check *check, const struct rmv_outcome *outcome)
{
    return outcome->expectation->what == RMV_EXPECT_ROWS_UNIQUE &&
           outcome->expectation->columns.count == check->columns_count;
}

static bool holds(const struct rmv_file_check *check, struct rmv_outcome *outcome,
                  const struct rmv_cell *cells, bool is_duplicate)
{
    const struct rmv_expectation *expectation = outcome->expectation;
    const struct rmv_cell *cell = &cells[outcome->columns[0]];
    if (is_of_whole_rows(check, outcome)) {
        outcome->evaluated++;
        return !is_duplicate;
    }
    if (expectation->what == RMV_EXPECT_ROWS_UNIQUE) {
        outcome->evaluated++;
        return !was_there(outcome, cells);
    }
    if (cell->kind == RMV_CELL_MISSING && expectation->what != RMV_EXPECT_NOT_NULL)
        return true;
    outcome->evaluated++;
    if (expectation->what == RMV_EXPECT_UNIQUE)
        return !was_there(outcome, cells);
    return rmv_expectation_holds(expectation, cell, check->context);
}

static void add_example(struct rmv_outcome *outcome, const struct rmv_cell *cells)
{
    if (outcome->examples.count >= RMV_EXAMPLES_MAX ||
        outcome->expectation->what == RMV_EXPECT_NOT_NULL)
        return;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    for (size_t i = 0; i < outcome->expectation->columns.count; i++) {
        const struct rmv_cell *cell = &cells[outcome->columns[i]];
        const size_t size = cell->size < EXAMPLE_BYTES_MAX ? cell->size : EXAMPLE_BYTES_MAX;
        rmv_buf_append_format(&text, "%s%.*s", i ? ", " : "", (int)size, cell->text);
    }
    if (!rmv_strings_has(&outcome->examples, rmv_buf_string(&text)))
        rmv_strings_add(&outcome->examples, rmv_buf_string(&text));
}

static bool is_about_range(enum rmv_expect what)
{
    return what == RMV_EXPECT_IN_SET || what == RMV_EXPECT_BETWEEN || what == RMV_EXPECT_LENGTH ||
           what == RMV_EXPECT_NOT_FUTURE || what == RMV_EXPECT_IN_PRODUCTS;
}

static void add_reason(struct rmv_buf *reasons)
{
    if (reasons->size > 0)
        rmv_buf_append_string(reasons, "; ");
}

/* Holds the row against the suite; why it must go ends up in `reasons`. */
static void check_cells(struct rmv_file_check *check, const struct rmv_cell *cells)
{
    struct rmv_file_report *report = check->report;
    struct rmv_row_key key = rmv_row_key_start();
    bool is_out_of_range = false;

    for (size_t i = 0; i < check->columns_count; i++) {
        report->missing_cells += cells[i].kind == RMV_CELL_MISSING;
        rmv_row_key_add(&key, cells[i].text, cells[i].size);
    }
    const bool is_duplicate = rmv_row_set_add(&check->rows_seen, key);
    report->duplicates += is_duplicate;

    for (size_t i = 0; i < report->outcomes_count; i++) {
        struct rmv_outcome *outcome = &report->outcomes[i];
        if (outcome->is_skipped || is_of_table(outcome->expectation->what) ||
            holds(check, outcome, cells, is_duplicate))
            continue;
        outcome->unexpected++;
        add_example(outcome, cells);
        is_out_of_range |= is_about_range(outcome->expectation->what);
        if (outcome->expectation->is_critical) {
            add_reason(&check->reasons);
            rmv_expectation_explain(outcome->expectation, &check->reasons);
        }
    }
    report->out_of_range += is_out_of_range;
}

static const struct rmv_error *put_aside(struct rmv_file_check *check,
                                         const struct rmv_file_row *row)
{
    if (check->report->rejected++ >= check->rejected_max)
        return NULL;
    if (!check->rejected.temporary) {
        const struct rmv_error *err = rmv_output_open(check->rejected_path, &check->rejected);
        if (err)
            return err;
        rmv_buf_append_string(&check->rejected.pending, "line,reasons,record\n");
    }
    size_t size = row->raw_size;
    while (size > 0 && (row->raw[size - 1] == '\n' || row->raw[size - 1] == '\r'))
        size--;
    struct rmv_buf *out = &check->rejected.pending;
    rmv_buf_append_format(out, "%llu,", (unsigned long long)row->line);
    rmv_csv_append(out, check->reasons.data, check->reasons.size);
    rmv_buf_append(out, ",", 1);
    rmv_csv_append(out, row->raw, size);
    rmv_buf_append(out, "\n", 1);
    return rmv_output_flush(&check->rejected);
}

const struct rmv_error *rmv_file_check_row(struct rmv_file_check *check,
                                           const struct rmv_file_row *row, bool *is_accepted)
{
    check->reasons.size = 0;
    check->report->rows++;
    check->report->cells += check->columns_count;
    if (row->damage) {
        check->report->damaged++;
        rmv_buf_append_string(&check->reasons, row->damage);
    } else {
        check_cells(check, row->cells);
    }
    *is_accepted = check->reasons.size == 0;
    return *is_accepted ? NULL : put_aside(check, row);
}

/* ---- the whole ---- */

static void judge_count(struct rmv_outcome *outcome, double found, const char *what)
{
    const struct rmv_expectation *expectation = outcome->expectation;
    outcome->evaluated = 1;
    outcome->unexpected = !(found >= expectation->min && found <= expectation->max);
    rmv_strings_take(&outcome->examples, rmv_str_format("%.10g %s", found, what));
}

static void judge(struct rmv_outcome *outcome, const struct rmv_file_report *report,
                  uint64_t previous_rows)
{
    const enum rmv_expect what = outcome->expectation->what;
    if (what == RMV_EXPECT_ROW_COUNT)
        judge_count(outcome, (double)report->rows, "rows");
    else if (what == RMV_EXPECT_NEAR_PREVIOUS && previous_rows != UINT64_MAX && previous_rows > 0)
        judge_count(outcome, (double)report->rows / (double)previous_rows,
                    "times the rows of the partition before");
    else if (what == RMV_EXPECT_NEAR_PREVIOUS)
        outcome->is_skipped = true;

    /* What a missing column leaves open is counted with the columns; no row, nothing broken. */
    const double share =
        outcome->evaluated ? (double)outcome->unexpected / (double)outcome->evaluated : 0;
    outcome->is_met = 1 - share >= outcome->expectation->mostly || outcome->unexpected == 0;
}

static double capped_percent(uint64_t part, uint64_t whole, double cap)
{
    const double percent = whole ? 100 * (double)part / (double)whole : 0;
    return fmin(percent, cap);
}

/* 100 less what is wrong, each kind up to a limit. */
static double score_of(const struct rmv_file_report *report)
{
    return 100 - (report->lacks_columns ? 30 : 0) -
           capped_percent(report->missing_cells, report->cells, 20) -
           capped_percent(report->duplicates, report->rows, 20) -
           capped_percent(report->out_of_range + report->damaged, report->rows, 15) -
           (report->has_wrong_types ? 15 : 0);
}

const struct rmv_error *rmv_file_check_finish(struct rmv_file_check *check, uint64_t previous_rows,
                                              double score_min)
{
    struct rmv_file_report *report = check->report;
    report->is_failed = report->lacks_columns;
    for (size_t i = 0; i < report->outcomes_count; i++) {
        struct rmv_outcome *outcome = &report->outcomes[i];
        judge(outcome, report, previous_rows);
        const enum rmv_expect what = outcome->expectation->what;
        if (!outcome->is_met && (what == RMV_EXPECT_TYPE || what == RMV_EXPECT_TIME))
            report->has_wrong_types = true;
        if (!outcome->is_met && outcome->expectation->is_critical)
            report->is_failed = true;
    }
    report->score = score_of(report);
    report->is_failed |= report->score < score_min;
    return check->rejected.temporary ? rmv_output_finish(&check->rejected) : NULL;
}
