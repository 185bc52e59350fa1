/* Which objects the user has accepted as lost. docs/FORMATS.md, section "What is lost". */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "store/text_file.h"

#define FILE_NAME "lost"
#define FILE_HEAD "rmv-lost 1\n"
#define LINE_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE) /* an id and a newline */
#define BYTES_MAX ((uint64_t)64 << 20)

/* A list that cannot be read is empty: then what is lost is told of again. */
void rmv_store_read_lost(struct rmv_store *store, struct rmv_id_set *lost)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" FILE_NAME, store->root);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t head_size = strlen(FILE_HEAD);
    if (rmv_text_file_read(store->vfs, path, BYTES_MAX, &text) || text.size < head_size ||
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
    rmv_buf_append_string(&text, FILE_HEAD);
    for (size_t i = 0; i < count; i++) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&ids[i], hex);
        rmv_buf_append_format(&text, "%s\n", hex);
    }
    return rmv_text_file_write(store->vfs, store->root, path, &text, store->sync);
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
