/* rmv diff --key: two versions of one CSV file, row by row. */
#pragma once

#include "rmv/revisions.h"

/* Compares the file that `revisions` names, between the two revisions, the one and the workspace,
 * or HEAD and the workspace, and prints what differs; `key` is "COLUMN[,COLUMN...]". */
RMV_MUST_CHECK
const struct rmv_error *cli_diff_rows(struct rmv_workspace *workspace,
                                      const struct cli_revisions *revisions, const char *key,
                                      bool as_json);
