/* Checking one file of the lake row by row against its suite. */
#pragma once

#include "recomart/expectations.h"
#include "recomart/output.h"
#include "recomart/row_set.h"

#define RMV_EXAMPLES_MAX 5

/* How one expectation fared in one file. */
struct rmv_outcome {
    const struct rmv_expectation *expectation;
    size_t *columns; /* where its columns are; SIZE_MAX for one that is missing */
    bool is_skipped; /* could not be held against anything */
    bool is_met;
    uint64_t evaluated;          /* rows, or 1 for a table */
    uint64_t unexpected;         /* of those */
    struct rmv_row_set seen;     /* of the two that ask for uniqueness */
    struct rmv_strings examples; /* of values that broke it; of a table, what was found */
};

struct rmv_file_report {
    enum rmv_lake_dataset dataset;
    char *path; /* in the raw lake */
    char *date;
    char *error; /* why it cannot be read at all, or NULL */

    uint64_t rows, cells, missing_cells, duplicates, damaged, out_of_range, rejected;
    bool lacks_columns, has_wrong_types;
    double score;   /* 0 … 100 */
    bool is_failed; /* a critical expectation is not met, or the score is too low */

    struct rmv_outcome *outcomes; /* in the order of the suite */
    size_t outcomes_count;
};

/* A file being checked. */
struct rmv_file_check {
    struct rmv_file_report *report;
    const struct rmv_expect_context *context;
    size_t columns_count;
    struct rmv_row_set rows_seen;
    struct rmv_output rejected; /* LINE,REASONS,RECORD; opened when the first row is put aside */
    char *rejected_path;
    uint64_t rejected_max; /* rows that are kept */
    struct rmv_buf reasons;
};

#define RMV_FILE_CHECK_EMPTY                                                                       \
    {                                                                                              \
        .rejected = RMV_OUTPUT_EMPTY                                                               \
    }

/* Starts on a file with `columns`: makes the outcomes. */
void rmv_file_check_start(struct rmv_file_check *check, const struct rmv_suite *suite,
                          const struct rmv_strings *columns);

/* A row: its place, its bytes as they are to be quoted, its values, one per column. `damage` says
 * why it is no proper row, or is NULL. */
struct rmv_file_row {
    uint64_t line;
    const char *raw;
    size_t raw_size;
    const char *damage;
    const struct rmv_cell *cells;
};

/* Checks a row; one that must go is written to the rejected ones. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_file_check_row(struct rmv_file_check *check,
                                           const struct rmv_file_row *row, bool *is_accepted);

/* Judges the whole: `previous_rows` of the partition before, UINT64_MAX if there is none. Errors:
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_file_check_finish(struct rmv_file_check *check, uint64_t previous_rows,
                                              double score_min);
void rmv_file_check_free(struct rmv_file_check *check);
void rmv_file_report_free(struct rmv_file_report *report);

/* A file that cannot be read: score 0, failed. */
void rmv_file_report_unreadable(struct rmv_file_report *report, const char *message);
