/* Putting bytes, files and text into a batch. */
#include "store/list_writer.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"

/* Text that is expected to change in a few lines is stored in pieces above this size, cut at line
 * ends. */
#define LINES_WHOLE_MAX ((size_t)64 << 10)
#define LINES_PIECE_MIN ((size_t)2 << 10)
#define LINES_PIECE_AVERAGE ((size_t)6 << 10) /* behind the minimum */
#define LINES_PIECE_MAX ((size_t)64 << 10)

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

/* Has the chunks stored that lie wholly in the window; without `is_end` the last one may go on
 * behind it. */
static const struct rmv_error *submit_chunks(struct rmv_list_writer *writer,
                                             struct rmv_window *window, bool is_end,
                                             size_t *consumed)
{
    struct rmv_store_batch *batch = writer->batch;
    const char *bytes = window->bytes.data;
    size_t left = window->bytes.size;
    while (left > 0 && (is_end || left >= RMV_CHUNK_SIZE_MAX)) {
        struct rmv_pack_record record;
        const size_t size = rmv_chunker_cut(&batch->store->chunker, bytes, left);
        const struct rmv_error *err = rmv_list_writer_name(writer, bytes, size, &record);
        if (err)
            return err;
        rmv_workers_submit(&batch->workers, window, &record, bytes);
        bytes += size;
        left -= size;
    }
    *consumed = window->bytes.size - left;
    return NULL;
}

/* Waits for the jobs of a window. */
static const struct rmv_error *finish_window(struct rmv_list_writer *writer,
                                             struct rmv_window *window)
{
    bool has_new = false;
    const struct rmv_error *err =
        rmv_workers_finish(&writer->batch->workers, window, writer->encoder, &has_new);
    writer->was_stored = writer->was_stored && !has_new;
    return err;
}

/* Makes the next window begin with what the last one holds behind `consumed`. */
static const struct rmv_error *continue_window(struct rmv_list_writer *writer,
                                               struct rmv_window *last, size_t consumed,
                                               struct rmv_window *next)
{
    const struct rmv_error *err = finish_window(writer, next);
    if (err)
        return err;
    const size_t left = last->bytes.size - consumed;
    if (next == last) {
        memmove(last->bytes.data, last->bytes.data + consumed, left);
        last->bytes.size = left;
        return NULL;
    }
    next->bytes.size = 0;
    if (left > 0)
        rmv_buf_append(&next->bytes, last->bytes.data + consumed, left);
    return NULL;
}

/* Stores what is in the first window and whatever follows. */
static const struct rmv_error *submit_all(struct rmv_list_writer *writer,
                                          const struct rmv_store_source *source,
                                          struct rmv_file_context *context)
{
    bool is_end = false;
    for (size_t i = 0;;) {
        struct rmv_window *window = &context->windows[i];
        size_t consumed = 0;
        const struct rmv_error *err = fill(source, &window->bytes, RMV_WINDOW_SIZE, &is_end);
        if (!err)
            err = submit_chunks(writer, window, is_end, &consumed);
        if (err || is_end)
            return err;
        i = (i + 1) % context->windows_count;
        err = continue_window(writer, window, consumed, &context->windows[i]);
        if (err)
            return err;
    }
}

/* The list comes after every chunk that it names. */
static const struct rmv_error *put_large(struct rmv_list_writer *writer,
                                         const struct rmv_store_source *source,
                                         struct rmv_file_context *context,
                                         struct rmv_store_file *file)
{
    while (context->windows_count < RMV_WINDOWS_MAX &&
           rmv_workers_take_spare_window(&writer->batch->workers))
        context->windows_count++;

    struct rmv_error *failure = rmv_error_take(submit_all(writer, source, context));
    for (size_t i = 0; i < context->windows_count; i++) {
        struct rmv_error *later = rmv_error_take(finish_window(writer, &context->windows[i]));
        if (!failure)
            failure = later;
        else
            rmv_error_free(&later);
    }
    return failure ? rmv_error_raise(&failure) : rmv_list_writer_end(writer, file);
}

static const struct rmv_error *put_input(struct rmv_store_batch *batch,
                                         struct rmv_file_context *context,
                                         const struct rmv_store_source *source,
                                         struct rmv_store_file *file)
{
    struct rmv_buf *window = &context->windows[0].bytes;
    bool is_end = false;
    window->size = 0;
    const struct rmv_error *err = fill(source, window, RMV_SINGLE_MAX + 1, &is_end);
    if (err)
        return err;
    if (!is_end) {
        RMV_CLEANUP(rmv_list_writer_free) struct rmv_list_writer writer;
        rmv_list_writer_init(&writer, batch, &context->encoder);
        return put_large(&writer, source, context, file);
    }
    file->size = window->size;
    file->id = rmv_object_id_of(window->data, window->size);
    const struct rmv_pack_record record =
        rmv_batch_record(&file->id, window->size, RMV_REPRESENTATION_WHOLE);
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
        const struct rmv_pack_record record =
            rmv_batch_record(&file.id, bytes->size, RMV_REPRESENTATION_WHOLE);
        err = rmv_batch_put(batch, &record, bytes->data, context ? &context->encoder : NULL,
                            &file.was_stored);
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
    const struct rmv_pack_record record = rmv_batch_record(&name, size, RMV_REPRESENTATION_WHOLE);
    const struct rmv_error *err = rmv_batch_put_lines(batch, &record, text, &was_stored);
    if (!err)
        *id = name;
    return err;
}
