#include "rmv/experiment/apply.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiment/snapshot.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/checkout.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/vcs/git_run.h"

#define LISTED_MAX 10

void rmv_experiment_applied_free(struct rmv_experiment_applied *applied)
{
    rmv_strings_free(&applied->written);
    rmv_strings_free(&applied->removed);
}

struct applying {
    struct rmv_workspace *workspace;
    const struct rmv_experiment *experiment;
    char head[RMV_VCS_ID_SIZE];
    char present[RMV_VCS_ID_SIZE]; /* the workspace as it is, as a commit */
    struct rmv_experiments all;
    struct rmv_pipeline pipeline; /* of the workspace; empty if it cannot be read */
    struct rmv_strings conflicts;
};

static void applying_free(struct applying *applying)
{
    rmv_experiments_free(&applying->all);
    rmv_pipeline_free(&applying->pipeline);
    rmv_strings_free(&applying->conflicts);
}

/* ---- The workspace as it is ------------------------------------------------------------------ */

/* Files that the experiment has and Git does not track here yet. */
static const struct rmv_error *list_untracked(struct applying *applying, struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_vcs_differences_free) struct rmv_vcs_differences added = {0};
    const struct rmv_workspace *workspace = applying->workspace;
    struct stat status;

    const struct rmv_error *err =
        rmv_vcs_compare(workspace->vcs, applying->head, applying->experiment->id, &added);
    for (size_t i = 0; !err && i < added.count; i++) {
        char *path = rmv_path_relative(workspace->vcs_prefix, added.items[i].path);
        if (!*added.items[i].before &&
            fstatat(workspace->root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0)
            rmv_strings_take(paths, path);
        else
            rmv_str_free(&path);
    }
    return err;
}

static const struct rmv_error *look(struct applying *applying)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings untracked = {0};
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot snapshot = {0};

    const struct rmv_error *err = rmv_experiment_head(applying->workspace, applying->head);
    if (!err)
        err = rmv_experiments_list(applying->workspace, &applying->all);
    if (!err)
        err = list_untracked(applying, &untracked);
    if (!err)
        err = rmv_snapshot_open(applying->workspace, &untracked, NULL, &snapshot);
    if (!err)
        err = rmv_snapshot_commit(&snapshot, NULL, applying->head, "rmv: before an experiment",
                                  applying->present);
    if (!err && rmv_pipeline_read(applying->workspace, &applying->pipeline))
        rmv_pipeline_free(&applying->pipeline);
    return err;
}

/* ---- What may be replaced -------------------------------------------------------------------- */

/* It comes back from the run cache. */
static bool is_made(const struct applying *applying, const char *path)
{
    RMV_CLEANUP(rmv_str_free)
    char *inside = rmv_path_relative(applying->workspace->vcs_prefix, path);
    if (strcmp(rmv_path_name(path), RMV_LOCK_FILE_NAME) == 0)
        return true;
    for (size_t i = 0; i < applying->pipeline.count; i++)
        for (size_t k = 0; k < applying->pipeline.stages[i].outs_count; k++) {
            const struct rmv_stage_out *out = &applying->pipeline.stages[i].outs[k];
            if (out->no_cache && rmv_path_is_in(inside, out->path))
                return true;
        }
    return false;
}

/* Does HEAD, or an experiment, have this version of the file? */
static const struct rmv_error *is_kept(const struct applying *applying, const char *path,
                                       const char *id, bool *kept)
{
    struct rmv_vcs *vcs = applying->workspace->vcs;
    *kept = false;
    const struct rmv_error *err = rmv_vcs_has_version(vcs, applying->head, path, id, kept);
    for (size_t i = 0; !err && !*kept && i < applying->all.count; i++)
        err = rmv_vcs_has_version(vcs, applying->all.items[i].id, path, id, kept);
    return err;
}

/* An experiment may come from elsewhere: of .rmstore it brings what a clone brings, and no settings
 * of this machine, nor anything that rmv keeps there for itself. */
static const struct rmv_error *check_is_data(const struct applying *applying, const char *path)
{
    static const char *const shared[] = {"config", ".gitignore"};
    const size_t size = strlen(RMV_WORKSPACE_FOLDER);

    for (const char *name = path; name; name = strchr(name, '/') ? strchr(name, '/') + 1 : NULL) {
        if (strcspn(name, "/") != size || strncasecmp(name, RMV_WORKSPACE_FOLDER, size) != 0)
            continue;
        for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++)
            if (strncmp(name, RMV_WORKSPACE_FOLDER "/", size + 1) == 0 &&
                strcmp(name + size + 1, shared[i]) == 0)
                return NULL;
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "experiment '%s' would change '%s', which is rmv's own",
                      applying->experiment->name, quoted),
            "nothing was touched; `git show %.12s` shows what it holds", applying->experiment->id);
    }
    return NULL;
}

static const struct rmv_error *sort_out(struct applying *applying,
                                        const struct rmv_vcs_difference *difference,
                                        struct rmv_experiment_applied *plan)
{
    bool is_ours_alone = false, kept = false;
    const struct rmv_error *err =
        *difference->after ? check_is_data(applying, difference->path) : NULL;

    if (err)
        return err;
    if (!*difference->before) {
        rmv_strings_add(&plan->written, difference->path);
        return NULL;
    }
    if (!*difference->after) /* what neither HEAD nor the experiment knows stays */
        err = rmv_vcs_has_version(applying->workspace->vcs, applying->head, difference->path, "",
                                  &is_ours_alone);
    if (!err)
        err = is_kept(applying, difference->path, difference->before, &kept);
    if (err || (is_ours_alone && !kept))
        return err;
    if (!kept && !is_made(applying, difference->path))
        rmv_strings_add(&applying->conflicts, difference->path);
    rmv_strings_add(*difference->after ? &plan->written : &plan->removed, difference->path);
    return NULL;
}

/* Git would take away what stands where it is to write, and no version of that is known: a file
 * where a folder is needed, or a folder with files that Git does not track. */
static char *file_above(int top_fd, const char *path)
{
    struct stat status;
    for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
        char *above = rmv_str_copy_n(path, (size_t)(slash - path));
        const bool is_there = fstatat(top_fd, above, &status, AT_SYMLINK_NOFOLLOW) == 0;
        if (is_there && !S_ISDIR(status.st_mode))
            return above;
        rmv_str_free(&above);
        if (!is_there)
            return NULL;
    }
    return NULL;
}

static void add_conflict(struct applying *applying, const char *path)
{
    if (!rmv_strings_has(&applying->conflicts, path))
        rmv_strings_add(&applying->conflicts, path);
}

static const struct rmv_error *add_untracked_in(struct applying *applying, const char *folder)
{
    const char *const argv[] = {"ls-files", "-z", "--others", "--", folder, NULL};
    const struct rmv_git_run run = {.folder = rmv_vcs_root(applying->workspace->vcs), .argv = argv};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    const struct rmv_error *err = rmv_git_run(&run, &out);
    const char *end = rmv_buf_string(&out) + out.size;
    for (const char *path = out.data; !err && path < end; path += strlen(path) + 1)
        add_conflict(applying, path);
    return err;
}

static const struct rmv_error *look_in_the_way(struct applying *applying,
                                               const struct rmv_experiment_applied *plan)
{
    const char *top = rmv_vcs_root(applying->workspace->vcs);
    RMV_CLEANUP(rmv_fd_close) int top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct rmv_error *err = NULL;
    struct stat status;

    if (top_fd < 0)
        return rmv_error_errno("cannot open '%s'", top);
    for (size_t i = 0; !err && i < plan->written.count; i++) {
        const char *path = plan->written.items[i];
        RMV_CLEANUP(rmv_str_free) char *above = file_above(top_fd, path);
        if (above && !rmv_strings_has(&plan->removed, above))
            add_conflict(applying, above);
        if (!above && fstatat(top_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISDIR(status.st_mode))
            err = add_untracked_in(applying, path);
    }
    return err;
}

static const struct rmv_error *conflict(const struct applying *applying)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf list = {0};
    const size_t count = applying->conflicts.count;
    for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_quote(applying->conflicts.items[i]);
        rmv_buf_append_format(&list, "\n    %s", path);
    }
    if (count > LISTED_MAX)
        rmv_buf_append_format(&list, "\n    and %zu more", count - LISTED_MAX);
    return rmv_error_hint(
        rmv_error(RMV_ERR_CONFLICT,
                  "these files have changes that neither HEAD nor an experiment has:%s",
                  rmv_buf_string(&list)),
        "`rmv exp save` keeps the workspace as an experiment; --force gives the changes up");
}

static const struct rmv_error *make_plan(struct applying *applying, bool force,
                                         struct rmv_experiment_applied *plan)
{
    RMV_CLEANUP(rmv_vcs_differences_free) struct rmv_vcs_differences differences = {0};
    const struct rmv_error *err = rmv_vcs_compare(applying->workspace->vcs, applying->present,
                                                  applying->experiment->id, &differences);
    for (size_t i = 0; !err && i < differences.count; i++)
        err = sort_out(applying, &differences.items[i], plan);
    if (!err)
        err = look_in_the_way(applying, plan);
    if (err || force || !applying->conflicts.count)
        return err;
    return conflict(applying);
}

/* ---- Doing it -------------------------------------------------------------------------------- */

static const struct rmv_error *check_data(const struct applying *applying, bool force)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_restore_report_free) struct rmv_restore_report report = {0};
    const struct rmv_restore_options options = {.force = force, .check_only = true};

    const struct rmv_error *err =
        rmv_tracked_read(applying->workspace, applying->experiment->id, &tracked);
    return err ? err
               : rmv_dataset_restore(applying->workspace, tracked.outputs.items,
                                     tracked.outputs.count, &options, &report);
}

static const struct rmv_error *remove_files(const struct applying *applying,
                                            const struct rmv_strings *paths)
{
    const char *top = rmv_vcs_root(applying->workspace->vcs);
    RMV_CLEANUP(rmv_fd_close) int top_fd = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct rmv_error *err = NULL;

    if (top_fd < 0)
        return rmv_error_errno("cannot open '%s'", top);
    for (size_t i = 0; !err && i < paths->count; i++) {
        RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
        const char *name = NULL;
        err = rmv_beneath_open_parent(top_fd, paths->items[i], false, &folder_fd, &name);
        if (!err && unlinkat(folder_fd, name, 0) < 0)
            err = rmv_error_errno("cannot remove '%s'", paths->items[i]);
        if (err && err->code == RMV_ERR_NOT_FOUND)
            err = NULL;
    }
    return err;
}

static const struct rmv_error *restore_data(const struct applying *applying,
                                            const struct rmv_experiment_apply_options *options)
{
    static const struct rmv_strings everything = {0};
    RMV_CLEANUP(rmv_checkout_report_free) struct rmv_checkout_report report = {0};
    const struct rmv_checkout_options checkout = {
        .paths = &everything, .force = options->force, .progress = options->progress};
    return rmv_checkout(applying->workspace, &checkout, &report);
}

const struct rmv_error *rmv_experiment_apply(struct rmv_workspace *workspace,
                                             const struct rmv_experiment *experiment,
                                             const struct rmv_experiment_apply_options *options,
                                             struct rmv_experiment_applied *applied)
{
    RMV_CLEANUP(applying_free)
    struct applying applying = {.workspace = workspace, .experiment = experiment};
    RMV_CLEANUP(rmv_experiment_applied_free) struct rmv_experiment_applied plan = {0};

    const struct rmv_error *err = look(&applying);
    if (!err)
        err = make_plan(&applying, options->force, &plan);
    if (!err)
        err = check_data(&applying, options->force);
    if (!err)
        err = remove_files(&applying, &plan.removed); /* where it was, a folder may come */
    if (!err)
        err = rmv_snapshot_write_files(workspace, experiment->id, &plan.written);
    if (!err)
        err = restore_data(&applying, options);
    if (err)
        return err;
    *applied = plan;
    plan = (struct rmv_experiment_applied){0};
    return NULL;
}
