#include "store/unsynced.h"

#include <fcntl.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/frame.h"
#include "store/loose.h"
#include "store/packs.h"
#include "store/segment_build.h"

#define BOOT_SIZE_MAX ((size_t)256)

static char *mark_path(const char *root)
{
    return rmv_str_format("%s/unsynced", root);
}

/* ---- The mark -------------------------------------------------------------------------------- */

/* What the kernel calls the time since it was started; empty where it does not say. */
static void read_boot(struct rmv_buf *boot)
{
    if (rmv_fs_read("/proc/sys/kernel/random/boot_id", BOOT_SIZE_MAX, boot))
        boot->size = 0;
}

/* Only ever the first: a mark that is there is that of this boot, or a batch would have seen to it.
 */
static const struct rmv_error *write_mark(const struct rmv_vfs_file *file)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf boot = {0};
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_stat_file(file, &stat);
    if (err || stat.size > 0)
        return err;
    read_boot(&boot);
    return boot.size ? rmv_vfs_write(file, 0, boot.data, boot.size) : NULL;
}

const struct rmv_error *rmv_unsynced_mark(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *path = mark_path(root);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDWR | O_CREAT | O_NOFOLLOW, &file);
    return err ? err : write_mark(&file);
}

/* ---- Making durable -------------------------------------------------------------------------- */

static const struct rmv_error *sync_file(const struct rmv_vfs *vfs, const char *path)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY, &file);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL; /* merged away meanwhile */
    return err ? err : rmv_vfs_sync(&file);
}

static const struct rmv_error *sync_files(const struct rmv_vfs *vfs, const char *root,
                                          const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/%s", root, name);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(vfs, folder, &names);
    for (size_t i = 0; i < names.count && !err; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        err = sync_file(vfs, path);
    }
    return err ? err : rmv_vfs_sync_folder(vfs, folder);
}

static const struct rmv_error *sync_loose(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *area = rmv_str_format("%s/" RMV_LOOSE_FOLDER, root);
    struct rmv_vfs_stat stat;
    return vfs->lstat(vfs->state, area, &stat) < 0 ? NULL : rmv_vfs_sync_all(vfs, root);
}

const struct rmv_error *rmv_unsynced_settle(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *path = mark_path(root);
    struct rmv_vfs_stat stat;
    if (vfs->stat(vfs->state, path, &stat) < 0)
        return NULL;
    const struct rmv_error *err = sync_files(vfs, root, RMV_PACK_FOLDER);
    if (!err)
        err = sync_files(vfs, root, RMV_SEGMENT_FOLDER);
    if (!err)
        err = rmv_vfs_sync_folder(vfs, root);
    if (!err)
        err = sync_loose(vfs, root);
    if (!err)
        vfs->unlink(vfs->state, path);
    return err;
}

/* ---- Checking -------------------------------------------------------------------------------- */

static const struct rmv_error *check_frames(const struct rmv_vfs_file *file,
                                            const struct rmv_pack_footer *footer)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf stored = {0};
    for (size_t i = 0; i < footer->frames_count; i++) {
        const struct rmv_pack_frame *frame = &footer->frames[i];
        stored.size = 0;
        rmv_buf_reserve(&stored, frame->stored_size);
        const struct rmv_error *err =
            rmv_vfs_read(file, footer->frame_offsets[i], stored.data, frame->stored_size);
        if (err)
            return err;
        if (rmv_frame_checksum(stored.data, frame->stored_size) != frame->checksum)
            return rmv_error(RMV_ERR_CORRUPT, "a frame of '%s' does not match its checksum",
                             file->path);
    }
    return NULL;
}

static const struct rmv_error *check_pack(const struct rmv_vfs *vfs, const char *folder,
                                          const char *file_name)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, file_name);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    struct rmv_object_id name;
    if (!rmv_pack_is_file_name(file_name, &name))
        return NULL;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY, &file);
    if (!err)
        err = rmv_pack_read_footer(&file, &footer);
    if (!err && !rmv_object_id_equal(&name, &footer.name))
        err = rmv_error(RMV_ERR_CORRUPT, "the footer of '%s' belongs to another pack", path);
    return err ? err : check_frames(&file, &footer);
}

/* Are all packs as they were written? One that is gone, or newer than this program, is not torn. */
static const struct rmv_error *look_for_torn(struct rmv_store *store, bool *is_torn)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/" RMV_PACK_FOLDER, store->root);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(store->vfs, folder, &names);
    *is_torn = false;
    for (size_t i = 0; !err && !*is_torn && i < names.count; i++) {
        const struct rmv_error *problem = check_pack(store->vfs, folder, names.items[i]);
        *is_torn =
            problem && problem->code != RMV_ERR_NOT_FOUND && problem->code != RMV_ERR_UNSUPPORTED;
    }
    return err;
}

/* Checksums of frames say whether anything is torn; what hangs on it, files in pieces and deltas,
 * a real check finds out. Loose objects have no checksum but their id. */
static const struct rmv_error *check_all(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *area = rmv_str_format("%s/" RMV_LOOSE_FOLDER, store->root);
    RMV_CLEANUP(rmv_store_fsck_free) struct rmv_store_fsck report = {0};
    struct rmv_vfs_stat stat;
    bool is_torn = false;
    const struct rmv_error *err = look_for_torn(store, &is_torn);
    if (err || (!is_torn && store->vfs->lstat(store->vfs->state, area, &stat) < 0))
        return err;
    err = rmv_store_fsck(store, NULL, &report);
    if (!err && report.problems_count > 0)
        rmv_log_write(store->log, RMV_LOG_WARNING,
                      "the computer was restarted before what was stored with core.fsync off was "
                      "on disk, and some of it is damaged: `rmv fsck` lists it, adding the data "
                      "again stores it again");
    return err;
}

const struct rmv_error *rmv_unsynced_check(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *path = mark_path(store->root);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf boot = {0};
    char marked[BOOT_SIZE_MAX];
    struct rmv_vfs_stat stat;

    if (store->vfs->stat(store->vfs->state, path, &stat) < 0)
        return NULL;
    const struct rmv_error *err = rmv_vfs_open(store->vfs, path, O_RDWR | O_NOFOLLOW, &file);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    read_boot(&boot);
    if (!boot.size || (stat.size == boot.size && !rmv_vfs_read(&file, 0, marked, boot.size) &&
                       memcmp(marked, boot.data, boot.size) == 0))
        return NULL;
    err = check_all(store);
    if (!err)
        err = rmv_vfs_truncate(&file, boot.size);
    /* Written over, not removed: another process may have come to rely on the mark meanwhile. */
    return err ? err : rmv_vfs_write(&file, 0, boot.data, boot.size);
}
