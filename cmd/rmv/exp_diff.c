#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"
#include "rmv/values.h"

static bool option_all, option_json, option_md, option_no_path, option_param_deps;
static int64_t option_precision = CLI_PRECISION_DEFAULT;

static const struct cli_option options[] = {
    {.name = "all", .flag = &option_all, .help = "print values that are equal too"},
    {.name = "param-deps",
     .flag = &option_param_deps,
     .help = "only parameters that stages depend on"},
    {.name = "precision",
     .number = &option_precision,
     .argument = "N",
     .help = "round to N digits behind the point (5)"},
    {.name = "no-path", .flag = &option_no_path, .help = "do not print which file it is"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document, with all digits"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

/* The commit of an experiment, or of any revision. An experiment's name counts first. */
static const struct rmv_error *find_commit(struct rmv_workspace *workspace, const char *typed,
                                           char id[RMV_VCS_ID_SIZE])
{
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const char *found = experiment.id;

    const struct rmv_error *err = rmv_experiment_find(workspace, typed, &experiment);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        if (rmv_vcs_resolve(workspace->vcs, typed, &commit))
            return rmv_error_hint(
                rmv_error(RMV_ERR_NOT_FOUND, "'%s' is neither an experiment nor a revision", typed),
                "`rmv exp list -A` lists experiments");
        found = commit.id;
        err = NULL;
    }
    for (size_t i = 0; !err && i < RMV_VCS_ID_SIZE; i++)
        id[i] = found[i];
    return err;
}

static const struct rmv_error *compare(struct rmv_workspace *workspace,
                                       const char *const revisions[2],
                                       struct rmv_params_differences differences[2])
{
    static const struct rmv_strings none = {0};
    static const enum cli_values_kind kinds[2] = {CLI_VALUES_METRICS, CLI_VALUES_PARAMS};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < 2; i++) {
        const struct cli_values_choice choice = {.kind = kinds[i], .targets = &none};
        err = cli_values_compare(workspace, revisions, &choice, option_all, &differences[i]);
    }
    return err || !option_param_deps ? err : cli_values_keep_deps(workspace, &differences[1]);
}

static void print(const struct rmv_workspace *workspace,
                  const struct rmv_params_differences differences[2], const char *before,
                  const char *after)
{
    struct cli_differences_style style = {.workspace = workspace,
                                          .before = before,
                                          .after = after,
                                          .name = "Metric",
                                          .precision = option_precision,
                                          .as_markdown = option_md,
                                          .no_path = option_no_path,
                                          .has_change = true};
    if (option_json) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
        rmv_value_set_map(&document);
        cli_differences_to_value(&differences[0], &style, rmv_value_add(&document, "metrics"));
        cli_differences_to_value(&differences[1], &style, rmv_value_add(&document, "params"));
        cli_print_json(&document);
        return;
    }
    cli_differences_print(&differences[0], &style);
    if (differences[0].count && differences[1].count)
        putchar('\n');
    style.name = "Param";
    cli_differences_print(&differences[1], &style);
}

static const struct rmv_error *exp_diff(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    struct rmv_params_differences differences[2] = {{0}, {0}};
    char ids[2][RMV_VCS_ID_SIZE] = {"", ""};
    const char *const typed[2] = {argc > 0 ? argv[0] : "HEAD", argc > 1 ? argv[1] : NULL};
    const char *const revisions[2] = {ids[0], typed[1] ? ids[1] : NULL};

    if (argc > 2)
        return rmv_error(RMV_ERR_USAGE, "at most two experiments can be compared: '%s'", argv[2]);
    const struct rmv_error *err = cli_check_precision(option_precision);
    if (!err)
        err = cli_open_experiments(&workspace);
    for (size_t i = 0; !err && i < 2; i++)
        err = typed[i] ? find_commit(workspace, typed[i], ids[i]) : NULL;
    if (!err)
        err = compare(workspace, revisions, differences);
    if (!err)
        print(workspace, differences, typed[0], typed[1] ? typed[1] : "workspace");
    for (size_t i = 0; i < 2; i++)
        rmv_params_differences_free(&differences[i]);
    return err;
}

const struct cli_command rmv_command_exp_diff = {
    .name = "exp diff",
    .arguments = "[EXPERIMENT [EXPERIMENT]]",
    .summary = "show what differs between two experiments",
    .help =
        "Compares metrics and parameters of two experiments, value by value, with how much each\n"
        "number is more or less; of one experiment and the workspace; or, without arguments, of "
        "HEAD\n"
        "and the workspace. Any revision may stand in place of an experiment. '-' stands for no\n"
        "value. Nothing is printed if nothing differs.\n"
        "\n"
        "The exit status is 3 if there is no such experiment or revision.",
    .examples = "rmv exp diff brave-otter young-cat\n"
                "rmv exp diff HEAD brave-otter --md\n",
    .options = options,
    .run = exp_diff,
};
