#include "rmv/experiment/experiment.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/vcs/git_run.h"

#define HEX_DIGITS "0123456789abcdef"
#define NAME_SIZE_MAX 150
#define ID_PREFIX_SIZE_MIN 4

void rmv_experiment_free(struct rmv_experiment *experiment)
{
    rmv_str_free(&experiment->name);
    rmv_str_free(&experiment->reference);
    *experiment = (struct rmv_experiment){0};
}

void rmv_experiments_free(struct rmv_experiments *experiments)
{
    for (size_t i = 0; i < experiments->count; i++)
        rmv_experiment_free(&experiments->items[i]);
    free(experiments->items);
    *experiments = (struct rmv_experiments){0};
}

/* ---- References ------------------------------------------------------------------------------ */

bool rmv_experiment_parse_reference(const char *reference, struct rmv_experiment *experiment)
{
    const size_t head = strlen(RMV_EXPERIMENT_REFERENCES);
    if (strncmp(reference, RMV_EXPERIMENT_REFERENCES, head) != 0)
        return false;
    const char *digits = reference + head;
    const size_t first = strspn(digits, HEX_DIGITS);
    if (first != 2 || digits[2] != '/')
        return false;
    const size_t second = strspn(digits + 3, HEX_DIGITS);
    const char *name = digits + 3 + second;
    if ((second != 38 && second != 62) || name[0] != '/' || strchr(name + 1, '/'))
        return false;
    *experiment = (struct rmv_experiment){.name = rmv_str_copy(name + 1),
                                          .reference = rmv_str_copy(reference)};
    memcpy(experiment->baseline, digits, 2);
    memcpy(experiment->baseline + 2, digits + 3, second);
    return true;
}

char *rmv_experiment_reference_of(const char *baseline, const char *name)
{
    return rmv_str_format(RMV_EXPERIMENT_REFERENCES "%.2s/%s/%s", baseline, baseline + 2, name);
}

static const struct rmv_error *need_git(const struct rmv_workspace *workspace)
{
    if (workspace->vcs)
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_USAGE, "experiments are commits, and this is no Git repository"),
        "`git init` makes one");
}

const struct rmv_error *rmv_experiments_list(struct rmv_workspace *workspace,
                                             struct rmv_experiments *experiments)
{
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};

    const struct rmv_error *err = need_git(workspace);
    if (!err)
        err = rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_REFERENCES, &references);
    for (size_t i = 0; !err && i < references.count; i++) {
        struct rmv_experiment experiment;
        if (!rmv_experiment_parse_reference(references.items[i].name, &experiment))
            continue;
        memcpy(experiment.id, references.items[i].id, sizeof(experiment.id));
        experiments->items = rmv_grow(experiments->items, experiments->count,
                                      &experiments->capacity, sizeof(experiments->items[0]));
        experiments->items[experiments->count++] = experiment;
    }
    return err;
}

const struct rmv_error *rmv_experiment_update_references(struct rmv_workspace *workspace,
                                                         const struct rmv_strings *commands)
{
    static const char *const argv[] = {"update-ref", "--stdin", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    for (size_t i = 0; i < commands->count; i++)
        rmv_buf_append_format(&text, "%s\n", commands->items[i]);
    const struct rmv_git_run run = {.folder = rmv_vcs_root(workspace->vcs),
                                    .argv = argv,
                                    .input = text.data,
                                    .input_size = text.size};
    return rmv_git_run(&run, NULL);
}

/* ---- Names ----------------------------------------------------------------------------------- */

const struct rmv_error *rmv_experiment_check_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                  "-_.";
    const size_t size = strlen(name);

    if (size > 0 && size <= NAME_SIZE_MAX && strspn(name, allowed) == size && *name != '-' &&
        *name != '.' && name[size - 1] != '.' && !strstr(name, "..") &&
        !rmv_path_has_suffix(name, ".lock"))
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(name);
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is no name for an experiment", quoted),
                          "letters, digits, '-', '_' and '.'; no '-' or '.' in front, no '.lock' "
                          "at the end");
}

const struct rmv_error *rmv_experiment_head(struct rmv_workspace *workspace,
                                            char id[RMV_VCS_ID_SIZE])
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit head = {0};
    const struct rmv_error *err = need_git(workspace);
    if (!err)
        err = rmv_vcs_resolve(workspace->vcs, "HEAD", &head);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND
                   ? rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND,
                                              "experiments start from a commit, and there is none "
                                              "yet"),
                                    "`git commit` what there is first")
                   : err;
    memcpy(id, head.id, RMV_VCS_ID_SIZE);
    return NULL;
}

static bool is_meant(const struct rmv_experiment *experiment, const char *typed)
{
    const size_t size = strlen(typed);
    return strcmp(experiment->name, typed) == 0 || strcmp(experiment->reference, typed) == 0 ||
           (size >= ID_PREFIX_SIZE_MIN && strspn(typed, HEX_DIGITS) == size &&
            strncmp(experiment->id, typed, size) == 0);
}

static const struct rmv_error *not_found(const struct rmv_experiments *all, const char *typed)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    for (size_t i = 0; i < all->count; i++)
        rmv_strings_add(&names, all->items[i].name);
    const char *nearest = rmv_strings_nearest(&names, typed);
    const struct rmv_error *err =
        nearest ? rmv_error(RMV_ERR_NOT_FOUND, "there is no experiment '%s'; did you mean '%s'?",
                            typed, nearest)
                : rmv_error(RMV_ERR_NOT_FOUND, "there is no experiment '%s'", typed);
    return rmv_error_hint(err, "`rmv exp list -A` lists them");
}

const struct rmv_error *rmv_experiment_find(struct rmv_workspace *workspace, const char *typed,
                                            struct rmv_experiment *experiment)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments all = {0};
    char head[RMV_VCS_ID_SIZE] = "";
    struct rmv_experiment *found = NULL;
    bool is_unclear = false;

    const struct rmv_error *err = rmv_experiments_list(workspace, &all);
    if (!err)
        err = rmv_experiment_head(workspace, head);
    if (err)
        return err;
    for (size_t i = 0; i < all.count; i++) {
        if (!is_meant(&all.items[i], typed))
            continue;
        const bool is_better = !found || strcmp(all.items[i].baseline, head) == 0;
        is_unclear = found && !is_better && strcmp(found->baseline, head) != 0;
        found = is_better ? &all.items[i] : found;
    }
    if (!found)
        return not_found(&all, typed);
    if (is_unclear)
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "there are several experiments '%s'", typed),
            "`rmv exp list -A` lists them; the id of a commit names one");
    *experiment = *found;
    *found = (struct rmv_experiment){0};
    return NULL;
}
