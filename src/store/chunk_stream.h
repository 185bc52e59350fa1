/* Reading the chunks of a large object with several threads. They decompress in any order; hashing
 * the whole object and sending it know only one order, and one thread at a time does each. Hashing
 * a chunk together with the whole costs hardly more than either (rmv_sha256_update_pair()) and less
 * than decompressing it, so that two or three threads are all kept busy. */
#pragma once

#include "store/store_internal.h"

/* Sends what a list of level 0 covers, and takes it into `*sum`. The sink is called from several
 * threads, but never by two at once, and gets nothing that was not found right, unless it takes
 * that. Errors: as rmv_store_view(), and the sink's. */
RMV_MUST_CHECK
const struct rmv_error *rmv_chunk_stream(struct rmv_store *store, const struct rmv_chunk_list *list,
                                         const struct rmv_store_sink *sink,
                                         struct rmv_sha256_state *sum);
