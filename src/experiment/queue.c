/* The queue: references to the commits of tasks, so that Git and gc keep what they need. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "experiment/kill.h"
#include "experiment/snapshot.h"
#include "experiment/task.h"
#include "experiment/tree.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/experiment/experiment.h"
#include "rmv/experiment/run.h"

#define HOLDER_BYTES_MAX ((size_t)4096)
#define NS_PER_S ((int64_t)1000000000)
#define KILL_WAIT_NS (60 * NS_PER_S) /* beyond the seconds that a command gets to end */
#define KILL_LOOK_NS 20000000L

const struct rmv_error *rmv_experiment_enqueue(struct rmv_workspace *workspace,
                                               struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};

    for (size_t i = 0; i < tasks->count; i++)
        rmv_strings_take(&commands,
                         rmv_str_format("create " RMV_EXPERIMENT_QUEUE_REFERENCES "%s %s",
                                        tasks->items[i].name, tasks->items[i].snapshot));
    const struct rmv_error *err = rmv_experiment_update_references(workspace, &commands);
    for (size_t i = 0; !err && i < tasks->count; i++) {
        tasks->items[i].queued = true;
        tasks->items[i].state = RMV_EXPERIMENT_QUEUED;
    }
    return err;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* What runs is in front, what is done at the end. */
static unsigned rank_of(enum rmv_experiment_state state)
{
    return state == RMV_EXPERIMENT_RUNNING  ? 0
           : state == RMV_EXPERIMENT_QUEUED ? 1
           : state == RMV_EXPERIMENT_FAILED ? 2
                                            : 3;
}

static int compare_tasks(const void *a, const void *b)
{
    const struct rmv_experiment_task *first = a, *second = b;
    if (first->state != second->state)
        return rank_of(first->state) < rank_of(second->state) ? -1 : 1;
    if (first->time != second->time)
        return first->time < second->time ? -1 : 1;
    /* Of one sweep, all may be of the same second: "sweep-2" is before "sweep-10". */
    const size_t first_size = strlen(first->name), second_size = strlen(second->name);
    if (first_size != second_size)
        return first_size < second_size ? -1 : 1;
    return strcmp(first->name, second->name);
}

static const struct rmv_error *find_reference(struct rmv_workspace *workspace, const char *head,
                                              const struct rmv_experiment_task *task, bool *found)
{
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("%s%s", head, task->name);
    const struct rmv_error *err = rmv_vcs_find_references(workspace->vcs, head, &references);
    *found = false;
    for (size_t i = 0; !err && i < references.count; i++)
        *found = *found || (strcmp(references.items[i].name, name) == 0 &&
                            strcmp(references.items[i].id, task->snapshot) == 0);
    return err;
}

const struct rmv_error *rmv_experiment_is_queued(struct rmv_workspace *workspace,
                                                 const struct rmv_experiment_task *task,
                                                 bool *is_queued)
{
    return find_reference(workspace, RMV_EXPERIMENT_QUEUE_REFERENCES, task, is_queued);
}

static bool starts_with(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

static enum rmv_experiment_state state_of(const struct rmv_workspace *workspace,
                                          const struct rmv_experiment_task *task,
                                          const char *reference)
{
    if (starts_with(reference, RMV_EXPERIMENT_FAILED_REFERENCES))
        return RMV_EXPERIMENT_FAILED;
    if (!task->queued)
        return RMV_EXPERIMENT_DONE;
    return rmv_experiment_tree_is_used(workspace, task->name) ? RMV_EXPERIMENT_RUNNING
                                                              : RMV_EXPERIMENT_QUEUED;
}

static const struct rmv_error *read_task(struct rmv_workspace *workspace,
                                         const struct rmv_vcs_reference *reference,
                                         struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit parent = {0};
    RMV_CLEANUP(rmv_str_free) char *parent_name = rmv_str_format("%s^", reference->id);

    const char *name = reference->name + strlen(RMV_EXPERIMENT_REFERENCES);
    name += strcspn(name, "/");
    name += *name == '/';

    const struct rmv_error *err = rmv_experiment_check_name(name);
    if (!err)
        err = rmv_vcs_read_message(workspace->vcs, reference->id, &message);
    if (!err)
        err = rmv_experiment_task_parse(rmv_buf_string(&message), task);
    if (!err)
        err = rmv_vcs_resolve(workspace->vcs, reference->id, &commit);
    if (!err)
        err = rmv_vcs_resolve(workspace->vcs, parent_name, &parent);
    if (err)
        return rmv_error_context(err, "%s", reference->name);
    task->name = rmv_str_copy(name);
    memcpy(task->snapshot, reference->id, sizeof(task->snapshot));
    memcpy(task->baseline, parent.id, sizeof(task->baseline));
    task->time = commit.time;
    task->queued = starts_with(reference->name, RMV_EXPERIMENT_QUEUE_REFERENCES);
    task->state = state_of(workspace, task, reference->name);
    return NULL;
}

/* A task that cannot be read is only warned about: the others can be run. */
static void read_references(struct rmv_workspace *workspace,
                            const struct rmv_vcs_references *references,
                            struct rmv_experiment_tasks *tasks)
{
    const size_t before = tasks->count;

    for (size_t i = 0; i < references->count; i++) {
        struct rmv_experiment_task *task = rmv_experiment_tasks_add(tasks);
        const struct rmv_error *err = read_task(workspace, &references->items[i], task);
        if (err) {
            rmv_log_write(workspace->log, RMV_LOG_WARNING, "%s", err->message);
            rmv_experiment_task_free(task);
            tasks->count--;
        }
    }
    if (tasks->count > before)
        qsort(tasks->items + before, tasks->count - before, sizeof(tasks->items[0]), compare_tasks);
}

/* What came out of those that are done. */
static const struct rmv_error *find_results(struct rmv_workspace *workspace,
                                            struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_experiments_free) struct rmv_experiments experiments = {0};
    RMV_CLEANUP(rmv_map_free) struct rmv_map by_reference = {0};

    const struct rmv_error *err = rmv_experiments_list(workspace, &experiments);
    for (size_t i = 0; i < experiments.count; i++)
        rmv_map_set(&by_reference, experiments.items[i].reference, &experiments.items[i]);
    for (size_t i = 0; !err && i < tasks->count; i++) {
        struct rmv_experiment_task *task = &tasks->items[i];
        RMV_CLEANUP(rmv_str_free)
        char *reference = rmv_experiment_reference_of(task->baseline, task->name);
        const struct rmv_experiment *found = rmv_map_find(&by_reference, reference);
        if (found && task->state == RMV_EXPERIMENT_DONE)
            memcpy(task->id, found->id, sizeof(task->id));
    }
    return err;
}

const struct rmv_error *rmv_experiment_queue_read(struct rmv_workspace *workspace, bool with_done,
                                                  struct rmv_experiment_tasks *tasks)
{
    RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
    char head[RMV_VCS_ID_SIZE];

    const struct rmv_error *err = rmv_experiment_head(workspace, head);
    if (!err)
        err = rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_QUEUE_REFERENCES, &references);
    if (!err)
        err =
            rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_FAILED_REFERENCES, &references);
    if (!err && with_done)
        err = rmv_vcs_find_references(workspace->vcs, RMV_EXPERIMENT_DONE_REFERENCES, &references);
    if (err)
        return err;
    read_references(workspace, &references, tasks);
    return with_done ? find_results(workspace, tasks) : NULL;
}

const struct rmv_error *rmv_experiment_dequeue(struct rmv_workspace *workspace,
                                               const struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings commands = {0};

    if (rmv_experiment_tree_is_used(workspace, task->name))
        return rmv_error_hint(rmv_error(RMV_ERR_LOCKED, "experiment '%s' is being run", task->name),
                              "`rmv queue kill %s` stops it", task->name);
    const char *head = task->queued                           ? RMV_EXPERIMENT_QUEUE_REFERENCES
                       : task->state == RMV_EXPERIMENT_FAILED ? RMV_EXPERIMENT_FAILED_REFERENCES
                                                              : RMV_EXPERIMENT_DONE_REFERENCES;
    rmv_strings_take(&commands, rmv_str_format("delete %s%s %s", head, task->name, task->snapshot));
    const struct rmv_error *err = rmv_experiment_update_references(workspace, &commands);
    if (!err && !task->queued) { /* what waits has not written one */
        RMV_CLEANUP(rmv_str_free) char *path = rmv_experiment_log_path_of(workspace, task->name);
        unlink(path);
    }
    return err;
}

/* ---- Working on it --------------------------------------------------------------------------- */

/* The lock of whoever works on the queue, and the file that asks him to stop. */
static const struct rmv_error *runner_path(const struct rmv_workspace *workspace, const char *name,
                                           char **path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = NULL;
    const struct rmv_error *err = rmv_experiment_folder(workspace, "", &folder);
    if (!err)
        *path = rmv_path_join(folder, name);
    return err;
}

bool rmv_experiment_queue_is_run(const struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER "/exps/runner");
    return rmv_lock_is_held(path);
}

/* Takes what waits, and nobody else runs, and was not met before. */
static const struct rmv_error *take_waiting(struct rmv_workspace *workspace, struct rmv_map *seen,
                                            struct rmv_experiment_tasks *waiting)
{
    RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks all = {0};
    const struct rmv_error *err = rmv_experiment_queue_read(workspace, false, &all);

    for (size_t i = 0; !err && i < all.count; i++)
        if (all.items[i].state == RMV_EXPERIMENT_QUEUED && !rmv_map_find(seen, all.items[i].name)) {
            rmv_map_set(seen, all.items[i].name, seen);
            *rmv_experiment_tasks_add(waiting) = all.items[i];
            all.items[i] = (struct rmv_experiment_task){0};
        }
    return err;
}

/* Remembers the first failure of several rounds. */
static void keep_first(struct rmv_error **first, const struct rmv_error *err)
{
    if (err && !*first)
        *first = rmv_error_take(err);
}

/* Until nothing was queued meanwhile. */
static const struct rmv_error *run_rounds(struct rmv_workspace *workspace,
                                          const struct rmv_experiment_run_options *options,
                                          const char *stop_path, size_t *count)
{
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
    struct rmv_error *first = NULL;
    const struct rmv_error *err = NULL;

    while (!rmv_fs_exists(stop_path) && !(options->interrupted && *options->interrupted)) {
        RMV_CLEANUP(rmv_experiment_tasks_free) struct rmv_experiment_tasks round = {0};
        err = take_waiting(workspace, &seen, &round);
        if (err || round.count == 0)
            break;
        keep_first(&first, rmv_experiment_run_until(workspace, &round, options, stop_path));
        for (size_t i = 0; i < round.count; i++)
            *count += round.items[i].state != RMV_EXPERIMENT_QUEUED;
    }
    if (err)
        rmv_error_free(&first);
    return err ? err : rmv_error_raise(&first);
}

const struct rmv_error *rmv_experiment_queue_run(struct rmv_workspace *workspace,
                                                 const struct rmv_experiment_run_options *options,
                                                 size_t *count)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_str_free) char *lock_path = NULL;
    RMV_CLEANUP(rmv_str_free) char *stop_path = NULL;

    *count = 0;
    const struct rmv_error *err = runner_path(workspace, "runner", &lock_path);
    if (!err)
        err = runner_path(workspace, "stop", &stop_path);
    if (!err)
        err = rmv_lock_take(lock_path, true, 0, &lock);
    if (err)
        return rmv_error_context(err, "the queue is being worked on");
    unlink(stop_path);
    err = run_rounds(workspace, options, stop_path, count);
    unlink(stop_path);
    return err;
}

/* Tells the process that the lock names to stop: on another machine that number is somebody else's.
 */
static const struct rmv_error *stop_holder(const char *holder)
{
    char *host = NULL, ours[HOST_NAME_MAX + 1] = "";
    const long pid = strtol(holder, &host, 10);

    if (pid <= 1)
        return NULL;
    host += *host == ' ';
    gethostname(ours, sizeof(ours) - 1);
    if (strcspn(host, "\n") != strlen(ours) || strncmp(host, ours, strlen(ours)) != 0)
        return rmv_error(RMV_ERR_LOCKED,
                         "the queue is worked on by process %ld on %.*s: stop it there", pid,
                         (int)strcspn(host, "\n"), host);
    return kill((pid_t)pid, SIGTERM) < 0 ? rmv_error_errno("cannot stop process %ld", pid) : NULL;
}

const struct rmv_error *rmv_experiment_queue_stop(struct rmv_workspace *workspace, bool kill_now,
                                                  bool *is_running)
{
    RMV_CLEANUP(rmv_str_free) char *lock_path = NULL;
    RMV_CLEANUP(rmv_str_free) char *stop_path = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf holder = {0};

    const struct rmv_error *err = runner_path(workspace, "runner", &lock_path);
    if (!err)
        err = runner_path(workspace, "stop", &stop_path);
    if (err)
        return err;
    *is_running = rmv_lock_is_held(lock_path);
    if (!*is_running)
        return NULL;
    err = rmv_fs_write_atomic(stop_path, "", 0);
    if (!err && kill_now)
        err = rmv_fs_read(lock_path, HOLDER_BYTES_MAX, &holder);
    return err || !kill_now ? err : stop_holder(rmv_buf_string(&holder));
}

/* ---- Killing --------------------------------------------------------------------------------- */

/* Whoever runs it removes the request at the very end, unless he died. A request that came while
 * one was about to start may be lost, and one that came behind the end is seen by nobody. */
static const struct rmv_error *has_ended(struct rmv_workspace *workspace,
                                         const struct rmv_experiment_task *task, const char *path,
                                         bool at_once, bool *ended)
{
    RMV_CLEANUP(rmv_str_free) char *runner = NULL;
    const bool is_requested = rmv_fs_exists(path);
    bool is_queued;

    *ended = false;
    if (rmv_experiment_tree_is_used(workspace, task->name))
        return is_requested ? NULL : rmv_kill_request(path, at_once);
    const struct rmv_error *err = runner_path(workspace, "runner", &runner);
    if (!err)
        err = find_reference(workspace, RMV_EXPERIMENT_QUEUE_REFERENCES, task, &is_queued);
    if (!err)
        *ended = !is_requested || !is_queued || !rmv_lock_is_held(runner);
    return err;
}

static const struct rmv_error *wait_for_end(struct rmv_workspace *workspace,
                                            struct rmv_experiment_task *task, const char *path,
                                            bool at_once)
{
    static const struct timespec pause = {.tv_nsec = KILL_LOOK_NS};
    const int64_t start_ns = rmv_time_monotonic_ns();
    bool ended = false, has_failed = false, is_queued = false;

    const struct rmv_error *err = has_ended(workspace, task, path, at_once, &ended);
    while (!err && !ended && rmv_time_monotonic_ns() - start_ns < KILL_WAIT_NS) {
        nanosleep(&pause, NULL);
        err = has_ended(workspace, task, path, at_once, &ended);
    }
    if (err)
        return err;
    if (!ended)
        return rmv_error_hint(
            rmv_error(RMV_ERR_FAILED,
                      "experiment '%s' was asked to end a minute ago, and runs still", task->name),
            "`rmv queue status` says when it has ended; what runs it may have been stopped");
    unlink(path);
    err = find_reference(workspace, RMV_EXPERIMENT_FAILED_REFERENCES, task, &has_failed);
    if (!err)
        err = find_reference(workspace, RMV_EXPERIMENT_QUEUE_REFERENCES, task, &is_queued);
    task->state = has_failed  ? RMV_EXPERIMENT_FAILED
                  : is_queued ? RMV_EXPERIMENT_QUEUED
                              : RMV_EXPERIMENT_DONE;
    return err;
}

const struct rmv_error *rmv_experiment_queue_kill(struct rmv_workspace *workspace,
                                                  struct rmv_experiment_tasks *tasks, bool at_once)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    const struct rmv_error *err = NULL;

    for (size_t i = 0; !err && i < tasks->count; i++) {
        char *path = NULL;
        err = rmv_kill_path_of(workspace, tasks->items[i].name, &path);
        rmv_strings_take(&paths, path);
        if (!err)
            err = rmv_kill_request(path, at_once);
    }
    for (size_t i = 0; !err && i < tasks->count; i++)
        err = wait_for_end(workspace, &tasks->items[i], paths.items[i], at_once);
    return err;
}
