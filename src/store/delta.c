#include "store/delta.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/delta_read.h"

/* A neighbour of which less than this seems to belong to a chunk is no base: places are guessed
 * well to a few KiB, and each byte of a base costs time. */
#define PLACE_TOLERANCE ((uint64_t)8 << 10)

/* After so many chunks in a row that are not similar, only one in so many is tried. */
#define MISSES_MAX 8
#define MISSES_STEP 16

/* A delta is kept if it comes to 1/2 of the plain frame; one that leaves out a version, because the
 * chain is as long as it may be, to 1/8: the next ones would leave out ever more. */
#define SHARE_USUAL 2
#define SHARE_STRETCHED 8

/* How bytes at the end of a chunk are found again. */
#define TAIL_SIZE ((size_t)48)
#define TAIL_REACH ((size_t)64 << 10)

/* ---- Memory ---------------------------------------------------------------------------------- */

void rmv_delta_coders_init(struct rmv_delta_coders *coders)
{
    *coders = (struct rmv_delta_coders){0};
    pthread_mutex_init(&coders->lock, NULL);
}

void rmv_delta_coders_free(struct rmv_delta_coders *coders)
{
    while (coders->idle) {
        struct rmv_delta_coder *coder = coders->idle;
        coders->idle = coder->next;
        rmv_frame_encoder_free(&coder->encoder);
        rmv_buf_free(&coder->prefix);
        free(coder);
    }
    pthread_mutex_destroy(&coders->lock);
}

static struct rmv_delta_coder *take_coder(struct rmv_delta_coders *coders)
{
    pthread_mutex_lock(&coders->lock);
    struct rmv_delta_coder *coder = coders->idle;
    if (coder)
        coders->idle = coder->next;
    pthread_mutex_unlock(&coders->lock);
    return coder ? coder : rmv_calloc(1, sizeof(*coder));
}

void rmv_delta_attempt_end(struct rmv_delta_attempt *attempt)
{
    if (attempt->coder) {
        struct rmv_delta_coders *coders = attempt->delta->coders;
        pthread_mutex_lock(&coders->lock);
        attempt->coder->next = coders->idle;
        coders->idle = attempt->coder;
        pthread_mutex_unlock(&coders->lock);
    }
    *attempt = (struct rmv_delta_attempt){0};
}

struct rmv_delta *rmv_delta_open(struct rmv_store *store, struct rmv_delta_coders *coders,
                                 const struct rmv_object_id *base)
{
    struct rmv_base_list list;
    if (!base || !rmv_base_list_open(store, base, &list))
        return NULL;
    struct rmv_delta *delta = rmv_calloc(1, sizeof(*delta));
    delta->store = store;
    delta->coders = coders;
    delta->list = list;
    pthread_mutex_init(&delta->lock, NULL);
    return delta;
}

void rmv_delta_close(struct rmv_delta **delta)
{
    if (!*delta)
        return;
    rmv_base_list_free(&(*delta)->list);
    pthread_mutex_destroy(&(*delta)->lock);
    free(*delta);
    *delta = NULL;
}

/* ---- Where a chunk was ----------------------------------------------------------------------- */

/* Called with the lock. */
static void add_anchor(struct rmv_delta *delta, uint64_t offset, int64_t shift)
{
    delta->anchors[delta->anchors_count++ % RMV_DELTA_ANCHORS_COUNT] =
        (struct rmv_delta_anchor){.offset = offset, .shift = shift};
    delta->misses_count = 0;
}

/* How far the bytes at `offset` have moved: as the last ones before it did whose place is known, or
 * else the first ones behind it. Called with the lock. */
static int64_t shift_at(const struct rmv_delta *delta, uint64_t offset)
{
    const struct rmv_delta_anchor *before = NULL;
    const struct rmv_delta_anchor *behind = NULL;
    for (size_t i = 0; i < delta->anchors_count && i < RMV_DELTA_ANCHORS_COUNT; i++) {
        const struct rmv_delta_anchor *anchor = &delta->anchors[i];
        if (anchor->offset <= offset && (!before || anchor->offset > before->offset))
            before = anchor;
        if (anchor->offset > offset && (!behind || anchor->offset < behind->offset))
            behind = anchor;
    }
    return before ? before->shift : behind ? behind->shift : 0;
}

void rmv_delta_note_stored(struct rmv_delta *delta, uint64_t offset, const struct rmv_object_id *id)
{
    struct rmv_base_chunk chunk;
    pthread_mutex_lock(&delta->lock);
    if (rmv_base_list_find(&delta->list, id, &chunk))
        add_anchor(delta, offset, (int64_t)(chunk.offset - offset));
    pthread_mutex_unlock(&delta->lock);
}

/* Where the bases of one chunk are in the old version. */
struct place {
    struct rmv_delta_bases bases;
    uint64_t start;    /* of the first base */
    int64_t expected;  /* of the chunk */
    bool is_stretched; /* the bases are not those of this place, but theirs */
};

/* Chooses the chunks that cover the place where this one was. Called with the lock. */
static bool find_place(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                       struct place *place)
{
    const int64_t size = (int64_t)chunk->size;
    const int64_t expected = (int64_t)chunk->offset + shift_at(delta, chunk->offset);
    const int64_t start = expected > 0 ? expected : 0;
    const int64_t list_size = (int64_t)delta->list.size;
    const int64_t end = expected + size < list_size ? expected + size : list_size;
    if (end - start < size / 2)
        return false; /* more than half of it is new, whatever the rest */

    const int64_t slack =
        (int64_t)PLACE_TOLERANCE < (end - start) / 4 ? (int64_t)PLACE_TOLERANCE : (end - start) / 4;
    struct rmv_base_chunk base;
    *place = (struct place){.expected = expected};
    for (int64_t at = start + slack; at < end - slack && place->bases.count < RMV_DELTA_BASES_MAX;
         at = (int64_t)(base.offset + base.size)) {
        if (!rmv_base_list_at(&delta->list, (uint64_t)at, &base) ||
            base.size > RMV_DELTA_CONTENT_MAX)
            return false;
        if (place->bases.count == 0)
            place->start = base.offset;
        place->bases.items[place->bases.count++] =
            (struct rmv_delta_base){.id = base.id, .size = (uint32_t)base.size};
    }
    return place->bases.count > 0;
}

/* Is it likely enough that the chunk is similar to anything? */
static bool find_bases(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                       struct place *place)
{
    if (chunk->size < RMV_DELTA_SIZE_MIN || chunk->size > RMV_DELTA_CONTENT_MAX)
        return false;
    pthread_mutex_lock(&delta->lock);
    const bool is_tried =
        delta->misses_count < MISSES_MAX || delta->misses_count % MISSES_STEP == 0;
    delta->misses_count++; /* until it turns out otherwise */
    const bool is_found = is_tried && find_place(delta, chunk, place);
    pthread_mutex_unlock(&delta->lock);
    return is_found;
}

/* Where the chunk ends in the old version, if its last bytes are near the place where they should
 * be: edits that change lengths add up. */
static bool find_end(const struct rmv_delta_chunk *chunk, const struct place *place,
                     const struct rmv_buf *prefix, int64_t *end)
{
    const char *tail = chunk->bytes + chunk->size - TAIL_SIZE;
    const int64_t expected =
        place->expected + (int64_t)chunk->size - (int64_t)TAIL_SIZE - (int64_t)place->start;
    const int64_t last = (int64_t)prefix->size - (int64_t)TAIL_SIZE;
    if (place->is_stretched || last < 0)
        return false;
    const char *found = NULL;
    if (expected >= 0 && expected <= last &&
        memcmp(prefix->data + expected, tail, TAIL_SIZE) == 0) {
        found = prefix->data + expected;
    } else {
        const int64_t low = expected > (int64_t)TAIL_REACH ? expected - (int64_t)TAIL_REACH : 0;
        const int64_t high =
            expected + (int64_t)TAIL_REACH < last ? expected + (int64_t)TAIL_REACH : last;
        if (low > high)
            return false;
        found = memmem(prefix->data + low, (size_t)(high - low) + TAIL_SIZE, tail, TAIL_SIZE);
    }
    if (!found)
        return false;
    *end = (int64_t)place->start + (found - prefix->data) + (int64_t)TAIL_SIZE;
    return true;
}

static void note_similar(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                         const struct place *place, const struct rmv_buf *prefix)
{
    int64_t end = 0;
    const bool is_found = find_end(chunk, place, prefix, &end);
    const uint64_t offset = chunk->offset + chunk->size;
    pthread_mutex_lock(&delta->lock);
    delta->misses_count = 0;
    if (is_found)
        add_anchor(delta, offset, end - (int64_t)offset);
    pthread_mutex_unlock(&delta->lock);
}

/* ---- Bases ----------------------------------------------------------------------------------- */

/* The bases of a base of which every copy is as deep as a delta may be. */
static bool read_bases(struct rmv_delta *delta, const struct rmv_delta_base *base,
                       struct rmv_delta_bases *bases)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf stored = {0};
    struct rmv_location location;
    struct rmv_location deepest = {0};
    size_t end = 0;
    for (size_t n = 0; rmv_index_find(&delta->store->index, &base->id, n, &location); n++) {
        if (location.representation != RMV_REPRESENTATION_WHOLE)
            continue;
        if (location.depth < RMV_DELTA_DEPTH_MAX)
            return false;
        deepest = location;
    }
    if (!deepest.pack)
        return false;
    rmv_buf_reserve(&stored, deepest.stored_size);
    return !rmv_packs_read(&delta->store->index.packs, deepest.pack, deepest.frame_offset,
                           stored.data, deepest.stored_size) &&
           !rmv_delta_parse(stored.data, deepest.stored_size, bases, &end);
}

static bool has_base(const struct rmv_delta_bases *bases, const struct rmv_delta_base *base)
{
    for (size_t i = 0; i < bases->count; i++)
        if (rmv_object_id_equal(&bases->items[i].id, &base->id))
            return true;
    return false;
}

/* Puts the bases of those that are too deep in their place. */
static void stretch(struct rmv_delta *delta, struct place *place)
{
    struct rmv_delta_bases stretched = {0};
    for (size_t i = 0; i < place->bases.count; i++) {
        struct rmv_delta_bases own = {.items = {place->bases.items[i]}, .count = 1};
        if (read_bases(delta, &place->bases.items[i], &own))
            place->is_stretched = true;
        for (size_t k = 0; k < own.count && stretched.count < RMV_DELTA_BASES_MAX; k++)
            if (!has_base(&stretched, &own.items[k]))
                stretched.items[stretched.count++] = own.items[k];
    }
    place->bases = stretched;
}

/* Gathers the bases in coder->prefix: hashed, since whatever is stored as a delta of wrong bytes
 * would be lost. */
static bool read_prefix(struct rmv_delta *delta, const struct place *place,
                        struct rmv_delta_attempt *attempt)
{
    struct rmv_buf *prefix = &attempt->coder->prefix;
    size_t cost = 1;
    prefix->size = 0;
    for (size_t i = 0; i < place->bases.count; i++) {
        const struct rmv_delta_base *base = &place->bases.items[i];
        struct rmv_delta_reading reading = {.store = delta->store, .is_sound_only = true};
        struct rmv_base_facts facts;
        const size_t start = prefix->size;
        if (rmv_delta_read_base(&reading, base, RMV_DELTA_DEPTH_MAX - 1, &facts, prefix))
            return false;
        if (!facts.is_right) {
            const struct rmv_object_id id =
                rmv_object_id_of(prefix->data + start, prefix->size - start);
            if (!rmv_object_id_equal(&id, &base->id))
                return false;
            facts.is_right = true;
            rmv_base_cache_put(&delta->store->bases, &base->id, &facts, prefix->data + start,
                               prefix->size - start);
        }
        cost += facts.cost;
        attempt->depth = facts.depth >= attempt->depth ? facts.depth + 1 : attempt->depth;
    }
    return cost <= RMV_DELTA_COST_MAX;
}

/* ---- Attempts -------------------------------------------------------------------------------- */

/* Compares with what the chunk comes to as it is. That is only found out when it could matter. */
static const struct rmv_error *judge(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                                     struct rmv_frame_encoder *plain, size_t share,
                                     struct rmv_delta_attempt *attempt)
{
    pthread_mutex_lock(&delta->lock);
    const uint64_t permille = delta->plain_permille;
    pthread_mutex_unlock(&delta->lock);
    const uint64_t claimed = (uint64_t)attempt->frame.stored_size * share;
    if (2 * claimed <= chunk->size * permille / 1000) {
        attempt->is_kept = true;
        return NULL;
    }
    const bool compress = rmv_frame_is_compressible(chunk->bytes, chunk->size);
    const struct rmv_error *err =
        rmv_frame_encode(plain, chunk->bytes, chunk->size, compress, &attempt->plain);
    if (err)
        return err;
    attempt->has_plain = true;
    attempt->is_kept = claimed <= attempt->plain.stored_size;
    pthread_mutex_lock(&delta->lock);
    delta->plain_permille = (uint64_t)attempt->plain.stored_size * 1000 / chunk->size;
    pthread_mutex_unlock(&delta->lock);
    return NULL;
}

const struct rmv_error *rmv_delta_try(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                                      struct rmv_frame_encoder *plain,
                                      struct rmv_delta_attempt *attempt)
{
    struct place place;
    if (!find_bases(delta, chunk, &place))
        return NULL;
    stretch(delta, &place);
    attempt->delta = delta;
    attempt->coder = take_coder(delta->coders);
    struct rmv_frame_encoder *encoder = &attempt->coder->encoder;
    if (!read_prefix(delta, &place, attempt))
        return NULL;
    encoder->stored.size = 0;
    rmv_delta_format(&place.bases, &encoder->stored);
    const struct rmv_error *err = rmv_frame_encode_delta(
        encoder, &attempt->coder->prefix, chunk->bytes, chunk->size, &attempt->frame);
    if (!err)
        err =
            judge(delta, chunk, plain, place.is_stretched ? SHARE_STRETCHED : SHARE_USUAL, attempt);
    if (!err && attempt->is_kept)
        note_similar(delta, chunk, &place, &attempt->coder->prefix);
    return err;
}
