/* Checking what chunk lists lead to. */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/pool.h"
#include "store/fsck.h"
#include "store/loose.h"
#include "store/stored_list.h"

uint64_t rmv_fsck_key(const struct rmv_fsck_place *place, const struct rmv_object_id *id)
{
    uint64_t start;
    memcpy(&start, id->sha256, sizeof(start));
    return rmv_frame_set_key(place->pack, place->offset, place->checksum ^ start);
}

/* ---- Following lists ------------------------------------------------------------------------- */

static const struct rmv_error *count_bytes(void *context, const void *bytes, size_t size)
{
    struct rmv_fsck *check = context;
    (void)bytes;
    rmv_progress_add(check->options.progress, 0, size);
    return NULL;
}

static void note_seen(void *context, const struct rmv_object_id *id,
                      const struct rmv_object_view *view, uint64_t checksum)
{
    struct rmv_fsck *check = context;
    const struct rmv_fsck_place place = {
        .pack = &view->pack->name, .offset = view->frame_offset, .checksum = checksum};
    if (!view->context)
        return;
    pthread_mutex_lock(&check->lock);
    rmv_frame_set_add(&check->seen, rmv_fsck_key(&place, id));
    pthread_mutex_unlock(&check->lock);
}

/* Copies of one object's list. */
struct copies {
    const struct rmv_object_id *id;
    struct rmv_chunk_list right; /* a copy that leads to the object, if there is one */
    bool is_right;
    char *message; /* of the first that does not */
};

static void copies_free(struct copies *copies)
{
    rmv_chunk_list_free(&copies->right);
    rmv_str_free(&copies->message);
}

/* What all copies but the damaged ones say is followed once. */
static const struct rmv_error *
check_copy(struct rmv_fsck *check, const struct rmv_location *location, struct copies *copies)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    const struct rmv_store_sink sink = {.write = count_bytes, .seen = note_seen, .context = check};
    const struct rmv_error *err = rmv_stored_list_read(check->store, copies->id, location, &list);
    if (!err && copies->is_right && rmv_chunk_list_equal(&list, &copies->right))
        return NULL;
    if (!err)
        err = rmv_stored_list_follow(check->store, copies->id, &list, &sink);
    if (err || copies->is_right)
        return err;
    copies->is_right = true;
    copies->right = list;
    list = (struct rmv_chunk_list){0};
    return NULL;
}

static bool is_whole(struct rmv_store *store, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    return !rmv_store_view(store, id, RMV_REPRESENTATION_WHOLE, NULL, &view);
}

static void report(struct rmv_fsck *check, const struct rmv_object_id *id, const char *message)
{
    pthread_mutex_lock(&check->lock);
    rmv_id_set_add(&check->reported, id, RMV_REPRESENTATION_LIST);
    pthread_mutex_unlock(&check->lock);
    rmv_fsck_add_problem(check, NULL, id, message);
}

static const struct rmv_error *follow_copies(void *context, size_t i)
{
    struct rmv_fsck *check = context;
    struct rmv_store *store = check->store;
    RMV_CLEANUP(copies_free) struct copies copies = {.id = &check->listed[i]};
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, copies.id, n, &location); n++) {
        if (location.representation != RMV_REPRESENTATION_LIST)
            continue;
        const struct rmv_error *err = check_copy(check, &location, &copies);
        if (!err)
            continue;
        if (!copies.message)
            copies.message = rmv_str_copy(err->message);
        rmv_fsck_add_damage(check, &location.pack->name, copies.id);
    }
    if (!copies.is_right && !is_whole(store, copies.id) && !rmv_store_is_loose(store, copies.id))
        report(check, copies.id,
               copies.message ? copies.message : "its chunk list is missing in the index");
    return NULL;
}

static int by_id(const void *a, const void *b)
{
    return rmv_object_id_compare(a, b);
}

/* Each object once, in however many packs it is. */
static void unite_listed(struct rmv_fsck *check)
{
    size_t count = 0;
    if (check->listed_count > 1)
        qsort(check->listed, check->listed_count, sizeof(check->listed[0]), by_id);
    for (size_t i = 0; i < check->listed_count; i++)
        if (count == 0 || !rmv_object_id_equal(&check->listed[count - 1], &check->listed[i]))
            check->listed[count++] = check->listed[i];
    check->listed_count = count;
}

const struct rmv_error *rmv_fsck_follow_lists(struct rmv_fsck *check)
{
    unite_listed(check);
    return rmv_pool_run(check->pool, check->listed_count, follow_copies, check);
}

/* ---- After a sample -------------------------------------------------------------------------- */

static bool is_sound_whole(struct rmv_store *store, const struct rmv_object_id *id)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++)
        if (location.representation == RMV_REPRESENTATION_WHOLE &&
            rmv_store_is_sound(store, id, &location))
            return true;
    return false;
}

static bool has_pieces(struct rmv_store *store, const struct rmv_chunk_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (!rmv_store_is_saved(store, &list->entries[i].id))
            return false;
    return true;
}

/* What the parts of a list name as well. */
static bool has_all_pieces(struct rmv_store *store, const struct rmv_chunk_list *list)
{
    bool has_all = has_pieces(store, list);
    for (size_t i = 0; list->level > 0 && has_all && i < list->count; i++) {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list part = {0};
        has_all =
            !rmv_store_view(store, &list->entries[i].id, RMV_REPRESENTATION_WHOLE, NULL, &view) &&
            !rmv_chunk_list_parse(view.bytes, view.size, &part) && has_pieces(store, &part);
    }
    return has_all;
}

/* Notes the copies that need a piece which is nowhere sound. */
static const struct rmv_error *find_pieces(void *context, size_t i)
{
    struct rmv_fsck *check = context;
    struct rmv_store *store = check->store;
    const struct rmv_object_id *id = &check->listed[i];
    bool is_any_sound = is_sound_whole(store, id), is_any_hit = false;
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
        if (location.representation != RMV_REPRESENTATION_LIST ||
            !rmv_store_is_sound(store, id, &location) ||
            rmv_stored_list_read(store, id, &location, &list))
            continue;
        const bool is_hit = !has_all_pieces(store, &list);
        if (is_hit)
            rmv_fsck_add_damage(check, &location.pack->name, id);
        is_any_hit = is_any_hit || is_hit;
        is_any_sound = is_any_sound || !is_hit;
    }
    if (is_any_hit && !is_any_sound)
        rmv_fsck_add_problem(check, NULL, id, "a piece of it is damaged");
    return NULL;
}

const struct rmv_error *rmv_fsck_find_pieces(struct rmv_fsck *check)
{
    unite_listed(check);
    return rmv_pool_run(check->pool, check->listed_count, find_pieces, check);
}
