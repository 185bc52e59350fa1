/* The state of a workspace as a commit, without touching it: the files that Git tracks as they are
 * now, the files of rmv's own (pipelines, lock files, pointers) and outputs that belong to Git,
 * whether Git knows them yet or not. Added data that changed is stored, and its pointer follows in
 * the commit alone. Everything is done on a copy of Git's index. */
#pragma once

#include <dirent.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/dataset/workspace.h"
#include "rmv/experiment/override.h"

struct rmv_snapshot {
    struct rmv_workspace *workspace; /* borrowed */
    char *index;                     /* path of the copy of Git's index */
};
void rmv_snapshot_close(struct rmv_snapshot *snapshot);

/* `include` (may be NULL) are further paths, relative to the workspace, that Git does not track.
 * Where `only` (may be NULL) has paths, added data elsewhere is what its pointer says.
 * Errors: CONFLICT (a merge is under way), NOT_FOUND (a path of `include`), FAILED (git), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_snapshot_open(struct rmv_workspace *workspace,
                                          const struct rmv_strings *include,
                                          const struct rmv_strings *only,
                                          struct rmv_snapshot *snapshot);

/* Makes a commit of it with `edits` (may be NULL) in place of the files of those names, on top of
 * `parent`; no reference names it. The snapshot itself stays as it is. */
RMV_MUST_CHECK
const struct rmv_error *rmv_snapshot_commit(const struct rmv_snapshot *snapshot,
                                            const struct rmv_file_edits *edits, const char *parent,
                                            const char *message, char id[RMV_VCS_ID_SIZE]);

/* Writes files of a commit into the work tree, over what is there, with a copy of the index of
 * their own; `paths` are from the top of the work tree. Errors: FAILED (git), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_snapshot_write_files(struct rmv_workspace *workspace,
                                                 const char *commit,
                                                 const struct rmv_strings *paths);

/* Removes index files that killed processes left in the folder of experiments. */
void rmv_snapshot_clear(const struct rmv_workspace *workspace);

/* The folder for what experiments need here, ".rmstore/exps", or one `inside` it unless that is "",
 * as an absolute path; made if it is not there. The caller frees it. Errors: DENIED (a symbolic
 * link is in the way: what is cleared there must be ours), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_experiment_folder(const struct rmv_workspace *workspace,
                                              const char *inside, char **path);

/* The same to be listed; NULL if it is not there, or is not ours. The caller closes it. */
DIR *rmv_experiment_open_folder(const struct rmv_workspace *workspace, const char *inside);
