/* The data quality report, as JSON and as one HTML page that needs nothing else. */
#pragma once

#include "recomart/lake_check.h"

/* The columns that a dataset's table has beside Dataset, File, Rows, Missing Values, Duplicates. */
struct rmv_report_column {
    const char *title;  /* "Invalid Events" */
    const char *column; /* whose values they count */
};

#define RMV_REPORT_COLUMNS_MAX 3

/* Those of a dataset, ended by one without title. */
const struct rmv_report_column *rmv_report_columns(enum rmv_lake_dataset dataset);

/* How many values of a column are not in their set or range. */
uint64_t rmv_report_invalid(const struct rmv_file_report *report, const char *column);

/* Rows that went on to the validated lake. */
uint64_t rmv_report_accepted(const struct rmv_file_report *report);

void rmv_report_json(const struct rmv_lake_check *check, const struct rmv_validate_summary *summary,
                     struct rmv_buf *out);
void rmv_report_html(const struct rmv_lake_check *check, const struct rmv_validate_summary *summary,
                     struct rmv_buf *out);

/* The few numbers that are compared between versions: METRICS/quality.json. */
void rmv_report_metrics(const struct rmv_lake_check *check,
                        const struct rmv_validate_summary *summary, struct rmv_buf *out);
