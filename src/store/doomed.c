#include "store/doomed.h"

#include <errno.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/pack_format.h"
#include "store/packs.h"
#include "store/text_file.h"

#define HEADER "rmv-doomed 1\n"
#define CHECK "sha256 "
#define HEX_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE - 1)
#define BYTES_MAX ((uint64_t)64 << 20)

bool rmv_doomed_is_there(const struct rmv_vfs *vfs, const char *folder)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, RMV_DOOMED_FILE);
    struct rmv_vfs_stat stat;
    return vfs->stat(vfs->state, path, &stat) == 0;
}

/* The size of the names in `text`, or 0 if it is not what was written: then nothing is doomed. */
static size_t check_text(const char *text, size_t size)
{
    const size_t check_size = strlen(CHECK) + HEX_SIZE + 1;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    if (size < strlen(HEADER) + check_size || strncmp(text, HEADER, strlen(HEADER)) != 0)
        return 0;
    const size_t body_size = size - check_size;
    const struct rmv_object_id id = rmv_object_id_of(text, body_size);
    rmv_object_id_to_hex(&id, hex);
    if (memcmp(text + body_size, CHECK, strlen(CHECK)) != 0 ||
        memcmp(text + body_size + strlen(CHECK), hex, HEX_SIZE) != 0)
        return 0;
    return body_size;
}

/* Adds the file names of the doomed packs, sorted; none if there is no such file. */
static const struct rmv_error *read_names(const struct rmv_vfs *vfs, const char *folder,
                                          struct rmv_strings *packs)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, RMV_DOOMED_FILE);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = rmv_text_file_read(vfs, path, BYTES_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND || err->code == RMV_ERR_LIMIT ? NULL : err;
    const char *start = rmv_buf_string(&text);
    const size_t end = check_text(start, text.size);
    for (size_t at = strlen(HEADER); at < end; at += strcspn(start + at, "\n") + 1)
        rmv_strings_take(packs, rmv_str_copy_n(start + at, strcspn(start + at, "\n")));
    return NULL;
}

const struct rmv_error *rmv_doomed_list(const struct rmv_vfs *vfs, const char *folder,
                                        struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings doomed = {0};
    size_t next = 0;

    const struct rmv_error *err = rmv_vfs_list(vfs, folder, &found);
    if (!err && rmv_strings_has(&found, RMV_DOOMED_FILE))
        err = read_names(vfs, folder, &doomed);
    if (err)
        return err;
    rmv_strings_sort(&doomed);
    for (size_t i = 0; i < found.count; i++) {
        while (next < doomed.count && strcmp(doomed.items[next], found.items[i]) < 0)
            next++;
        const bool is_doomed =
            next < doomed.count && strcmp(doomed.items[next], found.items[i]) == 0;
        if (!is_doomed && strcmp(found.items[i], RMV_DOOMED_FILE) != 0)
            rmv_strings_add(names, found.items[i]);
    }
    return NULL;
}

const struct rmv_error *rmv_doomed_write(const struct rmv_vfs *vfs, const char *root, bool sync,
                                         const struct rmv_strings *packs)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(root, RMV_PACK_FOLDER);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, RMV_DOOMED_FILE);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_buf_append_string(&text, HEADER);
    for (size_t i = 0; i < packs->count; i++)
        rmv_buf_append_format(&text, "%s\n", packs->items[i]);
    const struct rmv_object_id id = rmv_object_id_of(text.data, text.size);
    rmv_object_id_to_hex(&id, hex);
    rmv_buf_append_format(&text, CHECK "%s\n", hex);

    return rmv_text_file_write(vfs, root, path, &text, sync);
}

static const struct rmv_error *unlink_file(const struct rmv_vfs *vfs, const char *folder,
                                           const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, name);
    if (vfs->unlink(vfs->state, path) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", path);
    return NULL;
}

/* The list goes when the packs are gone for good, and is gone for good before anybody can write a
 * pack again: it might have one of these names. */
const struct rmv_error *rmv_doomed_finish(const struct rmv_vfs *vfs, const char *folder, bool sync)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings packs = {0};
    struct rmv_object_id name;

    const struct rmv_error *err = read_names(vfs, folder, &packs);
    for (size_t i = 0; !err && i < packs.count; i++)
        if (rmv_pack_is_file_name(packs.items[i], &name))
            err = unlink_file(vfs, folder, packs.items[i]);
    if (!err && sync)
        err = rmv_vfs_sync_folder(vfs, folder);
    if (!err)
        err = unlink_file(vfs, folder, RMV_DOOMED_FILE);
    return err || !sync ? err : rmv_vfs_sync_folder(vfs, folder);
}
