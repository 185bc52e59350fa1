#include "rmv/store/cost.h"

#include <stdlib.h>

#include "rmv/base/mem.h"
#include "store/id_set.h"
#include "store/loose.h"
#include "store/store_internal.h"

struct rmv_store_cost {
    struct rmv_store *store;
    struct rmv_id_set seen;   /* objects, as whole bytes; chunk lists and their parts, as lists */
    struct rmv_id_set pieces; /* what has been paid for */
    struct rmv_store_cost_total total;
};

struct rmv_store_cost *rmv_store_cost_open(struct rmv_store *store)
{
    struct rmv_store_cost *cost = rmv_calloc(1, sizeof(*cost));
    cost->store = store;
    return cost;
}

void rmv_store_cost_close(struct rmv_store_cost **cost)
{
    if (!*cost)
        return;
    rmv_id_set_free(&(*cost)->seen);
    rmv_id_set_free(&(*cost)->pieces);
    free(*cost);
    *cost = NULL;
}

const struct rmv_store_cost_total *rmv_store_cost_total(const struct rmv_store_cost *cost)
{
    return &cost->total;
}

/* Pays for what is at the place: an object shares its frame with others. */
static void pay(struct rmv_store_cost *cost, const struct rmv_location *location)
{
    const double share =
        location->content_size ? (double)location->size / location->content_size : 1;
    cost->total.stored_size += share * location->stored_size;
}

static bool find(const struct rmv_store_cost *cost, const struct rmv_object_id *id,
                 enum rmv_representation representation, struct rmv_location *location)
{
    for (size_t n = 0; rmv_index_find(&cost->store->index, id, n, location); n++)
        if (location->representation == representation)
            return true;
    return false;
}

/* False if it is not there as whole bytes. */
static bool add_piece(struct rmv_store_cost *cost, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object loose = {0};
    struct rmv_location location;
    uint64_t size;

    if (rmv_id_set_has(&cost->pieces, id, RMV_REPRESENTATION_WHOLE))
        return true;
    if (find(cost, id, RMV_REPRESENTATION_WHOLE, &location)) {
        pay(cost, &location);
        size = location.size;
    } else if (rmv_loose_find(cost->store, id, false, &loose)) {
        size = loose.stat.size;
        cost->total.stored_size += (double)size;
    } else {
        return false;
    }
    rmv_id_set_add(&cost->pieces, id, RMV_REPRESENTATION_WHOLE);
    cost->total.piece_count++;
    cost->total.piece_size += size;
    return true;
}

static const struct rmv_error *read_list(struct rmv_store_cost *cost,
                                         const struct rmv_object_id *id,
                                         enum rmv_representation representation,
                                         struct rmv_chunk_list *list)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err = rmv_store_view(cost->store, id, representation, NULL, &view);
    return err ? err : rmv_chunk_list_parse(view.bytes, view.size, list);
}

static void add_chunks(struct rmv_store_cost *cost, const struct rmv_chunk_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        cost->total.missing_count += !add_piece(cost, &list->entries[i].id);
}

/* A part is an object of its own, but its bytes are nobody's data. */
static const struct rmv_error *add_part(struct rmv_store_cost *cost, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    struct rmv_location location;

    if (rmv_id_set_has(&cost->seen, id, RMV_REPRESENTATION_LIST))
        return NULL;
    rmv_id_set_add(&cost->seen, id, RMV_REPRESENTATION_LIST);
    if (!find(cost, id, RMV_REPRESENTATION_WHOLE, &location)) {
        cost->total.missing_count++;
        return NULL;
    }
    pay(cost, &location);
    const struct rmv_error *err = read_list(cost, id, RMV_REPRESENTATION_WHOLE, &list);
    if (!err && list.level != 0)
        err = rmv_error(RMV_ERR_CORRUPT, "a part of a chunk list is made of parts itself");
    if (!err)
        add_chunks(cost, &list);
    return err;
}

/* An object that is put together from chunks. */
static const struct rmv_error *add_list(struct rmv_store_cost *cost, const struct rmv_object_id *id,
                                        const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    pay(cost, location);
    const struct rmv_error *err = read_list(cost, id, RMV_REPRESENTATION_LIST, &list);
    if (err)
        return err;
    if (list.level == 0)
        add_chunks(cost, &list);
    for (size_t i = 0; !err && list.level > 0 && i < list.count; i++)
        err = add_part(cost, &list.entries[i].id);
    return err;
}

const struct rmv_error *rmv_store_cost_add(struct rmv_store_cost *cost,
                                           const struct rmv_object_id *id, uint64_t size)
{
    struct rmv_location location;

    cost->total.count++;
    cost->total.size += size;
    if (rmv_id_set_has(&cost->seen, id, RMV_REPRESENTATION_WHOLE))
        return NULL;
    rmv_id_set_add(&cost->seen, id, RMV_REPRESENTATION_WHOLE);
    cost->total.unique_count++;
    cost->total.unique_size += size;
    if (add_piece(cost, id))
        return NULL;
    if (find(cost, id, RMV_REPRESENTATION_LIST, &location))
        return add_list(cost, id, &location);
    cost->total.missing_count++;
    return NULL;
}
