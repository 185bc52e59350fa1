/* Reading objects: every place an object is in is tried, and every byte is hashed. */
#include "store/store_internal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/delta_read.h"
#include "store/loose.h"
#include "store/stored_list.h"

static const struct rmv_error *not_found(const struct rmv_store *store,
                                         const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error(RMV_ERR_NOT_FOUND, "object %s is not in the store '%s'", hex, store->root);
}

/* Two sums in step cost little more than one. */
static struct rmv_object_id hash_view(const struct rmv_object_view *view,
                                      struct rmv_sha256_state *sum)
{
    struct rmv_object_id id;
    struct rmv_sha256_state own;
    rmv_sha256_start(&own);
    if (sum)
        rmv_sha256_update_pair(&own, view->bytes, sum, view->bytes, view->size);
    else
        rmv_sha256_update(&own, view->bytes, view->size);
    rmv_sha256_finish(&own, id.sha256);
    return id;
}

/* Shows what is at one place. */
static const struct rmv_error *view_in(struct rmv_delta_reading *reading,
                                       const struct rmv_object_id *id,
                                       const struct rmv_location *location,
                                       struct rmv_sha256_state *sum, struct rmv_object_view *view)
{
    const struct rmv_error *err = rmv_delta_view(reading, location, view);
    if (err || location->representation != RMV_REPRESENTATION_WHOLE)
        return err;

    struct rmv_sha256_state sum_after = {0};
    if (sum)
        sum_after = *sum;
    const struct rmv_object_id actual = hash_view(view, sum ? &sum_after : NULL);
    if (!rmv_object_id_equal(&actual, id)) {
        rmv_object_view_release(view);
        return rmv_error(RMV_ERR_CORRUPT, "pack '%s': the bytes do not match their id",
                         location->pack->path);
    }
    if (sum)
        *sum = sum_after;
    return NULL;
}

/* A delta is read once more if it comes out wrong: a base that was not looked at closely may be
 * damaged in one copy and intact in another. */
const struct rmv_error *rmv_store_view_at(struct rmv_store *store, const struct rmv_object_id *id,
                                          const struct rmv_location *location,
                                          struct rmv_sha256_state *sum,
                                          struct rmv_object_view *view)
{
    struct rmv_delta_reading reading = {.store = store};
    const struct rmv_error *err = view_in(&reading, id, location, sum, view);
    if (!err || err->code != RMV_ERR_CORRUPT || location->depth == 0)
        return err;
    reading = (struct rmv_delta_reading){.store = store, .is_careful = true};
    return view_in(&reading, id, location, sum, view);
}

static bool is_right(struct rmv_store *store, const struct rmv_object_id *id,
                     const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    return location->representation == RMV_REPRESENTATION_LIST
               ? rmv_stored_list_is_right(store, id, location)
               : !rmv_store_view_at(store, id, location, NULL, &view);
}

bool rmv_store_is_elsewhere(struct rmv_store *store, const struct rmv_object_id *id,
                            const struct rmv_object_id *pack)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++)
        if (!rmv_object_id_equal(&location.pack->name, pack) && is_right(store, id, &location))
            return true;
    return rmv_store_is_loose(store, id);
}

/* One round over all places. The error is that of the last one tried. */
static const struct rmv_error *view_once(struct rmv_store *store, const struct rmv_object_id *id,
                                         enum rmv_representation representation,
                                         struct rmv_sha256_state *sum, struct rmv_object_view *view)
{
    const struct rmv_error *err = NULL;
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++) {
        if (location.representation != representation)
            continue;
        err = rmv_store_view_at(store, id, &location, sum, view);
        if (!err)
            return NULL;
    }
    if (!err)
        return not_found(store, id);
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error_context(err, "object %s is damaged", hex);
}

/* What the index says may be out of date or damaged: before an object counts as missing or damaged,
 * the folder is looked at again, and once per store the index is compared with its checksums. */
static const struct rmv_error *check_index(struct rmv_store *store)
{
    size_t damaged_count = 0;
    const struct rmv_error *err = rmv_index_refresh(&store->index);
    if (!err && !atomic_exchange(&store->index_was_checked, true))
        err = rmv_index_repair(&store->index, &damaged_count);
    return err;
}

const struct rmv_error *rmv_store_view(struct rmv_store *store, const struct rmv_object_id *id,
                                       enum rmv_representation representation,
                                       struct rmv_sha256_state *sum, struct rmv_object_view *view)
{
    const struct rmv_error *err = view_once(store, id, representation, sum, view);
    if (!err || err->code == RMV_ERR_IO)
        return err;
    err = check_index(store);
    return err ? err : view_once(store, id, representation, sum, view);
}

/* ---- How an object is stored ----------------------------------------------------------------- */

struct found {
    enum rmv_representation representation;
    uint64_t size;
    struct rmv_chunk_list list;    /* if that is how it is stored */
    struct rmv_loose_object loose; /* with a path if it is in no pack */
};

static void found_free(struct found *found)
{
    rmv_chunk_list_free(&found->list);
    rmv_loose_object_free(&found->loose);
}

/* A place of the object in this representation, if there is one; one that is not known to be
 * damaged if there is one. */
static bool find_in(struct rmv_store *store, const struct rmv_object_id *id,
                    enum rmv_representation representation, struct rmv_location *location)
{
    struct rmv_location place;
    bool is_found = false;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &place); n++) {
        if (place.representation != representation)
            continue;
        if (!is_found || rmv_store_is_sound(store, id, &place))
            *location = place;
        if (rmv_store_is_sound(store, id, &place))
            return true;
        is_found = true;
    }
    return is_found;
}

/* The size of an object that a place names. Where packs disagree, the bytes tell who is right. */
static uint64_t settle_size(struct rmv_store *store, const struct rmv_object_id *id, uint64_t named)
{
    struct rmv_location place;
    bool is_agreed = true;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &place); n++)
        is_agreed &= place.representation != RMV_REPRESENTATION_WHOLE || place.size == named;

    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    if (is_agreed || view_once(store, id, RMV_REPRESENTATION_WHOLE, NULL, &view))
        return named;
    return view.size;
}

static const struct rmv_error *find_list(struct rmv_store *store, const struct rmv_object_id *id,
                                         struct found *found)
{
    const struct rmv_error *err = rmv_stored_list_find(store, id, &found->list);
    if (err)
        return err;
    found->representation = RMV_REPRESENTATION_LIST;
    found->size = found->list.size;
    return NULL;
}

static const struct rmv_error *find_once(struct rmv_store *store, const struct rmv_object_id *id,
                                         struct found *found)
{
    struct rmv_location location;
    struct rmv_location list;
    if (find_in(store, id, RMV_REPRESENTATION_WHOLE, &location) &&
        (rmv_store_is_sound(store, id, &location) ||
         !find_in(store, id, RMV_REPRESENTATION_LIST, &list))) {
        found->representation = RMV_REPRESENTATION_WHOLE;
        found->size = settle_size(store, id, location.size);
        return NULL;
    }
    return find_list(store, id, found);
}

/* The caller frees `*found`. */
static const struct rmv_error *find_object(struct rmv_store *store, const struct rmv_object_id *id,
                                           struct found *found)
{
    const struct rmv_error *err = find_once(store, id, found);
    if (!err || err->code == RMV_ERR_IO)
        return err;
    if (rmv_loose_find(store, id, false, &found->loose)) {
        found->size = found->loose.stat.size;
        return NULL;
    }
    err = check_index(store);
    return err ? err : find_once(store, id, found);
}

const struct rmv_error *rmv_store_size(struct rmv_store *store, const struct rmv_object_id *id,
                                       uint64_t *size)
{
    RMV_CLEANUP(found_free) struct found found = {0};
    const struct rmv_error *err = find_object(store, id, &found);
    if (!err)
        *size = found.size;
    return err;
}

/* ---- Streaming ------------------------------------------------------------------------------- */

static const struct rmv_error *too_long(const struct rmv_object_id *id, uint64_t size,
                                        uint64_t max_bytes)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error(RMV_ERR_LIMIT, "object %s has %llu bytes, more than the %llu expected", hex,
                     (unsigned long long)size, (unsigned long long)max_bytes);
}

static const struct rmv_error *stream_packed(struct rmv_store *store,
                                             const struct rmv_object_id *id, struct found *found,
                                             uint64_t max_bytes, const struct rmv_store_sink *sink)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err = NULL;
    if (found->representation == RMV_REPRESENTATION_WHOLE) {
        err = rmv_store_view(store, id, RMV_REPRESENTATION_WHOLE, NULL, &view);
        if (err && err->code != RMV_ERR_IO) {
            struct rmv_error *cause = rmv_error_take(err);
            err = find_list(store, id, found) ? rmv_error_raise(&cause) : NULL;
            rmv_error_free(&cause);
        }
    }
    if (!err && found->representation == RMV_REPRESENTATION_LIST) {
        if (found->size > max_bytes)
            return too_long(id, found->size, max_bytes);
        return rmv_stored_list_follow_any(store, id, &found->list, max_bytes, sink);
    }
    if (err)
        return err;
    if (view.size > max_bytes)
        return too_long(id, view.size, max_bytes);
    return sink->write(sink->context, view.bytes, view.size);
}

/* Most objects are small, and lie undamaged in the first place that the index names. */
static bool view_first(struct rmv_store *store, const struct rmv_object_id *id,
                       struct rmv_object_view *view)
{
    struct rmv_location location;
    return rmv_index_find(&store->index, id, 0, &location) &&
           location.representation == RMV_REPRESENTATION_WHOLE &&
           !rmv_store_view_at(store, id, &location, NULL, view);
}

const struct rmv_error *rmv_store_stream(struct rmv_store *store, const struct rmv_object_id *id,
                                         uint64_t max_bytes, const struct rmv_store_sink *sink)
{
    RMV_CLEANUP(found_free) struct found found = {0};
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    if (view_first(store, id, &view))
        return view.size > max_bytes ? too_long(id, view.size, max_bytes)
                                     : sink->write(sink->context, view.bytes, view.size);
    const struct rmv_error *err = find_object(store, id, &found);
    if (err)
        return err;
    if (found.loose.path)
        return rmv_loose_stream(store, &found.loose, max_bytes, sink);
    return stream_packed(store, id, &found, max_bytes, sink);
}

bool rmv_store_is_in_packs(struct rmv_store *store, const struct rmv_object_id *id)
{
    RMV_CLEANUP(found_free) struct found found = {0};
    return !find_once(store, id, &found) &&
           !stream_packed(store, id, &found, UINT64_MAX, &rmv_store_sink_nowhere);
}

struct buf_output {
    struct rmv_buf *buf;
    size_t size_before;
};

static const struct rmv_error *append_to_buf(void *context, const void *bytes, size_t size)
{
    const struct buf_output *output = context;
    rmv_buf_append(output->buf, bytes, size);
    return NULL;
}

static bool restart_buf(void *context)
{
    const struct buf_output *output = context;
    output->buf->size = output->size_before;
    return true;
}

bool rmv_store_is_damage(const struct rmv_error *err)
{
    return err && (err->code == RMV_ERR_CORRUPT || err->code == RMV_ERR_NOT_FOUND);
}

const struct rmv_error *rmv_store_get(struct rmv_store *store, const struct rmv_object_id *id,
                                      size_t max_bytes, struct rmv_buf *out)
{
    struct buf_output output = {.buf = out, .size_before = out->size};
    const struct rmv_store_sink sink = {
        .write = append_to_buf, .restart = restart_buf, .context = &output};
    const struct rmv_error *err = rmv_store_stream(store, id, max_bytes, &sink);
    for (int i = 0; i < 2 && rmv_store_is_damage(err); i++) {
        RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object loose = {0};
        restart_buf(&output);
        if (rmv_loose_find_variant(store, id, i > 0, &loose))
            err = rmv_loose_stream(store, &loose, max_bytes, &sink);
    }
    if (err)
        restart_buf(&output);
    return err;
}

struct fd_output {
    int fd;
    const char *path;
    off_t start; /* where in the file writing began; -1 in a pipe */
    uint64_t written;
};

/* Does the file end where it is written to, so that what was written can be taken back? Others may
 * write at the end as well if that is where everything goes. */
static bool is_at_end(int fd, off_t at)
{
    struct stat status;
    const int flags = fcntl(fd, F_GETFL);
    return at >= 0 && flags >= 0 && !(flags & O_APPEND) && fstat(fd, &status) == 0 &&
           S_ISREG(status.st_mode) && status.st_size <= at;
}

/* Forgets what was written; false where that cannot be done, as in a pipe, or would take away what
 * others wrote. */
static bool restart_fd(void *context)
{
    struct fd_output *output = context;
    if (output->written == 0)
        return true;
    const off_t end = lseek(output->fd, 0, SEEK_CUR);
    if (end != output->start + (off_t)output->written || !is_at_end(output->fd, end) ||
        ftruncate(output->fd, output->start) < 0 ||
        lseek(output->fd, output->start, SEEK_SET) != output->start)
        return false;
    output->written = 0;
    return true;
}

static const struct rmv_error *write_to_fd(void *context, const void *bytes, size_t size)
{
    struct fd_output *output = context;
    output->written += size;
    return rmv_fd_write(output->fd, output->path, bytes, size);
}

const struct rmv_error *rmv_store_write_to(struct rmv_store *store, const struct rmv_object_id *id,
                                           int fd, const char *path)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    if (view_first(store, id, &view))
        return rmv_fd_write(fd, path, view.bytes, view.size);
    struct fd_output output = {.fd = fd, .path = path, .start = lseek(fd, 0, SEEK_CUR)};
    const struct rmv_store_sink sink = {.write = write_to_fd,
                                        .restart = restart_fd,
                                        .takes_unchecked = is_at_end(fd, output.start),
                                        .context = &output};
    const struct rmv_error *err = rmv_store_stream(store, id, UINT64_MAX, &sink);
    for (int i = 0; i < 2 && rmv_store_is_damage(err); i++) {
        RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object loose = {0};
        if (!rmv_loose_find_variant(store, id, i > 0, &loose))
            continue;
        struct rmv_error *damage = rmv_error_take(err);
        if (!restart_fd(&output))
            return rmv_error_raise(&damage);
        rmv_error_free(&damage);
        err = rmv_loose_stream(store, &loose, UINT64_MAX, &sink);
    }
    return err;
}

/* ---- Comparing ------------------------------------------------------------------------------- */

#define COMPARE_BYTES ((size_t)64 << 10)

struct comparison {
    int fd;
    uint64_t offset;
    bool differs, is_at_end; /* of the file */
    char bytes[COMPARE_BYTES];
};

/* Any error ends the stream: there is nothing more to find out. */
static const struct rmv_error *compare_to_fd(void *context, const void *bytes, size_t size)
{
    struct comparison *comparison = context;
    const char *at = bytes;
    while (size > 0) {
        const size_t step = size < COMPARE_BYTES ? size : COMPARE_BYTES;
        const ssize_t n = pread(comparison->fd, comparison->bytes, step, (off_t)comparison->offset);
        if (n < 0)
            return rmv_error_errno("cannot read the file to compare with");
        comparison->is_at_end = n == 0;
        comparison->differs = memcmp(comparison->bytes, at, (size_t)n) != 0;
        if (comparison->differs || comparison->is_at_end)
            return rmv_error(RMV_ERR_CONFLICT, "the rest does not matter");
        comparison->offset += (size_t)n;
        at += n;
        size -= (size_t)n;
    }
    return NULL;
}

const struct rmv_error *rmv_store_begins_with(struct rmv_store *store,
                                              const struct rmv_object_id *id, int fd, bool *begins)
{
    struct comparison *comparison = rmv_calloc(1, sizeof(*comparison));
    comparison->fd = fd;
    const struct rmv_store_sink sink = {.write = compare_to_fd, .context = comparison};
    const struct rmv_error *err = rmv_store_stream(store, id, UINT64_MAX, &sink);
    const bool differs = comparison->differs;
    const bool is_at_end = comparison->is_at_end;
    const uint64_t end = comparison->offset;
    char next;
    free(comparison);
    if (err && !differs && !is_at_end)
        return err;
    *begins = !differs && (is_at_end || pread(fd, &next, 1, (off_t)end) == 0);
    return NULL;
}
