/* Inputs that change under a command: nobody knows which version its outputs are made of, so
 * neither the lock file nor the run cache may say that they fit one. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/dataset/lock_file.h"
#include "rmv/pipeline/pipeline.h"

struct rmv_runner;

/* What has changed: paths of dependencies, and files of parameters as the lock file names them. */
struct rmv_runner_inputs {
    struct rmv_strings deps, params;
};
void rmv_runner_inputs_free(struct rmv_runner_inputs *changed);

/* Compares `entry`, what the stage was given, with what is there now, and warns of each difference.
 * The runner's view must be fresh. Errors: FAILED (a dependency has gone), and those of hashing. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runner_inputs_check(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_lock_stage *entry,
                                                struct rmv_runner_inputs *changed);

/* Takes them out of what the lock file will say: the stage is not up to date then. */
void rmv_runner_inputs_forget(const struct rmv_runner_inputs *changed,
                              struct rmv_lock_stage *entry);
