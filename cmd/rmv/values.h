/* Metrics and parameters of several states of the workspace: which files there are, and what they
 * hold. */
#pragma once

#include <stdbool.h>

#include "rmv/base/strings.h"
#include "rmv/base/value.h"
#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/params.h"

enum cli_values_kind { CLI_VALUES_METRICS, CLI_VALUES_PARAMS };

/* Which files count: without targets, those that rmv.yaml names. */
struct cli_values_choice {
    enum cli_values_kind kind;
    const struct rmv_strings *targets; /* paths relative to the workspace */
    bool recursive;                    /* targets are folders: the files in and below them */
};

/* Adds the chosen files of a revision (NULL: the workspace) to those in `files`, each once. Targets
 * are added as they are, whether they exist or not. */
RMV_MUST_CHECK
const struct rmv_error *cli_values_find(struct rmv_workspace *workspace, const char *revision,
                                        const struct cli_values_choice *choice,
                                        struct rmv_strings *files);

/* Adds to `values`, a map, what the files hold; those that do not exist are left out. */
RMV_MUST_CHECK
const struct rmv_error *cli_values_read(struct rmv_workspace *workspace, const char *revision,
                                        const struct rmv_strings *files, struct rmv_value *values);

/* Compares two revisions, of which the second may be NULL. `all`: what is equal too. */
RMV_MUST_CHECK
const struct rmv_error *cli_values_compare(struct rmv_workspace *workspace,
                                           const char *const revisions[2],
                                           const struct cli_values_choice *choice, bool all,
                                           struct rmv_params_differences *differences);

/* Keeps what a stage depends on now. */
RMV_MUST_CHECK
const struct rmv_error *cli_values_keep_deps(struct rmv_workspace *workspace,
                                             struct rmv_params_differences *differences);

/* How differences are printed. */
struct cli_differences_style {
    const struct rmv_workspace *workspace; /* that paths are shown in */
    const char *before, *after;            /* headings */
    const char *name;                      /* "Param", "Metric" */
    int64_t precision;                     /* digits behind the point; -1: all */
    bool as_markdown, no_path;
    bool has_change; /* a last column, and a member "diff", with how much it is more or less */
};
void cli_differences_print(const struct rmv_params_differences *differences,
                           const struct cli_differences_style *style);
void cli_differences_to_value(const struct rmv_params_differences *differences,
                              const struct cli_differences_style *style,
                              struct rmv_value *document);
void cli_differences_print_json(const struct rmv_params_differences *differences,
                                const struct cli_differences_style *style);

/* What `metrics diff` and `params diff` do with [REV [REV]]: the first is HEAD unless told, the
 * second the workspace. Of `choice` and `style`, what they have in common is left out. */
struct cli_values_diff {
    struct cli_values_choice choice;
    const struct rmv_strings *targets; /* as typed */
    bool all, only_deps, as_json;
    struct cli_differences_style style;
};
RMV_MUST_CHECK
const struct rmv_error *cli_values_diff(const struct cli_values_diff *diff, int argc, char **argv);

/* Digits behind the point unless told. */
#define CLI_PRECISION_DEFAULT 5
#define CLI_PRECISION_MAX 17

/* Appends a value as messages show it, a fraction rounded to so many digits behind the point; one
 * so small that nothing would be left keeps as many digits as that. */
void cli_format_value(const struct rmv_value *value, int64_t precision, struct rmv_buf *out);

/* Errors: USAGE. */
RMV_MUST_CHECK
const struct rmv_error *cli_check_precision(int64_t precision);
