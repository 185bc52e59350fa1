#include "store/object_reader.h"

#include <stdlib.h>

#include "rmv/base/mem.h"

void rmv_object_reader_init(struct rmv_object_reader *reader, struct rmv_packs *packs)
{
    *reader = (struct rmv_object_reader){.packs = packs};
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->loaded, NULL);
}

void rmv_object_reader_free(struct rmv_object_reader *reader)
{
    for (size_t i = 0; i < RMV_FRAME_CACHE_COUNT; i++)
        rmv_buf_free(&reader->cached[i].content);
    while (reader->idle) {
        struct rmv_read_context *context = reader->idle;
        reader->idle = context->next;
        rmv_frame_decoder_free(&context->decoder);
        rmv_buf_free(&context->content);
        rmv_buf_free(&context->prefix);
        free(context);
    }
    pthread_mutex_destroy(&reader->lock);
    pthread_cond_destroy(&reader->loaded);
}

struct rmv_read_context *rmv_read_context_take(struct rmv_object_reader *reader)
{
    pthread_mutex_lock(&reader->lock);
    struct rmv_read_context *context = reader->idle;
    if (context)
        reader->idle = context->next;
    pthread_mutex_unlock(&reader->lock);
    return context ? context : rmv_calloc(1, sizeof(*context));
}

static void give_context(struct rmv_object_reader *reader, struct rmv_read_context *context)
{
    pthread_mutex_lock(&reader->lock);
    context->next = reader->idle;
    reader->idle = context;
    pthread_mutex_unlock(&reader->lock);
}

/* Reads and decompresses a frame into `content`. The sizes were checked when it was located. */
static const struct rmv_error *load_frame(struct rmv_object_reader *reader,
                                          const struct rmv_location *location,
                                          struct rmv_frame_decoder *decoder,
                                          struct rmv_buf *content)
{
    decoder->stored.size = 0;
    content->size = 0;
    rmv_buf_reserve(&decoder->stored, location->stored_size);
    rmv_buf_reserve(content, location->content_size);
    const struct rmv_error *err =
        rmv_packs_read(reader->packs, location->pack, location->frame_offset, decoder->stored.data,
                       location->stored_size);
    if (err)
        return err;
    decoder->stored.size = location->stored_size;
    err = rmv_frame_decode(decoder, content->data, location->content_size);
    if (err)
        return rmv_error_context(err, "pack '%s', frame at byte %llu", location->pack->path,
                                 (unsigned long long)location->frame_offset);
    content->size = location->content_size;
    return NULL;
}

/* The frame, if it is kept or about to be, with a user more. Called with the lock held. */
static struct rmv_cached_frame *find_cached(struct rmv_object_reader *reader,
                                            const struct rmv_location *location)
{
    for (size_t i = 0; i < RMV_FRAME_CACHE_COUNT; i++) {
        struct rmv_cached_frame *cached = &reader->cached[i];
        if (cached->pack == location->pack && cached->frame_offset == location->frame_offset) {
            cached->users++;
            cached->used_at = ++reader->clock;
            return cached;
        }
    }
    return NULL;
}

/* Makes room by forgetting the frame used longest ago; NULL if all are in use. */
static struct rmv_cached_frame *claim_oldest(struct rmv_object_reader *reader,
                                             const struct rmv_location *location)
{
    struct rmv_cached_frame *oldest = NULL;
    for (size_t i = 0; i < RMV_FRAME_CACHE_COUNT; i++) {
        struct rmv_cached_frame *cached = &reader->cached[i];
        if (cached->users == 0 && (!oldest || cached->used_at < oldest->used_at))
            oldest = cached;
    }
    if (oldest) {
        oldest->pack = location->pack;
        oldest->frame_offset = location->frame_offset;
        oldest->users = 1;
        oldest->is_loading = true;
        oldest->used_at = ++reader->clock;
    }
    return oldest;
}

static void drop_user(struct rmv_object_reader *reader, struct rmv_cached_frame *cached)
{
    pthread_mutex_lock(&reader->lock);
    cached->users--;
    pthread_mutex_unlock(&reader->lock);
}

static const struct rmv_error *load_cached(struct rmv_object_reader *reader,
                                           const struct rmv_location *location,
                                           struct rmv_cached_frame *cached)
{
    struct rmv_read_context *context = rmv_read_context_take(reader);
    const struct rmv_error *err = load_frame(reader, location, &context->decoder, &cached->content);
    give_context(reader, context);

    pthread_mutex_lock(&reader->lock);
    cached->is_loading = false;
    cached->size = cached->content.size;
    if (err) {
        cached->pack = NULL;
        cached->users--;
    }
    pthread_cond_broadcast(&reader->loaded);
    pthread_mutex_unlock(&reader->lock);
    return err;
}

/* Sets `*found` to the decompressed frame, or to NULL when there is no room to keep it. */
static const struct rmv_error *get_cached(struct rmv_object_reader *reader,
                                          const struct rmv_location *location,
                                          struct rmv_cached_frame **found)
{
    pthread_mutex_lock(&reader->lock);
    struct rmv_cached_frame *cached = find_cached(reader, location);
    while (cached && cached->is_loading)
        pthread_cond_wait(&reader->loaded, &reader->lock);
    const bool has_failed = cached && cached->pack != location->pack;
    if (has_failed) {
        cached->users--;
        cached = NULL;
    }
    const bool is_kept = cached != NULL;
    if (!is_kept && !has_failed)
        cached = claim_oldest(reader, location);
    pthread_mutex_unlock(&reader->lock);

    const struct rmv_error *err = is_kept || !cached ? NULL : load_cached(reader, location, cached);
    *found = err ? NULL : cached;
    return err;
}

const struct rmv_error *rmv_object_reader_view(struct rmv_object_reader *reader,
                                               const struct rmv_location *location,
                                               struct rmv_object_view *view)
{
    struct rmv_cached_frame *cached = NULL;
    if (location->size < location->content_size) {
        const struct rmv_error *err = get_cached(reader, location, &cached);
        if (err)
            return err;
    }
    *view = (struct rmv_object_view){.reader = reader,
                                     .size = location->size,
                                     .pack = location->pack,
                                     .frame_offset = location->frame_offset,
                                     .cached = cached};
    if (cached && cached->size < (size_t)location->offset + location->size) {
        /* Two places that name one frame differ in its size: one of them is damaged. */
        rmv_object_view_release(view);
        return rmv_error(RMV_ERR_CORRUPT, "pack '%s': a frame is shorter than the index says",
                         location->pack->path);
    }
    if (cached) {
        view->bytes = cached->content.data + location->offset;
        return NULL;
    }
    view->context = rmv_read_context_take(reader);
    const struct rmv_error *err =
        load_frame(reader, location, &view->context->decoder, &view->context->content);
    if (err) {
        rmv_object_view_release(view);
        return err;
    }
    view->bytes = view->context->content.data + location->offset;
    return NULL;
}

uint64_t rmv_object_view_checksum(const struct rmv_object_view *view)
{
    if (!view->context)
        return 0;
    const struct rmv_buf *stored = &view->context->decoder.stored;
    return rmv_frame_checksum(stored->data, stored->size);
}

void rmv_object_view_release(struct rmv_object_view *view)
{
    if (view->cached)
        drop_user(view->reader, view->cached);
    if (view->context)
        give_context(view->reader, view->context);
    *view = (struct rmv_object_view){0};
}
