#include "store/large_file.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "rmv/store/store.h"
#include "store/batch.h"
#include "store/list_writer.h"
#include "store/workers.h"

/* ---- Reading --------------------------------------------------------------------------------- */

const struct rmv_error *rmv_store_source_read(const struct rmv_store_source *source,
                                              struct rmv_buf *bytes, size_t size, bool *is_end)
{
    rmv_buf_reserve(bytes, size - bytes->size);
    while (bytes->size < size) {
        const ssize_t n = read(source->fd, bytes->data + bytes->size, size - bytes->size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", source->path);
        if (n == 0) {
            *is_end = true;
            return NULL;
        }
        bytes->size += (size_t)n;
        rmv_progress_add(source->progress, 0, (uint64_t)n);
    }
    return NULL;
}

/* Cuts what the window holds behind `*at` into chunks as far as the cuts are certain. */
static void cut(struct rmv_large_file *file, struct rmv_window *window, bool is_end, size_t *at)
{
    const struct rmv_chunker *chunker = &file->writer->batch->store->chunker;
    for (size_t left; (left = window->bytes.size - *at) > 0;) {
        const char *bytes = window->bytes.data + *at;
        size_t size = rmv_chunker_find(chunker, bytes, left, &file->looked_at);
        if (!size && !is_end)
            return;
        size = size ? size : left;
        assert(window->chunks_count < RMV_WINDOW_CHUNKS_MAX);
        window->chunks[window->chunks_count++] =
            (struct rmv_chunk){.bytes = bytes, .size = size, .offset = file->cut_size};
        file->cut_size += size;
        file->looked_at = 0;
        *at += size;
    }
}

/* Fills the window, whose bytes stay where they are meanwhile, and keeps the rest behind the last
 * cut. */
static const struct rmv_error *fill(struct rmv_large_file *file, struct rmv_window *window,
                                    bool *is_end)
{
    size_t at = 0;
    window->chunks_count = 0;
    if (window->bytes.size < RMV_WINDOW_SIZE)
        rmv_buf_reserve(&window->bytes, RMV_WINDOW_SIZE - window->bytes.size);
    /* What the first window holds already is the start of the file. */
    rmv_buf_append(&window->bytes, file->rest->data, file->rest->size);
    cut(file, window, false, &at);
    while (!*is_end && window->bytes.size < RMV_WINDOW_SIZE) {
        const size_t left = RMV_WINDOW_SIZE - window->bytes.size;
        const size_t slice = left < RMV_WINDOW_SLICE ? left : RMV_WINDOW_SLICE;
        const struct rmv_error *err =
            rmv_store_source_read(file->source, &window->bytes, window->bytes.size + slice, is_end);
        if (err)
            return err;
        cut(file, window, *is_end, &at);
    }
    file->rest->size = 0;
    rmv_buf_append(file->rest, window->bytes.data + at, window->bytes.size - at);
    return NULL;
}

/* Called with the lock, which is given up meanwhile, as are the stages below. */
static const struct rmv_error *read_window(struct rmv_large_file *file, struct rmv_window *window)
{
    bool is_end = false;
    pthread_mutex_unlock(&file->workers->lock);
    const struct rmv_error *err = fill(file, window, &is_end);
    pthread_mutex_lock(&file->workers->lock);

    window->offered_count = window->taken_count = window->stored_count = 0;
    file->is_end = is_end;
    file->is_reading = false;
    file->read_count++;
    return err;
}

/* ---- Hashing, storing, naming ---------------------------------------------------------------- */

static struct rmv_window *window_at(const struct rmv_large_file *file, uint64_t number)
{
    return &file->windows[number % file->windows_count];
}

/* The first window with a chunk to store. */
static struct rmv_window *find_storable(const struct rmv_large_file *file)
{
    for (uint64_t n = file->name_count; n < file->read_count; n++) {
        struct rmv_window *window = window_at(file, n);
        if (window->taken_count < window->offered_count)
            return window;
    }
    return NULL;
}

/* Offers chunks from `first` on that are not hashed; returns how many. */
static size_t leave_chunks(struct rmv_large_file *file, struct rmv_window *window, size_t first)
{
    size_t count = 0;
    while (count < RMV_CHUNKS_LEFT_MAX && first + count < window->chunks_count)
        window->chunks[first + count++].is_hashed = false;
    window->offered_count += count;
    rmv_workers_announce(file->workers);
    return count;
}

/* Two hashes at once on one core take longer than one, but less than one after the other. So a
 * chunk goes along with the file, unless a thread had nothing to do when the last one was done:
 * then the file goes on alone, and that thread hashes the next chunks, two at a time as well. */
static void hash_window(struct rmv_large_file *file, struct rmv_window *window)
{
    struct rmv_workers *workers = file->workers;
    bool has_idle = rmv_workers_idle(workers) > 0;
    size_t left_count = 0;
    for (size_t i = 0; i < window->chunks_count; i++) {
        struct rmv_chunk *chunk = &window->chunks[i];
        if (left_count == 0 && has_idle)
            left_count = leave_chunks(file, window, i);
        const bool is_left = left_count > 0;
        left_count -= is_left;
        pthread_mutex_unlock(&workers->lock);
        rmv_list_writer_hash(file->writer, chunk->bytes, chunk->size, is_left ? NULL : &chunk->id);
        pthread_mutex_lock(&workers->lock);
        has_idle = rmv_workers_idle(workers) > 0;
        if (!is_left) {
            chunk->is_hashed = true;
            window->offered_count++;
            rmv_workers_announce(workers);
        }
    }
    file->is_hashing = false;
    file->hash_count++;
}

static void hash_chunks(struct rmv_chunk *chunks, size_t count)
{
    struct rmv_object_bytes objects[RMV_CHUNKS_LEFT_MAX];
    for (size_t i = 0; i < count; i++)
        objects[i] = (struct rmv_object_bytes){.bytes = chunks[i].bytes, .size = chunks[i].size};
    rmv_object_ids_of(objects, count);
    for (size_t i = 0; i < count; i++)
        chunks[i].id = objects[i].id;
}

static const struct rmv_error *store_chunk(struct rmv_large_file *file,
                                           const struct rmv_chunk *chunk,
                                           struct rmv_frame_encoder *encoder, bool *was_stored)
{
    const struct rmv_batch_item item = {
        .record = rmv_batch_record(&chunk->id, chunk->size, RMV_REPRESENTATION_WHOLE),
        .bytes = chunk->bytes,
        .delta = file->writer->delta,
        .offset = chunk->offset,
    };
    return rmv_batch_put(file->writer->batch, &item, encoder, was_stored);
}

static const struct rmv_error *store_chunks(const struct rmv_task *task,
                                            struct rmv_frame_encoder *encoder)
{
    struct rmv_large_file *file = task->file;
    const struct rmv_error *err = NULL;
    bool has_new = false;
    pthread_mutex_unlock(&file->workers->lock);
    if (!task->chunks->is_hashed)
        hash_chunks(task->chunks, task->chunks_count);
    for (size_t i = 0; i < task->chunks_count && !err; i++) {
        bool was_stored = false;
        err = store_chunk(file, &task->chunks[i], encoder, &was_stored);
        has_new = has_new || !was_stored;
    }
    pthread_mutex_lock(&file->workers->lock);

    file->has_new = file->has_new || has_new;
    task->window->stored_count += task->chunks_count;
    return err;
}

static const struct rmv_error *name_window(struct rmv_large_file *file, struct rmv_window *window,
                                           struct rmv_frame_encoder *encoder)
{
    const struct rmv_error *err = NULL;
    pthread_mutex_unlock(&file->workers->lock);
    file->writer->encoder = encoder;
    for (size_t i = 0; i < window->chunks_count && !err; i++)
        err = rmv_list_writer_name(file->writer, &window->chunks[i].id, window->chunks[i].size);
    window->bytes.size = 0;
    pthread_mutex_lock(&file->workers->lock);

    file->is_naming = false;
    file->name_count++;
    return err;
}

/* ---- Tasks ----------------------------------------------------------------------------------- */

static bool can_name(const struct rmv_large_file *file)
{
    const struct rmv_window *window = window_at(file, file->name_count);
    return !file->is_naming && file->name_count < file->hash_count &&
           window->stored_count == window->chunks_count;
}

static bool can_hash(const struct rmv_large_file *file)
{
    return !file->is_hashing && file->hash_count < file->read_count;
}

static bool can_read(const struct rmv_large_file *file)
{
    return !file->is_reading && !file->is_end &&
           file->read_count - file->name_count < file->windows_count;
}

/* Hashing comes early: it is the longest of what only one thread can do. Storing comes last: there
 * is enough of it for all, and it must not be all that is left to do. */
static struct rmv_task find_task(struct rmv_large_file *file)
{
    struct rmv_task task = {.file = file};
    if (file->failure)
        return task;
    if (can_name(file)) {
        task.stage = RMV_STAGE_NAME;
        task.window = window_at(file, file->name_count);
    } else if (can_hash(file)) {
        task.stage = RMV_STAGE_HASH;
        task.window = window_at(file, file->hash_count);
    } else if (can_read(file)) {
        task.stage = RMV_STAGE_READ;
        task.window = window_at(file, file->read_count);
    } else {
        task.stage = RMV_STAGE_STORE;
        task.window = find_storable(file);
    }
    return task;
}

bool rmv_large_file_has_task(struct rmv_large_file *file)
{
    return find_task(file).window != NULL;
}

/* Chunks that are to be hashed first are better taken together, unless there are threads for each.
 */
static void take_chunks(struct rmv_task *task)
{
    struct rmv_window *window = task->window;
    const bool has_idle = rmv_workers_idle(task->file->workers) > 0;
    task->chunks = &window->chunks[window->taken_count];
    do {
        task->chunks_count++;
        window->taken_count++;
    } while (!has_idle && task->chunks_count < RMV_CHUNKS_LEFT_MAX &&
             window->taken_count < window->offered_count && !task->chunks->is_hashed &&
             !window->chunks[window->taken_count].is_hashed);
}

bool rmv_large_file_take(struct rmv_large_file *file, struct rmv_task *task)
{
    *task = find_task(file);
    if (!task->window)
        return false;
    file->running_count++;
    if (task->stage == RMV_STAGE_NAME)
        file->is_naming = true;
    else if (task->stage == RMV_STAGE_HASH)
        file->is_hashing = true;
    else if (task->stage == RMV_STAGE_READ)
        file->is_reading = true;
    else
        take_chunks(task);
    return true;
}

void rmv_large_file_do(const struct rmv_task *task, struct rmv_frame_encoder *encoder)
{
    struct rmv_large_file *file = task->file;
    const struct rmv_error *err = NULL;
    if (task->stage == RMV_STAGE_NAME)
        err = name_window(file, task->window, encoder);
    else if (task->stage == RMV_STAGE_HASH)
        hash_window(file, task->window);
    else if (task->stage == RMV_STAGE_READ)
        err = read_window(file, task->window);
    else
        err = store_chunks(task, encoder);

    if (err && !file->failure)
        file->failure = rmv_error_take(err);
    file->running_count--;
    if (file->is_waited_for && rmv_large_file_is_done(file))
        pthread_cond_signal(&file->is_wanted);
}

bool rmv_large_file_is_done(const struct rmv_large_file *file)
{
    return file->running_count == 0 &&
           (file->failure || (file->is_end && file->name_count == file->read_count));
}
