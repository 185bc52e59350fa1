/* A store that was written to without fsync carries a mark, the file ROOT/unsynced. The first who
 * promises again that what he stores lasts makes everything durable that he may rely on. The mark
 * names the boot it was made in: if that is over, nobody knows what got to the disk, and who stores
 * next looks. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "store/store_internal.h"

/* Comes before a pack is published that is not durable. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unsynced_mark(const struct rmv_vfs *vfs, const char *root);

/* Makes all packs and the index durable if there is a mark, and takes it away. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unsynced_settle(const struct rmv_vfs *vfs, const char *root);

/* After a restart since the mark was made: checks the checksums of all packs, everything if one is
 * wrong or there are loose objects, writes down what is damaged, so that it will be stored again,
 * and makes the mark one of this boot. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_unsynced_check(struct rmv_store *store);
