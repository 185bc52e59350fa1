/* Tasks: lists of them, and as text, the body of the message of the commit that one waits as. */
#pragma once

#include "rmv/experiment/experiment.h"
#include "rmv/experiment/run.h"

/* Where the commits of tasks are, by their names. */
#define RMV_EXPERIMENT_QUEUE_REFERENCES RMV_EXPERIMENT_REFERENCES "queue/"
#define RMV_EXPERIMENT_FAILED_REFERENCES RMV_EXPERIMENT_REFERENCES "failed/"
#define RMV_EXPERIMENT_DONE_REFERENCES RMV_EXPERIMENT_REFERENCES "done/"

/* A new one in the list. */
struct rmv_experiment_task *rmv_experiment_tasks_add(struct rmv_experiment_tasks *tasks);

void rmv_experiment_task_copy(struct rmv_experiment_task *to,
                              const struct rmv_experiment_task *from);

/* The whole message of the commit; the caller frees it. */
char *rmv_experiment_task_format(const struct rmv_experiment_task *task);

/* The other way; baseline, snapshot and state are none of it. Errors: CORRUPT, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_task_parse(const char *text,
                                                  struct rmv_experiment_task *task);

/* What the commit of an experiment says; the caller frees it. */
char *rmv_experiment_task_message(const struct rmv_experiment_task *task);

/* Is it in the queue still? Somebody may have taken it off. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_is_queued(struct rmv_workspace *workspace,
                                                 const struct rmv_experiment_task *task,
                                                 bool *is_queued);

/* As rmv_experiment_run(), but once there is a file at `stop_path` (may be NULL), no further
 * experiment is started; those not started stay QUEUED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_run_until(struct rmv_workspace *workspace,
                                                 struct rmv_experiment_tasks *tasks,
                                                 const struct rmv_experiment_run_options *options,
                                                 const char *stop_path);
