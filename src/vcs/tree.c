/* Reading the trees of commits. */
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/process.h"
#include "vcs/git.h"

static const struct rmv_error *commit_tree(struct rmv_vcs *vcs, const char *commit_id,
                                           git_tree **tree)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;

    const struct rmv_error *err = rmv_git_find_commit(vcs, commit_id, &commit);
    if (err)
        return err;
    const int status = git_commit_tree(tree, commit);
    if (status < 0)
        return rmv_git_error(status, "cannot read the tree of Git commit %s", commit_id);
    return NULL;
}

static bool is_file(const git_tree_entry *entry)
{
    const git_filemode_t mode = git_tree_entry_filemode(entry);
    return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

/* ---- One file ------------------------------------------------------------------------------- */

/* A partial clone lacks blobs until git is asked for them. */
static const struct rmv_error *fetch_blob(const struct rmv_vcs *vcs, const git_oid *id,
                                          size_t max_bytes, struct rmv_buf *out)
{
    char hex[GIT_OID_HEXSZ + 1];
    int exit_status = 0;
    git_oid_tostr(hex, sizeof(hex), id);
    const char *const argv[] = {"git", "cat-file", "blob", hex, NULL};
    const struct rmv_process_options options = {.argv = argv, .folder = vcs->opened};

    const struct rmv_error *err = rmv_process_output(&options, max_bytes, out, &exit_status);
    if (err)
        return err;
    if (exit_status != 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "the Git repository lacks object %s", hex),
            "`git fetch --refetch` gets what a partial clone left out");
    return NULL;
}

static const struct rmv_error *read_blob(struct rmv_vcs *vcs, const git_oid *id, size_t max_bytes,
                                         struct rmv_buf *out)
{
    git_odb *odb = NULL;
    git_odb_object *object = NULL;
    git_object_t type;
    size_t size = 0;

    int status = git_repository_odb(&odb, vcs->repository);
    if (status == 0)
        status = git_odb_read_header(&size, &type, odb, id);
    const bool is_too_long = status == 0 && size > max_bytes;
    if (status == 0 && !is_too_long)
        status = git_odb_read(&object, odb, id);
    if (status == 0 && !is_too_long)
        rmv_buf_append(out, git_odb_object_data(object), git_odb_object_size(object));
    git_odb_object_free(object);
    git_odb_free(odb);

    if (is_too_long)
        return rmv_error(RMV_ERR_LIMIT, "it has %zu bytes, more than %zu", size, max_bytes);
    if (status == GIT_ENOTFOUND)
        return fetch_blob(vcs, id, max_bytes, out);
    if (status < 0)
        return rmv_git_error(status, "cannot read the Git object");
    return NULL;
}

const struct rmv_error *rmv_vcs_read(struct rmv_vcs *vcs, const char *commit_id, const char *path,
                                     size_t max_bytes, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    RMV_CLEANUP(rmv_git_entry_free) git_tree_entry *entry = NULL;

    const struct rmv_error *err = commit_tree(vcs, commit_id, &tree);
    if (err)
        return err;
    const int status = git_tree_entry_bypath(&entry, tree, path);
    if (status == GIT_ENOTFOUND)
        return rmv_error(RMV_ERR_NOT_FOUND, "Git commit %.10s has no '%s'", commit_id, path);
    if (status < 0)
        return rmv_git_error(status, "cannot find '%s' in Git commit %.10s", path, commit_id);
    if (!is_file(entry))
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not a file in Git commit %.10s", path,
                         commit_id);
    err = read_blob(vcs, git_tree_entry_id(entry), max_bytes, out);
    if (err)
        return rmv_error_context(err, "'%s' in Git commit %.10s", path, commit_id);
    return NULL;
}

/* ---- All files ------------------------------------------------------------------------------ */

struct listing {
    bool (*wanted)(void *context, const char *path);
    void *context;
    struct rmv_strings *paths;
    struct rmv_buf path; /* reused: most files are not wanted */
};

static int list_entry(const char *folder, const git_tree_entry *entry, void *payload)
{
    struct listing *listing = payload;

    if (!is_file(entry))
        return 0;
    listing->path.size = 0;
    rmv_buf_append_string(&listing->path, folder);
    rmv_buf_append_string(&listing->path, git_tree_entry_name(entry));
    const char *path = rmv_buf_string(&listing->path);
    if (listing->wanted(listing->context, path))
        rmv_strings_add(listing->paths, path);
    return 0;
}

const struct rmv_error *rmv_vcs_list(struct rmv_vcs *vcs, const char *commit_id,
                                     bool (*wanted)(void *context, const char *path), void *context,
                                     struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_git_tree_free) git_tree *tree = NULL;
    struct listing listing = {.wanted = wanted, .context = context, .paths = paths};

    const struct rmv_error *err = commit_tree(vcs, commit_id, &tree);
    if (err)
        return err;
    const int status = git_tree_walk(tree, GIT_TREEWALK_PRE, list_entry, &listing);
    rmv_buf_free(&listing.path);
    if (status < 0)
        return rmv_git_error(status, "cannot list the files of Git commit %s", commit_id);
    rmv_strings_sort(paths);
    return NULL;
}

/* ---- What a commit changed ------------------------------------------------------------------ */

static const struct rmv_error *diff_with_parent(struct rmv_vcs *vcs, const char *commit_id,
                                                git_diff **diff)
{
    RMV_CLEANUP(rmv_git_commit_free) git_commit *commit = NULL;
    RMV_CLEANUP(rmv_git_commit_free) git_commit *parent = NULL;
    RMV_CLEANUP(rmv_git_tree_free) git_tree *after = NULL;
    RMV_CLEANUP(rmv_git_tree_free) git_tree *before = NULL;
    git_diff_options options;

    git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
    options.flags = GIT_DIFF_SKIP_BINARY_CHECK | GIT_DIFF_IGNORE_SUBMODULES;
    const struct rmv_error *err = rmv_git_find_commit(vcs, commit_id, &commit);
    if (err)
        return err;
    /* The parent is absent at the border of a shallow clone: then everything is new. */
    int status = git_commit_parent(&parent, commit, 0) == 0 ? git_commit_tree(&before, parent) : 0;
    if (status == 0)
        status = git_commit_tree(&after, commit);
    if (status == 0)
        status = git_diff_tree_to_tree(diff, vcs->repository, before, after, &options);
    if (status < 0)
        return rmv_git_error(status, "cannot compare Git commit %s with its parent", commit_id);
    return NULL;
}

const struct rmv_error *rmv_vcs_list_changed(struct rmv_vcs *vcs, const char *commit_id,
                                             bool (*wanted)(void *context, const char *path),
                                             void *context, struct rmv_strings *paths)
{
    git_diff *diff = NULL;

    const struct rmv_error *err = diff_with_parent(vcs, commit_id, &diff);
    if (err)
        return err;
    for (size_t i = 0; i < git_diff_num_deltas(diff); i++) {
        const char *path = git_diff_get_delta(diff, i)->new_file.path;
        /* A file that became a link stands there twice, one after the other. */
        const bool is_repeated =
            paths->count > 0 && strcmp(paths->items[paths->count - 1], path) == 0;
        if (!is_repeated && wanted(context, path))
            rmv_strings_add(paths, path);
    }
    git_diff_free(diff);
    rmv_strings_sort(paths);
    return NULL;
}
