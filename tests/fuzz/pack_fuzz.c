/* A pack from anywhere, its checksums put right as somebody who writes such a file would: it is
 * refused, or everything a store does with it is safe, and no object comes out with other bytes
 * than its id says. Built and run as tests/fuzz/run.sh says. */
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/sha256.h"
#include "rmv/store/store.h"
#include "store/frame.h"
#include "store/pack_format.h"
#include "store_folder.h"

#define OBJECT_BYTES_MAX ((size_t)1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rmv_pack_trailer *trailer_of(uint8_t *bytes, size_t size)
{
    return (struct rmv_pack_trailer *)(void *)(bytes + size - sizeof(struct rmv_pack_trailer));
}

/* Makes the frames' checksums and that of the body right, as far as the sizes allow. */
static void complete(uint8_t *bytes, size_t size)
{
    struct rmv_pack_trailer trailer;
    struct rmv_pack_body_header header;
    memcpy(&trailer, trailer_of(bytes, size), sizeof(trailer));
    if (trailer.body_size > size - sizeof(trailer) || trailer.body_size < sizeof(header))
        return;
    uint8_t *body = bytes + size - sizeof(trailer) - trailer.body_size;
    memcpy(&header, body, sizeof(header));
    uint64_t at = sizeof(struct rmv_pack_header);
    for (uint64_t i = 0; i < header.frames_count; i++) {
        struct rmv_pack_frame frame;
        uint8_t *entry = body + sizeof(header) + i * sizeof(frame);
        if (entry + sizeof(frame) > bytes + size)
            break;
        memcpy(&frame, entry, sizeof(frame));
        if (frame.stored_size > size - at)
            break;
        frame.checksum = rmv_frame_checksum(bytes + at, frame.stored_size);
        memcpy(entry, &frame, sizeof(frame));
        at += frame.stored_size;
    }
    rmv_sha256(body, trailer.body_size, trailer.sha256);
    memcpy(trailer_of(bytes, size), &trailer, sizeof(trailer));
}

/* What the deltas of seeds.sh are made of: a pack with the numbers from 1 to 3000, one per line. */
static struct rmv_buf bases_pack;
static char *bases_name;

static void make_bases(void)
{
    static const struct rmv_store_options options = {.no_fsync = true, .threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf numbers = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *packs = rmv_str_format("%s/packs", store_folder());
    struct rmv_object_id id;
    for (int i = 1; i <= 3000; i++)
        rmv_buf_append_format(&numbers, "%d\n", i);
    if (rmv_store_open(store_folder(), &options, &store) || rmv_store_batch_open(store, &batch) ||
        rmv_store_batch_put(batch, numbers.data, numbers.size, &id) ||
        rmv_store_batch_commit(batch) || rmv_vfs_list(rmv_vfs_default(), packs, &names) ||
        names.count != 1)
        abort();
    bases_name = rmv_str_format("%s/%s", packs, names.items[0]);
    if (rmv_fs_read(bases_name, OBJECT_BYTES_MAX, &bases_pack))
        abort();
}

static void forget_bases(void)
{
    rmv_str_free(&bases_name);
    rmv_buf_free(&bases_pack);
    remove_store();
}

static void read_all(struct rmv_store *store, const struct rmv_pack_footer *footer)
{
    for (size_t i = 0; i < footer->records_count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        const struct rmv_object_id *id = &footer->records[i].id;
        uint64_t length = 0;
        if (rmv_store_get(store, id, OBJECT_BYTES_MAX, &content))
            continue;
        const struct rmv_object_id actual = rmv_object_id_of(content.data, content.size);
        if (!rmv_object_id_equal(&actual, id))
            abort();
        if (rmv_store_size(store, id, &length) || length != content.size)
            abort();
    }
}

static void put(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_object_id id;
    if (rmv_store_batch_open(store, &batch))
        return; /* a pack of a newer format is in the way */
    if (rmv_store_batch_put(batch, "new", 3, &id) || rmv_store_batch_commit(batch))
        abort();
}

static void collect(struct rmv_store *store, const struct rmv_pack_footer *footer)
{
    RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
    const struct rmv_store_gc_options options = {.repack = true};
    struct rmv_store_gc_report report;
    if (rmv_store_gc_open(store, &options, &gc))
        return;
    for (size_t i = 0; i < footer->records_count; i += 2)
        rmv_store_gc_keep(gc, &footer->records[i].id, RMV_STORE_GC_BYTES);
    if (!rmv_store_gc_lock(gc))
        (void)!rmv_store_gc_run(gc, &report);
}

static void use_store(const struct rmv_pack_footer *footer)
{
    static const struct rmv_store_options options = {.no_fsync = true, .threads = 1};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    struct rmv_store_fsck report = {0};
    if (rmv_store_open(store_folder(), &options, &store))
        return;
    read_all(store, footer);
    if (!rmv_store_fsck(store, NULL, &report) && report.problems_count == 0 &&
        footer->records_count > 0) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        const struct rmv_error *err =
            rmv_store_get(store, &footer->records[0].id, SIZE_MAX, &content);
        if (err && err->code != RMV_ERR_NOT_FOUND)
            abort(); /* called sound, and is not */
    }
    rmv_store_fsck_free(&report);
    put(store);
    collect(store, footer);
    read_all(store, footer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    if (size < sizeof(struct rmv_pack_header) + sizeof(struct rmv_pack_trailer) + 1)
        return 0;
    rmv_buf_append(&bytes, data, size - 1);
    if (data[size - 1] & 1)
        complete((uint8_t *)bytes.data, size - 1);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/tmp/pack", store_folder());
    empty_store();
    if (!bases_name) {
        make_bases();
        atexit(forget_bases);
        empty_store();
    }
    write_bytes(path, bytes.data, bytes.size);
    if (rmv_vfs_open(rmv_vfs_default(), path, O_RDONLY, &file))
        abort();
    if (rmv_pack_read_footer(&file, &footer))
        return 0;
    RMV_CLEANUP(rmv_str_free) char *name = rmv_pack_file_name(&footer.name);
    RMV_CLEANUP(rmv_str_free) char *published = rmv_str_format("%s/packs/%s", store_folder(), name);
    if (rename(path, published) < 0)
        abort();
    if (footer.kind == RMV_PACK_KIND_DELTA && strcmp(published, bases_name) != 0)
        write_bytes(bases_name, bases_pack.data, bases_pack.size);
    use_store(&footer);
    return 0;
}
