#include "store/stored_list.h"

#include "rmv/base/mem.h"
#include "store/chunk_stream.h"

static const struct rmv_error *ignore(void *context, const void *bytes, size_t size)
{
    (void)context;
    (void)bytes;
    (void)size;
    return NULL;
}

static bool start_again(void *context)
{
    (void)context;
    return true;
}

const struct rmv_store_sink rmv_store_sink_nowhere = {.write = ignore, .restart = start_again};

/* ---- Finding one ----------------------------------------------------------------------------- */

const struct rmv_error *rmv_stored_list_read(struct rmv_store *store,
                                             const struct rmv_object_id *id,
                                             const struct rmv_location *location,
                                             struct rmv_chunk_list *list)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err = rmv_store_view_at(store, id, location, NULL, &view);
    return err ? err : rmv_chunk_list_parse(view.bytes, view.size, list);
}

const struct rmv_error *rmv_stored_list_find(struct rmv_store *store,
                                             const struct rmv_object_id *id,
                                             struct rmv_chunk_list *list)
{
    const struct rmv_error *err = NULL;
    struct rmv_location location;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++) {
        if (location.representation != RMV_REPRESENTATION_LIST)
            continue;
        err = rmv_stored_list_read(store, id, &location, list);
        if (!err)
            return NULL;
    }
    if (!err)
        return rmv_error(RMV_ERR_NOT_FOUND, "object %s is not in the store '%s'", hex, store->root);
    return rmv_error_context(err, "object %s is damaged", hex);
}

/* ---- Following it ---------------------------------------------------------------------------- */

static const struct rmv_error *read_part(struct rmv_store *store,
                                         const struct rmv_chunk_list_entry *entry,
                                         struct rmv_chunk_list *part)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err =
        rmv_store_view(store, &entry->id, RMV_REPRESENTATION_WHOLE, NULL, &view);
    if (!err)
        err = rmv_chunk_list_parse(view.bytes, view.size, part);
    if (!err && (part->level != 0 || part->size != entry->size))
        err = rmv_error(RMV_ERR_CORRUPT, "a part of the chunk list does not fit");
    return err;
}

static const struct rmv_error *follow(struct rmv_store *store, const struct rmv_chunk_list *list,
                                      const struct rmv_store_sink *sink,
                                      struct rmv_sha256_state *sha256)
{
    if (list->level == 0)
        return rmv_chunk_stream(store, list, sink, sha256);
    for (size_t i = 0; i < list->count; i++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list part = {0};
        const struct rmv_error *err = read_part(store, &list->entries[i], &part);
        if (!err)
            err = rmv_chunk_stream(store, &part, sink, sha256);
        if (err)
            return err;
    }
    return NULL;
}

const struct rmv_error *rmv_stored_list_follow(struct rmv_store *store,
                                               const struct rmv_object_id *id,
                                               const struct rmv_chunk_list *list,
                                               const struct rmv_store_sink *sink)
{
    struct rmv_sha256_state sha256;
    struct rmv_object_id actual;
    rmv_sha256_start(&sha256);
    const struct rmv_error *err = follow(store, list, sink, &sha256);
    if (!err) {
        rmv_sha256_finish(&sha256, actual.sha256);
        if (!rmv_object_id_equal(&actual, id))
            err = rmv_error(RMV_ERR_CORRUPT, "its chunk list leads to other bytes");
    }
    if (!err)
        return NULL;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error_context(err, "object %s", hex);
}

/* Follows a copy that says something else than `tried`. False if there is none that is right. */
static bool follow_other(struct rmv_store *store, const struct rmv_object_id *id,
                         const struct rmv_chunk_list *tried, uint64_t max_bytes,
                         const struct rmv_store_sink *sink)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
        if (location.representation != RMV_REPRESENTATION_LIST ||
            rmv_stored_list_read(store, id, &location, &list) || list.size > max_bytes ||
            rmv_chunk_list_equal(&list, tried))
            continue;
        if (!sink->restart(sink->context))
            return false;
        if (!rmv_stored_list_follow(store, id, &list, sink))
            return true;
    }
    return false;
}

const struct rmv_error *rmv_stored_list_follow_any(struct rmv_store *store,
                                                   const struct rmv_object_id *id,
                                                   const struct rmv_chunk_list *list,
                                                   uint64_t max_bytes,
                                                   const struct rmv_store_sink *sink)
{
    struct rmv_store_sink careful = *sink;
    careful.takes_unchecked = false;
    const struct rmv_error *err = rmv_stored_list_follow(store, id, list, sink);
    if (sink->takes_unchecked && rmv_store_is_damage(err) && sink->restart(sink->context))
        err = rmv_stored_list_follow(store, id, list, &careful);
    if (!rmv_store_is_damage(err) || !sink->restart)
        return err;
    struct rmv_error *cause = rmv_error_take(err);
    err = follow_other(store, id, list, max_bytes, &careful) ? NULL : rmv_error_raise(&cause);
    rmv_error_free(&cause);
    return err;
}

bool rmv_stored_list_is_right(struct rmv_store *store, const struct rmv_object_id *id,
                              const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    return !rmv_stored_list_read(store, id, location, &list) &&
           !rmv_stored_list_follow(store, id, &list, &rmv_store_sink_nowhere);
}
