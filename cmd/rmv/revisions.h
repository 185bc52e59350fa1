/* Arguments of the form [REV...] [--] [PATH...]. */
#pragma once

#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

struct cli_revisions {
    struct rmv_strings paths; /* relative to the workspace */
    char **items;             /* borrowed from argv */
    size_t count;
};
void cli_revisions_free(struct cli_revisions *revisions);

/* Takes up to `max` revisions from the front of the arguments: all before a "--", or those that
 * name a revision and no path. Errors: USAGE (it names both; too many), NOT_FOUND (neither), DENIED
 * (a path outside). */
RMV_MUST_CHECK
const struct rmv_error *cli_revisions_parse(struct rmv_workspace *workspace, int argc, char **argv,
                                            size_t max, struct cli_revisions *revisions);
