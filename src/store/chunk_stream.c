#include "store/chunk_stream.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/thread.h"
#include "store/delta_read.h"

/* So many chunks per thread may be decompressed at once. */
#define WINDOW_PER_THREAD 4

/* Fewer than this are read before a thread is up. */
#define CHUNKS_PER_THREAD 4

/* One chunk of the list. */
struct piece {
    const struct rmv_chunk_list_entry *entry;
    bool is_loaded;
    bool is_in_check;            /* somebody compares it with its id */
    bool is_right;               /* it was compared, and is what it should be */
    struct rmv_object_view view; /* empty if it could not be shown at once */
    uint64_t checksum;           /* of what was read, if the sink wants to be told */
};

/* Chunks go through three stages: loading, in which any number may be, hashing and sending, in
 * which one is at a time. A thread for which there is nothing else to do compares chunks with their
 * ids that wait to be hashed, so that the one that hashes has less to do. */
struct stream {
    struct rmv_store *store;
    const struct rmv_chunk_list *list;
    const struct rmv_store_sink *sink;
    struct rmv_sha256_state *sum; /* belongs to whoever hashes */
    struct piece *window;         /* chunk i is in i % window_count, while to_send <= i < to_load */
    size_t window_count;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t has_work;
    size_t to_load, to_hash, to_send; /* the next chunk of each stage, or the one that is in it */
    bool is_hashing, is_sending;
    struct rmv_error *failure;
};

static struct piece *piece_of(const struct stream *stream, size_t chunk)
{
    return &stream->window[chunk % stream->window_count];
}

/* ---- Loading --------------------------------------------------------------------------------- */

/* Decompresses the chunk from the first place where it is said to be, without hashing. Whatever is
 * wrong is found out, and said, when the chunk's turn comes. */
static void load(const struct stream *stream, struct piece *piece)
{
    struct rmv_store *store = stream->store;
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, &piece->entry->id, n, &location); n++) {
        if (location.representation != RMV_REPRESENTATION_WHOLE)
            continue;
        struct rmv_delta_reading reading = {.store = store};
        if (rmv_delta_view(&reading, &location, &piece->view))
            piece->view = (struct rmv_object_view){0};
        else if (stream->sink->seen)
            piece->checksum = rmv_object_view_checksum(&piece->view);
        return;
    }
}

/* Called with the lock, which is given up meanwhile, like all that follow. */
static const struct rmv_error *load_next(struct stream *stream)
{
    struct piece *piece = piece_of(stream, stream->to_load);
    *piece = (struct piece){.entry = &stream->list->entries[stream->to_load]};
    stream->to_load++;
    pthread_mutex_unlock(&stream->lock);
    load(stream, piece);
    pthread_mutex_lock(&stream->lock);
    piece->is_loaded = true;
    return NULL;
}

/* ---- Comparing ahead ------------------------------------------------------------------------- */

static bool can_compare(const struct piece *piece)
{
    return piece->is_loaded && !piece->is_in_check && !piece->is_right && piece->view.bytes &&
           piece->view.size == piece->entry->size;
}

/* The chunks to compare next: two, which together take less time than one after the other, and
 * those whose turn comes last, so that it does not come meanwhile. False if there are not two. */
static bool find_pair(const struct stream *stream, struct piece *pair[2])
{
    size_t count = 0;
    if (stream->sink->takes_unchecked)
        return false;
    for (size_t i = stream->to_load; count < 2 && i > stream->to_hash + 1; i--)
        if (can_compare(piece_of(stream, i - 1)))
            pair[count++] = piece_of(stream, i - 1);
    return count == 2;
}

static void compare(struct piece *const pair[2], bool are_right[2])
{
    const void *const bytes[2] = {pair[0]->view.bytes, pair[1]->view.bytes};
    const size_t sizes[2] = {pair[0]->view.size, pair[1]->view.size};
    uint8_t digests[2][RMV_SHA256_SIZE];
    rmv_sha256_pair(bytes, sizes, digests);
    for (size_t i = 0; i < 2; i++)
        are_right[i] = memcmp(digests[i], pair[i]->entry->id.sha256, RMV_SHA256_SIZE) == 0;
}

/* What turns out wrong is left to its turn. */
static const struct rmv_error *compare_next(struct stream *stream)
{
    struct piece *pair[2];
    bool are_right[2];
    if (!find_pair(stream, pair))
        return NULL;
    pair[0]->is_in_check = pair[1]->is_in_check = true;
    pthread_mutex_unlock(&stream->lock);
    compare(pair, are_right);
    pthread_mutex_lock(&stream->lock);
    for (size_t i = 0; i < 2; i++) {
        pair[i]->is_in_check = false;
        pair[i]->is_right = are_right[i];
        if (!are_right[i])
            rmv_object_view_release(&pair[i]->view);
    }
    return NULL;
}

/* ---- Hashing and sending --------------------------------------------------------------------- */

/* Takes the view into both sums if it is the chunk. */
static bool hash(struct stream *stream, const struct piece *piece)
{
    struct rmv_sha256_state own, sum = *stream->sum;
    struct rmv_object_id id;

    if (!piece->view.bytes || piece->view.size != piece->entry->size)
        return false;
    if (piece->is_right || stream->sink->takes_unchecked) {
        rmv_sha256_update(stream->sum, piece->view.bytes, piece->view.size);
        return true;
    }
    rmv_sha256_start(&own);
    rmv_sha256_update_pair(&own, piece->view.bytes, &sum, piece->view.bytes, piece->view.size);
    rmv_sha256_finish(&own, id.sha256);
    if (!rmv_object_id_equal(&id, &piece->entry->id))
        return false;
    *stream->sum = sum;
    return true;
}

/* Looks for the chunk everywhere if need be. */
static const struct rmv_error *check(struct stream *stream, struct piece *piece)
{
    if (hash(stream, piece))
        return NULL;
    rmv_object_view_release(&piece->view);
    const struct rmv_error *err = rmv_store_view(
        stream->store, &piece->entry->id, RMV_REPRESENTATION_WHOLE, stream->sum, &piece->view);
    if (!err && piece->view.size != piece->entry->size)
        err = rmv_error(RMV_ERR_CORRUPT, "a chunk has %zu bytes where its list says %llu",
                        piece->view.size, (unsigned long long)piece->entry->size);
    if (!err && stream->sink->seen)
        piece->checksum = rmv_object_view_checksum(&piece->view);
    return err;
}

static const struct rmv_error *hash_next(struct stream *stream)
{
    struct piece *piece = piece_of(stream, stream->to_hash);
    stream->is_hashing = true;
    pthread_mutex_unlock(&stream->lock);
    const struct rmv_error *err = check(stream, piece);
    pthread_mutex_lock(&stream->lock);
    stream->is_hashing = false;
    if (!err && stream->sink->seen)
        stream->sink->seen(stream->sink->context, &piece->entry->id, &piece->view, piece->checksum);
    stream->to_hash += err ? 0 : 1;
    return err;
}

static const struct rmv_error *send_next(struct stream *stream)
{
    struct piece *piece = piece_of(stream, stream->to_send);
    stream->is_sending = true;
    pthread_mutex_unlock(&stream->lock);
    const struct rmv_error *err =
        stream->sink->write(stream->sink->context, piece->view.bytes, piece->view.size);
    rmv_object_view_release(&piece->view);
    pthread_mutex_lock(&stream->lock);
    stream->is_sending = false;
    stream->to_send++;
    return err;
}

/* ---- What to do next ------------------------------------------------------------------------- */

static bool can_hash(const struct stream *stream)
{
    return !stream->is_hashing && stream->to_hash < stream->to_load &&
           piece_of(stream, stream->to_hash)->is_loaded &&
           !piece_of(stream, stream->to_hash)->is_in_check;
}

static bool can_send(const struct stream *stream)
{
    return !stream->is_sending && stream->to_send < stream->to_hash;
}

static bool can_load(const struct stream *stream)
{
    return stream->to_load < stream->list->count &&
           stream->to_load - stream->to_send < stream->window_count;
}

/* What only one thread can do comes first: the others are to find enough to load. */
static const struct rmv_error *(*next_step(const struct stream *stream))(struct stream *)
{
    if (can_hash(stream))
        return hash_next;
    if (can_send(stream))
        return send_next;
    if (can_load(stream))
        return load_next;
    struct piece *pair[2];
    return find_pair(stream, pair) ? compare_next : NULL;
}

/* The error belongs to this thread; the first one becomes the stream's. */
static void note_failure(struct stream *stream, const struct rmv_error *err)
{
    struct rmv_error *failure = rmv_error_take(err);
    if (stream->failure)
        rmv_error_free(&failure);
    else
        stream->failure = failure;
}

static void *work(void *argument)
{
    struct stream *stream = argument;
    pthread_mutex_lock(&stream->lock);
    while (!stream->failure && stream->to_send < stream->list->count) {
        const struct rmv_error *(*step)(struct stream *) = next_step(stream);
        if (!step) {
            pthread_cond_wait(&stream->has_work, &stream->lock);
            continue;
        }
        const struct rmv_error *err = step(stream);
        if (err)
            note_failure(stream, err);
        pthread_cond_broadcast(&stream->has_work);
    }
    pthread_mutex_unlock(&stream->lock);
    return NULL;
}

/* ---- Threads --------------------------------------------------------------------------------- */

/* How many threads besides this one: all that the store may have, as far as other streams have not
 * taken them and there is work for them. */
static unsigned take_threads(struct rmv_store *store, size_t chunks_count)
{
    const size_t useful = chunks_count / CHUNKS_PER_THREAD;
    unsigned busy = atomic_load(&store->stream_threads);
    unsigned taken;
    do {
        taken = busy + 1 < store->threads ? store->threads - 1 - busy : 0;
        taken = taken > useful ? (unsigned)useful : taken;
    } while (!atomic_compare_exchange_weak(&store->stream_threads, &busy, busy + taken));
    return taken;
}

static void run(struct stream *stream, unsigned threads_count)
{
    pthread_t *threads = rmv_calloc(threads_count + 1, sizeof(*threads));
    unsigned started = 0;
    while (started < threads_count && rmv_thread_start(&threads[started], work, stream))
        started++;
    work(stream);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    free(threads);
}

const struct rmv_error *rmv_chunk_stream(struct rmv_store *store, const struct rmv_chunk_list *list,
                                         const struct rmv_store_sink *sink,
                                         struct rmv_sha256_state *sum)
{
    const unsigned threads_count = take_threads(store, list->count);
    struct stream stream = {
        .store = store,
        .list = list,
        .sink = sink,
        .sum = sum,
        .window_count = (size_t)WINDOW_PER_THREAD * (threads_count + 1),
    };
    stream.window = rmv_calloc(stream.window_count, sizeof(*stream.window));
    pthread_mutex_init(&stream.lock, NULL);
    pthread_cond_init(&stream.has_work, NULL);
    run(&stream, threads_count);
    atomic_fetch_sub(&store->stream_threads, threads_count);

    for (size_t i = 0; i < stream.window_count; i++)
        rmv_object_view_release(&stream.window[i].view);
    free(stream.window);
    pthread_cond_destroy(&stream.has_work);
    pthread_mutex_destroy(&stream.lock);
    return rmv_error_raise(&stream.failure);
}
