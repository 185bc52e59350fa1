#include "dataset/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/entry.h"
#include "dataset/links.h"
#include "dataset/tree_find.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* The list of outputs that are being written, as long as they are. */
#define INTERRUPTED_NAME "placing"

void rmv_restore_report_free(struct rmv_restore_report *report)
{
    rmv_strings_free(&report->kept);
    rmv_changes_free(&report->outputs);
    *report = (struct rmv_restore_report){0};
}

void rmv_restore_list_add(struct rmv_restore_list *list, const char *path)
{
    if (list->count++ < RMV_RESTORE_LISTED_MAX)
        rmv_strings_take(&list->named, rmv_path_quote(path));
}

/* "\n  path" for each; the caller frees it. */
static char *format_list(const struct rmv_restore_list *list)
{
    struct rmv_buf text = {0};
    for (size_t i = 0; i < list->named.count; i++)
        rmv_buf_append_format(&text, "\n  %s", list->named.items[i]);
    if (list->count > list->named.count)
        rmv_buf_append_format(&text, "\n  … and %zu more", list->count - list->named.count);
    return rmv_buf_take(&text);
}

char *rmv_restore_path(const struct rmv_restore *restore, const char *inside)
{
    const char *start = restore->target->output->path;
    return *inside ? rmv_path_join(start, inside) : rmv_str_copy(start);
}

/* Damage outweighs absence, which outweighs everything else. */
static int weight_of(enum rmv_error_code code)
{
    return code == RMV_ERR_CORRUPT ? 2 : code == RMV_ERR_NOT_FOUND;
}

void rmv_restore_fail(struct rmv_restore *restore, const char *path, const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    struct rmv_restore_list *failed = &restore->failed;

    pthread_mutex_lock(&restore->lock);
    if (failed->count == 0 || weight_of(err->code) > weight_of(restore->failure))
        restore->failure = err->code;
    if (failed->count++ < RMV_RESTORE_LISTED_MAX)
        rmv_strings_take(&failed->named, rmv_str_format("%s: %s", quoted, err->message));
    pthread_mutex_unlock(&restore->lock);
}

/* ---- Preparing --------------------------------------------------------------------------------
 */

static const struct rmv_error *find_link(struct rmv_workspace *workspace, const char *path,
                                         bool *is_link)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    mode_t mode;

    const struct rmv_error *err =
        rmv_beneath_find(workspace->root_fd, path, &folder_fd, &name, &mode);
    if (err)
        return err;
    *is_link = S_ISLNK(mode);
    RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
    if (*is_link && rmv_links_find(workspace, folder_fd, name, &link) != RMV_LINK_NONE)
        *is_link = false; /* it stands for the file it leads to */
    return NULL;
}

/* What was placed at the target's path, on its own or as part of a folder. */
static const struct rmv_error *find_memory(struct rmv_workspace *workspace,
                                           struct rmv_restore_target *target)
{
    const struct rmv_placed *placed = rmv_placed_of(workspace);
    RMV_CLEANUP(rmv_str_free) char *start = rmv_str_copy(target->output->path);

    for (char *end = start + strlen(start); end; end = strrchr(start, '/')) {
        *end = '\0';
        const struct rmv_tree_entry *entry = rmv_placed_find(placed, start);
        if (!entry)
            continue;
        target->has_memory = true;
        const char *inside = target->output->path + (end - start);
        const struct rmv_error *err = rmv_tree_find_path(
            workspace, entry, *inside == '/' ? inside + 1 : inside, &target->placed);
        /* Without it less is known, that is all. */
        target->has_memory = !err;
        return NULL;
    }
    return NULL;
}

static bool is_done(const struct rmv_restore_target *target)
{
    return target->now.type == target->wanted.type &&
           rmv_object_id_equal(&target->now.id, &target->wanted.id);
}

/* Ignored files do not make a difference. Where there is one, what is wanted could lie at their
 * paths: then they are seen, and left alone where nothing is wanted. */
static const struct rmv_error *examine_target(struct rmv_restore *restore,
                                              struct rmv_restore_target *target)
{
    struct rmv_examine_request request = {
        .workspace = restore->workspace,
        .path = target->output->path,
        .follow_link = !restore->options->partial,
        .has_ignored = &target->has_ignored,
        .clears_leftovers = true,
        .odd = &restore->odd,
    };
    const struct rmv_error *err = rmv_examine(&request, &target->now);
    if (err || !target->has_ignored || is_done(target))
        return err;
    request.take_ignored = true;
    return rmv_examine(&request, &target->now);
}

static const struct rmv_error *prepare_target(struct rmv_restore *restore,
                                              const struct rmv_output *output,
                                              struct rmv_restore_target *target)
{
    target->output = output;
    target->wanted = rmv_entry_of_output(output);
    const struct rmv_error *err = examine_target(restore, target);
    if (!err)
        err = find_link(restore->workspace, output->path, &target->is_link);
    if (!err)
        err = find_memory(restore->workspace, target);
    return err;
}

const struct rmv_error *rmv_restore_is_ignored(struct rmv_restore *restore, const char *path,
                                               bool is_folder, bool *is_ignored)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    const struct rmv_error *err = NULL;

    *is_ignored = false;
    if (!restore->target->has_ignored || strcmp(path, restore->target->output->path) == 0)
        return NULL;
    if (!restore->ignore_folder || strcmp(restore->ignore_folder, folder) != 0) {
        rmv_ignore_close(&restore->ignore);
        rmv_str_set(&restore->ignore_folder, folder);
        err = rmv_ignore_open(restore->workspace, folder, &restore->ignore);
    }
    if (!err)
        *is_ignored = rmv_ignore_covers(restore->ignore, path, is_folder);
    return err;
}

/* The link itself is what there is to lose: what is behind it is not ours. */
static const struct rmv_error *check_link(const struct rmv_restore *restore,
                                          const struct rmv_restore_target *target)
{
    if (restore->options->force || restore->options->partial)
        return NULL;
    if (target->wanted.type)
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'%s' is a symbolic link, and nothing is written through one",
                      target->output->path),
            "remove the link, or use -f to replace it by the data itself");
    return NULL;
}

static const struct rmv_error *check_targets(struct rmv_restore *restore)
{
    for (size_t i = 0; i < restore->targets_count; i++) {
        restore->target = &restore->targets[i];
        if (is_done(restore->target))
            continue;
        const struct rmv_error *err = NULL;
        if (restore->target->is_link)
            err = check_link(restore, restore->target);
        else if (!restore->options->force)
            err = rmv_restore_check(restore);
        if (err)
            return err;
    }
    if (restore->unsaved.count == 0)
        return NULL;

    RMV_CLEANUP(rmv_str_free) char *list = format_list(&restore->unsaved);
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "unsaved modifications would be lost, nothing was touched:%s",
                                    list),
                          "save them with `rmv add` or `rmv commit`, or use -f to give them up");
}

/* ---- Doing ------------------------------------------------------------------------------------
 */

static void note_output(struct rmv_restore *restore, const struct rmv_tree_entry *before)
{
    const struct rmv_restore_target *target = restore->target;
    struct rmv_changes *outputs = &restore->report.outputs;
    outputs->items =
        rmv_grow(outputs->items, outputs->count, &outputs->capacity, sizeof(*outputs->items));
    outputs->items[outputs->count++] = (struct rmv_change){
        .kind = !before->type          ? RMV_CHANGE_ADDED
                : !target->wanted.type ? RMV_CHANGE_DELETED
                                       : RMV_CHANGE_MODIFIED,
        .path = rmv_str_copy(target->output->path),
        .old_size = before->size,
        .new_size = target->wanted.size,
        .old_id = before->id,
        .new_id = target->wanted.id,
    };
}

static uint64_t changed_count(const struct rmv_restore *restore)
{
    const struct rmv_restore_report *report = &restore->report;
    return report->added + report->modified + report->deleted;
}

static void apply_target(struct rmv_restore *restore)
{
    struct rmv_restore_target *target = &restore->targets[restore->target - restore->targets];
    const char *path = target->output->path;
    const struct rmv_tree_entry before = target->now;
    const uint64_t changed_before = changed_count(restore);
    const size_t left_before = restore->report.kept.count + restore->failed.count;
    const struct rmv_error *err = NULL;

    if (target->is_link && !restore->options->partial) {
        err = rmv_restore_remove(restore, path, false);
        restore->report.deleted += !target->wanted.type;
        target->now = (struct rmv_tree_entry){0};
    }
    if (!err)
        err = rmv_restore_apply(restore);
    if (err)
        rmv_restore_fail(restore, path, err);
    /* Nothing but empty folders may have come or gone. */
    const bool is_left = restore->report.kept.count + restore->failed.count > left_before;
    if (changed_count(restore) > changed_before || !is_left)
        note_output(restore, &before);
}

/* Its content is right already. */
static void relink_target(struct rmv_restore *restore)
{
    const struct rmv_error *err = rmv_restore_apply(restore);
    if (err)
        rmv_restore_fail(restore, restore->target->output->path, err);
}

static void apply_targets(struct rmv_restore *restore)
{
    struct rmv_placed *placed = rmv_placed_of(restore->workspace);

    for (size_t i = 0; i < restore->targets_count; i++) {
        restore->target = &restore->targets[i];
        rmv_restore_odd(restore);
        if (!is_done(restore->target))
            apply_target(restore);
        else if (restore->options->relink && !restore->target->is_link)
            relink_target(restore);
        else
            restore->report.unchanged += restore->target->wanted.nfiles;
        if (!restore->options->partial)
            rmv_placed_set(placed, restore->target->output->path, &restore->target->wanted);
    }
}

/* Whoever gets control next may change the files at once, and that has to show. */
static void settle(struct rmv_restore *restore)
{
    if (restore->has_newest)
        rmv_stat_index_settle(restore->workspace->stat_index, &restore->newest);
}

static bool is_any_to_do(const struct rmv_restore *restore)
{
    bool is_any = false;
    for (size_t i = 0; i < restore->targets_count; i++)
        is_any = is_any || !is_done(&restore->targets[i]);
    return is_any;
}

/* Says on disk what is being written, so that a run after a crash knows its half-written files. */
static const struct rmv_error *mark(struct rmv_restore *restore, bool is_done_now)
{
    for (size_t i = 0; i < restore->targets_count; i++)
        rmv_placed_set(restore->interrupted, restore->targets[i].output->path,
                       is_done_now ? NULL : &restore->targets[i].wanted);
    return rmv_placed_write(restore->interrupted);
}

static const struct rmv_error *summarize(const struct rmv_restore *restore)
{
    if (restore->failed.count == 0)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *list = format_list(&restore->failed);
    return rmv_error(restore->failure, "%zu %s could not be restored:%s", restore->failed.count,
                     restore->failed.count == 1 ? "path" : "paths", list);
}

static const struct rmv_error *run(struct rmv_restore *restore, const struct rmv_output *outputs)
{
    for (size_t i = 0; i < restore->targets_count; i++) {
        rmv_map_set(&restore->outputs, outputs[i].path, restore);
        const struct rmv_error *err = prepare_target(restore, &outputs[i], &restore->targets[i]);
        if (err)
            return err;
    }
    const struct rmv_error *err = check_targets(restore);
    if (err || restore->options->check_only)
        return err;
    restore->report.is_begun = true;
    const bool is_any = is_any_to_do(restore);
    if (is_any)
        err = mark(restore, false);
    if (err)
        return err;
    apply_targets(restore);
    settle(restore);
    err = is_any ? mark(restore, true) : NULL;
    if (err)
        rmv_restore_fail(restore, INTERRUPTED_NAME, err);
    return summarize(restore);
}

static void restore_free(struct rmv_restore *restore)
{
    free(restore->targets);
    free(restore->ops);
    free(restore->new_folders);
    rmv_map_free(&restore->outputs);
    rmv_map_free(&restore->odd.paths);
    pthread_mutex_destroy(&restore->odd.lock);
    rmv_strings_free(&restore->unsaved.named);
    rmv_strings_free(&restore->failed.named);
    rmv_str_free(&restore->doomed_file);
    rmv_ignore_close(&restore->ignore);
    rmv_str_free(&restore->ignore_folder);
    rmv_placed_close(&restore->interrupted);
    rmv_restore_report_free(&restore->report);
    pthread_mutex_destroy(&restore->lock);
}

const struct rmv_error *rmv_dataset_restore(struct rmv_workspace *workspace,
                                            const struct rmv_output *outputs, size_t count,
                                            const struct rmv_restore_options *options,
                                            struct rmv_restore_report *report)
{
    RMV_CLEANUP(restore_free)
    struct rmv_restore restore = {
        .workspace = workspace,
        .options = options,
        .targets = rmv_calloc(count + 1, sizeof(*restore.targets)),
        .targets_count = count,
    };
    pthread_mutex_init(&restore.lock, NULL);
    pthread_mutex_init(&restore.odd.lock, NULL);
    rmv_placed_open(workspace, INTERRUPTED_NAME, &restore.interrupted);

    const struct rmv_error *err = run(&restore, outputs);
    /* Even a failed run did what it could. */
    rmv_restore_report_free(report);
    *report = restore.report;
    restore.report = (struct rmv_restore_report){0};
    return err;
}
