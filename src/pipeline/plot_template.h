/* How plots are drawn: the built-in ways, and what comes closest to a template of the user's. */
#pragma once

#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/plots.h"

/* Finds the template called `name`: a built-in one, or a file with a Vega-Lite specification, at
 * that path seen from `folder`, or in `.dvc/plots` with or without `.json`. Vega is not drawn here,
 * so a file stands for the built-in template with the same mark; then `*remark`, which the caller
 * frees, says so, otherwise it is NULL. Errors: USAGE (there is none; with the names there are),
 * CORRUPT, DENIED, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_template_find(struct rmv_workspace *workspace, const char *folder,
                                               const char *name, enum rmv_plot_template *template,
                                               char **remark);
