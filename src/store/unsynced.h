/* A store that was written to without fsync carries a mark, the file ROOT/unsynced. The first who
 * promises again that what he stores lasts makes everything durable that he may rely on. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"

/* Comes before a pack is published that is not durable. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unsynced_mark(const struct rmv_vfs *vfs, const char *root);

/* Makes all packs and the index durable if there is a mark, and takes it away. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unsynced_settle(const struct rmv_vfs *vfs, const char *root);
