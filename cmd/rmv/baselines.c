#include "rmv/baselines.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/pattern.h"

#define SHORT_ID 7

/* ---- Commits --------------------------------------------------------------------------------- */

static void add_once(struct rmv_strings *ids, const char *id)
{
    if (!rmv_strings_has(ids, id))
        rmv_strings_add(ids, id);
}

/* Commits on the way, of which so many are wanted. */
struct counting {
    struct rmv_strings *ids;
    int64_t left; /* negative: all */
};

static const struct rmv_error *count_commit(void *context, const struct rmv_vcs_commit *commit,
                                            bool *stop)
{
    struct counting *counting = context;
    add_once(counting->ids, commit->id);
    if (counting->left > 0)
        counting->left--;
    *stop = counting->left == 0;
    return NULL;
}

static const struct rmv_error *add_from(struct rmv_workspace *workspace, const char *revision,
                                        int64_t number, struct rmv_strings *ids)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    struct counting counting = {.ids = ids, .left = number ? number : 1};
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revision, &commit);
    if (err)
        return err;
    return rmv_vcs_walk(workspace->vcs, commit.id, NULL, count_commit, &counting);
}

static const struct rmv_error *add_tips(struct rmv_workspace *workspace, const char *prefix,
                                        int64_t number, struct rmv_strings *ids)
{
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
    const struct rmv_error *err = rmv_vcs_find_references(workspace->vcs, prefix, &references);
    for (size_t i = 0; !err && i < references.count; i++) {
        err = add_from(workspace, references.items[i].name, number, ids);
        if (err && err->code == RMV_ERR_NOT_FOUND)
            err = NULL; /* a tag of something else than a commit */
    }
    return err;
}

const struct rmv_error *cli_baselines_find(struct rmv_workspace *workspace,
                                           const struct cli_baselines_choice *choice,
                                           const struct rmv_experiments *experiments,
                                           struct rmv_strings *ids)
{
    const bool has_revisions = choice->revisions && choice->revisions->count;
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && has_revisions && i < choice->revisions->count; i++)
        err = add_from(workspace, choice->revisions->items[i], choice->number, ids);
    if (!err && !has_revisions)
        err = add_from(workspace, "HEAD", choice->number, ids);
    if (!err && choice->branches)
        err = add_tips(workspace, "refs/heads/", choice->number, ids);
    if (!err && choice->tags)
        err = add_tips(workspace, "refs/tags/", choice->number, ids);
    for (size_t i = 0; !err && choice->all && i < experiments->count; i++)
        if (i == 0 ||
            strcmp(experiments->items[i].baseline, experiments->items[i - 1].baseline) != 0)
            add_once(ids, experiments->items[i].baseline);
    return err;
}

/* ---- Their names ----------------------------------------------------------------------------- */

void cli_commit_names_free(struct cli_commit_names *names)
{
    for (size_t i = 0; i < names->names.count; i++)
        free(names->names.entries[i].value);
    rmv_map_free(&names->names);
}

const struct rmv_error *cli_commit_names_read(struct rmv_workspace *workspace,
                                              struct cli_commit_names *names)
{
    static const char *const prefixes[] = {"refs/heads/", "refs/tags/"};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
        err = rmv_vcs_find_references(workspace->vcs, prefixes[i], &references);
        for (size_t k = 0; !err && k < references.count; k++) {
            RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
            const char *name = references.items[k].name + strlen(prefixes[i]);
            if (!rmv_vcs_resolve(workspace->vcs, references.items[k].name, &commit) &&
                !rmv_map_find(&names->names, commit.id))
                rmv_map_set(&names->names, commit.id, rmv_str_copy(name));
        }
    }
    return err;
}

char *cli_commit_name_of(const struct cli_commit_names *names, const char *id)
{
    const char *name = rmv_map_find(&names->names, id);
    return name ? rmv_str_copy(name) : rmv_str_copy_n(id, SHORT_ID);
}

/* ---- Experiments ----------------------------------------------------------------------------- */

static void take(struct rmv_experiments *chosen, struct rmv_experiment *experiment)
{
    for (size_t i = 0; i < chosen->count; i++)
        if (strcmp(chosen->items[i].reference, experiment->reference) == 0)
            return;
    chosen->items =
        rmv_grow(chosen->items, chosen->count, &chosen->capacity, sizeof(chosen->items[0]));
    chosen->items[chosen->count++] = *experiment;
    *experiment = (struct rmv_experiment){0};
}

static const struct rmv_error *choose_typed(struct rmv_workspace *workspace, const char *typed,
                                            struct rmv_experiments *chosen)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments all = {0};
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment one = {0};
    const struct rmv_error *err = NULL;
    size_t count = 0;

    if (!strpbrk(typed, "*?[")) {
        err = rmv_experiment_find(workspace, typed, &one);
        if (!err)
            take(chosen, &one);
        return err;
    }
    err = rmv_experiments_list(workspace, &all);
    for (size_t i = 0; !err && i < all.count; i++)
        if (rmv_pattern_match(typed, all.items[i].name)) {
            take(chosen, &all.items[i]);
            count++;
        }
    if (!err && count == 0)
        err = rmv_error(RMV_ERR_NOT_FOUND, "no experiment's name matches '%s'", typed);
    return err;
}

const struct rmv_error *cli_experiments_choose(struct rmv_workspace *workspace, int argc,
                                               char **argv,
                                               const struct cli_baselines_choice *choice,
                                               struct rmv_experiments *chosen)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments all = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ids = {0};
    const struct rmv_error *err = NULL;

    for (int i = 0; !err && i < argc; i++)
        err = choose_typed(workspace, argv[i], chosen);
    if (err || argc > 0)
        return err;
    err = rmv_experiments_list(workspace, &all);
    if (!err)
        err = cli_baselines_find(workspace, choice, &all, &ids);
    for (size_t i = 0; !err && i < all.count; i++)
        if (rmv_strings_has(&ids, all.items[i].baseline))
            take(chosen, &all.items[i]);
    return err;
}
