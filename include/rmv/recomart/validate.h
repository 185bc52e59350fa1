/* Validation: every partition of the raw lake is held against the suite of its dataset. Rows that
 * break a critical expectation are put aside with the reason, the rest becomes the validated lake;
 * a report says how good the data is.
 *
 * Written are VALIDATED/ (the same layout as the raw lake, replaced as a whole, and rejected/ with
 * at most `rejected_max` rows per file), REPORTS/data_quality_report.json and .html, and
 * METRICS/quality.json. If a critical expectation is not met, or a score is too low, the validated
 * lake stays as it was but for rejected/. The same input gives the same bytes: times are those of
 * the partitions. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/recomart/settings.h"

#define RMV_VALIDATE_SUITES_DEFAULT "data/config/expectations.yaml"

/* Section `validate` of params.yaml, and what the command line adds. */
struct rmv_validate_options {
    double score_min;        /* of 100; a file below it fails */
    uint64_t rejected_max;   /* rows kept per file */
    const char *suites_path; /* expectations.yaml */
    bool has_now;            /* else each partition is looked at from the end of its day */
    int64_t now_ns;
};

/* Reads the section. Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_validate_options_read(const struct rmv_settings *settings,
                                                  struct rmv_validate_options *options);

struct rmv_validate_summary {
    double score; /* of all files, each weighing as many as it has rows */
    uint64_t files, failed_files;
    uint64_t rows, rejected;
    char *report_path; /* of the HTML report; the caller frees it */
};

/* Errors: FAILED (the data is not good enough; the summary is set nevertheless), NOT_FOUND (nothing
 * was ingested), USAGE and CORRUPT (the suites), LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_validate(const struct rmv_settings *settings,
                                     const struct rmv_validate_options *options,
                                     struct rmv_log *log, struct rmv_validate_summary *summary);
