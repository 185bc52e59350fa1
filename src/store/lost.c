/* Which objects the user has accepted as lost. docs/FORMATS.md, section "What is lost". */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "store/temporary.h"

#define FILE_NAME "lost"
#define FILE_HEAD "rmv-lost 1\n"
#define LINE_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE) /* an id and a newline */
#define BYTES_MAX ((uint64_t)64 << 20)

static const struct rmv_error *read_text(const struct rmv_store *store, const char *path,
                                         struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_open(store->vfs, path, O_RDONLY | O_NONBLOCK, &file);
    if (!err)
        err = rmv_vfs_stat_file(&file, &stat);
    if (!err && stat.size > BYTES_MAX)
        err = rmv_error(RMV_ERR_LIMIT, "'%s' is too long", path);
    if (!err)
        err = rmv_vfs_read(&file, 0, rmv_buf_reserve(text, stat.size + 1), stat.size);
    if (!err)
        text->size = stat.size;
    return err;
}

/* A list that cannot be read is empty: then what is lost is told of again. */
void rmv_store_read_lost(struct rmv_store *store, struct rmv_id_set *lost)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" FILE_NAME, store->root);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t head_size = strlen(FILE_HEAD);
    if (read_text(store, path, &text) || text.size < head_size ||
        memcmp(text.data, FILE_HEAD, head_size) != 0)
        return;
    for (size_t at = head_size; text.size - at >= LINE_SIZE; at += LINE_SIZE) {
        char hex[RMV_OBJECT_ID_HEX_SIZE] = "";
        struct rmv_object_id id;
        memcpy(hex, text.data + at, LINE_SIZE - 1);
        if (!rmv_object_id_parse(hex, &id))
            rmv_id_set_add(lost, &id, RMV_REPRESENTATION_WHOLE);
    }
}

const struct rmv_error *rmv_store_accept_loss(struct rmv_store *store,
                                              const struct rmv_object_id *ids, size_t count)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" FILE_NAME, store->root);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    rmv_buf_append_string(&text, FILE_HEAD);
    for (size_t i = 0; i < count; i++) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&ids[i], hex);
        rmv_buf_append_format(&text, "%s\n", hex);
    }
    const struct rmv_error *err = rmv_temporary_create(store->vfs, store->root, FILE_NAME, &file);
    if (err)
        return err;
    err = rmv_vfs_write(&file, 0, text.data, text.size);
    if (err) {
        rmv_temporary_discard(&file);
        return err;
    }
    err = rmv_temporary_publish(&file, path, store->sync);
    return err || !store->sync ? err : rmv_vfs_sync_folder(store->vfs, store->root);
}

struct rmv_store_lost {
    struct rmv_id_set ids;
};

void rmv_store_lost_open(struct rmv_store *store, struct rmv_store_lost **lost)
{
    *lost = rmv_calloc(1, sizeof(**lost));
    rmv_store_read_lost(store, &(*lost)->ids);
}

bool rmv_store_lost_has(const struct rmv_store_lost *lost, const struct rmv_object_id *id)
{
    return rmv_id_set_has(&lost->ids, id, RMV_REPRESENTATION_WHOLE);
}

void rmv_store_lost_close(struct rmv_store_lost **lost)
{
    if (!*lost)
        return;
    rmv_id_set_free(&(*lost)->ids);
    free(*lost);
    *lost = NULL;
}
