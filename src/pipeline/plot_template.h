/* How plots are drawn: the built-in ways, and what comes closest to a template of the user's. */
#pragma once

#include "rmv/dataset/workspace.h"
#include "rmv/pipeline/plots.h"

struct rmv_plot_choice {
    enum rmv_plot_template template;
    struct rmv_value specification; /* of a template of the user's, for Vega-Lite; or null */
    char *remark;                   /* that it is drawn as another one; or NULL */
};
void rmv_plot_choice_free(struct rmv_plot_choice *choice);

/* Finds the template called `name`: a built-in one, or a file with a Vega-Lite specification, at
 * that path seen from `folder`, or in `.rmstore/plots` or `.dvc/plots` with or without `.json`.
 * Vega is not drawn here, so a file stands for the built-in template that it looks most like; if it
 * says something else than that, there is a remark. Errors: USAGE (there is none; with the names
 * there are), CORRUPT, DENIED, LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_plot_template_find(struct rmv_workspace *workspace, const char *folder,
                                               const char *name, struct rmv_plot_choice *choice);
