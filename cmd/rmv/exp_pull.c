#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/pattern.h"
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
     .help = "replace other experiments of the same names here"},
    {.name = "no-cache",
     .flag = &option_no_cache,
     .help = "has no effect: data travels with the store, never with experiments"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static bool is_named(const struct rmv_experiment *experiment, int argc, char **argv, bool *found)
{
    bool is_any = false;
    for (int i = 0; i < argc; i++)
        if (rmv_pattern_match(argv[i], experiment->name)) {
            found[i] = true;
            is_any = true;
        }
    return is_any;
}

struct wanted {
    struct rmv_strings names;
    struct rmv_strings specifications; /* of references, as git takes them */
};

static void wanted_free(struct wanted *wanted)
{
    rmv_strings_free(&wanted->names);
    rmv_strings_free(&wanted->specifications);
}

static const struct rmv_error *choose(struct rmv_workspace *workspace,
                                      const struct rmv_experiments *there, int argc, char **argv,
                                      struct wanted *wanted)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ids = {0};
    RMV_CLEANUP(rmv_free) bool *found = rmv_calloc((size_t)argc + 1, sizeof(*found));
    const struct cli_baselines_choice choice = {
        .revisions = &option_rev, .number = option_num, .all = option_all_commits};

    const struct rmv_error *err = cli_baselines_find(workspace, &choice, there, &ids);
    for (size_t i = 0; !err && i < there->count; i++) {
        const struct rmv_experiment *experiment = &there->items[i];
        if (argc > 0 ? !is_named(experiment, argc, argv, found)
                     : !rmv_strings_has(&ids, experiment->baseline))
            continue;
        rmv_strings_add(&wanted->names, experiment->name);
        rmv_strings_take(&wanted->specifications,
                         rmv_str_format("%s%s:%s", option_force ? "+" : "", experiment->reference,
                                        experiment->reference));
    }
    for (int i = 0; !err && i < argc; i++)
        if (!found[i])
            err = rmv_error(RMV_ERR_NOT_FOUND, "the remote has no experiment '%s'", argv[i]);
    return err;
}

static void print(const char *remote, const struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_text(&document, "remote", remote);
    struct rmv_value *list = rmv_value_add(&document, "pulled");
    rmv_value_set_list(list);
    for (size_t i = 0; i < names->count; i++) {
        rmv_value_set_text(rmv_value_append(list), names->items[i]);
        if (!option_json && !cli_quiet)
            cli_print("Pulled experiment %s\n", names->items[i]);
    }
    cli_set_bool(&document, "data", false);
    if (option_json)
        cli_print_json(&document);
    else if (!cli_quiet)
        puts("Code, parameters and metrics came. Data did not: it travels with the store.");
}

static const struct rmv_error *exp_pull(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments there = {0};
    RMV_CLEANUP(wanted_free) struct wanted wanted = {0};

    if (argc == 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "from which Git remote?"),
                              "`git remote` lists them");
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = cli_exp_remote_list(workspace, argv[0], &there);
    if (!err)
        err = choose(workspace, &there, argc - 1, argv + 1, &wanted);
    if (err)
        return err;
    if (!wanted.names.count)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "'%s' has no experiments that are meant", argv[0]),
            "`rmv exp list -A %s` lists all it has", argv[0]);
    err = cli_exp_remote_move(workspace, "fetch", argv[0], &wanted.specifications);
    if (!err)
        print(argv[0], &wanted.names);
    return err;
}

const struct cli_command rmv_command_exp_pull = {
    .name = "exp pull",
    .arguments = "REMOTE [EXPERIMENT...]",
    .summary = "fetch experiments from a Git remote",
    .help = "Fetches the commits of experiments that were pushed to a Git remote, by default of "
            "those\n"
            "that started from HEAD. EXPERIMENT is a name or a pattern (quote it). Data does not\n"
            "come along: it travels with the store.\n"
            "\n"
            "The exit status is 1 if git fails, which it does where another experiment here has "
            "the\n"
            "same name, 3 if the remote has none of those that are meant.",
    .examples = "rmv exp pull origin               # all of HEAD\n"
                "rmv exp pull origin 'rank-*'\n",
    .options = options,
    .run = exp_pull,
};
