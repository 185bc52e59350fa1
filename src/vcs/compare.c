/* References of a kind, and what differs between two commits. */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "vcs/git.h"

/* ---- References ------------------------------------------------------------------------------ */

void rmv_vcs_references_free(struct rmv_vcs_references *references)
{
    for (size_t i = 0; i < references->count; i++)
        rmv_str_free(&references->items[i].name);
    free(references->items);
    *references = (struct rmv_vcs_references){0};
}

static int compare_references(const void *a, const void *b)
{
    const struct rmv_vcs_reference *first = a, *second = b;
    return strcmp(first->name, second->name);
}

/* Symbolic ones lead to others, which are listed themselves. */
static void add_reference(struct rmv_vcs_references *references, const git_reference *reference)
{
    const git_oid *id = git_reference_target(reference);
    if (!id)
        return;
    references->items = rmv_grow(references->items, references->count, &references->capacity,
                                 sizeof(references->items[0]));
    struct rmv_vcs_reference *added = &references->items[references->count++];
    *added = (struct rmv_vcs_reference){.name = rmv_str_copy(git_reference_name(reference))};
    git_oid_tostr(added->id, sizeof(added->id), id);
}

const struct rmv_error *rmv_vcs_find_references(struct rmv_vcs *vcs, const char *prefix,
                                                struct rmv_vcs_references *references)
{
    RMV_CLEANUP(rmv_str_free) char *pattern = rmv_str_format("%s*", prefix);
    git_reference_iterator *iterator = NULL;
    git_reference *reference = NULL;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    int status = git_reference_iterator_glob_new(&iterator, vcs->repository, pattern);
    while (status == 0 && (status = git_reference_next(&reference, iterator)) == 0) {
        add_reference(references, reference);
        git_reference_free(reference);
    }
    git_reference_iterator_free(iterator);
    if (status != GIT_ITEROVER)
        return rmv_git_error(status, "cannot list Git's references");
    if (references->count)
        qsort(references->items, references->count, sizeof(references->items[0]),
              compare_references);
    return NULL;
}

const struct rmv_error *rmv_vcs_read_message(struct rmv_vcs *vcs, const char *commit_id,
                                             struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;
    const struct rmv_error *err = rmv_git_find_commit(vcs, commit_id, &commit);
    if (!err)
        rmv_buf_append_string(out, git_commit_message(commit));
    return err;
}

/* ---- Differences ----------------------------------------------------------------------------- */

void rmv_vcs_differences_free(struct rmv_vcs_differences *differences)
{
    for (size_t i = 0; i < differences->count; i++)
        rmv_str_free(&differences->items[i].path);
    free(differences->items);
    *differences = (struct rmv_vcs_differences){0};
}

static const struct rmv_error *find_tree(struct rmv_vcs *vcs, const char *id, git_tree **tree)
{
    RMV_CLEANUP(rmv_git_object_free) git_object *object = NULL;
    git_oid oid;

    const struct rmv_error *err = rmv_git_need(vcs);
    if (err)
        return err;
    int status = git_oid_fromstr(&oid, id);
    if (status == 0)
        status = git_object_lookup(&object, vcs->repository, &oid, GIT_OBJECT_ANY);
    if (status == 0)
        status = git_object_peel((git_object **)tree, object, GIT_OBJECT_TREE);
    return status < 0 ? rmv_git_error(status, "cannot read Git object %s", id) : NULL;
}

static void set_id(char id[RMV_VCS_ID_SIZE], const git_diff_file *file)
{
    id[0] = '\0';
    if (!git_oid_is_zero(&file->id))
        git_oid_tostr(id, RMV_VCS_ID_SIZE, &file->id);
}

static void add_difference(struct rmv_vcs_differences *differences, const git_diff_delta *delta)
{
    differences->items = rmv_grow(differences->items, differences->count, &differences->capacity,
                                  sizeof(differences->items[0]));
    struct rmv_vcs_difference *added = &differences->items[differences->count++];
    const char *path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
    *added = (struct rmv_vcs_difference){.path = rmv_str_copy(path)};
    set_id(added->before, &delta->old_file);
    set_id(added->after, &delta->new_file);
}

const struct rmv_error *rmv_vcs_compare(struct rmv_vcs *vcs, const char *before, const char *after,
                                        struct rmv_vcs_differences *differences)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *old_tree = NULL;
    RMV_CLEANUP(rmv_git_tree_free) git_tree *new_tree = NULL;
    git_diff_options options;
    git_diff *diff = NULL;

    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK;
    const struct rmv_error *err = find_tree(vcs, before, &old_tree);
    if (!err)
        err = find_tree(vcs, after, &new_tree);
    if (err)
        return err;
    const int status = git_diff_tree_to_tree(&diff, vcs->repository, old_tree, new_tree, &options);
    if (status < 0)
        return rmv_git_error(status, "cannot compare %s and %s", before, after);
    for (size_t i = 0; i < git_diff_num_deltas(diff); i++)
        add_difference(differences, git_diff_get_delta(diff, i));
    git_diff_free(diff);
    return NULL;
}

const struct rmv_error *rmv_vcs_has_version(struct rmv_vcs *vcs, const char *commit_id,
                                            const char *path, const char *id, bool *has)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    RMV_CLEANUP(rmv_git_entry_free) git_tree_entry *entry = NULL;
    char actual[RMV_VCS_ID_SIZE] = "";

    const struct rmv_error *err = find_tree(vcs, commit_id, &tree);
    if (err)
        return err;
    const int status = git_tree_entry_bypath(&entry, tree, path);
    if (status < 0 && status != GIT_ENOTFOUND)
        return rmv_git_error(status, "cannot look for '%s' in %s", path, commit_id);
    if (status == 0)
        git_oid_tostr(actual, sizeof(actual), git_tree_entry_id(entry));
    *has = strcmp(actual, id) == 0;
    return NULL;
}
