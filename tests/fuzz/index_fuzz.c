/* A segment of the pack index from anywhere, beside the pack it speaks of: whatever it says,
 * reading is safe, no object comes out with other bytes than its id says, and after a check
 * everything in the pack is found. Built and run as tests/fuzz/run.sh says. */
#include <string.h>

#include "rmv/store/store.h"
#include "store/frame.h"
#include "store/segment.h"
#include "store_folder.h"

#define TEXTS_COUNT 5

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct rmv_store_options options = {.no_fsync = true, .threads = 1};
static const char *const texts[TEXTS_COUNT] = {"one", "two", "three", "", "five five five five"};
static struct rmv_object_id ids[TEXTS_COUNT];
static struct rmv_object_id pack_name;

/* The pack stays for all inputs. */
static void fill(void)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    if (rmv_store_open(store_folder(), &options, &store) || rmv_store_batch_open(store, &batch))
        abort();
    for (size_t i = 0; i < TEXTS_COUNT; i++)
        if (rmv_store_batch_put(batch, texts[i], strlen(texts[i]), &ids[i]))
            abort();
    if (rmv_store_batch_commit(batch))
        abort();
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/packs", store_folder());
    if (rmv_vfs_list(rmv_vfs_default(), folder, &names) || names.count != 1 ||
        !rmv_pack_is_file_name(names.items[0], &pack_name))
        abort();
}

/* Puts right what is not worth guessing: the checksums, and most often the sizes and the pack. */
static void complete(uint8_t *bytes, size_t size, uint8_t how)
{
    struct rmv_segment_header header;
    memcpy(&header, bytes, sizeof(header));
    header.file_size = size;
    const uint64_t fixed = sizeof(header) + sizeof(pack_name) + 256 * sizeof(uint32_t);
    if (how & 2 && size >= fixed) {
        header.packs_count = 1;
        header.fanout_bits = 8;
        header.entries_count = (size - fixed) / sizeof(struct rmv_segment_entry);
        memcpy(bytes + sizeof(header), &pack_name, sizeof(pack_name));
    }
    const uint64_t head_size = sizeof(header) + header.packs_count * sizeof(pack_name);
    if (head_size > size)
        return;
    header.body_checksum = rmv_frame_checksum(bytes + head_size, size - head_size);
    header.head_checksum = 0;
    memcpy(bytes, &header, sizeof(header));
    header.head_checksum = rmv_frame_checksum(bytes, head_size);
    memcpy(bytes, &header, sizeof(header));
}

static void read_all(struct rmv_store *store, bool has_all)
{
    for (size_t i = 0; i < TEXTS_COUNT; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
        const struct rmv_error *err = rmv_store_get(store, &ids[i], 1 << 20, &content);
        if (err ? has_all
                : content.size != strlen(texts[i]) ||
                      (content.size > 0 && memcmp(content.data, texts[i], content.size) != 0))
            abort();
    }
}

static void use(void)
{
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = NULL;
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    struct rmv_store_fsck report = {0};
    struct rmv_object_id id;
    if (rmv_store_open(store_folder(), &options, &store))
        abort();
    (void)!rmv_store_find(store, "8b5b9db0", &id);
    read_all(store, false);
    if (rmv_store_batch_open(store, &batch) || rmv_store_batch_put(batch, "six", 3, &id) ||
        rmv_store_batch_commit(batch))
        abort();
    rmv_store_batch_close(&batch);
    if (rmv_store_fsck(store, NULL, &report))
        abort();
    rmv_store_fsck_free(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    static bool is_filled;
    if (size < sizeof(struct rmv_segment_header) + 1)
        return 0;
    if (!is_filled) {
        fill();
        is_filled = atexit(remove_store) == 0;
    }
    rmv_buf_append(&bytes, data, size - 1);
    if (data[size - 1] & 1)
        complete((uint8_t *)bytes.data, size - 1, data[size - 1]);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/index", store_folder());
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/seg-fuzz.idx", folder);
    empty_folder(folder);
    write_bytes(path, bytes.data, bytes.size);
    use();
    return 0;
}
