/* Removing and renaming experiments, with what the queue knows of them. */
#include <stdio.h>
#include <string.h>

#include "experiment/task.h"
#include "rmv/base/lock.h"
#include "rmv/base/mem.h"

/* The tasks that are done, by the references of what came out of them. */
struct done {
    struct rmv_experiment_tasks tasks;
    struct rmv_map by_reference;
};

static void done_free(struct done *done)
{
    rmv_experiment_tasks_free(&done->tasks);
    rmv_map_free(&done->by_reference);
}

static const struct rmv_error *read_done(struct rmv_workspace *workspace, struct done *done)
{
    const struct rmv_error *err = rmv_experiment_queue_read(workspace, true, &done->tasks);
    for (size_t i = 0; i < done->tasks.count; i++) {
        struct rmv_experiment_task *task = &done->tasks.items[i];
        RMV_CLEANUP(rmv_str_free)
        char *reference = rmv_experiment_reference_of(task->baseline, task->name);
        if (task->state == RMV_EXPERIMENT_DONE)
            rmv_map_set(&done->by_reference, reference, task);
    }
    return err;
}

static void take_off(const struct rmv_experiment_task *task, struct rmv_strings *commands)
{
    rmv_strings_take(commands, rmv_str_format("delete " RMV_EXPERIMENT_DONE_REFERENCES "%s %s",
                                              task->name, task->snapshot));
}

const struct rmv_error *rmv_experiments_remove(struct rmv_workspace *workspace,
                                               const struct rmv_experiments *experiments)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};
    RMV_CLEANUP(done_free) struct done done = {0};

    const struct rmv_error *err = read_done(workspace, &done);
    if (err)
        return err;
    for (size_t i = 0; i < experiments->count; i++) {
        const struct rmv_experiment *experiment = &experiments->items[i];
        const struct rmv_experiment_task *task =
            rmv_map_find(&done.by_reference, experiment->reference);
        rmv_strings_take(&commands,
                         rmv_str_format("delete %s %s", experiment->reference, experiment->id));
        if (task)
            take_off(task, &commands);
    }
    return rmv_experiment_update_references(workspace, &commands);
}

static const struct rmv_error *check_free(struct rmv_workspace *workspace, const char *reference,
                                          const char *name)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments all = {0};
    const struct rmv_error *err = rmv_experiments_list(workspace, &all);
    for (size_t i = 0; !err && i < all.count; i++)
        if (strcmp(all.items[i].reference, reference) == 0)
            err = rmv_error_hint(
                rmv_error(RMV_ERR_CONFLICT, "there is an experiment '%s' already", name),
                "--force replaces it");
    return err;
}

/* What is not there, or being written, stays: a log is not worth a failure. */
static void rename_log(const struct rmv_workspace *workspace, const char *from, const char *to)
{
    RMV_CLEANUP(rmv_str_free) char *from_path = rmv_experiment_log_path_of(workspace, from);
    RMV_CLEANUP(rmv_str_free) char *to_path = rmv_experiment_log_path_of(workspace, to);
    if (!rmv_lock_is_held(from_path) && !rmv_lock_is_held(to_path))
        (void)rename(from_path, to_path);
}

const struct rmv_error *rmv_experiment_rename(struct rmv_workspace *workspace,
                                              const struct rmv_experiment *experiment,
                                              const char *name, bool replace)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};
    RMV_CLEANUP(done_free) struct done done = {0};
    RMV_CLEANUP(rmv_str_free)
    char *reference = rmv_experiment_reference_of(experiment->baseline, name);

    if (strcmp(reference, experiment->reference) == 0)
        return NULL;
    const struct rmv_error *err = replace ? NULL : check_free(workspace, reference, name);
    if (!err)
        err = read_done(workspace, &done);
    if (err)
        return err;
    const struct rmv_experiment_task *task =
        rmv_map_find(&done.by_reference, experiment->reference);
    const struct rmv_experiment_task *replaced = rmv_map_find(&done.by_reference, reference);
    rmv_strings_take(&commands, rmv_str_format("%s %s %s", replace ? "update" : "create", reference,
                                               experiment->id));
    rmv_strings_take(&commands,
                     rmv_str_format("delete %s %s", experiment->reference, experiment->id));
    if (task) {
        take_off(task, &commands);
        rmv_strings_take(&commands, rmv_str_format("update " RMV_EXPERIMENT_DONE_REFERENCES "%s %s",
                                                   name, task->snapshot));
    } else if (replaced) {
        take_off(replaced, &commands);
    }
    err = rmv_experiment_update_references(workspace, &commands);
    if (!err)
        rename_log(workspace, experiment->name, name);
    return err;
}
