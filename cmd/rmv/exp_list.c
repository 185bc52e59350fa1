#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/baselines.h"
#include "rmv/commands.h"
#include "rmv/exp_remote.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"

static bool option_all_commits, option_all_branches, option_all_tags, option_name_only;
static bool option_sha_only, option_json;
static struct rmv_strings option_rev;
static int64_t option_num = 1;

static const struct cli_option options[] = {
    {.name = "all-commits",
     .letter = 'A',
     .flag = &option_all_commits,
     .help = "all experiments, whatever they started from"},
    {.name = "all-branches",
     .letter = 'a',
     .flag = &option_all_branches,
     .help = "those that started from the tip of a branch"},
    {.name = "all-tags",
     .letter = 'T',
     .flag = &option_all_tags,
     .help = "those that started from a tag"},
    {.name = "rev",
     .list = &option_rev,
     .argument = "REV",
     .help = "those that started from REV, instead of HEAD; may be given several times"},
    {.name = "num",
     .letter = 'n',
     .number = &option_num,
     .argument = "N",
     .help = "and from the N - 1 commits before; negative: all before"},
    {.name = "name-only", .flag = &option_name_only, .help = "print names alone"},
    {.name = "sha-only", .flag = &option_sha_only, .help = "print ids of commits alone"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static const struct rmv_error *find(struct rmv_workspace *workspace, const char *remote,
                                    struct rmv_experiments *all)
{
    return remote ? cli_exp_remote_list(workspace, remote, all)
                  : rmv_experiments_list(workspace, all);
}

static void print_json(const struct rmv_experiments *all, const struct rmv_strings *ids)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    for (size_t i = 0; i < all->count; i++) {
        const struct rmv_experiment *experiment = &all->items[i];
        if (!rmv_strings_has(ids, experiment->baseline))
            continue;
        struct rmv_value *item = rmv_value_append(rmv_value_add(&document, experiment->baseline));
        cli_set_text(item, "name", experiment->name);
        cli_set_text(item, "rev", experiment->id);
    }
    cli_print_json(&document);
}

static void print_one(const struct rmv_experiment *experiment)
{
    if (option_name_only)
        cli_print("%s\n", experiment->name);
    else if (option_sha_only)
        puts(experiment->id);
    else
        cli_print("    %.7s [%s]\n", experiment->id, experiment->name);
}

static void print(const struct rmv_experiments *all, const struct rmv_strings *ids,
                  const struct cli_commit_names *names)
{
    for (size_t k = 0; k < ids->count; k++) {
        bool has_title = option_name_only || option_sha_only;
        for (size_t i = 0; i < all->count; i++) {
            if (strcmp(all->items[i].baseline, ids->items[k]) != 0)
                continue;
            RMV_CLEANUP(rmv_str_free) char *title = cli_commit_name_of(names, ids->items[k]);
            if (!has_title)
                cli_print("%s:\n", title);
            has_title = true;
            print_one(&all->items[i]);
        }
    }
}

static const struct rmv_error *exp_list(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments all = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ids = {0};
    RMV_CLEANUP(cli_commit_names_free) struct cli_commit_names names = {0};
    const struct cli_baselines_choice choice = {.revisions = &option_rev,
                                                .number = option_num,
                                                .branches = option_all_branches,
                                                .tags = option_all_tags,
                                                .all = option_all_commits};

    if (argc > 1)
        return rmv_error(RMV_ERR_USAGE, "one remote at a time: '%s'", argv[1]);
    const struct rmv_error *err = cli_open_experiments(&workspace);
    if (!err)
        err = find(workspace, argc ? argv[0] : NULL, &all);
    if (!err)
        err = cli_baselines_find(workspace, &choice, &all, &ids);
    if (!err)
        err = cli_commit_names_read(workspace, &names);
    if (err)
        return err;
    if (option_json)
        print_json(&all, &ids);
    else
        print(&all, &ids, &names);
    return NULL;
}

const struct cli_command rmv_command_exp_list = {
    .name = "exp list",
    .arguments = "[REMOTE]",
    .summary = "list experiments, here or in a Git remote",
    .help =
        "Prints the names of the experiments that started from HEAD, under the name of that\n"
        "commit, or of others with --rev, --num and the options for all. With REMOTE (the name\n"
        "of a Git remote, or a URL) those that were pushed there.",
    .examples = "rmv exp list\n"
                "rmv exp list -A origin            # all that origin has\n"
                "rmv exp list --name-only -n 5     # of the last five commits\n",
    .options = options,
    .run = exp_list,
};
