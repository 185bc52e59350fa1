/* What a process that died has left in objects/tmp/. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/store/store.h"

/* Takes up or removes temporary files whose owner is gone. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_salvage(struct rmv_store *store);
