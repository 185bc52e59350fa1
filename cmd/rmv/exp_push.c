#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/baselines.h"
#include "rmv/commands.h"
#include "rmv/exp_remote.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_force, option_all_commits, option_json, option_no_cache;
static struct rmv_strings option_rev;
static int64_t option_num = 1;

static const struct cli_option options[] = {
    CLI_BASELINES_OPTIONS(&option_all_commits, &option_rev, &option_num),
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "replace other experiments of the same names there"},
    {.name = "no-cache",
     .flag = &option_no_cache,
     .help = "has no effect: data travels with the store, never with experiments"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void print(const char *remote, const struct rmv_experiments *chosen)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_text(&document, "remote", remote);
    struct rmv_value *list = rmv_value_add(&document, "pushed");
    rmv_value_set_list(list);
    for (size_t i = 0; i < chosen->count; i++) {
        rmv_value_set_text(rmv_value_append(list), chosen->items[i].name);
        if (!option_json && !cli_quiet)
            cli_print("Pushed experiment %s\n", chosen->items[i].name);
    }
    cli_set_bool(&document, "data", false);
    if (option_json)
        cli_print_json(&document);
    else if (!cli_quiet)
        cli_print("To '%s' went code, parameters and metrics. Data did not: it travels with the "
                  "store,\nand an experiment can be applied where the store has it.\n",
                  remote);
}

static const struct rmv_error *exp_push(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments chosen = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings specifications = {0};
    const struct cli_baselines_choice choice = {
        .revisions = &option_rev, .number = option_num, .all = option_all_commits};

    if (argc == 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "to which Git remote?"),
                              "`git remote` lists them");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = cli_experiments_choose(workspace, argc - 1, argv + 1, &choice, &chosen);
    if (err)
        return err;
    if (!chosen.count)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there are no experiments to push"),
                              "names, --rev or -A say which; HEAD has none");
    for (size_t i = 0; i < chosen.count; i++)
        rmv_strings_take(&specifications,
                         rmv_str_format("%s%s:%s", option_force ? "+" : "",
                                        chosen.items[i].reference, chosen.items[i].reference));
    err = cli_exp_remote_move(workspace, "push", argv[0], &specifications);
    if (!err)
        print(argv[0], &chosen);
    return err;
}

const struct cli_command rmv_command_exp_push = {
    .name = "exp push",
    .arguments = "REMOTE [EXPERIMENT...]",
    .summary = "send experiments to a Git remote",
    .help =
        "Pushes the commits of experiments, by default of those that started from HEAD, to a Git\n"
        "remote, where `git clone` does not take them along but `rmv exp pull` finds them. Code,\n"
        "parameters, lock files and metrics that Git keeps go; data does not: it travels with "
        "the\n"
        "store.\n"
        "\n"
        "The exit status is 1 if git fails, which it does where another experiment there has the\n"
        "same name, 3 if there is no such experiment.",
    .examples = "rmv exp push origin               # all of HEAD\n"
                "rmv exp push origin brave-otter\n"
                "rmv exp push -A origin            # all there are\n",
    .options = options,
    .run = exp_push,
};
