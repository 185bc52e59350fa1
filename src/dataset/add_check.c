#include <limits.h>
#include <string.h>

#include "dataset/add.h"
#include "dataset/scan.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/ignore.h"
#include "rmv/dataset/pointer.h"

void rmv_add_target_free(struct rmv_add_target *target)
{
    rmv_str_free(&target->path);
    rmv_str_free(&target->pointer);
    rmv_output_free(&target->output);
}

/* The pointer's file name must fit beside the data's. */
static const struct rmv_error *check_name(const char *path, const char *quoted)
{
    const size_t size_max = NAME_MAX - (sizeof(RMV_POINTER_SUFFIX) - 1);
    if (strcmp(path, ".") == 0)
        return rmv_error_hint(rmv_error(RMV_ERR_DENIED, "the workspace itself cannot be tracked"),
                              "add the folders and files in it that are data");
    if (strlen(rmv_path_name(path)) > size_max)
        return rmv_error_hint(
            rmv_error(RMV_ERR_LIMIT,
                      "'%s': the name is longer than %zu bytes, so its pointer file (the name with "
                      "'" RMV_POINTER_SUFFIX "' behind it) could not be created",
                      quoted, size_max),
            "give it a shorter name, or add the folder it is in");
    return NULL;
}

static const struct rmv_error *check_git(struct rmv_workspace *workspace, const char *path,
                                         const char *quoted)
{
    bool is_tracked = false;

    if (!workspace->vcs)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
    const struct rmv_error *err = rmv_vcs_is_tracked(workspace->vcs, git_path, &is_tracked);
    if (err || !is_tracked)
        return err;
    RMV_CLEANUP(rmv_str_free) char *typed = rmv_workspace_typed(workspace, path);
    RMV_CLEANUP(rmv_str_free) char *typed_quoted = rmv_path_quote(typed);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "'%s' is, or has something in it that is, tracked by Git",
                  quoted),
        "`git rm -r --cached '%s'` stops that and leaves the files where they are", typed_quoted);
}

static const struct rmv_error *refuse_stage(const char *quoted, const struct rmv_output *output,
                                            const char *stage)
{
    RMV_CLEANUP(rmv_str_free) char *output_quoted = rmv_path_quote(output->path);
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "'%s' belongs to '%s', an output of the stage '%s'", quoted,
                                    output_quoted, stage),
                          "`rmv repro` keeps it up to date, and `rmv commit` saves it as it is");
}

/* Something tracked inside the path, or NULL. Outputs are sorted by path, so the first that is not
 * before "PATH/" would be it. */
static const struct rmv_output *find_inside(const struct rmv_tracked *tracked, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *start = rmv_str_format("%s/", path);
    size_t low = 0;
    size_t high = tracked->outputs.count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(tracked->outputs.items[middle].path, start) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct rmv_output *found = &tracked->outputs.items[low];
    const bool is_inside =
        low < tracked->outputs.count && strncmp(found->path, start, strlen(start)) == 0;
    return is_inside ? found : NULL;
}

/* A pointer that Git ignores would never be committed, and the data would have no history. */
static const struct rmv_error *check_git_ignores(struct rmv_workspace *workspace,
                                                 const char *pointer)
{
    bool is_ignored = false;

    if (!workspace->vcs)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, pointer);
    const struct rmv_error *err = rmv_vcs_is_ignored(workspace->vcs, git_path, false, &is_ignored);
    if (err || !is_ignored)
        return err;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(pointer);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT, "Git ignores '%s', which would have to be committed", quoted),
        "`git check-ignore -v '%s'` names the line that does", quoted);
}

/* Files that say what is data are none. */
static const struct rmv_error *check_role(const char *path, const char *quoted)
{
    static const char *const names[] = {"rmv.yaml",   RMV_LOCK_FILE_NAME, ".rmvignore",
                                        ".gitignore", ".gitattributes",   ".gitmodules"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(rmv_path_name(path), names[i]) == 0)
            return rmv_error_hint(rmv_error(RMV_ERR_USAGE,
                                            "'%s' says what is to be tracked, and is not data",
                                            quoted),
                                  "commit it to Git");
    return NULL;
}

/* Its pointer would not be found there: checkout would take the data away, and gc its content. */
static const struct rmv_error *check_foreign(const struct rmv_workspace *workspace,
                                             const char *path, const char *quoted)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_scan_find_foreign(workspace, path);
    if (!folder)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *folder_quoted = rmv_path_quote(folder);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT,
                  "'%s' is in '%s', which is a workspace or a Git repository of its own", quoted,
                  folder_quoted),
        "run rmv in that folder; `rmv init` makes it a workspace if it is none");
}

/* A pointer that exists but was not found to track this path is somebody else's. */
static const struct rmv_error *check_pointer(const struct rmv_workspace *workspace,
                                             const char *pointer, const char *quoted)
{
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_join(workspace->root, pointer);
    if (!rmv_fs_exists(absolute))
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "'%s' is in the way of the pointer file for '%s'", pointer,
                                    quoted),
                          "move it, or rename the data");
}

static const struct rmv_error *check_new(struct rmv_workspace *workspace,
                                         const struct rmv_tracked *tracked, const char *path,
                                         const char *quoted, struct rmv_add_target *target)
{
    const struct rmv_output *inside = find_inside(tracked, path);
    if (inside) {
        RMV_CLEANUP(rmv_str_free) char *inside_quoted = rmv_path_quote(inside->path);
        const char *source = tracked->sources.items[inside - tracked->outputs.items];
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                        "'%s' cannot be tracked as a whole: '%s' in it is tracked "
                                        "already, by '%s'",
                                        quoted, inside_quoted, source),
                              "remove '%s' first to track the folder instead", source);
    }
    const struct rmv_error *err = check_name(path, quoted);
    if (!err)
        err = check_role(path, quoted);
    if (!err)
        err = check_foreign(workspace, path, quoted);
    if (err)
        return err;
    target->pointer = rmv_pointer_path_of(path);
    err = check_pointer(workspace, target->pointer, quoted);
    if (!err)
        err = check_git(workspace, path, quoted);
    return err ? err : check_git_ignores(workspace, target->pointer);
}

static bool is_pointer(const struct rmv_tracked *tracked, const char *path)
{
    const bool may_be = rmv_path_has_suffix(path, RMV_POINTER_SUFFIX) ||
                        strcmp(rmv_path_name(path), RMV_LOCK_FILE_NAME) == 0;
    return may_be && rmv_strings_has(&tracked->sources, path);
}

static const struct rmv_error *check_ignored(const struct rmv_workspace *workspace,
                                             const char *path, const char *quoted)
{
    RMV_CLEANUP(rmv_ignore_verdict_free) struct rmv_ignore_verdict verdict = {0};
    const struct rmv_error *err = rmv_ignore_check(workspace, path, &verdict);
    if (err || !verdict.is_ignored)
        return err;
    RMV_CLEANUP(rmv_str_free) char *text = rmv_path_quote(verdict.rule->text);
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "'%s' is ignored, by %s:%lu: %s", quoted,
                                    verdict.rule->file, verdict.rule->line, text),
                          "change that line, or put one behind it that starts with '!'");
}

static const struct rmv_error *check_path(struct rmv_workspace *workspace,
                                          const struct rmv_tracked *tracked, const char *path,
                                          struct rmv_add_target *target)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    const struct rmv_output *found = rmv_tracked_find(tracked, path);

    target->path = rmv_str_copy(path);
    if (is_pointer(tracked, path))
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is a pointer or lock file, not data", quoted),
            "commit it to Git; `rmv add` takes the data beside it");
    const struct rmv_error *err = check_ignored(workspace, path, quoted);
    if (err)
        return err;
    if (!found)
        return check_new(workspace, tracked, path, quoted, target);

    const size_t index = (size_t)(found - tracked->outputs.items);
    if (*tracked->stages.items[index])
        return refuse_stage(quoted, found, tracked->stages.items[index]);
    target->tracked = found;
    target->pointer = rmv_str_copy(tracked->sources.items[index]);
    target->is_inside = strcmp(found->path, path) != 0;
    if (target->is_inside && found->kind != RMV_OUTPUT_TREE)
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                        "'%s' is inside '%s', which is tracked as a file", quoted,
                                        found->path),
                              "`rmv add %s` to track it as the folder it is now", found->path);
    return check_git(workspace, path, quoted);
}

/* Whatever would stop it after the pointer is written has to stop it before. */
const struct rmv_error *rmv_add_check(struct rmv_workspace *workspace,
                                      const struct rmv_tracked *tracked, const char *path,
                                      struct rmv_add_target *target)
{
    const struct rmv_error *err = check_path(workspace, tracked, path, target);
    if (err)
        return err;
    err = rmv_gitignore_check(workspace, target->tracked ? target->tracked->path : path);
    return err && err->code == RMV_ERR_NOT_FOUND ? NULL : err;
}
