/* Reading the resource descriptors of a statement: its subjects and its resolved dependencies. */
#pragma once

#include "rmv/base/map.h"
#include "rmv/record/record.h"

/* Where the resources of one list go. */
struct rmv_reading {
    struct rmv_record *record;
    struct rmv_record_artifacts *artifacts;
    struct rmv_object_id *definition;
    bool may_have_commit;
    struct rmv_map seen; /* paths */
};

void rmv_reading_free(struct rmv_reading *reading);

/* Reads the list that is the member `key` of `map`. Errors: CORRUPT, DENIED, UNSUPPORTED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_reading_run(struct rmv_reading *reading, const struct rmv_value *map,
                                        const char *key);
