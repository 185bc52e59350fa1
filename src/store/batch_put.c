/* Putting bytes, files and text into a batch. */
#include "store/list_writer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/large_file.h"

/* Text that is expected to change in a few lines is stored in pieces above this size, cut at line
 * ends. */
#define LINES_WHOLE_MAX ((size_t)64 << 10)
#define LINES_PIECE_MIN ((size_t)2 << 10)
#define LINES_PIECE_AVERAGE ((size_t)6 << 10) /* behind the minimum */
#define LINES_PIECE_MAX ((size_t)64 << 10)
/* With so much text at hand, its first piece ends where it would with all of it. */
#define LINES_AHEAD (2 * LINES_PIECE_MAX)

/* ---- Files ----------------------------------------------------------------------------------- */

/* Stores what is in the first window and whatever follows. The list comes after every chunk that it
 * names. */
static const struct rmv_error *put_large(struct rmv_store_batch *batch,
                                         struct rmv_file_context *context,
                                         const struct rmv_store_source *source,
                                         struct rmv_store_file *stored)
{
    RMV_CLEANUP(rmv_list_writer_free) struct rmv_list_writer writer;
    /* One is read, one is hashed, and every thread has enough of one to store. */
    const size_t wanted = (size_t)batch->store->threads + 2;
    while (context->windows_count < RMV_WINDOWS_MAX && context->windows_count < wanted &&
           rmv_workers_take_spare_window(&batch->workers))
        context->windows_count++;
    context->rest.size = 0;
    rmv_list_writer_init(&writer, batch, &context->encoder);
    writer.delta = rmv_delta_open(batch->store, &batch->coders, source->base);
    struct rmv_large_file file = {
        .workers = &batch->workers,
        .source = source,
        .writer = &writer,
        .windows = context->windows,
        .windows_count = context->windows_count,
        .rest = &context->rest,
    };
    const struct rmv_error *err = rmv_workers_run(&batch->workers, &file, &context->encoder);
    if (err)
        return err;
    writer.encoder = &context->encoder;
    writer.was_stored = writer.was_stored && !file.has_new;
    return rmv_list_writer_end(&writer, stored);
}

static const struct rmv_error *put_input(struct rmv_store_batch *batch,
                                         struct rmv_file_context *context,
                                         const struct rmv_store_source *source,
                                         struct rmv_store_file *file)
{
    struct rmv_buf *window = &context->windows[0].bytes;
    bool is_end = false;
    for (size_t i = 0; i < RMV_WINDOWS_MAX; i++)
        context->windows[i].bytes.size = 0;
    const struct rmv_error *err =
        rmv_store_source_read(source, window, RMV_SINGLE_MAX + 1, &is_end);
    if (err)
        return err;
    if (!is_end)
        return put_large(batch, context, source, file);
    file->size = window->size;
    file->id = rmv_object_id_of(window->data, window->size);
    const bool is_small = window->size <= RMV_SMALL_OBJECT_MAX;
    RMV_CLEANUP(rmv_delta_close)
    struct rmv_delta *delta =
        is_small ? NULL : rmv_delta_open(batch->store, &batch->coders, source->base);
    const struct rmv_batch_item item = {
        .record = rmv_batch_record(&file->id, window->size, RMV_REPRESENTATION_WHOLE),
        .bytes = window->data,
        .delta = delta,
    };
    return rmv_batch_put(batch, &item, is_small ? NULL : &context->encoder, &file->was_stored);
}

const struct rmv_error *rmv_store_batch_put_file(struct rmv_store_batch *batch,
                                                 const struct rmv_store_source *source,
                                                 struct rmv_store_file *file)
{
    struct rmv_store_file stored = {0};
    struct rmv_file_context *context = rmv_batch_take_context(batch);
    rmv_workers_enter(&batch->workers);
    const struct rmv_error *err = put_input(batch, context, source, &stored);
    rmv_workers_leave(&batch->workers);
    rmv_batch_give_context(batch, context);
    if (err)
        return rmv_error_context(err, "cannot store '%s'", source->path);
    *file = stored;
    return NULL;
}

/* ---- Bytes ----------------------------------------------------------------------------------- */

/* How bytes above a limit are cut and stored. */
typedef const struct rmv_error *put_pieces(struct rmv_list_writer *writer,
                                           const struct rmv_buf *bytes);

static const struct rmv_error *put_all_chunks(struct rmv_list_writer *writer,
                                              const struct rmv_buf *bytes)
{
    const struct rmv_chunker *chunker = &writer->batch->store->chunker;
    for (size_t at = 0; at < bytes->size;) {
        const size_t size = rmv_chunker_cut(chunker, bytes->data + at, bytes->size - at);
        const struct rmv_error *err = rmv_list_writer_add(writer, bytes->data + at, size, false);
        if (err)
            return err;
        at += size;
    }
    return NULL;
}

/* Stores bytes whole up to `whole_max`, and in pieces above. */
static const struct rmv_error *put_bytes(struct rmv_store_batch *batch, const struct rmv_buf *bytes,
                                         size_t whole_max, put_pieces *pieces,
                                         struct rmv_object_id *id)
{
    struct rmv_store_file file = {0};
    struct rmv_file_context *context = NULL;
    const struct rmv_error *err;
    if (bytes->size > RMV_SMALL_OBJECT_MAX || bytes->size > whole_max)
        context = rmv_batch_take_context(batch);
    if (bytes->size <= whole_max) {
        file.id = rmv_object_id_of(bytes->data, bytes->size);
        const struct rmv_batch_item item = {
            .record = rmv_batch_record(&file.id, bytes->size, RMV_REPRESENTATION_WHOLE),
            .bytes = bytes->data,
        };
        err = rmv_batch_put(batch, &item, context ? &context->encoder : NULL, &file.was_stored);
    } else {
        RMV_CLEANUP(rmv_list_writer_free) struct rmv_list_writer writer;
        rmv_list_writer_init(&writer, batch, &context->encoder);
        err = pieces(&writer, bytes);
        if (!err)
            err = rmv_list_writer_end(&writer, &file);
    }
    if (context)
        rmv_batch_give_context(batch, context);
    if (!err)
        *id = file.id;
    return err;
}

const struct rmv_error *rmv_store_batch_put(struct rmv_store_batch *batch, const void *bytes,
                                            size_t size, struct rmv_object_id *id)
{
    const struct rmv_buf all = {.data = (char *)(uintptr_t)bytes, .size = size};
    return put_bytes(batch, &all, RMV_SINGLE_MAX, put_all_chunks, id);
}

static_assert(RMV_STORE_SMALL_MAX <= RMV_SMALL_OBJECT_MAX, "they share frames");

const struct rmv_error *rmv_store_batch_put_small(struct rmv_store_batch *batch,
                                                  struct rmv_object_bytes *objects, size_t count)
{
    struct rmv_batch_item items[RMV_STORE_GROUP_MAX];

    assert(count <= RMV_STORE_GROUP_MAX);
    rmv_object_ids_of(objects, count);
    for (size_t i = 0; i < count; i++) {
        assert(objects[i].size <= RMV_STORE_SMALL_MAX);
        items[i] = (struct rmv_batch_item){
            .record = rmv_batch_record(&objects[i].id, objects[i].size, RMV_REPRESENTATION_WHOLE),
            .bytes = objects[i].bytes,
        };
    }
    return rmv_batch_put_small(batch, items, count);
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* Is this line the last of its piece? Depends on the line alone, with a probability proportional to
 * its length, so that pieces have the average size whatever the lines are like. */
static bool ends_piece(const char *line, size_t size)
{
    return rmv_frame_checksum(line, size) / (UINT64_MAX / LINES_PIECE_AVERAGE) < size;
}

/* The size of the first piece of text. */
static size_t cut_lines(const char *text, size_t size)
{
    size_t at = 0;
    while (at < size && at < LINES_PIECE_MAX) {
        const char *end = memchr(text + at, '\n', size - at);
        const size_t line_size = end ? (size_t)(end - text) + 1 - at : size - at;
        if (line_size > LINES_PIECE_MAX - at)
            break;
        at += line_size;
        if (at >= LINES_PIECE_MIN && ends_piece(text + at - line_size, line_size))
            return at;
    }
    /* A piece that is too long ends before the last line, or, where a line is too long, within it.
     */
    if (at == 0)
        return size < LINES_PIECE_MAX ? size : LINES_PIECE_MAX;
    return at;
}

static const struct rmv_error *put_all_lines(struct rmv_list_writer *writer,
                                             const struct rmv_buf *text)
{
    for (size_t at = 0; at < text->size;) {
        const size_t size = cut_lines(text->data + at, text->size - at);
        const struct rmv_error *err = rmv_list_writer_add(writer, text->data + at, size, true);
        if (err)
            return err;
        at += size;
    }
    return NULL;
}

const struct rmv_error *rmv_store_batch_put_lines(struct rmv_store_batch *batch, const char *text,
                                                  size_t size, struct rmv_object_id *id)
{
    if (size > LINES_WHOLE_MAX) {
        const struct rmv_buf all = {.data = (char *)(uintptr_t)text, .size = size};
        return put_bytes(batch, &all, LINES_WHOLE_MAX, put_all_lines, id);
    }
    bool was_stored;
    const struct rmv_object_id name = rmv_object_id_of(text, size);
    const struct rmv_batch_item item = {
        .record = rmv_batch_record(&name, size, RMV_REPRESENTATION_WHOLE),
        .bytes = text,
        .is_lines = true,
    };
    const struct rmv_error *err = rmv_batch_put(batch, &item, NULL, &was_stored);
    if (!err)
        *id = name;
    return err;
}

/* ---- Text bit by bit ------------------------------------------------------------------------- */

struct rmv_store_lines {
    struct rmv_store_batch *batch;
    struct rmv_file_context *context; /* NULL while all of the text is in `rest` */
    struct rmv_list_writer writer;    /* with a context */
    struct rmv_buf rest;              /* not stored yet */
};

void rmv_store_lines_open(struct rmv_store_batch *batch, struct rmv_store_lines **lines)
{
    *lines = rmv_calloc(1, sizeof(**lines));
    (*lines)->batch = batch;
}

void rmv_store_lines_close(struct rmv_store_lines **lines)
{
    if (!*lines)
        return;
    if ((*lines)->context) {
        rmv_list_writer_free(&(*lines)->writer);
        rmv_batch_give_context((*lines)->batch, (*lines)->context);
    }
    rmv_buf_free(&(*lines)->rest);
    free(*lines);
    *lines = NULL;
}

/* Stores pieces as long as more than `ahead` bytes are there. */
static const struct rmv_error *store_pieces(struct rmv_store_lines *lines, size_t ahead)
{
    struct rmv_buf *rest = &lines->rest;
    const struct rmv_error *err = NULL;
    size_t at = 0;

    if (!lines->context) {
        lines->context = rmv_batch_take_context(lines->batch);
        rmv_list_writer_init(&lines->writer, lines->batch, &lines->context->encoder);
    }
    while (!err && rest->size - at > ahead) {
        const size_t size = cut_lines(rest->data + at, rest->size - at);
        err = rmv_list_writer_add(&lines->writer, rest->data + at, size, true);
        at += size;
    }
    memmove(rest->data, rest->data + at, rest->size - at);
    rest->size -= at;
    return err;
}

const struct rmv_error *rmv_store_lines_add(struct rmv_store_lines *lines, const char *text,
                                            size_t size)
{
    rmv_buf_append(&lines->rest, text, size);
    return lines->rest.size > LINES_AHEAD ? store_pieces(lines, LINES_AHEAD) : NULL;
}

const struct rmv_error *rmv_store_lines_end(struct rmv_store_lines *lines, struct rmv_object_id *id)
{
    struct rmv_store_file file = {0};
    if (!lines->context)
        return rmv_store_batch_put_lines(lines->batch, lines->rest.data, lines->rest.size, id);
    const struct rmv_error *err = store_pieces(lines, 0);
    if (!err)
        err = rmv_list_writer_end(&lines->writer, &file);
    if (!err)
        *id = file.id;
    return err;
}
