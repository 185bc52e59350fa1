#include "recording_vfs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)

struct recorded_name {
    int folder;
    char *name;
    int node;
};

/* ---- What there is now ----------------------------------------------------------------------- */

static int add_node(struct recording_vfs *recording, bool is_folder)
{
    recording->is_folder = rmv_grow(recording->is_folder, recording->nodes_count,
                                    &recording->nodes_capacity, sizeof(*recording->is_folder));
    recording->is_folder[recording->nodes_count] = is_folder;
    return (int)recording->nodes_count++;
}

/* The node that a name leads to; -1 if none. */
static int find(const struct recording_vfs *recording, int folder, const char *name)
{
    for (size_t i = 0; i < recording->names_count; i++)
        if (recording->names[i].folder == folder && strcmp(recording->names[i].name, name) == 0)
            return recording->names[i].node;
    return -1;
}

static void set_name(struct recording_vfs *recording, int folder, const char *name, int node)
{
    for (size_t i = 0; i < recording->names_count; i++)
        if (recording->names[i].folder == folder && strcmp(recording->names[i].name, name) == 0) {
            recording->names[i].node = node;
            return;
        }
    recording->names = rmv_grow(recording->names, recording->names_count,
                                &recording->names_capacity, sizeof(*recording->names));
    recording->names[recording->names_count++] =
        (struct recorded_name){.folder = folder, .name = rmv_str_copy(name), .node = node};
}

/* The folder that a path is in, and the path's last component, which is part of `path`. */
static int resolve(const struct recording_vfs *recording, const char *path, const char **name)
{
    const size_t root_size = strlen(recording->root);
    assert(strncmp(path, recording->root, root_size) == 0 && path[root_size] == '/');
    int folder = RECORDING_ROOT;
    *name = path + root_size + 1;
    for (const char *slash = strchr(*name, '/'); slash && folder >= 0; slash = strchr(*name, '/')) {
        RMV_CLEANUP(rmv_str_free) char *part = rmv_str_copy_n(*name, (size_t)(slash - *name));
        folder = find(recording, folder, part);
        *name = slash + 1;
    }
    return folder;
}

static int node_of(const struct recording_vfs *recording, const char *path)
{
    const char *name;
    if (strcmp(path, recording->root) == 0)
        return RECORDING_ROOT;
    const int folder = resolve(recording, path, &name);
    return folder < 0 ? -1 : find(recording, folder, name);
}

/* ---- Writing down ---------------------------------------------------------------------------- */

static void append(struct recording_vfs *recording, const struct recorded *recorded)
{
    recording->log =
        rmv_grow(recording->log, recording->count, &recording->capacity, sizeof(*recording->log));
    recording->log[recording->count++] = *recorded;
}

static void append_entry(struct recording_vfs *recording, const char *path, int node)
{
    const char *name;
    const int folder = resolve(recording, path, &name);
    assert(folder >= 0);
    set_name(recording, folder, name, node);
    append(recording,
           &(struct recorded){
               .kind = RECORDED_ENTRY, .folder = folder, .name = rmv_str_copy(name), .node = node});
}

static void append_write(struct recording_vfs *recording, int node, const void *bytes, size_t size,
                         uint64_t offset)
{
    char *copy = rmv_calloc(size + 1, 1);
    memcpy(copy, bytes, size);
    append(
        recording,
        &(struct recorded){
            .kind = RECORDED_WRITE, .node = node, .offset = offset, .size = size, .bytes = copy});
}

/* Takes the lock, unless the process is dead. Whoever gets true gives it back with leave(). */
static bool enter(struct recording_vfs *recording)
{
    pthread_mutex_lock(&recording->lock);
    if (recording->count < recording->dies_at)
        return true;
    recording->dies_at = 0;
    pthread_mutex_unlock(&recording->lock);
    errno = EIO;
    return false;
}

static void leave(struct recording_vfs *recording)
{
    const int number = errno;
    pthread_mutex_unlock(&recording->lock);
    errno = number;
}

/* ---- The functions of the table -------------------------------------------------------------- */

static int recording_open(void *state, const char *path, int flags, mode_t mode)
{
    struct recording_vfs *recording = state;
    const bool changes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (!changes)
        pthread_mutex_lock(&recording->lock);
    else if (!enter(recording))
        return -1;
    const int fd = recording->real->open(NULL, path, flags, mode);
    assert(fd < RECORDING_FILES_MAX);
    if (fd >= 0) {
        int node = node_of(recording, path);
        if (node < 0 && changes) {
            node = add_node(recording, false);
            append_entry(recording, path, node);
        }
        if (flags & O_TRUNC)
            append(recording, &(struct recorded){.kind = RECORDED_RESIZE, .node = node});
        recording->nodes_of_files[fd] = node;
    }
    leave(recording);
    return fd;
}

static int recording_close(void *state, int fd)
{
    const struct recording_vfs *recording = state;
    return recording->real->close(NULL, fd);
}

static ssize_t recording_pread(void *state, int fd, void *bytes, size_t size, uint64_t offset)
{
    const struct recording_vfs *recording = state;
    return recording->real->pread(NULL, fd, bytes, size, offset);
}

static ssize_t recording_pwrite(void *state, int fd, const void *bytes, size_t size,
                                uint64_t offset)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const ssize_t n = recording->real->pwrite(NULL, fd, bytes, size, offset);
    if (n > 0)
        append_write(recording, recording->nodes_of_files[fd], bytes, (size_t)n, offset);
    leave(recording);
    return n;
}

static int recording_fsync(void *state, int fd)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    append(recording,
           &(struct recorded){.kind = RECORDED_SYNC_FILE, .node = recording->nodes_of_files[fd]});
    leave(recording);
    return 0;
}

/* Past the page cache or not, what was written may be lost until it is synced. */
static int recording_direct(void *state, int fd, bool on)
{
    const struct recording_vfs *recording = state;
    return recording->real->direct(NULL, fd, on);
}

static int recording_ftruncate(void *state, int fd, uint64_t size)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const int result = recording->real->ftruncate(NULL, fd, size);
    if (result == 0)
        append(recording, &(struct recorded){.kind = RECORDED_RESIZE,
                                             .node = recording->nodes_of_files[fd],
                                             .size = size});
    leave(recording);
    return result;
}

/* Modes are not recorded: root, as whom the states are read in CI, does not notice them. */
static int recording_fchmod(void *state, int fd, mode_t mode)
{
    const struct recording_vfs *recording = state;
    return recording->real->fchmod(NULL, fd, mode);
}

static int recording_fstat(void *state, int fd, struct rmv_vfs_stat *stat)
{
    const struct recording_vfs *recording = state;
    return recording->real->fstat(NULL, fd, stat);
}

static int recording_lock(void *state, int fd, bool exclusive)
{
    const struct recording_vfs *recording = state;
    return recording->real->lock(NULL, fd, exclusive);
}

static void *recording_map(void *state, int fd, size_t size)
{
    const struct recording_vfs *recording = state;
    return recording->real->map(NULL, fd, size);
}

static int recording_unmap(void *state, void *bytes, size_t size)
{
    const struct recording_vfs *recording = state;
    return recording->real->unmap(NULL, bytes, size);
}

static int recording_stat(void *state, const char *path, struct rmv_vfs_stat *stat)
{
    const struct recording_vfs *recording = state;
    return recording->real->stat(NULL, path, stat);
}

static int recording_lstat(void *state, const char *path, struct rmv_vfs_stat *stat)
{
    const struct recording_vfs *recording = state;
    return recording->real->lstat(NULL, path, stat);
}

static int recording_rename(void *state, const char *from, const char *to)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const int node = node_of(recording, from);
    const int result = recording->real->rename(NULL, from, to);
    if (result == 0) {
        append_entry(recording, to, node);
        append_entry(recording, from, -1);
    }
    leave(recording);
    return result;
}

static int recording_link(void *state, const char *from, const char *to)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const int result = recording->real->link(NULL, from, to);
    if (result == 0)
        append_entry(recording, to, node_of(recording, from));
    leave(recording);
    return result;
}

/* What a file outside is given a name for has been written by somebody else: nothing of it is
 * durable yet. */
static int recording_link_file(void *state, int fd, const char *to)
{
    struct recording_vfs *recording = state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    if (!enter(recording))
        return -1;
    const int result = recording->real->link_file(NULL, fd, to);
    if (result == 0) {
        const struct rmv_error *err = rmv_fs_read(to, FILE_BYTES_MAX, &bytes);
        assert(!err);
        const int node = add_node(recording, false);
        append_entry(recording, to, node);
        append_write(recording, node, bytes.size > 0 ? bytes.data : "", bytes.size, 0);
    }
    leave(recording);
    return result;
}

static int recording_clone(void *state, int fd, int from_fd)
{
    (void)state;
    (void)fd;
    (void)from_fd;
    errno = EOPNOTSUPP;
    return -1;
}

static int recording_touch(void *state, const char *path)
{
    struct recording_vfs *recording = state;
    return recording->real->touch(NULL, path);
}

static int recording_unlink(void *state, const char *path)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const int result = recording->real->unlink(NULL, path);
    if (result == 0)
        append_entry(recording, path, -1);
    leave(recording);
    return result;
}

static int recording_mkdir(void *state, const char *path, mode_t mode)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    const int result = recording->real->mkdir(NULL, path, mode);
    if (result == 0)
        append_entry(recording, path, add_node(recording, true));
    leave(recording);
    return result;
}

static int recording_sync_folder(void *state, const char *path)
{
    struct recording_vfs *recording = state;
    if (!enter(recording))
        return -1;
    append(recording,
           &(struct recorded){.kind = RECORDED_SYNC_FOLDER, .folder = node_of(recording, path)});
    leave(recording);
    return 0;
}

static int recording_sync_all(void *state, const char *path)
{
    struct recording_vfs *recording = state;
    (void)path;
    if (!enter(recording))
        return -1;
    for (size_t node = 0; node < recording->nodes_count; node++)
        append(recording,
               &(struct recorded){.kind = recording->is_folder[node] ? RECORDED_SYNC_FOLDER
                                                                     : RECORDED_SYNC_FILE,
                                  .folder = (int)node,
                                  .node = (int)node});
    leave(recording);
    return 0;
}

static int recording_list(void *state, const char *path, struct rmv_strings *names)
{
    const struct recording_vfs *recording = state;
    return recording->real->list(NULL, path, names);
}

/* ---- Starting and ending --------------------------------------------------------------------- */

/* Takes in what is in a folder already. */
static void scan(struct recording_vfs *recording, const char *path, int folder)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const int listed = recording->real->list(NULL, path, &names);
    assert(listed == 0);
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *child = rmv_str_format("%s/%s", path, names.items[i]);
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
        struct stat status;
        const int found = stat(child, &status);
        assert(found == 0);
        const int node = add_node(recording, S_ISDIR(status.st_mode));
        append_entry(recording, child, node);
        if (S_ISDIR(status.st_mode)) {
            scan(recording, child, node);
            continue;
        }
        const struct rmv_error *err = rmv_fs_read(child, FILE_BYTES_MAX, &bytes);
        assert(!err);
        append_write(recording, node, bytes.size > 0 ? bytes.data : "", bytes.size, 0);
        append(recording, &(struct recorded){.kind = RECORDED_SYNC_FILE, .node = node});
    }
    append(recording, &(struct recorded){.kind = RECORDED_SYNC_FOLDER, .folder = folder});
}

void recording_vfs_start(struct recording_vfs *recording, const char *root)
{
    *recording = (struct recording_vfs){
        .vfs = {.state = recording,
                .open = recording_open,
                .close = recording_close,
                .pread = recording_pread,
                .pwrite = recording_pwrite,
                .fsync = recording_fsync,
                .direct = recording_direct,
                .ftruncate = recording_ftruncate,
                .fchmod = recording_fchmod,
                .fstat = recording_fstat,
                .lock = recording_lock,
                .map = recording_map,
                .unmap = recording_unmap,
                .stat = recording_stat,
                .lstat = recording_lstat,
                .rename = recording_rename,
                .link = recording_link,
                .link_file = recording_link_file,
                .clone = recording_clone,
                .unlink = recording_unlink,
                .touch = recording_touch,
                .mkdir = recording_mkdir,
                .sync_folder = recording_sync_folder,
                .sync_all = recording_sync_all,
                .list = recording_list},
        .real = rmv_vfs_default(),
        .root = rmv_str_copy(root),
        .dies_at = SIZE_MAX,
    };
    pthread_mutex_init(&recording->lock, NULL);
    add_node(recording, true);
    scan(recording, root, RECORDING_ROOT);
}

void recording_vfs_free(struct recording_vfs *recording)
{
    for (size_t i = 0; i < recording->count; i++) {
        rmv_str_free(&recording->log[i].name);
        free(recording->log[i].bytes);
    }
    for (size_t i = 0; i < recording->names_count; i++)
        rmv_str_free(&recording->names[i].name);
    free(recording->log);
    free(recording->names);
    free(recording->is_folder);
    rmv_str_free(&recording->root);
    pthread_mutex_destroy(&recording->lock);
}

void recording_vfs_promise(struct recording_vfs *recording, size_t count)
{
    pthread_mutex_lock(&recording->lock);
    append(recording, &(struct recorded){.kind = RECORDED_PROMISE, .size = count});
    pthread_mutex_unlock(&recording->lock);
}

void recording_vfs_die_after(struct recording_vfs *recording, size_t count)
{
    pthread_mutex_lock(&recording->lock);
    recording->dies_at = recording->count + count;
    pthread_mutex_unlock(&recording->lock);
}

void recording_vfs_revive(struct recording_vfs *recording)
{
    recording->dies_at = SIZE_MAX;
}

void recording_vfs_forget(struct recording_vfs *recording, size_t first, enum recorded_kind kind)
{
    assert(kind == RECORDED_SYNC_FILE || kind == RECORDED_SYNC_FOLDER);
    size_t kept = first;
    for (size_t i = first; i < recording->count; i++)
        if (recording->log[i].kind != kind)
            recording->log[kept++] = recording->log[i];
    recording->count = kept;
}
