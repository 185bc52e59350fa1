#include "store/delta_read.h"

#include "rmv/base/mem.h"

/* One frame more is decompressed. */
static const struct rmv_error *charge(struct rmv_delta_reading *reading)
{
    if (reading->cost >= RMV_DELTA_COST_READ_MAX)
        return rmv_error(RMV_ERR_CORRUPT, "the delta needs more than %d frames to be read",
                         RMV_DELTA_COST_READ_MAX);
    reading->cost++;
    return NULL;
}

/* The facts are those of the delta; it is as sound as its bases. */
static const struct rmv_error *decode(struct rmv_delta_reading *reading, unsigned depth,
                                      struct rmv_read_context *context, size_t content_size,
                                      struct rmv_base_facts *facts)
{
    struct rmv_delta_bases bases;
    size_t end = 0;

    *facts = (struct rmv_base_facts){.depth = depth, .cost = 1, .is_sound = true};
    context->prefix.size = 0;
    if (depth == 0 || depth > RMV_DELTA_DEPTH_MAX)
        return rmv_error(RMV_ERR_CORRUPT, "a delta cannot be of depth %u", depth);
    const struct rmv_error *err = charge(reading);
    if (!err)
        err = rmv_delta_parse(context->decoder.stored.data, context->decoder.stored.size, &bases,
                              &end);
    for (size_t i = 0; !err && i < bases.count; i++) {
        struct rmv_base_facts base;
        err = rmv_delta_read_base(reading, &bases.items[i], depth - 1, &base, &context->prefix);
        if (err)
            return err;
        facts->cost += base.cost;
        facts->is_sound = facts->is_sound && base.is_sound;
    }
    if (err)
        return err;
    context->content.size = 0;
    rmv_buf_reserve(&context->content, content_size);
    err = rmv_frame_decode_delta(&context->decoder, end, &context->prefix, context->content.data,
                                 content_size);
    if (!err)
        context->content.size = content_size;
    return err;
}

const struct rmv_error *rmv_delta_decode(struct rmv_delta_reading *reading, unsigned depth,
                                         struct rmv_frame_decoder *decoder, struct rmv_buf *content,
                                         size_t content_size)
{
    struct rmv_read_context context = {.decoder = *decoder, .content = *content};
    struct rmv_base_facts facts;
    const struct rmv_error *err = decode(reading, depth, &context, content_size, &facts);
    *decoder = context.decoder;
    *content = context.content;
    rmv_buf_free(&context.prefix);
    return err;
}

/* Reads the delta at a place into `context`. */
static const struct rmv_error *load(struct rmv_delta_reading *reading,
                                    const struct rmv_location *location,
                                    struct rmv_read_context *context, struct rmv_base_facts *facts)
{
    struct rmv_buf *stored = &context->decoder.stored;
    stored->size = 0;
    rmv_buf_reserve(stored, location->stored_size);
    const struct rmv_error *err =
        rmv_packs_read(&reading->store->index.packs, location->pack, location->frame_offset,
                       stored->data, location->stored_size);
    if (err)
        return err;
    stored->size = location->stored_size;
    err = decode(reading, location->depth, context, location->content_size, facts);
    if (err)
        return rmv_error_context(err, "pack '%s', delta at byte %llu", location->pack->path,
                                 (unsigned long long)location->frame_offset);
    return NULL;
}

/* Shows what is at a place: whole bytes, or a delta. */
static const struct rmv_error *show(struct rmv_delta_reading *reading,
                                    const struct rmv_location *location,
                                    struct rmv_base_facts *facts, struct rmv_object_view *view)
{
    struct rmv_object_reader *reader = &reading->store->reader;
    *facts = (struct rmv_base_facts){.cost = 1, .is_sound = true};
    if (location->depth == 0) {
        const struct rmv_error *err = charge(reading);
        return err ? err : rmv_object_reader_view(reader, location, view);
    }
    struct rmv_object_view loaded = {.reader = reader, .context = rmv_read_context_take(reader)};
    const struct rmv_error *err = load(reading, location, loaded.context, facts);
    if (err) {
        rmv_object_view_release(&loaded);
        return err;
    }
    loaded.bytes = loaded.context->content.data;
    loaded.size = location->size;
    loaded.pack = location->pack;
    loaded.frame_offset = location->frame_offset;
    *view = loaded;
    return NULL;
}

const struct rmv_error *rmv_delta_view(struct rmv_delta_reading *reading,
                                       const struct rmv_location *location,
                                       struct rmv_object_view *view)
{
    struct rmv_base_facts facts;
    return show(reading, location, &facts, view);
}

/* ---- Bases ----------------------------------------------------------------------------------- */

static const struct rmv_error *read_place(struct rmv_delta_reading *reading,
                                          const struct rmv_delta_base *base,
                                          const struct rmv_location *location,
                                          struct rmv_base_facts *facts, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err = show(reading, location, facts, &view);
    if (err)
        return err;
    if (reading->is_careful) {
        const struct rmv_object_id actual = rmv_object_id_of(view.bytes, view.size);
        if (!rmv_object_id_equal(&actual, &base->id))
            return rmv_error(RMV_ERR_CORRUPT, "pack '%s': the bytes do not match their id",
                             location->pack->path);
        facts->is_right = true;
    }
    facts->is_sound = facts->is_sound && rmv_store_is_sound(reading->store, &base->id, location);
    rmv_base_cache_put(&reading->store->bases, &base->id, facts, view.bytes, view.size);
    rmv_buf_append(out, view.bytes, view.size);
    return NULL;
}

static bool is_wanted(const struct rmv_delta_reading *reading, const struct rmv_base_facts *facts)
{
    return (facts->is_right || !reading->is_careful) &&
           (facts->is_sound || !reading->is_sound_only);
}

/* Copies of a base. */
struct wanted {
    const struct rmv_delta_base *base;
    unsigned depth_min, depth_max;
};

/* Tries one copy after the other. `*err` is that of the last one tried. */
static bool read_any(struct rmv_delta_reading *reading, const struct wanted *wanted,
                     struct rmv_base_facts *facts, struct rmv_buf *out,
                     const struct rmv_error **err)
{
    const struct rmv_delta_base *base = wanted->base;
    const size_t size_before = out->size;
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&reading->store->index, &base->id, n, &location); n++) {
        if (location.representation != RMV_REPRESENTATION_WHOLE || location.size != base->size ||
            location.depth < wanted->depth_min || location.depth > wanted->depth_max)
            continue;
        *err = read_place(reading, base, &location, facts, out);
        if (!*err && is_wanted(reading, facts))
            return true;
        out->size = size_before;
    }
    return false;
}

const struct rmv_error *rmv_delta_read_base(struct rmv_delta_reading *reading,
                                            const struct rmv_delta_base *base, unsigned depth_max,
                                            struct rmv_base_facts *facts, struct rmv_buf *out)
{
    const struct rmv_error *err = NULL;
    const size_t size_before = out->size;

    if (rmv_base_cache_get(&reading->store->bases, &base->id, facts, out)) {
        if (out->size - size_before == base->size && facts->depth <= depth_max &&
            is_wanted(reading, facts))
            return NULL;
        out->size = size_before;
    }
    const struct wanted whole = {.base = base};
    const struct wanted delta = {.base = base, .depth_min = 1, .depth_max = depth_max};
    if (read_any(reading, &whole, facts, out, &err) || read_any(reading, &delta, facts, out, &err))
        return NULL;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(&base->id, hex);
    if (!err)
        return rmv_error(RMV_ERR_CORRUPT, "its base %s is missing", hex);
    if (err->code == RMV_ERR_NOT_FOUND)
        return rmv_error(RMV_ERR_CORRUPT, "its base %s is missing: %s", hex, err->message);
    return rmv_error_context(err, "its base %s is damaged", hex);
}
