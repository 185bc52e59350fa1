#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "pipeline/runner.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/interrupt.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define FILE_NAME_MAX 200 /* bytes of a stage's name in the names of its files */
#define LOCK_LOOK_MS 200  /* how long an interrupt may go unseen */
#define AHEAD_COUNT_MAX 256

/* ---- Names ---------------------------------------------------------------------------------- */

/* The name where it makes a file name that nobody else has; otherwise the start of it and what
 * tells it apart. */
static char *file_name_of(const struct rmv_stage *stage)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-@";
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const size_t size = strlen(stage->name);
    const bool is_plain = stage->name[strspn(stage->name, plain)] == '\0' && size <= FILE_NAME_MAX;
    if (is_plain && strcmp(stage->address, stage->name) == 0)
        return rmv_str_copy(stage->name);

    char *start = rmv_str_copy_n(stage->name, size <= FILE_NAME_MAX ? size : FILE_NAME_MAX);
    for (char *c = start; *c; c++)
        if (!strchr(plain, *c))
            *c = '_';
    const struct rmv_object_id id = rmv_object_id_of(stage->address, strlen(stage->address));
    rmv_object_id_to_hex(&id, hex);
    char *name = rmv_str_format("%s-%.8s", start, hex);
    rmv_str_free(&start);
    return name;
}

char *rmv_runner_path_of(const struct rmv_stage *stage, const char *folder, const char *suffix)
{
    RMV_CLEANUP(rmv_str_free) char *name = file_name_of(stage);
    return rmv_str_format("%s/%s/%s%s", RMV_WORKSPACE_FOLDER, folder, name, suffix);
}

char *rmv_repro_log_path_of(const struct rmv_stage *stage)
{
    return rmv_runner_path_of(stage, "logs", ".log");
}

/* ---- One run at a time ---------------------------------------------------------------------- */

const struct rmv_error *rmv_runner_lock_stage(struct rmv_runner *runner,
                                              const struct rmv_stage *stage, bool wait,
                                              struct rmv_lock *lock)
{
    RMV_CLEANUP(rmv_str_free) char *below_root = rmv_runner_path_of(stage, "runs/locks", "");
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(runner->workspace->root, below_root);
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name = NULL;
    bool waited = false;

    const struct rmv_error *err =
        rmv_beneath_open_parent(runner->workspace->root_fd, below_root, true, &folder_fd, &name);
    if (err)
        return err;
    for (;;) {
        err = rmv_lock_take(path, true, waited ? LOCK_LOOK_MS : 0, lock);
        if (!err || err->code != RMV_ERR_LOCKED || !wait)
            return err;
        if (!waited) {
            rmv_runner_report(runner, RMV_REPRO_WAITING, stage, err->message);
            rmv_runner_let_go(runner);
        }
        waited = true;
        if (rmv_interrupt_of(runner->options->interrupted))
            return rmv_error(RMV_ERR_INTERRUPTED, "interrupted while waiting for stage '%s'",
                             stage->address);
    }
}

void rmv_runner_unlock_stage(struct rmv_lock *lock)
{
    /* Not only closed: what a command left running in the background has inherited the lock, and is
     * no longer part of the stage. */
    struct flock release = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    if (lock->fd >= 0 && fcntl(lock->fd, F_OFD_SETLK, &release) < 0)
        errno = 0;
    rmv_fd_close(&lock->fd);
}

/* ---- The lock file -------------------------------------------------------------------------- */

static bool has_equal_outputs(const struct rmv_outputs *a, const struct rmv_outputs *b)
{
    for (size_t i = 0; i < a->count; i++) {
        const struct rmv_output *other = rmv_outputs_find(b, a->items[i].path);
        if (!other || !rmv_output_equal(&a->items[i], other) ||
            a->items[i].no_cache != other->no_cache)
            return false;
    }
    return a->count == b->count;
}

static bool is_empty(const struct rmv_value *map)
{
    return !map || map->kind == RMV_VALUE_NULL || (map->kind == RMV_VALUE_MAP && !map->map.count);
}

static bool has_equal_values(const struct rmv_value *a, const struct rmv_value *b)
{
    return is_empty(a) || is_empty(b) ? is_empty(a) && is_empty(b) : rmv_value_equal(a, b);
}

/* Does the lock file say this already? Then the run it names explains the outputs as well as the
 * newest one does, and a stage that always runs does not change rmv.lock each time. */
static bool is_known(struct rmv_runner *runner, const struct rmv_lock_stage *old,
                     const struct rmv_lock_stage *entry)
{
    const char *old_wdir = rmv_value_find_text(&old->extra, "wdir");
    const char *wdir = rmv_value_find_text(&entry->extra, "wdir");
    const bool has_record = rmv_object_id_equal(&old->record, &entry->record) ||
                            (!rmv_object_id_is_zero(&old->record) &&
                             rmv_store_has(runner->workspace->store, &old->record));

    return has_record && rmv_str_compare(old_wdir, wdir) == 0 &&
           rmv_value_equal(&old->cmd, &entry->cmd) &&
           has_equal_values(rmv_value_find(&old->extra, "env"),
                            rmv_value_find(&entry->extra, "env")) &&
           has_equal_values(&old->params, &entry->params) &&
           has_equal_outputs(&old->deps, &entry->deps) &&
           has_equal_outputs(&old->outs, &entry->outs);
}

/* The paths that publications claim, and all folders that these are in. */
struct claims {
    struct rmv_map paths, above;
};

static void claims_free(struct claims *claims)
{
    rmv_map_free(&claims->paths);
    rmv_map_free(&claims->above);
}

/* Does the map have the path, or a folder that it is in? */
static bool has_any_above(const struct rmv_map *map, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *start = rmv_str_copy(path);
    for (;;) {
        if (rmv_map_find(map, start))
            return true;
        char *slash = strrchr(start, '/');
        if (!slash)
            return rmv_map_find(map, ".") != NULL;
        *slash = '\0';
    }
}

static void claim(struct claims *claims, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_str_free) char *start = rmv_str_copy(output->path);
    rmv_map_set(&claims->paths, start, output);
    for (char *slash; (slash = strrchr(start, '/'));) {
        *slash = '\0';
        rmv_map_set(&claims->above, start, output);
    }
    rmv_map_set(&claims->above, ".", output);
}

/* An output that moved here from another stage, and stages that rmv.yaml no longer has, leave the
 * lock file: a path belongs to one stage. */
static void drop_claimed(struct rmv_lock_stage *other, const struct claims *claims)
{
    struct rmv_outputs *theirs = &other->outs;
    size_t kept = 0;
    for (size_t i = 0; i < theirs->count; i++) {
        struct rmv_output *output = &theirs->items[i];
        if (has_any_above(&claims->paths, output->path) ||
            rmv_map_find(&claims->above, output->path))
            rmv_output_free(output);
        else
            theirs->items[kept++] = *output;
    }
    if (kept < theirs->count)
        rmv_lock_stage_forget(other);
    theirs->count = kept;
}

/* The stage of that name in the file that `beside` is in, or NULL. */
static const struct rmv_stage *find_declared(const struct rmv_pipeline *pipeline,
                                             const struct rmv_stage *beside, const char *name)
{
    const size_t prefix_size = strlen(beside->address) - strlen(beside->name);
    RMV_CLEANUP(rmv_str_free)
    char *address = rmv_str_format("%.*s%s", (int)prefix_size, beside->address, name);
    return rmv_map_find(&pipeline->addresses, address);
}

static bool declares(const struct rmv_stage *stage, const char *out)
{
    for (size_t i = 0; i < stage->outs_count; i++)
        if (strcmp(stage->outs[i].path, out) == 0)
            return true;
    return false;
}

/* Does the stage's entry name nothing but outputs of the stage as it is declared now? */
static bool fits(const struct rmv_pipeline *pipeline, const struct rmv_stage *beside,
                 const struct rmv_lock_stage *entry)
{
    const struct rmv_stage *stage = find_declared(pipeline, beside, entry->name);
    for (size_t i = 0; stage && i < entry->outs.count; i++)
        if (!declares(stage, entry->outs.items[i].path))
            return false;
    return stage;
}

/* ---- Publishing ----------------------------------------------------------------------------- */

/* What is published into one lock file. */
struct target {
    struct rmv_runner *runner;
    const struct rmv_stage *beside; /* a stage of that file */
    struct rmv_publication *publications;
    size_t count; /* of all, those for other files too */
    struct rmv_lock_file *lock;
};

static bool is_for(const struct target *target, size_t i)
{
    return strcmp(target->publications[i].stage->file, target->beside->file) == 0;
}

/* Sets is_new of all that change something. */
static bool find_new(struct target *target)
{
    bool any = false;
    for (size_t i = 0; i < target->count; i++) {
        struct rmv_publication *publication = &target->publications[i];
        if (!is_for(target, i))
            continue;
        const struct rmv_lock_stage *old =
            rmv_lock_file_find(target->lock, publication->stage->name);
        publication->is_new = !old || !is_known(target->runner, old, publication->entry);
        any = any || publication->is_new;
    }
    return any;
}

/* Since no two stages of a pipeline have an output in common, what fits it has nothing that could
 * be claimed, and neither has it when more stages are published. */
static bool is_tidy(struct target *target)
{
    const struct rmv_pipeline *pipeline = target->runner->pipeline;
    struct rmv_lock_file *lock = target->lock;
    bool is_fitting = pipeline;
    if (lock->is_tidy)
        return true;
    for (size_t i = 0; is_fitting && i < lock->count; i++)
        is_fitting = fits(pipeline, target->beside, &lock->stages[i]);
    lock->is_tidy = is_fitting;
    return is_fitting;
}

static void tidy(struct target *target)
{
    RMV_CLEANUP(claims_free) struct claims claims = {0};
    RMV_CLEANUP(rmv_map_free) struct rmv_map ours = {0};
    const struct rmv_pipeline *pipeline = target->runner->pipeline;

    if (is_tidy(target))
        return;
    for (size_t i = 0; i < target->count; i++) {
        struct rmv_publication *publication = &target->publications[i];
        if (!is_for(target, i))
            continue;
        rmv_map_set(&ours, publication->stage->name, publication);
        for (size_t k = 0; publication->is_new && k < publication->entry->outs.count; k++)
            claim(&claims, &publication->entry->outs.items[k]);
    }
    for (size_t i = target->lock->count; i-- > 0;) {
        struct rmv_lock_stage *other = &target->lock->stages[i];
        if (rmv_map_find(&ours, other->name))
            continue;
        if (!pipeline || find_declared(pipeline, target->beside, other->name))
            drop_claimed(other, &claims);
        else
            rmv_lock_file_remove(target->lock, other->name);
    }
}

static void copy_outputs(struct rmv_outputs *to, const struct rmv_outputs *from)
{
    for (size_t i = 0; i < from->count; i++)
        rmv_output_copy(rmv_outputs_add(to), &from->items[i]);
}

/* Of a run that may have to be recorded again the entry stays. */
static void copy_entry(struct rmv_lock_stage *to, const struct rmv_lock_stage *from)
{
    rmv_lock_stage_free(to);
    *to = (struct rmv_lock_stage){.name = rmv_str_copy(from->name), .record = from->record};
    rmv_value_copy(&to->cmd, &from->cmd);
    rmv_value_copy(&to->params, &from->params);
    rmv_value_copy(&to->extra, &from->extra);
    copy_outputs(&to->deps, &from->deps);
    copy_outputs(&to->outs, &from->outs);
}

static const struct rmv_error *publish_file(struct target *target)
{
    struct rmv_stage_view *view = &target->runner->view;
    bool changed = false;

    const struct rmv_error *err = rmv_stage_view_refresh(view, target->beside->file, &changed);
    if (!err)
        err = rmv_stage_view_lock_file(view, target->beside->file, &target->lock);
    if (err || !find_new(target))
        return err;
    tidy(target);
    for (size_t i = 0; i < target->count; i++) {
        struct rmv_publication *publication = &target->publications[i];
        if (!is_for(target, i) || !publication->is_new)
            continue;
        copy_entry(rmv_lock_file_add(target->lock, publication->stage->name), publication->entry);
    }
    return rmv_stage_view_write(view, target->beside->file);
}

static bool is_first_of_file(const struct rmv_publication *publications, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(publications[i].stage->file, publications[at].stage->file) == 0)
            return false;
    return true;
}

static void list_cached_outs(const struct rmv_stage *stage, struct rmv_strings *paths)
{
    for (size_t i = 0; i < stage->outs_count; i++)
        if (!stage->outs[i].no_cache)
            rmv_strings_add(paths, stage->outs[i].path);
}

static void list_ahead(const struct rmv_runner *runner, struct rmv_strings *paths)
{
    for (size_t i = 0; runner->ahead && i < runner->pipeline->count; i++)
        if (runner->ahead[i] && paths->count < AHEAD_COUNT_MAX)
            list_cached_outs(&runner->pipeline->stages[i], paths);
}

/* A line in .gitignore changes nothing about what Git has already: it would store every version of
 * the data, too. Not knowing is no reason to fail. */
static void warn_of_git(const struct rmv_runner *runner, const struct rmv_stage *stage)
{
    struct rmv_workspace *workspace = runner->workspace;
    for (size_t i = 0; workspace->vcs && i < stage->outs_count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *git_path = rmv_path_join(workspace->vcs_prefix, stage->outs[i].path);
        bool is_tracked = false;
        if (stage->outs[i].no_cache || rmv_vcs_is_tracked(workspace->vcs, git_path, &is_tracked) ||
            !is_tracked)
            continue;
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(stage->outs[i].path);
        rmv_log_write(workspace->log, RMV_LOG_WARNING,
                      "'%s', which stage '%s' makes, is tracked by Git, and stored by rmv as well: "
                      "`git rm -r --cached` leaves it to rmv, 'cache: false' in %s to Git",
                      quoted, stage->address, stage->file);
    }
}

static const struct rmv_error *ignore_outs(struct rmv_runner *runner,
                                           const struct rmv_publication *publications, size_t count)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ignored = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ahead = {0};
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < count; i++) {
        const struct rmv_stage *stage = publications[i].stage;
        for (size_t k = 0; !err && k < stage->outs_count; k++)
            if (stage->outs[k].no_cache)
                err = rmv_gitignore_remove(runner->workspace, stage->outs[k].path);
        list_cached_outs(stage, &ignored);
        if (publications[i].is_new)
            warn_of_git(runner, stage);
    }
    if (err)
        return err;
    list_ahead(runner, &ahead);
    return rmv_gitignore_add_all(runner->workspace, &ignored, &ahead);
}

const struct rmv_error *rmv_runner_publish(struct rmv_runner *runner,
                                           struct rmv_publication *publications, size_t count)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;

    const struct rmv_error *err = rmv_workspace_lock(runner->workspace, &lock);
    for (size_t i = 0; !err && i < count; i++) {
        struct target target = {.runner = runner,
                                .beside = publications[i].stage,
                                .publications = publications,
                                .count = count};
        if (is_first_of_file(publications, i))
            err = publish_file(&target);
    }
    return err ? err : ignore_outs(runner, publications, count);
}
