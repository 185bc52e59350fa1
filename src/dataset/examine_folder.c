#include "dataset/examine_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"

struct rmv_examine_folder *rmv_examine_folder_new(struct rmv_examine_folder **alive,
                                                  struct rmv_examine_folder *parent, size_t index)
{
    struct rmv_examine_folder *folder = rmv_calloc(1, sizeof(*folder));
    folder->parent = parent;
    folder->index = index;
    folder->path = parent ? rmv_path_join(parent->path, rmv_examine_folder_name(parent, index))
                          : rmv_str_copy(".");
    folder->ignore = parent ? rmv_ignore_share(parent->ignore) : NULL;
    folder->pending = 1;
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
    rmv_str_free(&folder->path);
    free(folder->items);
    rmv_buf_free(&folder->names);
    rmv_ignore_close(&folder->ignore);
    free(folder);
}

const char *rmv_examine_folder_name(const struct rmv_examine_folder *folder, size_t index)
{
    return folder->names.data + folder->items[index].name;
}

static const struct rmv_error *check_name(const char *name, const char *path)
{
    const struct rmv_error *err = rmv_path_check_name(name, strlen(name));
    if (!err)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *whole = rmv_path_join(path, name);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(whole);
    return rmv_error_context(err, "cannot track '%s'", quoted);
}

static const struct rmv_error *read_names(struct rmv_examine_folder *folder, DIR *stream,
                                          const char *path)
{
    for (;;) {
        errno = 0;
        const struct dirent *found = readdir(stream);
        if (!found)
            return errno ? rmv_error_errno("cannot read folder '%s'", path) : NULL;
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
            continue;
        const struct rmv_error *err = check_name(found->d_name, path);
        if (err)
            return err;
        folder->has_ignore_file |= strcmp(found->d_name, RMV_IGNORE_FILE_NAME) == 0;
        folder->items =
            rmv_grow(folder->items, folder->count, &folder->capacity, sizeof(*folder->items));
        folder->items[folder->count++] = (struct rmv_examine_item){.name = folder->names.size};
        rmv_buf_append(&folder->names, found->d_name, strlen(found->d_name) + 1);
    }
}

static int compare_items(const void *a, const void *b, void *context)
{
    const char *names = context;
    return strcmp(names + ((const struct rmv_examine_item *)a)->name,
                  names + ((const struct rmv_examine_item *)b)->name);
}

const struct rmv_error *rmv_examine_folder_read(struct rmv_examine_folder *folder, int fd,
                                                const char *path)
{
    const int own_fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    DIR *stream = own_fd < 0 ? NULL : fdopendir(own_fd);
    if (!stream) {
        const struct rmv_error *err = rmv_error_errno("cannot read folder '%s'", path);
        if (own_fd >= 0)
            close(own_fd);
        return err;
    }
    const struct rmv_error *err = read_names(folder, stream, path);
    closedir(stream);
    if (!err && folder->count > 0)
        qsort_r(folder->items, folder->count, sizeof(*folder->items), compare_items,
                folder->names.data);
    return err;
}

void rmv_examine_folder_format(const struct rmv_examine_folder *folder, struct rmv_buf *text,
                               struct rmv_tree_total *total)
{
    *total = (struct rmv_tree_total){0};
    rmv_tree_start(text);
    for (size_t i = 0; i < folder->count; i++) {
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
        total->size += item->size;
        total->nfiles += item->nfiles;
    }
}
