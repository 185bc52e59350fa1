/* Packs that gc removes. Their names are written into one file among the packs before the first of
 * them is unlinked: from then on none of them counts, so that a chunk list never outlives its
 * chunks, wherever gc is interrupted. Whoever locks the store next finishes the work.
 * docs/FORMATS.md, section "Packs being removed". */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "rmv/store/object_id.h"

#define RMV_DOOMED_FILE "doomed"

/* Adds the sorted names of what is in the folder of packs, without packs that are as good as
 * removed. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_doomed_list(const struct rmv_vfs *vfs, const char *folder,
                                        struct rmv_strings *names);

/* Makes these packs count as removed, all at once. The caller holds the store's exclusive lock.
 * Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_doomed_write(const struct rmv_vfs *vfs, const char *root, bool sync,
                                         const struct rmv_strings *packs);

/* Is there a removal to finish? */
bool rmv_doomed_is_there(const struct rmv_vfs *vfs, const char *folder);

/* Finishes a removal. The caller holds the store's exclusive lock. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_doomed_finish(const struct rmv_vfs *vfs, const char *folder, bool sync);
