#include <string.h>

#include "dataset/checkout.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* The files of one output in the revision's Git tree. */
struct output_files {
    const char *prefix; /* of the workspace in the repository */
    const char *output; /* path in the repository */
};

static bool is_in_output(void *context, const char *path)
{
    const struct output_files *files = context;
    return rmv_path_is_in(path, files->output);
}

static const struct rmv_error *list_files(struct rmv_checkout *checkout, const char *output)
{
    struct rmv_workspace *workspace = checkout->workspace;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, output);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    struct output_files files = {.prefix = workspace->vcs_prefix, .output = git_path};

    const struct rmv_error *err =
        rmv_vcs_list(workspace->vcs, checkout->commit, is_in_output, &files, &found);
    for (size_t i = 0; !err && i < found.count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *path = rmv_path_relative(workspace->vcs_prefix, found.items[i]);
        err = rmv_path_check(path);
        if (!err)
            rmv_strings_add(&checkout->files, path);
    }
    if (!err && found.count == 0)
        rmv_log_write(
            workspace->log, RMV_LOG_WARNING,
            "'%s' is an output with `cache: false`, but was not committed: it stays as it "
            "is",
            output);
    return err;
}

const struct rmv_error *rmv_checkout_plan_files(struct rmv_checkout *checkout)
{
    const struct rmv_tracked *wanted = &checkout->wanted;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings edited = {0};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < wanted->outputs.count; i++) {
        const struct rmv_output *output = &wanted->outputs.items[i];
        if (output->no_cache && rmv_checkout_is_chosen(checkout, output->path))
            err = list_files(checkout, output->path);
    }
    for (size_t i = 0; !err && !checkout->options->force && i < checkout->files.count; i++) {
        bool is_committed;
        err = rmv_checkout_is_committed(checkout, checkout->files.items[i], &is_committed);
        if (!err && !is_committed)
            rmv_strings_add(&edited, checkout->files.items[i]);
    }
    return err ? err : rmv_checkout_refuse(&edited);
}

const struct rmv_error *rmv_checkout_write_files(struct rmv_checkout *checkout)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;

    if (checkout->files.count == 0)
        return NULL;
    const struct rmv_error *err = rmv_workspace_lock(checkout->workspace, &lock);
    return err ? err : rmv_checkout_take(checkout, &checkout->files, &checkout->report->files);
}
