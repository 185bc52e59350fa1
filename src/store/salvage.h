/* What a process that died has left in objects/tmp/. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/store/store.h"

/* Removes temporary files whose owner is gone. Of packs that were being written, the objects that
 * the journal names and that prove right are published first, so that they need not be stored
 * again. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_salvage(struct rmv_store *store);
