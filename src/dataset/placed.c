#include "dataset/placed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/lock.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define BYTES_MAX ((size_t)256 * 1024 * 1024)
#define LOCK_WAIT_MS 5000

static const char head[] = "rmv-placed 1 ";
#define HEAD_SIZE (sizeof(head) - 1 + RMV_OBJECT_ID_HEX_SIZE) /* with the checksum and newline */

struct rmv_placed {
    char *file;
    struct rmv_map entries; /* path → struct rmv_tree_entry *, of type 0 if it was taken off */
    struct rmv_map changed; /* the paths that were set since it was read */
};

static void set_entry(struct rmv_map *entries, const char *path, const struct rmv_tree_entry *entry)
{
    struct rmv_tree_entry *kept = rmv_calloc(1, sizeof(*kept));
    if (entry)
        *kept = *entry;
    kept->name = NULL;
    void *old = rmv_map_set(entries, path, kept);
    free(old);
}

static void free_entries(struct rmv_map *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->entries[i].value);
    rmv_map_free(entries);
}

/* Is there a list in these bytes, and is it what was written? */
static bool is_intact(const struct rmv_buf *bytes)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (bytes->size < HEAD_SIZE || memcmp(bytes->data, head, sizeof(head) - 1) != 0)
        return false;
    const struct rmv_object_id id =
        rmv_object_id_of(bytes->data + HEAD_SIZE, bytes->size - HEAD_SIZE);
    rmv_object_id_to_hex(&id, hex);
    return memcmp(bytes->data + sizeof(head) - 1, hex, sizeof(hex) - 1) == 0;
}

static void read_entries(const char *file, struct rmv_map *entries)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
    struct rmv_tree_entry entry;
    bool found = true;

    if (rmv_fs_read(file, BYTES_MAX, &bytes) || !is_intact(&bytes) ||
        rmv_tree_open(bytes.data + HEAD_SIZE, bytes.size - HEAD_SIZE, &reader))
        return;
    reader.has_paths = true;
    while (!rmv_tree_next(&reader, &entry, &found) && found)
        set_entry(entries, entry.name, &entry);
}

void rmv_placed_open(const struct rmv_workspace *workspace, const char *name,
                     struct rmv_placed **placed)
{
    *placed = rmv_calloc(1, sizeof(**placed));
    (*placed)->file = rmv_str_format("%s/%s/%s", workspace->root, RMV_WORKSPACE_FOLDER, name);
    read_entries((*placed)->file, &(*placed)->entries);
}

void rmv_placed_close(struct rmv_placed **placed)
{
    if (!*placed)
        return;
    free_entries(&(*placed)->entries);
    rmv_map_free(&(*placed)->changed);
    rmv_str_free(&(*placed)->file);
    free(*placed);
    *placed = NULL;
}

struct rmv_placed *rmv_placed_of(struct rmv_workspace *workspace)
{
    if (!workspace->placed)
        rmv_placed_open(workspace, "placed", &workspace->placed);
    return workspace->placed;
}

const struct rmv_tree_entry *rmv_placed_find(const struct rmv_placed *placed, const char *path)
{
    const struct rmv_tree_entry *entry = rmv_map_find(&placed->entries, path);
    return entry && entry->type ? entry : NULL;
}

void rmv_placed_set(struct rmv_placed *placed, const char *path, const struct rmv_tree_entry *entry)
{
    const struct rmv_tree_entry *old = rmv_placed_find(placed, path);
    const bool is_gone = !entry || !entry->type;

    if (is_gone ? !old
                : old && old->type == entry->type && rmv_object_id_equal(&old->id, &entry->id))
        return;
    set_entry(&placed->entries, path, entry);
    rmv_map_set(&placed->changed, path, placed);
}

static void list_paths(const struct rmv_map *entries, struct rmv_strings *paths)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct rmv_tree_entry *entry = entries->entries[i].value;
        if (entry->type)
            rmv_strings_add(paths, entries->entries[i].key);
    }
    rmv_strings_sort(paths);
}

void rmv_placed_list(const struct rmv_placed *placed, struct rmv_strings *paths)
{
    list_paths(&placed->entries, paths);
}

/* ---- Writing ----------------------------------------------------------------------------------
 */

static void format_entries(const struct rmv_map *entries, const struct rmv_strings *paths,
                           struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_tree_start(&text);
    for (size_t i = 0; i < paths->count; i++) {
        struct rmv_tree_entry entry =
            *(const struct rmv_tree_entry *)rmv_map_find(entries, paths->items[i]);
        entry.name = paths->items[i];
        rmv_tree_append(&text, &entry);
    }
    const struct rmv_object_id id = rmv_object_id_of(text.data, text.size);
    rmv_object_id_to_hex(&id, hex);
    rmv_buf_append_format(out, "%s%s\n", head, hex);
    rmv_buf_append(out, text.data, text.size);
}

static const struct rmv_error *write_entries(const char *file, const struct rmv_map *entries)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    list_paths(entries, &paths);
    if (paths.count == 0)
        return unlink(file) < 0 && errno != ENOENT ? rmv_error_errno("cannot remove '%s'", file)
                                                   : NULL;
    format_entries(entries, &paths, &text);
    return rmv_fs_write_atomic(file, text.data, text.size);
}

const struct rmv_error *rmv_placed_write(struct rmv_placed *placed)
{
    if (placed->changed.count == 0)
        return NULL;

    RMV_CLEANUP(free_entries) struct rmv_map latest = {0};
    RMV_CLEANUP(rmv_str_free) char *lock_path = rmv_str_format("%s.lock", placed->file);
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    const struct rmv_error *err = rmv_lock_take(lock_path, true, LOCK_WAIT_MS, &lock);
    if (err)
        return rmv_error_context(err, "list of placed outputs");

    read_entries(placed->file, &latest);
    for (size_t i = 0; i < placed->changed.count; i++) {
        const char *path = placed->changed.entries[i].key;
        set_entry(&latest, path, rmv_map_find(&placed->entries, path));
    }
    err = write_entries(placed->file, &latest);
    if (!err)
        rmv_map_free(&placed->changed);
    return err;
}
