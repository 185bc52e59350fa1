/* Which states of the workspace a command shows: the workspace, revisions, whole parts of Git's
 * history. */
#pragma once

#include <stdbool.h>

#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"

/* What was asked for. */
struct cli_history {
    const struct rmv_strings *revisions; /* may be NULL */
    bool branches, tags, commits;        /* all of them, and the workspace */
};

struct cli_states {
    struct rmv_strings labels;    /* "workspace", "main", "v1.0", "3fd2a11" */
    struct rmv_strings revisions; /* "" is the workspace */
};
void cli_states_free(struct cli_states *states);

/* The revision of a state, NULL for the workspace. */
const char *cli_states_revision(const struct cli_states *states, size_t at);

/* Lists the states, each once; if nothing was asked for, the workspace alone. Errors: USAGE (no
 * Git repository), those of reading it. */
RMV_MUST_CHECK
const struct rmv_error *cli_history_list(struct rmv_workspace *workspace,
                                         const struct cli_history *history,
                                         struct cli_states *states);
