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

#define READ_BYTES ((size_t)64 * 1024)
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

static int compare_items(const void *a, const void *b, void *context)
{
    const char *names = context;
    return strcmp(names + ((const struct rmv_examine_item *)a)->name,
                  names + ((const struct rmv_examine_item *)b)->name);
}

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
    if (folder->count > 0)
        qsort_r(folder->items, folder->count, sizeof(*folder->items), compare_items,
                folder->names.data);
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
