#include <stdio.h>
#include <string.h>

#include "dataset/checkout.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/work_file.h"

#define FILE_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define LISTED_MAX 20

/* ---- Single files -----------------------------------------------------------------------------
 */

/* A file of a commit; not finding it is an answer. */
static const struct rmv_error *read_committed(const struct rmv_checkout *checkout,
                                              const char *commit, const char *path, bool *found,
                                              struct rmv_buf *text)
{
    const struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
    const struct rmv_error *err =
        rmv_vcs_read(workspace->vcs, commit, git_path, FILE_BYTES_MAX, text);
    *found = !err;
    return err && err->code != RMV_ERR_NOT_FOUND ? err : NULL;
}

static const struct rmv_error *is_in_commit(const struct rmv_checkout *checkout, const char *commit,
                                            const char *path, const struct rmv_buf *text, bool *is)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf committed = {0};
    bool found;
    const struct rmv_error *err = read_committed(checkout, commit, path, &found, &committed);
    *is = !err && found && committed.size == text->size &&
          (text->size == 0 || memcmp(committed.data, text->data, text->size) == 0);
    return err;
}

const struct rmv_error *rmv_checkout_is_committed(struct rmv_checkout *checkout, const char *path,
                                                  bool *is_committed)
{
    struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
    bool found;
    bool is_modified = false;

    *is_committed = true;
    const struct rmv_error *err =
        rmv_work_file_read(workspace, path, FILE_BYTES_MAX, &found, &text);
    if (err || !found)
        return err;
    err = is_in_commit(checkout, checkout->commit, path, &text, is_committed);
    if (!err && !*is_committed && checkout->last_commit)
        err = is_in_commit(checkout, checkout->last_commit, path, &text, is_committed);
    if (err || *is_committed)
        return err;
    err = rmv_vcs_is_modified(workspace->vcs, git_path, &is_modified);
    *is_committed = !is_modified;
    return err;
}

static const struct rmv_error *take(struct rmv_checkout *checkout, const char *path,
                                    struct rmv_replacements *replacements,
                                    struct rmv_strings *changed)
{
    struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool found;

    const struct rmv_error *err = read_committed(checkout, checkout->commit, path, &found, &text);
    if (err || !found)
        return err;
    err = rmv_work_file_read(workspace, path, FILE_BYTES_MAX, &found, &old);
    if (err)
        return err;
    if (found && old.size == text.size &&
        (text.size == 0 || memcmp(old.data, text.data, text.size) == 0))
        return NULL;
    err = rmv_work_file_prepare(workspace, path, &text, replacements);
    if (!err)
        rmv_strings_add(changed, path);
    return err;
}

const struct rmv_error *rmv_checkout_take(struct rmv_checkout *checkout,
                                          const struct rmv_strings *paths,
                                          struct rmv_strings *changed)
{
    const struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_replacements_free)
    struct rmv_replacements replacements = {
        .root_fd = workspace->root_fd,
        .via = rmv_workspace_temporary(workspace),
    };
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < paths->count; i++)
        err = take(checkout, paths->items[i], &replacements, changed);
    return err ? err : rmv_replacements_finish(&replacements);
}

const struct rmv_error *rmv_checkout_refuse(const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf list = {0};

    if (paths->count == 0)
        return NULL;
    for (size_t i = 0; i < paths->count && i < LISTED_MAX; i++) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(paths->items[i]);
        rmv_buf_append_format(&list, "\n  %s", quoted);
    }
    if (paths->count > LISTED_MAX)
        rmv_buf_append_format(&list, "\n  … and %zu more", paths->count - LISTED_MAX);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT,
                  "changes that are not committed to Git would be lost, nothing was touched:%s",
                  rmv_buf_string(&list)),
        "`git commit` or `git stash` them, or use -f to give them up");
}

/* ---- Planning ---------------------------------------------------------------------------------
 */

/* Is the output wanted as a whole: by its own path, one around it, or its pointer's? */
static bool is_whole(const struct rmv_checkout *checkout, const char *output, const char *source)
{
    const struct rmv_strings *paths = checkout->options->paths;
    for (size_t i = 0; i < paths->count; i++)
        if (rmv_path_is_in(output, paths->items[i]) || strcmp(paths->items[i], source) == 0)
            return true;
    return paths->count == 0;
}

/* The pointer and lock files that are taken as they are. A lock file speaks of many outputs, so it
 * is taken only where everything is. */
static void list_sources(const struct rmv_checkout *checkout, const struct rmv_tracked *tracked,
                         struct rmv_strings *sources)
{
    const bool is_all = checkout->options->paths->count == 0;
    for (size_t i = 0; i < tracked->outputs.count; i++) {
        const bool is_pointer = *tracked->stages.items[i] == '\0';
        const char *source = tracked->sources.items[i];
        if (is_pointer && is_whole(checkout, tracked->outputs.items[i].path, source))
            rmv_strings_add(sources, source);
    }
    for (size_t i = 0; is_all && i < tracked->lock_files_count; i++)
        rmv_strings_add(sources, tracked->lock_files[i].path);
    rmv_strings_sort(sources);
}

static const struct rmv_error *is_in_head(struct rmv_checkout *checkout, const char *path, bool *is)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit head = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    *is = false;
    const struct rmv_error *err = rmv_vcs_resolve(checkout->workspace->vcs, "HEAD", &head);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    err = read_committed(checkout, head.id, path, is, &text);
    if (err || *is || !checkout->last_commit)
        return err;
    return read_committed(checkout, checkout->last_commit, path, is, &text);
}

/* What only the workspace has, and no commit, is new: it stays. */
static const struct rmv_error *plan_removals(struct rmv_checkout *checkout,
                                             const struct rmv_strings *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        bool is = false;
        if (rmv_checkout_has(&checkout->restored, sources->items[i]))
            continue;
        const struct rmv_error *err = is_in_head(checkout, sources->items[i], &is);
        if (err)
            return err;
        if (is)
            rmv_strings_add(&checkout->removed, sources->items[i]);
    }
    return NULL;
}

static const struct rmv_error *find_edited(struct rmv_checkout *checkout,
                                           const struct rmv_strings *sources,
                                           struct rmv_strings *edited)
{
    for (size_t i = 0; i < sources->count; i++) {
        bool is_committed;
        const struct rmv_error *err =
            rmv_checkout_is_committed(checkout, sources->items[i], &is_committed);
        if (err)
            return err;
        if (!is_committed)
            rmv_strings_add(edited, sources->items[i]);
    }
    return NULL;
}

const struct rmv_error *rmv_checkout_plan_sources(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings here = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings edited = {0};

    list_sources(checkout, &checkout->wanted, &checkout->restored);
    list_sources(checkout, &checkout->now, &here);
    const struct rmv_error *err = plan_removals(checkout, &here);
    if (err || checkout->options->force)
        return err;
    err = find_edited(checkout, &checkout->restored, &edited);
    if (!err)
        err = find_edited(checkout, &checkout->removed, &edited);
    return err ? err : rmv_checkout_refuse(&edited);
}

/* ---- Doing ------------------------------------------------------------------------------------
 */

static const struct rmv_error *ignore_output(struct rmv_workspace *workspace,
                                             const struct rmv_output *output)
{
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, output->path);
    bool is_ignored = false;
    const struct rmv_error *err =
        rmv_vcs_is_ignored(workspace->vcs, git_path, output->kind == RMV_OUTPUT_TREE, &is_ignored);
    if (!err && !is_ignored)
        err = rmv_gitignore_add(workspace, output->path);
    return err && err->code != RMV_ERR_NOT_FOUND ? err : NULL;
}

/* Data that a pointer names must not end up in Git. */
static const struct rmv_error *ignore_outputs(struct rmv_checkout *checkout)
{
    const struct rmv_tracked *wanted = &checkout->wanted;
    for (size_t i = 0; i < wanted->outputs.count; i++) {
        const struct rmv_output *output = &wanted->outputs.items[i];
        if (output->no_cache || !rmv_checkout_is_chosen(checkout, output->path))
            continue;
        const struct rmv_error *err = ignore_output(checkout->workspace, output);
        if (err)
            return err;
    }
    return NULL;
}

const struct rmv_error *rmv_checkout_move_sources(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    const struct rmv_error *err = rmv_workspace_lock(checkout->workspace, &lock);

    if (!err)
        err = rmv_checkout_take(checkout, &checkout->restored, &checkout->report->sources);
    if (!err)
        err = rmv_work_files_remove(checkout->workspace, &checkout->removed);
    for (size_t i = 0; !err && i < checkout->removed.count; i++)
        rmv_strings_add(&checkout->report->sources, checkout->removed.items[i]);
    return err ? err : ignore_outputs(checkout);
}

/* ---- The last revision ------------------------------------------------------------------------
 */

static const char last_head[] = "rmv-checkout 1 ";

static char *last_path(const struct rmv_checkout *checkout)
{
    return rmv_str_format("%s/" RMV_WORKSPACE_FOLDER "/checkout", checkout->workspace->root);
}

/* Whatever is wrong with the file, less is known to be committed, and more is refused. */
const struct rmv_error *rmv_checkout_read_last(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_str_free) char *path = last_path(checkout);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const size_t head_size = sizeof(last_head) - 1;

    if (rmv_fs_read(path, 1000, &text) || text.size <= head_size + 1 ||
        memcmp(text.data, last_head, head_size) != 0 || text.data[text.size - 1] != '\n')
        return NULL;
    RMV_CLEANUP(rmv_str_free)
    char *id = rmv_str_copy_n(text.data + head_size, text.size - head_size - 1);
    /* Its name must be the name of a commit, which is checksum enough. */
    if (!rmv_vcs_resolve(checkout->workspace->vcs, id, &commit))
        checkout->last_commit = rmv_str_copy(commit.id);
    return NULL;
}

const struct rmv_error *rmv_checkout_write_last(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_str_free) char *path = last_path(checkout);
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%s%s\n", last_head, checkout->commit);
    return rmv_fs_write_atomic(path, text, strlen(text));
}
