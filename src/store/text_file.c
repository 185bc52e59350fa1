#include "store/text_file.h"

#include <fcntl.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/temporary.h"

const struct rmv_error *rmv_text_file_read(const struct rmv_vfs *vfs, const char *path,
                                           uint64_t max_bytes, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY | O_NONBLOCK, &file);
    if (!err)
        err = rmv_vfs_stat_file(&file, &stat);
    if (!err && stat.size > max_bytes)
        err = rmv_error(RMV_ERR_LIMIT, "'%s' is longer than %llu bytes", path,
                        (unsigned long long)max_bytes);
    if (!err)
        err = rmv_vfs_read(&file, 0, rmv_buf_reserve(text, stat.size + 1), stat.size);
    if (!err)
        text->size += stat.size;
    return err;
}

const struct rmv_error *rmv_text_file_write(const struct rmv_vfs *vfs, const char *root,
                                            const char *path, const struct rmv_buf *text, bool sync)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_temporary_create(vfs, root, rmv_path_name(path), &file);
    if (err)
        return err;
    err = rmv_vfs_write(&file, 0, text->data, text->size);
    if (err) {
        rmv_temporary_discard(&file);
        return err;
    }
    err = rmv_temporary_publish(&file, path, sync);
    return err || !sync ? err : rmv_vfs_sync_folder(vfs, folder);
}
