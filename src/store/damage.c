#include "store/damage.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "store/text_file.h"

#define FILE_HEAD "rmv-damaged 1\n"
#define HEX_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE - 1)
#define LINE_SIZE (2 * HEX_SIZE + 2) /* PACK ID, and a newline */
#define ITEMS_MAX ((size_t)1 << 20)

char *rmv_damage_path(const char *root)
{
    return rmv_str_format("%s/damaged", root);
}

void rmv_damage_free(struct rmv_damage *damage)
{
    free(damage->items);
    *damage = (struct rmv_damage){0};
}

static int compare_items(const void *a, const void *b)
{
    const struct rmv_damage_item *left = a;
    const struct rmv_damage_item *right = b;
    const int order = rmv_object_id_compare(&left->pack, &right->pack);
    return order ? order : rmv_object_id_compare(&left->id, &right->id);
}

static bool has_item(const struct rmv_damage *damage, const struct rmv_damage_item *item)
{
    return bsearch(item, damage->items, damage->count, sizeof(*item), compare_items) != NULL;
}

bool rmv_damage_has(const struct rmv_damage *damage, const struct rmv_object_id *pack,
                    const struct rmv_object_id *id)
{
    if (damage->count == 0)
        return false;
    const struct rmv_damage_item object = {.pack = *pack, .id = *id};
    const struct rmv_damage_item all = {.pack = *pack};
    return has_item(damage, &object) || has_item(damage, &all);
}

void rmv_damage_add(struct rmv_damage *damage, const struct rmv_object_id *pack,
                    const struct rmv_object_id *id)
{
    static const struct rmv_object_id none;
    damage->items =
        rmv_grow(damage->items, damage->count, &damage->capacity, sizeof(*damage->items));
    damage->items[damage->count++] = (struct rmv_damage_item){.pack = *pack, .id = id ? *id : none};
}

void rmv_damage_remove(struct rmv_damage *damage, const struct rmv_object_id *pack,
                       const struct rmv_object_id *id)
{
    size_t n = 0;
    for (size_t i = 0; i < damage->count; i++)
        if (!rmv_object_id_equal(&damage->items[i].pack, pack) ||
            !rmv_object_id_equal(&damage->items[i].id, id))
            damage->items[n++] = damage->items[i];
    damage->count = n;
}

void rmv_damage_sort(struct rmv_damage *damage)
{
    size_t n = 0;
    if (damage->count > 0)
        qsort(damage->items, damage->count, sizeof(*damage->items), compare_items);
    for (size_t i = 0; i < damage->count; i++)
        if (n == 0 || compare_items(&damage->items[n - 1], &damage->items[i]) != 0)
            damage->items[n++] = damage->items[i];
    damage->count = n;
}

static bool parse_line(const char *line, struct rmv_damage_item *item)
{
    char pack[RMV_OBJECT_ID_HEX_SIZE] = "";
    char id[RMV_OBJECT_ID_HEX_SIZE] = "";
    memcpy(pack, line, HEX_SIZE);
    memcpy(id, line + HEX_SIZE + 1, HEX_SIZE);
    return line[HEX_SIZE] == ' ' && line[LINE_SIZE - 1] == '\n' &&
           !rmv_object_id_parse(pack, &item->pack) && !rmv_object_id_parse(id, &item->id);
}

void rmv_damage_read(const struct rmv_vfs *vfs, const char *root, struct rmv_damage *damage)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_damage_path(root);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const size_t head_size = strlen(FILE_HEAD);

    rmv_damage_free(damage);
    if (rmv_text_file_read(vfs, path, sizeof(FILE_HEAD) + ITEMS_MAX * LINE_SIZE, &text) ||
        text.size < head_size || memcmp(text.data, FILE_HEAD, head_size) != 0)
        return;
    for (size_t at = head_size; text.size - at >= LINE_SIZE; at += LINE_SIZE) {
        struct rmv_damage_item item;
        if (parse_line(text.data + at, &item))
            rmv_damage_add(damage, &item.pack, &item.id);
    }
    rmv_damage_sort(damage);
}

const struct rmv_error *rmv_damage_write(const struct rmv_vfs *vfs, const char *root, bool sync,
                                         struct rmv_damage *damage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_damage_path(root);
    struct rmv_vfs_stat stat;

    rmv_damage_sort(damage);
    if (damage->count == 0) {
        if (vfs->stat(vfs->state, path, &stat) == 0)
            vfs->unlink(vfs->state, path);
        return NULL;
    }
    rmv_buf_append_string(&text, FILE_HEAD);
    for (size_t i = 0; i < damage->count && i < ITEMS_MAX; i++) {
        char pack[RMV_OBJECT_ID_HEX_SIZE];
        char id[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&damage->items[i].pack, pack);
        rmv_object_id_to_hex(&damage->items[i].id, id);
        rmv_buf_append_format(&text, "%s %s\n", pack, id);
    }
    return rmv_text_file_write(vfs, root, path, &text, sync);
}
