/* Experiment tracking in MLflow's file layout, which `mlflow ui` reads: mlruns/EXPERIMENT/RUN with
 * parameters, metrics, tags and artifacts as files. Tracking is a record beside the work: what goes
 * wrong with it is kept and told at the end, and never stops the work. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"

#define RMV_TRACKING_FOLDER_DEFAULT "mlruns"

struct rmv_tracking;

/* Starts a run of the experiment "Default", with a random id, in the folder `folder`, or where
 * MLFLOW_TRACKING_URI says if that is a folder or a file: URI and `folder` is NULL. `source` is the
 * name of the program or stage. The caller finishes the run. */
void rmv_tracking_start(const char *folder, const char *source, struct rmv_tracking **run);

/* Keys are letters, digits, '_', '-', '.', ' ' and '/'. */
void rmv_tracking_param(struct rmv_tracking *run, const char *key, const char *value);
void rmv_tracking_tag(struct rmv_tracking *run, const char *key, const char *value);
void rmv_tracking_metric(struct rmv_tracking *run, const char *key, double value);

/* Copies a file to the run. */
void rmv_tracking_artifact(struct rmv_tracking *run, const char *path);

const char *rmv_tracking_id(const struct rmv_tracking *run);

/* Ends the run as finished or as failed, frees it, and returns the first thing that went wrong with
 * tracking, for a warning. A run that is NULL is fine. */
RMV_MUST_CHECK
const struct rmv_error *rmv_tracking_finish(struct rmv_tracking **run, bool succeeded);
