/* What gc does with loose objects: those not in use go, each on its own, since nothing in the store
 * depends on them. */
#pragma once

#include "rmv/store/store.h"
#include "store/id_set.h"

/* Counts what goes and stays in `*report`, and removes what goes unless `dry_run`; `live` is what
 * is in use. The caller holds the store's exclusive lock unless it is a dry run. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_gc_loose(struct rmv_store *store, const struct rmv_id_set *live,
                                     const struct rmv_store_gc_options *options,
                                     struct rmv_store_gc_report *report);
