#include "dataset/examine_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/scan.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/sha256.h"

#define READ_BYTES ((size_t)64 * 1024)
#define MANY_ITEMS 4096
#define TREE_PART_BYTES ((size_t)256 * 1024)

struct rmv_examine_folder *rmv_examine_folder_new(struct rmv_examine_folder **alive,
                                                  struct rmv_examine_folder *parent, size_t index,
                                                  char *path)
{
    struct rmv_examine_folder *folder = rmv_calloc(1, sizeof(*folder));
    folder->parent = parent;
    folder->index = index;
    folder->path = path;
    folder->fd = -1;
    folder->ignore = parent ? rmv_ignore_share(parent->ignore) : NULL;
    atomic_init(&folder->users_count, 1);
    atomic_init(&folder->pending_count, 1);
    folder->next = *alive;
    if (*alive)
        (*alive)->previous = folder;
    *alive = folder;
    return folder;
}

void rmv_examine_folder_free(struct rmv_examine_folder **alive, struct rmv_examine_folder *folder)
{
    if (folder->previous)
        folder->previous->next = folder->next;
    else
        *alive = folder->next;
    if (folder->next)
        folder->next->previous = folder->previous;
    rmv_fd_close(&folder->fd);
    rmv_str_free(&folder->path);
    free(folder->items);
    rmv_buf_free(&folder->names);
    rmv_ignore_close(&folder->ignore);
    free(folder);
}

void rmv_examine_folder_leave(struct rmv_examine_folder *folder)
{
    if (atomic_fetch_sub(&folder->users_count, 1) == 1)
        rmv_fd_close(&folder->fd);
}

const char *rmv_examine_folder_name(const struct rmv_examine_folder *folder, size_t index)
{
    return folder->names.data + folder->items[index].name;
}

void rmv_examine_item_set(struct rmv_examine_item *item, const struct rmv_tree_entry *entry)
{
    item->type = entry->type;
    item->size = entry->size;
    item->nfiles = entry->nfiles;
    item->id = entry->id;
}

static const struct rmv_error *check_name(const char *name, size_t size, const char *path)
{
    const struct rmv_error *err = rmv_path_check_name(name, size);
    if (!err)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *whole = rmv_path_join(path, name);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(whole);
    return rmv_error_context(err, "cannot track '%s'", quoted);
}

/* What the folder says of an entry; not every filesystem does. */
static char type_of(const struct dirent64 *found)
{
    switch (found->d_type) {
    case DT_REG:
        return 'f';
    case DT_LNK:
        return 'l';
    case DT_DIR:
        return 'd';
    default:
        return 0;
    }
}

static const struct rmv_error *add_name(struct rmv_examine_folder *folder,
                                        const struct dirent64 *found)
{
    const char *name = found->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return NULL;
    if (rmv_fs_is_temporary(name)) {
        if (folder->clears_leftovers)
            rmv_fs_clear_leftover(folder->fd, name);
        return NULL;
    }
    const size_t size = strlen(name);
    const struct rmv_error *err = check_name(name, size, folder->path);
    if (err)
        return err;
    folder->has_ignore_file = folder->has_ignore_file || strcmp(name, RMV_IGNORE_FILE_NAME) == 0;
    folder->has_source = folder->has_source || rmv_scan_is_visited(name);
    folder->items =
        rmv_grow(folder->items, folder->count, &folder->capacity, sizeof(*folder->items));
    folder->items[folder->count++] =
        (struct rmv_examine_item){.name = folder->names.size, .type = type_of(found)};
    rmv_buf_append(&folder->names, name, size + 1);
    return NULL;
}

static const struct rmv_error *add_names(struct rmv_examine_folder *folder, const char *bytes,
                                         size_t size)
{
    const struct rmv_error *err = NULL;
    for (size_t at = 0; !err && at < size;) {
        const struct dirent64 *found = (const void *)(bytes + at);
        err = add_name(folder, found);
        at += found->d_reclen;
    }
    return err;
}

/* ---- Sorting ----------------------------------------------------------------------------------
 */

static int compare_items(const void *a, const void *b, void *context)
{
    const char *names = context;
    return strcmp(names + ((const struct rmv_examine_item *)a)->name,
                  names + ((const struct rmv_examine_item *)b)->name);
}

/* Many names lie far apart in memory, and most comparisons would wait for both. Their keys lie side
 * by side: the first bytes behind what all names begin with, the earliest highest. */
struct key {
    uint64_t start;
    size_t index; /* of the item */
};

static int compare_keys(const void *a, const void *b, void *context)
{
    const struct key *left = a;
    const struct key *right = b;
    if (left->start != right->start)
        return left->start < right->start ? -1 : 1;
    return strcmp(rmv_examine_folder_name(context, left->index),
                  rmv_examine_folder_name(context, right->index));
}

static size_t common_size(const struct rmv_examine_folder *folder)
{
    const char *first = rmv_examine_folder_name(folder, 0);
    size_t size = strlen(first);
    for (size_t i = 1; i < folder->count; i++) {
        const char *name = rmv_examine_folder_name(folder, i);
        size_t same = 0;
        while (same < size && name[same] == first[same])
            same++;
        size = same;
    }
    return size;
}

/* Where a name is shorter, the rest is zero, which comes before all else. */
static uint64_t key_of(const char *rest)
{
    uint64_t key = 0;
    for (size_t i = 0; i < sizeof(key); i++) {
        key = key << 8 | (unsigned char)*rest;
        rest += *rest != '\0';
    }
    return key;
}

/* The items and their names in the order of the keys. */
static void put_in_order(struct rmv_examine_folder *folder, const struct key *keys)
{
    struct rmv_examine_item *items = rmv_calloc(folder->count, sizeof(*items));
    struct rmv_buf names = {0};
    rmv_buf_reserve(&names, folder->names.size);
    for (size_t i = 0; i < folder->count; i++) {
        const char *name = rmv_examine_folder_name(folder, keys[i].index);
        items[i].type = folder->items[keys[i].index].type;
        items[i].name = names.size;
        rmv_buf_append(&names, name, strlen(name) + 1);
    }
    free(folder->items);
    rmv_buf_free(&folder->names);
    folder->items = items;
    folder->capacity = folder->count;
    folder->names = names;
}

static void sort_many(struct rmv_examine_folder *folder)
{
    struct key *keys = rmv_calloc(folder->count, sizeof(*keys));
    const size_t same = common_size(folder);
    for (size_t i = 0; i < folder->count; i++)
        keys[i] = (struct key){
            .start = key_of(rmv_examine_folder_name(folder, i) + same),
            .index = i,
        };
    qsort_r(keys, folder->count, sizeof(*keys), compare_keys, folder);
    put_in_order(folder, keys);
    free(keys);
}

static void sort_items(struct rmv_examine_folder *folder)
{
    if (folder->count >= MANY_ITEMS)
        sort_many(folder);
    else if (folder->count > 0)
        qsort_r(folder->items, folder->count, sizeof(*folder->items), compare_items,
                folder->names.data);
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

/* getdents64(2) itself: opendir() would allocate and free its room for each of many folders. */
const struct rmv_error *rmv_examine_folder_read(struct rmv_examine_folder *folder,
                                                struct rmv_buf *room)
{
    room->size = 0;
    char *bytes = rmv_buf_reserve(room, READ_BYTES);
    for (;;) {
        const ssize_t n = getdents64(folder->fd, bytes, READ_BYTES);
        const struct rmv_error *err = n < 0
                                          ? rmv_error_errno("cannot read folder '%s'", folder->path)
                                          : add_names(folder, bytes, (size_t)n);
        if (err)
            return err;
        if (n == 0)
            break;
    }
    sort_items(folder);
    return NULL;
}

/* ---- Its tree -------------------------------------------------------------------------------- */

/* Appends the lines of items from `from` on, until `size_max` bytes are there, and adds up what is
 * in them. Returns the first item that is left. */
static size_t append_items(const struct rmv_examine_folder *folder, size_t from, size_t size_max,
                           struct rmv_buf *text, struct rmv_tree_entry *sum)
{
    size_t i = from;
    for (; i < folder->count && text->size < size_max; i++) {
        const struct rmv_examine_item *item = &folder->items[i];
        if (!item->type)
            continue;
        const struct rmv_tree_entry entry = {
            .name = rmv_examine_folder_name(folder, i),
            .type = item->type,
            .size = item->size,
            .nfiles = item->nfiles,
            .id = item->id,
        };
        rmv_tree_append(text, &entry);
        sum->size += item->size;
        sum->nfiles += item->nfiles;
    }
    return i;
}

static size_t start_tree(const struct rmv_examine_folder *folder, size_t size_max,
                         struct rmv_buf *text, struct rmv_tree_entry *sum)
{
    *sum = (struct rmv_tree_entry){.type = 'd'};
    text->size = 0;
    rmv_tree_start(text);
    return append_items(folder, 0, size_max, text, sum);
}

void rmv_examine_folder_format(const struct rmv_examine_folder *folder, struct rmv_buf *text,
                               struct rmv_tree_entry *entry)
{
    start_tree(folder, SIZE_MAX, text, entry);
}

void rmv_examine_folder_hash(const struct rmv_examine_folder *folder, struct rmv_buf *text,
                             struct rmv_tree_entry *entry)
{
    struct rmv_sha256_state sum;
    rmv_sha256_start(&sum);
    size_t next = start_tree(folder, TREE_PART_BYTES, text, entry);
    rmv_sha256_update(&sum, text->data, text->size);
    while (next < folder->count) {
        text->size = 0;
        next = append_items(folder, next, TREE_PART_BYTES, text, entry);
        rmv_sha256_update(&sum, text->data, text->size);
    }
    rmv_sha256_finish(&sum, entry->id.sha256);
}

const struct rmv_error *rmv_examine_folder_put(const struct rmv_examine_folder *folder,
                                               struct rmv_store_batch *batch, struct rmv_buf *text,
                                               struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_store_lines_close) struct rmv_store_lines *lines = NULL;

    size_t next = start_tree(folder, TREE_PART_BYTES, text, entry);
    if (next == folder->count)
        return rmv_store_batch_put_lines(batch, text->data, text->size, &entry->id);
    rmv_store_lines_open(batch, &lines);
    const struct rmv_error *err = rmv_store_lines_add(lines, text->data, text->size);
    while (!err && next < folder->count) {
        text->size = 0;
        next = append_items(folder, next, TREE_PART_BYTES, text, entry);
        err = rmv_store_lines_add(lines, text->data, text->size);
    }
    return err ? err : rmv_store_lines_end(lines, &entry->id);
}
