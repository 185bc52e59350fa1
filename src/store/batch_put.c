/* Putting bytes and files into a batch. */
#include "store/batch.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"

/* A large file is read into a window of this size, of which the last chunk's worth is moved to the
 * front whenever a cut could lie behind its end. */
#define WINDOW_SIZE ((size_t)4 << 20)

static struct rmv_pack_record record_of(const struct rmv_object_id *id, size_t size,
                                        enum rmv_representation representation)
{
    return (struct rmv_pack_record){
        .id = *id, .size = (uint32_t)size, .representation = (uint8_t)representation};
}

/* ---- Large files ----------------------------------------------------------------------------- */

/* One large file on its way in: chunks are cut, hashed and stored as they come. */
struct stream {
    struct rmv_store_batch *batch;
    struct rmv_file_context *context;
    struct rmv_sha256_state sha256; /* of everything before `consumed` */
    struct rmv_chunk_list chunks;   /* of the part being written */
    struct rmv_chunk_list parts;
    bool was_stored;
};

static void stream_free(struct stream *stream)
{
    rmv_chunk_list_free(&stream->chunks);
    rmv_chunk_list_free(&stream->parts);
}

/* Stores a list under the id of what it stands for, or as an object of its own if `id` is NULL. */
static const struct rmv_error *put_list(struct stream *stream, const struct rmv_chunk_list *list,
                                        const struct rmv_object_id *id,
                                        struct rmv_object_id *list_id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool was_stored = false;
    rmv_chunk_list_format(list, &text);
    *list_id = id ? *id : rmv_object_id_of(text.data, text.size);
    const struct rmv_pack_record record =
        record_of(list_id, text.size, id ? RMV_REPRESENTATION_LIST : RMV_REPRESENTATION_WHOLE);
    struct rmv_frame_encoder *encoder =
        text.size > RMV_SMALL_OBJECT_MAX ? &stream->context->encoder : NULL;
    const struct rmv_error *err =
        rmv_batch_put(stream->batch, &record, text.data, encoder, &was_stored);
    stream->was_stored = stream->was_stored && was_stored;
    return err;
}

/* Moves the chunks gathered so far into a part. */
static const struct rmv_error *end_part(struct stream *stream)
{
    struct rmv_object_id id;
    const struct rmv_error *err = put_list(stream, &stream->chunks, NULL, &id);
    if (err)
        return err;
    stream->parts.level = 1;
    rmv_chunk_list_add(&stream->parts, &id, stream->chunks.size);
    rmv_chunk_list_free(&stream->chunks);
    return NULL;
}

static const struct rmv_error *put_chunk(struct stream *stream, const char *bytes, size_t size)
{
    struct rmv_sha256_state chunk;
    struct rmv_object_id id;
    bool was_stored = false;
    rmv_sha256_start(&chunk);
    rmv_sha256_update_pair(&stream->sha256, bytes, &chunk, bytes, size);
    rmv_sha256_finish(&chunk, id.sha256);

    const struct rmv_pack_record record = record_of(&id, size, RMV_REPRESENTATION_WHOLE);
    const struct rmv_error *err =
        rmv_batch_put(stream->batch, &record, bytes, &stream->context->encoder, &was_stored);
    if (err)
        return err;
    stream->was_stored = stream->was_stored && was_stored;
    rmv_chunk_list_add(&stream->chunks, &id, size);
    return rmv_chunk_list_is_full(&stream->chunks) ? end_part(stream) : NULL;
}

static const struct rmv_error *end_stream(struct stream *stream, struct rmv_store_file *file)
{
    struct rmv_object_id id;
    rmv_sha256_finish(&stream->sha256, file->id.sha256);
    if (stream->parts.count > 0 && stream->chunks.count > 0) {
        const struct rmv_error *err = end_part(stream);
        if (err)
            return err;
    }
    const struct rmv_chunk_list *list = stream->parts.count > 0 ? &stream->parts : &stream->chunks;
    if (list->count > RMV_CHUNK_LIST_ENTRIES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "more than %zu parts", RMV_CHUNK_LIST_ENTRIES_MAX);
    file->size = list->size;
    const struct rmv_error *err = put_list(stream, list, &file->id, &id);
    file->was_stored = stream->was_stored;
    return err;
}

/* Puts the chunks that lie wholly in the window; without `is_end` the last one may go on behind it.
 */
static const struct rmv_error *put_chunks(struct stream *stream, const struct rmv_buf *window,
                                          bool is_end, size_t *consumed)
{
    const struct rmv_chunker *chunker = &stream->batch->store->chunker;
    size_t at = 0;
    while (at < window->size && (is_end || window->size - at >= RMV_CHUNK_SIZE_MAX)) {
        const size_t size = rmv_chunker_cut(chunker, window->data + at, window->size - at);
        const struct rmv_error *err = put_chunk(stream, window->data + at, size);
        if (err)
            return err;
        at += size;
    }
    *consumed = at;
    return NULL;
}

/* ---- Reading the input ----------------------------------------------------------------------- */

/* Adds to the window until it has `size` bytes or the input ends. */
static const struct rmv_error *fill(const struct rmv_store_source *source, struct rmv_buf *window,
                                    size_t size, bool *is_end)
{
    rmv_buf_reserve(window, size - window->size);
    while (window->size < size) {
        const ssize_t n = read(source->fd, window->data + window->size, size - window->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", source->path);
        if (n == 0) {
            *is_end = true;
            return NULL;
        }
        window->size += (size_t)n;
        rmv_progress_add(source->progress, 0, (uint64_t)n);
    }
    return NULL;
}

/* Stores what is in the window and whatever follows. */
static const struct rmv_error *
put_large(struct stream *stream, const struct rmv_store_source *source, struct rmv_store_file *file)
{
    struct rmv_buf *window = &stream->context->input;
    bool is_end = false;
    rmv_sha256_start(&stream->sha256);
    stream->was_stored = true;
    while (!is_end) {
        size_t consumed = 0;
        const struct rmv_error *err = fill(source, window, WINDOW_SIZE, &is_end);
        if (!err)
            err = put_chunks(stream, window, is_end, &consumed);
        if (err)
            return err;
        window->size -= consumed;
        memmove(window->data, window->data + consumed, window->size);
    }
    return end_stream(stream, file);
}

static const struct rmv_error *put_input(struct rmv_store_batch *batch,
                                         struct rmv_file_context *context,
                                         const struct rmv_store_source *source,
                                         struct rmv_store_file *file)
{
    struct rmv_buf *window = &context->input;
    bool is_end = false;
    window->size = 0;
    const struct rmv_error *err = fill(source, window, RMV_SINGLE_MAX + 1, &is_end);
    if (err)
        return err;
    if (!is_end) {
        RMV_CLEANUP(stream_free) struct stream stream = {.batch = batch, .context = context};
        return put_large(&stream, source, file);
    }
    file->size = window->size;
    file->id = rmv_object_id_of(window->data, window->size);
    const struct rmv_pack_record record =
        record_of(&file->id, window->size, RMV_REPRESENTATION_WHOLE);
    return rmv_batch_put(batch, &record, window->data,
                         window->size > RMV_SMALL_OBJECT_MAX ? &context->encoder : NULL,
                         &file->was_stored);
}

const struct rmv_error *rmv_store_batch_put_file(struct rmv_store_batch *batch,
                                                 const struct rmv_store_source *source,
                                                 struct rmv_store_file *file)
{
    struct rmv_store_file stored = {0};
    struct rmv_file_context *context = rmv_batch_take_context(batch);
    const struct rmv_error *err = put_input(batch, context, source, &stored);
    rmv_batch_give_context(batch, context);
    if (err)
        return rmv_error_context(err, "cannot store '%s'", source->path);
    *file = stored;
    return NULL;
}

/* The same cuts as for a file, so that one content has one representation. */
static const struct rmv_error *put_large_bytes(struct rmv_store_batch *batch,
                                               struct rmv_file_context *context,
                                               const struct rmv_buf *bytes,
                                               struct rmv_store_file *file)
{
    RMV_CLEANUP(stream_free)
    struct stream stream = {.batch = batch, .context = context, .was_stored = true};
    size_t consumed = 0;
    rmv_sha256_start(&stream.sha256);
    const struct rmv_error *err = put_chunks(&stream, bytes, true, &consumed);
    return err ? err : end_stream(&stream, file);
}

const struct rmv_error *rmv_store_batch_put(struct rmv_store_batch *batch, const void *bytes,
                                            size_t size, struct rmv_object_id *id)
{
    struct rmv_store_file file = {0};
    if (size <= RMV_SMALL_OBJECT_MAX) {
        file.id = rmv_object_id_of(bytes, size);
        const struct rmv_pack_record record = record_of(&file.id, size, RMV_REPRESENTATION_WHOLE);
        const struct rmv_error *err = rmv_batch_put(batch, &record, bytes, NULL, &file.was_stored);
        if (!err)
            *id = file.id;
        return err;
    }

    struct rmv_file_context *context = rmv_batch_take_context(batch);
    const struct rmv_error *err;
    if (size <= RMV_SINGLE_MAX) {
        file.id = rmv_object_id_of(bytes, size);
        const struct rmv_pack_record record = record_of(&file.id, size, RMV_REPRESENTATION_WHOLE);
        err = rmv_batch_put(batch, &record, bytes, &context->encoder, &file.was_stored);
    } else {
        context->input.size = 0;
        err = NULL;
        const struct rmv_buf whole = {.data = (char *)(uintptr_t)bytes, .size = size};
        err = put_large_bytes(batch, context, &whole, &file);
    }
    rmv_batch_give_context(batch, context);
    if (!err)
        *id = file.id;
    return err;
}
