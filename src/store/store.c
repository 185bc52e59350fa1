#include "rmv/store/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"
#include "store/segment_build.h"
#include "store/store_internal.h"
#include "store/temporary.h"

/* Creates a folder of the store if it is missing. One that cannot be created is missing still: the
 * store can be read, and writing says what is wrong. */
static bool create_folder(struct rmv_store *store, const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", store->root, name);
    struct rmv_vfs_stat stat;
    if (store->vfs->stat(store->vfs->state, path, &stat) == 0)
        return false;
    return !rmv_vfs_mkdir(store->vfs, path);
}

static const struct rmv_error *create_folders(struct rmv_store *store)
{
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_stat(store->vfs, store->root, &stat);
    if (err)
        return err;
    const bool packs = create_folder(store, RMV_PACK_FOLDER);
    const bool segments = create_folder(store, RMV_SEGMENT_FOLDER);
    const bool temporaries = create_folder(store, RMV_TEMPORARY_FOLDER);
    if (!store->sync || !(packs || segments || temporaries))
        return NULL;
    return rmv_vfs_sync_folder(store->vfs, store->root);
}

const struct rmv_error *rmv_store_open(const char *root, const struct rmv_store_options *options,
                                       struct rmv_store **store)
{
    static const struct rmv_store_options defaults;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *opened = rmv_calloc(1, sizeof(*opened));
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);

    options = options ? options : &defaults;
    opened->vfs = options->vfs ? options->vfs : rmv_vfs_default();
    opened->root = rmv_str_copy(root);
    opened->sync = !options->no_fsync;
    opened->compression_level = options->compression_level;
    opened->threads = options->threads ? options->threads
                      : processors > 0 ? (unsigned)processors
                                       : 1;
    opened->log = options->log;
    rmv_index_init(&opened->index, opened->vfs, root);
    opened->index.sync = opened->sync;
    opened->index.log = opened->log;
    rmv_object_reader_init(&opened->reader, &opened->index.packs);
    rmv_chunker_init(&opened->chunker);

    const struct rmv_error *err = create_folders(opened);
    if (!err)
        err = rmv_index_refresh(&opened->index);
    if (err)
        return rmv_error_context(err, "cannot open the store '%s'", root);
    *store = opened;
    opened = NULL;
    return NULL;
}

void rmv_store_close(struct rmv_store **store)
{
    if (!*store)
        return;
    rmv_object_reader_free(&(*store)->reader);
    rmv_index_free(&(*store)->index);
    rmv_str_free(&(*store)->root);
    free(*store);
    *store = NULL;
}

bool rmv_store_has(struct rmv_store *store, const struct rmv_object_id *id)
{
    struct rmv_location location;
    if (rmv_index_find(&store->index, id, 0, &location))
        return true;
    return !rmv_index_refresh(&store->index) && rmv_index_find(&store->index, id, 0, &location);
}

static const struct rmv_error *not_found(const struct rmv_store *store,
                                         const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error(RMV_ERR_NOT_FOUND, "object %s is not in the store '%s'", hex, store->root);
}

/* ---- Finding --------------------------------------------------------------------------------- */

static const struct rmv_error *parse_prefix(const char *prefix, struct rmv_object_id *id)
{
    char padded[RMV_OBJECT_ID_HEX_SIZE];
    const size_t digits = strnlen(prefix, sizeof(padded));
    if (digits < RMV_OBJECT_ID_PREFIX_MIN || digits >= sizeof(padded))
        return rmv_error(RMV_ERR_USAGE, "'%s' is not an object id: %d to %d hex digits expected",
                         prefix, RMV_OBJECT_ID_PREFIX_MIN, RMV_OBJECT_ID_HEX_SIZE - 1);

    memset(padded, '0', sizeof(padded));
    memcpy(padded, prefix, digits);
    padded[sizeof(padded) - 1] = '\0';
    const struct rmv_error *err = rmv_object_id_parse(padded, id);
    return err ? rmv_error(RMV_ERR_USAGE,
                           "'%s' is not an object id: only the digits 0-9 and a-f "
                           "are expected",
                           prefix)
               : NULL;
}

const struct rmv_error *rmv_store_find(struct rmv_store *store, const char *prefix,
                                       struct rmv_object_id *id)
{
    struct rmv_object_id first;
    struct rmv_object_id found[2];
    const struct rmv_error *err = parse_prefix(prefix, &first);
    if (err)
        return err;

    size_t count = rmv_index_find_prefix(&store->index, &first, strlen(prefix), found, 2);
    if (count == 0) {
        err = rmv_index_refresh(&store->index);
        if (err)
            return err;
        count = rmv_index_find_prefix(&store->index, &first, strlen(prefix), found, 2);
    }
    if (count == 0)
        return rmv_error(RMV_ERR_NOT_FOUND,
                         "no object in the store has an id that starts with '%s'", prefix);
    if (count > 1)
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "several objects have ids that start with '%s'", prefix),
            "give more digits");
    *id = found[0];
    return NULL;
}

/* ---- Reading --------------------------------------------------------------------------------- */

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
static const struct rmv_error *view_at(struct rmv_store *store, const struct rmv_object_id *id,
                                       const struct rmv_location *location,
                                       struct rmv_sha256_state *sum, struct rmv_object_view *view)
{
    const struct rmv_error *err = rmv_object_reader_view(&store->reader, location, view);
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
        err = view_at(store, id, &location, sum, view);
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

static bool find_in(struct rmv_store *store, const struct rmv_object_id *id,
                    enum rmv_representation representation, struct rmv_location *location)
{
    for (size_t n = 0; rmv_index_find(&store->index, id, n, location); n++)
        if (location->representation == representation)
            return true;
    return false;
}

/* How is the object stored? */
static const struct rmv_error *find_representation(struct rmv_store *store,
                                                   const struct rmv_object_id *id,
                                                   struct rmv_location *location)
{
    for (int attempt = 0; attempt < 2; attempt++) {
        if (find_in(store, id, RMV_REPRESENTATION_WHOLE, location) ||
            find_in(store, id, RMV_REPRESENTATION_LIST, location))
            return NULL;
        const struct rmv_error *err = attempt == 0 ? check_index(store) : NULL;
        if (err)
            return err;
    }
    return not_found(store, id);
}

const struct rmv_error *rmv_store_size(struct rmv_store *store, const struct rmv_object_id *id,
                                       uint64_t *size)
{
    struct rmv_location location;
    const struct rmv_error *err = find_representation(store, id, &location);
    if (err)
        return err;
    if (location.representation == RMV_REPRESENTATION_WHOLE) {
        *size = location.size;
        return NULL;
    }
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    err = rmv_store_view(store, id, RMV_REPRESENTATION_LIST, NULL, &view);
    if (!err)
        err = rmv_chunk_list_parse(view.bytes, view.size, &list);
    if (err)
        return err;
    *size = list.size;
    return NULL;
}

/* ---- Streaming ------------------------------------------------------------------------------- */

/* Sends what a list of level 0 covers. */
static const struct rmv_error *stream_chunks(struct rmv_store *store,
                                             const struct rmv_chunk_list *list,
                                             const struct rmv_store_sink *sink,
                                             struct rmv_sha256_state *sha256)
{
    for (size_t i = 0; i < list->count; i++) {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
        const struct rmv_error *err =
            rmv_store_view(store, &list->entries[i].id, RMV_REPRESENTATION_WHOLE, sha256, &view);
        if (err)
            return err;
        if (view.size != list->entries[i].size)
            return rmv_error(RMV_ERR_CORRUPT, "a chunk has %zu bytes where its list says %llu",
                             view.size, (unsigned long long)list->entries[i].size);
        err = sink->write(sink->context, view.bytes, view.size);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *read_part(struct rmv_store *store,
                                         const struct rmv_chunk_list_entry *entry,
                                         struct rmv_chunk_list *part)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err =
        rmv_store_view(store, &entry->id, RMV_REPRESENTATION_WHOLE, NULL, &view);
    if (!err)
        err = rmv_chunk_list_parse(view.bytes, view.size, part);
    if (!err && (part->level != 0 || part->size != entry->size))
        err = rmv_error(RMV_ERR_CORRUPT, "a part of the chunk list does not fit");
    return err;
}

static const struct rmv_error *stream_list(struct rmv_store *store,
                                           const struct rmv_chunk_list *list,
                                           const struct rmv_store_sink *sink,
                                           struct rmv_sha256_state *sha256)
{
    if (list->level == 0)
        return stream_chunks(store, list, sink, sha256);
    for (size_t i = 0; i < list->count; i++) {
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list part = {0};
        const struct rmv_error *err = read_part(store, &list->entries[i], &part);
        if (!err)
            err = stream_chunks(store, &part, sink, sha256);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *stream_listed(struct rmv_store *store,
                                             const struct rmv_object_id *id,
                                             const struct rmv_store_sink *sink)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_error *err = rmv_store_view(store, id, RMV_REPRESENTATION_LIST, NULL, &view);
    if (!err)
        err = rmv_chunk_list_parse(view.bytes, view.size, &list);
    rmv_object_view_release(&view);
    if (err)
        return err;

    struct rmv_sha256_state sha256;
    struct rmv_object_id actual;
    rmv_sha256_start(&sha256);
    err = stream_list(store, &list, sink, &sha256);
    if (err)
        return err;
    rmv_sha256_finish(&sha256, actual.sha256);
    if (!rmv_object_id_equal(&actual, id))
        return rmv_error(RMV_ERR_CORRUPT, "its chunk list leads to other bytes");
    return NULL;
}

const struct rmv_error *rmv_store_stream(struct rmv_store *store, const struct rmv_object_id *id,
                                         const struct rmv_store_sink *sink)
{
    struct rmv_location location;
    const struct rmv_error *err = find_representation(store, id, &location);
    if (err)
        return err;
    if (location.representation == RMV_REPRESENTATION_WHOLE) {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
        err = rmv_store_view(store, id, RMV_REPRESENTATION_WHOLE, NULL, &view);
        return err ? err : sink->write(sink->context, view.bytes, view.size);
    }
    err = stream_listed(store, id, sink);
    if (!err)
        return NULL;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error_context(err, "object %s", hex);
}

static const struct rmv_error *append_to_buf(void *context, const void *bytes, size_t size)
{
    rmv_buf_append(context, bytes, size);
    return NULL;
}

const struct rmv_error *rmv_store_get(struct rmv_store *store, const struct rmv_object_id *id,
                                      size_t max_bytes, struct rmv_buf *out)
{
    const size_t size_before = out->size;
    uint64_t size = 0;
    const struct rmv_error *err = rmv_store_size(store, id, &size);
    if (err)
        return err;
    if (size > max_bytes) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(id, hex);
        return rmv_error(RMV_ERR_LIMIT, "object %s has %llu bytes, more than the %zu expected", hex,
                         (unsigned long long)size, max_bytes);
    }
    const struct rmv_store_sink sink = {append_to_buf, out};
    err = rmv_store_stream(store, id, &sink);
    if (err)
        out->size = size_before;
    return err;
}

struct fd_output {
    int fd;
    const char *path;
};

static const struct rmv_error *write_to_fd(void *context, const void *bytes, size_t size)
{
    const struct fd_output *output = context;
    return rmv_fd_write(output->fd, output->path, bytes, size);
}

const struct rmv_error *rmv_store_write_to(struct rmv_store *store, const struct rmv_object_id *id,
                                           int fd, const char *path)
{
    struct fd_output output = {.fd = fd, .path = path};
    const struct rmv_store_sink sink = {write_to_fd, &output};
    return rmv_store_stream(store, id, &sink);
}
