/* Arguments of the form [REV...] [--] [PATH...]. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

struct cli_revisions {
    struct rmv_strings paths; /* relative to the workspace */
    struct rmv_strings names; /* of the revisions, as cli_revision_find() sets them */
};
void cli_revisions_free(struct cli_revisions *revisions);

/* Sets `*revision` to what Git takes for `typed`: the same or, if it is the name of an experiment,
 * the id of its commit. The caller frees it. Errors: USAGE (no Git repository), NOT_FOUND, CONFLICT
 * (several experiments). */
RMV_MUST_CHECK
const struct rmv_error *cli_revision_find(struct rmv_workspace *workspace, const char *typed,
                                          char **revision);

/* Takes up to `max` revisions from the front of the arguments: all before a "--", or those that
 * name a revision and no path. What is no revision of Git's and no path may be an experiment.
 * Errors: USAGE (it names both; too many), NOT_FOUND (neither), DENIED (a path outside). */
RMV_MUST_CHECK
const struct rmv_error *cli_revisions_parse(struct rmv_workspace *workspace, int argc, char **argv,
                                            size_t max, struct cli_revisions *revisions);
