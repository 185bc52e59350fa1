/* From what the user typed to tasks: names, parameters and the commits they run on. */
#include <string.h>

#include "experiment/snapshot.h"
#include "experiment/task.h"
#include "rmv/base/mem.h"
#include "rmv/experiment/experiment.h"

/* "NAME", or "NAME-2" for the second of several. */
static char *name_at(const char *name, size_t index, size_t count)
{
    return count > 1 ? rmv_str_format("%s-%zu", name, index + 1) : rmv_str_copy(name);
}

static const struct rmv_error *taken(const char *name)
{
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "there is an experiment '%s' already", name),
                          "another --name, `rmv exp remove %s`, or --force replaces it", name);
}

/* A name is taken if an experiment on the same baseline has it, or a task. */
static bool is_taken(const struct rmv_vcs_references *references, const char *reference,
                     const char *name)
{
    RMV_CLEANUP(rmv_str_free)
    char *waiting = rmv_str_format(RMV_EXPERIMENT_QUEUE_REFERENCES "%s", name);
    for (size_t i = 0; i < references->count; i++)
        if (strcmp(references->items[i].name, reference) == 0 ||
            strcmp(references->items[i].name, waiting) == 0)
            return true;
    return false;
}

struct planning {
    struct rmv_workspace *workspace;
    const struct rmv_experiment_task *wanted;
    struct rmv_experiment_names names;
    struct rmv_vcs_references references;
    char baseline[RMV_VCS_ID_SIZE];
};

static void planning_free(struct planning *planning)
{
    rmv_experiment_names_free(&planning->names);
    rmv_vcs_references_free(&planning->references);
}

static const struct rmv_error *set_name(struct planning *planning, size_t index, size_t count,
                                        struct rmv_experiment_task *task)
{
    const struct rmv_experiment_task *wanted = planning->wanted;
    rmv_str_free(&task->name);
    task->name = wanted->name ? name_at(wanted->name, index, count)
                              : rmv_experiment_names_invent(&planning->names);
    RMV_CLEANUP(rmv_str_free)
    char *reference = rmv_experiment_reference_of(planning->baseline, task->name);
    if (wanted->name && !wanted->replace && is_taken(&planning->references, reference, task->name))
        return taken(task->name);
    return NULL;
}

static const struct rmv_error *prepare(struct rmv_workspace *workspace,
                                       const struct rmv_experiment_task *wanted,
                                       struct planning *planning)
{
    planning->workspace = workspace;
    planning->wanted = wanted;
    const struct rmv_error *err = wanted->name ? rmv_experiment_check_name(wanted->name) : NULL;
    if (!err)
        err = rmv_experiment_head(workspace, planning->baseline);
    if (!err)
        err = rmv_experiment_names_read(workspace, &planning->names);
    if (!err)
        err = rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_REFERENCES,
                                      &planning->references);
    return err;
}

static const struct rmv_error *plan_one(struct planning *planning,
                                        const struct rmv_snapshot *snapshot,
                                        const struct rmv_override_set *set,
                                        struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_file_edits_free) struct rmv_file_edits edits = {0};
    RMV_CLEANUP(rmv_str_free) char *message = NULL;

    rmv_str_set(&task->prefix, planning->workspace->prefix);
    memcpy(task->baseline, planning->baseline, sizeof(task->baseline));
    const struct rmv_error *err = rmv_override_apply(planning->workspace, set, &edits);
    if (err)
        return err;
    message = rmv_experiment_task_format(task);
    return rmv_snapshot_commit(snapshot, &edits, task->baseline, message, task->snapshot);
}

const struct rmv_error *rmv_experiment_plan(struct rmv_workspace *workspace,
                                            const struct rmv_experiment_task *wanted,
                                            const struct rmv_override_sets *sets,
                                            struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(planning_free) struct planning planning = {0};
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot snapshot = {0};
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks planned = {0};

    const struct rmv_error *err = prepare(workspace, wanted, &planning);
    for (size_t i = 0; !err && i < sets->count; i++) {
        RMV_CLEANUP(rmv_file_edits_free) struct rmv_file_edits edits = {0};
        struct rmv_experiment_task *task = rmv_experiment_tasks_add(&planned);
        rmv_experiment_task_copy(task, wanted);
        err = set_name(&planning, i, sets->count, task);
        if (!err) /* a mistake in a parameter is found before anything is done */
            err = rmv_override_apply(workspace, &sets->items[i], &edits);
    }
    if (!err)
        err = rmv_snapshot_open(workspace, NULL, NULL, &snapshot);
    for (size_t i = 0; !err && i < sets->count; i++)
        err = plan_one(&planning, &snapshot, &sets->items[i], &planned.items[i]);
    if (err)
        return err;
    *tasks = planned;
    planned = (struct rmv_experiment_tasks){0};
    return NULL;
}

const struct rmv_error *rmv_experiment_save(struct rmv_workspace *workspace,
                                            struct rmv_experiment_task *task)
{
    RMV_CLEANUP(planning_free) struct planning planning = {0};
    RMV_CLEANUP(rmv_snapshot_close) struct rmv_snapshot snapshot = {0};
    RMV_CLEANUP(rmv_experiment_task_free) struct rmv_experiment_task saved = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};

    rmv_experiment_task_copy(&saved, task);
    const struct rmv_error *err = prepare(workspace, task, &planning);
    if (!err)
        err = set_name(&planning, 0, 1, &saved);
    if (!err)
        err = rmv_snapshot_open(workspace, &task->copied, &task->targets, &snapshot);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *message = rmv_experiment_task_message(&saved);
    RMV_CLEANUP(rmv_str_free)
    char *reference = rmv_experiment_reference_of(planning.baseline, saved.name);
    memcpy(saved.baseline, planning.baseline, sizeof(saved.baseline));
    err = rmv_snapshot_commit(&snapshot, NULL, saved.baseline, message, saved.id);
    if (err)
        return err;
    rmv_strings_take(&commands, rmv_str_format("%s %s %s", task->replace ? "update" : "create",
                                               reference, saved.id));
    err = rmv_experiment_update_references(workspace, &commands);
    if (err)
        return err;
    rmv_experiment_task_free(task);
    *task = saved;
    saved = (struct rmv_experiment_task){0};
    return NULL;
}
