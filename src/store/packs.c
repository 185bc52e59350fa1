#include "store/packs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/pack_format.h"

#define OPEN_FILES_MAX 64

void rmv_packs_init(struct rmv_packs *packs, const struct rmv_vfs *vfs, const char *root)
{
    *packs = (struct rmv_packs){.vfs = vfs};
    packs->folder = rmv_str_format("%s/" RMV_PACK_FOLDER, root);
    pthread_mutex_init(&packs->lock, NULL);
}

void rmv_packs_free(struct rmv_packs *packs)
{
    for (size_t i = 0; i < packs->count; i++) {
        rmv_vfs_close(&packs->items[i]->file);
        rmv_str_free(&packs->items[i]->path);
        free(packs->items[i]);
    }
    free(packs->items);
    rmv_str_free(&packs->folder);
    pthread_mutex_destroy(&packs->lock);
}

/* Where the name is, or where it belongs. */
static size_t position_of(const struct rmv_packs *packs, const struct rmv_object_id *name)
{
    size_t low = 0;
    size_t high = packs->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (rmv_object_id_compare(&packs->items[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct rmv_pack *rmv_packs_find(const struct rmv_packs *packs, const struct rmv_object_id *name)
{
    const size_t at = position_of(packs, name);
    const bool is_found = at < packs->count && rmv_object_id_equal(&packs->items[at]->name, name);
    return is_found ? packs->items[at] : NULL;
}

struct rmv_pack *rmv_packs_add(struct rmv_packs *packs, const struct rmv_object_id *name)
{
    struct rmv_pack *pack = rmv_packs_find(packs, name);
    if (pack)
        return pack;

    RMV_CLEANUP(rmv_str_free) char *file_name = rmv_pack_file_name(name);
    const size_t at = position_of(packs, name);
    pack = rmv_calloc(1, sizeof(*pack));
    pack->name = *name;
    pack->path = rmv_str_format("%s/%s", packs->folder, file_name);
    pack->file = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;

    packs->items =
        rmv_grow(packs->items, packs->count, &packs->capacity, sizeof(struct rmv_pack *));
    memmove(packs->items + at + 1, packs->items + at,
            (packs->count - at) * sizeof(struct rmv_pack *));
    packs->items[at] = pack;
    packs->count++;
    return pack;
}

/* Closes the file nobody uses that was used longest ago. `spare` is not a candidate. */
static void close_oldest(struct rmv_packs *packs, const struct rmv_pack *spare)
{
    struct rmv_pack *oldest = NULL;
    for (size_t i = 0; i < packs->count; i++) {
        struct rmv_pack *pack = packs->items[i];
        if (pack != spare && pack->file.fd >= 0 && pack->users == 0 &&
            (!oldest || pack->used_at < oldest->used_at))
            oldest = pack;
    }
    if (oldest) {
        rmv_vfs_close(&oldest->file);
        packs->open_count--;
    }
}

static const struct rmv_error *acquire(struct rmv_packs *packs, struct rmv_pack *pack)
{
    const struct rmv_error *err = NULL;
    pthread_mutex_lock(&packs->lock);
    if (pack->file.fd < 0) {
        if (packs->open_count >= OPEN_FILES_MAX)
            close_oldest(packs, pack);
        err = rmv_vfs_open(packs->vfs, pack->path, O_RDONLY, &pack->file);
        packs->open_count += err ? 0 : 1;
    }
    if (!err) {
        pack->users++;
        pack->used_at = ++packs->clock;
    }
    pthread_mutex_unlock(&packs->lock);
    return err;
}

static void release(struct rmv_packs *packs, struct rmv_pack *pack)
{
    pthread_mutex_lock(&packs->lock);
    pack->users--;
    pthread_mutex_unlock(&packs->lock);
}

const struct rmv_error *rmv_packs_read(struct rmv_packs *packs, struct rmv_pack *pack,
                                       uint64_t offset, void *bytes, size_t size)
{
    const struct rmv_error *err = acquire(packs, pack);
    if (err)
        return err;
    err = rmv_vfs_read(&pack->file, offset, bytes, size);
    release(packs, pack);
    return err;
}

/* ---- Whole or not ---------------------------------------------------------------------------- */

enum ending { ENDING_UNKNOWN, ENDING_RIGHT, ENDING_WRONG };

static const struct rmv_error *read_trailer(struct rmv_packs *packs, struct rmv_pack *pack,
                                            struct rmv_pack_trailer *trailer)
{
    struct rmv_vfs_stat stat = {0};
    const struct rmv_error *err = acquire(packs, pack);
    if (err)
        return err;
    err = rmv_vfs_stat_file(&pack->file, &stat);
    if (!err && stat.size < sizeof(*trailer))
        err = rmv_error(RMV_ERR_CORRUPT, "pack '%s' is cut short", pack->path);
    if (!err)
        err = rmv_vfs_read(&pack->file, stat.size - sizeof(*trailer), trailer, sizeof(*trailer));
    release(packs, pack);
    return err;
}

bool rmv_packs_is_whole(struct rmv_packs *packs, struct rmv_pack *pack)
{
    struct rmv_pack_trailer trailer;
    const int known = atomic_load_explicit(&pack->ending, memory_order_relaxed);
    if (known != ENDING_UNKNOWN)
        return known == ENDING_RIGHT;
    const struct rmv_error *err = read_trailer(packs, pack, &trailer);
    if (err && err->code != RMV_ERR_CORRUPT)
        return err->code != RMV_ERR_NOT_FOUND;
    const bool is_right = !err &&
                          memcmp(trailer.sha256, pack->name.sha256, sizeof(trailer.sha256)) == 0 &&
                          memcmp(trailer.magic, "rmv-tail", sizeof(trailer.magic)) == 0;
    atomic_store_explicit(&pack->ending, is_right ? ENDING_RIGHT : ENDING_WRONG,
                          memory_order_relaxed);
    return is_right;
}
