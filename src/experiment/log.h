/* The log of an experiment that runs. Whoever writes it has it locked, so that a reader knows
 * whether more will come. */
#pragma once

#include "rmv/dataset/workspace.h"

struct rmv_experiment_log {
    int fd; /* -1 is the empty state */
    char *path;
};

/* Starts it anew. A log that cannot be written, or that another process writes, stays empty: it
 * must not stop the experiment. */
void rmv_experiment_log_open(const struct rmv_workspace *workspace, const char *name,
                             struct rmv_experiment_log *log);
void rmv_experiment_log_write(struct rmv_experiment_log *log, const char *bytes, size_t size);
void rmv_experiment_log_close(struct rmv_experiment_log *log);
