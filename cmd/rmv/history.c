#include "rmv/history.h"

#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/revisions.h"

#define SHORT_ID_SIZE 7

void cli_states_free(struct cli_states *states)
{
    rmv_strings_free(&states->labels);
    rmv_strings_free(&states->revisions);
}

const char *cli_states_revision(const struct cli_states *states, size_t at)
{
    const char *revision = states->revisions.items[at];
    return *revision ? revision : NULL;
}

static void add(struct cli_states *states, const char *label, const char *revision)
{
    if (rmv_strings_has(&states->revisions, revision))
        return;
    rmv_strings_add(&states->labels, label);
    rmv_strings_add(&states->revisions, revision);
}

static const struct rmv_error *add_references(struct rmv_vcs *vcs, const char *prefix,
                                              struct cli_states *states)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vcs_list_references(vcs, prefix, &names);
    for (size_t i = 0; !err && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *revision = rmv_str_format("%s%s", prefix, names.items[i]);
        add(states, names.items[i], revision);
    }
    return err;
}

/* Commits seen so far. */
struct commits {
    struct cli_states *states;
    struct rmv_map seen; /* id → itself */
};

static const struct rmv_error *add_commit(void *context, const struct rmv_vcs_commit *commit,
                                          bool *stop)
{
    struct commits *commits = context;
    (void)stop;
    if (rmv_map_find(&commits->seen, commit->id))
        return NULL;
    rmv_map_set(&commits->seen, commit->id, commits);
    RMV_CLEANUP(rmv_str_free) char *label = rmv_str_copy_n(commit->id, SHORT_ID_SIZE);
    rmv_strings_add(&commits->states->labels, label);
    rmv_strings_add(&commits->states->revisions, commit->id);
    return NULL;
}

/* What leads to commits that were all seen is not followed again. */
static const struct rmv_error *add_commits_of(struct rmv_vcs *vcs, const char *name,
                                              struct commits *commits)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit tip = {0};
    const struct rmv_error *err = rmv_vcs_resolve(vcs, name, &tip);
    if (err) /* a tag of something else than a commit, or no commit yet */
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (rmv_map_find(&commits->seen, tip.id))
        return NULL;
    return rmv_vcs_walk(vcs, tip.id, NULL, add_commit, commits);
}

static const struct rmv_error *add_commits(struct rmv_vcs *vcs, struct cli_states *states)
{
    static const char *const prefixes[] = {"refs/heads/", "refs/remotes/", "refs/tags/"};
    struct commits commits = {.states = states};

    const struct rmv_error *err = add_commits_of(vcs, "HEAD", &commits);
    for (size_t i = 0; !err && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
        err = rmv_vcs_list_references(vcs, prefixes[i], &names);
        for (size_t k = 0; !err && k < names.count; k++) {
            RMV_CLEANUP(rmv_str_free)
            char *name = rmv_str_format("%s%s", prefixes[i], names.items[k]);
            err = add_commits_of(vcs, name, &commits);
        }
    }
    rmv_map_free(&commits.seen);
    return err;
}

const struct rmv_error *cli_history_list(struct rmv_workspace *workspace,
                                         const struct cli_history *history,
                                         struct cli_states *states)
{
    const bool has_revisions = history->revisions && history->revisions->count;
    const bool is_wide = history->branches || history->tags || history->commits;
    const struct rmv_error *err = NULL;

    if (is_wide && !workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    if (is_wide || !has_revisions)
        add(states, "workspace", "");
    for (size_t i = 0; !err && has_revisions && i < history->revisions->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *revision = NULL;
        err = cli_revision_find(workspace, history->revisions->items[i], &revision);
        if (!err)
            add(states, history->revisions->items[i], revision);
    }
    if (!err && history->branches)
        err = add_references(workspace->vcs, "refs/heads/", states);
    if (!err && history->tags)
        err = add_references(workspace->vcs, "refs/tags/", states);
    if (!err && history->commits)
        err = add_commits(workspace->vcs, states);
    return err;
}
