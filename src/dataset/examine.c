#include "dataset/examine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/content.h"
#include "dataset/examine_folder.h"
#include "dataset/trees.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* Files wait until there are enough of them to keep all threads busy; a thread takes a handful. */
#define JOBS_MAX 16384
#define CHUNK_FILES_MAX 64
#define CHUNK_BYTES_MAX ((uint64_t)1024 * 1024)

/* A file to read. */
struct job {
    struct rmv_examine_folder *folder;
    size_t index; /* of the item in it */
};

struct scan {
    const struct rmv_examine_request *request;
    int base_fd;                         /* the folder at the request's path */
    size_t cursor;                       /* into the stat index */
    struct rmv_examine_folder *alive;    /* all folders, to free them after an error */
    struct rmv_examine_folder **to_list; /* a stack: going deep first keeps few folders alive */
    size_t to_list_count, to_list_capacity;
    struct job *jobs;
    size_t jobs_count, jobs_capacity;
    size_t *chunks; /* index of the first job of each */
    size_t chunks_count, chunks_capacity;
    uint64_t chunk_bytes; /* of the last one */
    struct rmv_tree_entry result;
};

static void scan_free(struct scan *scan)
{
    while (scan->alive)
        rmv_examine_folder_free(&scan->alive, scan->alive);
    free(scan->to_list);
    free(scan->jobs);
    free(scan->chunks);
    rmv_fd_close(&scan->base_fd);
}

/* The path of something in the folder, relative to the workspace; the caller frees it. */
static char *path_in(const struct scan *scan, const struct rmv_examine_folder *folder,
                     const char *name)
{
    if (strcmp(folder->path, ".") == 0)
        return rmv_path_join(scan->request->path, name);
    return rmv_str_format("%s/%s/%s", scan->request->path, folder->path, name);
}

static const struct rmv_error *refuse_special(const char *path, mode_t mode)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    const char *what = S_ISFIFO(mode) ? "a FIFO" : S_ISSOCK(mode) ? "a socket" : "a device";
    return rmv_error(RMV_ERR_USAGE, "'%s' is %s; only files, folders and links can be tracked",
                     quoted, what);
}

/* ---- Links ------------------------------------------------------------------------------------
 */

static const struct rmv_error *put_text(const struct rmv_examine_request *request, const char *text,
                                        size_t size, struct rmv_object_id *id)
{
    *id = rmv_object_id_of(text, size);
    return request->batch ? rmv_store_batch_put_lines(request->batch, text, size, id) : NULL;
}

static const struct rmv_error *scan_link(const struct rmv_examine_request *request, int folder_fd,
                                         const char *name, const char *path,
                                         struct rmv_tree_entry *entry)
{
    char target[RMV_TREE_PATH_SIZE_MAX];
    const ssize_t size = readlinkat(folder_fd, name, target, sizeof(target));
    if (size < 0)
        return rmv_error_errno("cannot read the link '%s'", path);

    entry->type = 'l';
    entry->size = (uint64_t)size;
    entry->nfiles = 1;
    return put_text(request, target, (size_t)size, &entry->id);
}

/* ---- Folders that are done --------------------------------------------------------------------
 */

static const struct rmv_error *finish_folder(struct scan *scan,
                                             const struct rmv_examine_folder *folder,
                                             struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_tree_total total;

    rmv_examine_folder_format(folder, &text, &total);
    *entry = (struct rmv_tree_entry){.type = 'd', .size = total.size, .nfiles = total.nfiles};
    const struct rmv_error *err = put_text(scan->request, text.data, text.size, &entry->id);
    if (err)
        return err;
    if (!scan->request->batch && !rmv_trees_is_stored(scan->request->workspace, &entry->id))
        rmv_trees_remember(scan->request->workspace, &entry->id, &text);
    return NULL;
}

/* One item less is unknown: finishes the folder if it was the last, and so on upwards. */
static const struct rmv_error *settle_item(struct scan *scan, struct rmv_examine_folder *folder)
{
    while (folder && --folder->pending == 0) {
        struct rmv_tree_entry entry;
        const struct rmv_error *err = finish_folder(scan, folder, &entry);
        if (err)
            return err;
        struct rmv_examine_folder *parent = folder->parent;
        if (parent) {
            struct rmv_examine_item *item = &parent->items[folder->index];
            item->size = entry.size;
            item->nfiles = entry.nfiles;
            item->id = entry.id;
        } else {
            scan->result = entry;
        }
        rmv_examine_folder_free(&scan->alive, folder);
        folder = parent;
    }
    return NULL;
}

/* ---- Reading files in parallel ----------------------------------------------------------------
 */

static const struct rmv_error *read_job(const struct scan *scan, struct rmv_content_reader *reader,
                                        const struct job *job)
{
    struct rmv_examine_item *item = &job->folder->items[job->index];
    const char *name = rmv_examine_folder_name(job->folder, job->index);
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(job->folder->path, name);
    RMV_CLEANUP(rmv_str_free) char *path = path_in(scan, job->folder, name);
    const struct rmv_content_source source = {
        .folder_fd = scan->base_fd,
        .name = inside,
        .path = path,
    };
    struct rmv_tree_entry entry = {0};

    const struct rmv_error *err = rmv_content_read(reader, &source, &entry);
    if (err)
        return err;
    item->type = entry.type;
    item->size = entry.size;
    item->nfiles = entry.nfiles;
    item->id = entry.id;
    return NULL;
}

static const struct rmv_error *read_chunk(void *context, size_t i)
{
    const struct scan *scan = context;
    const size_t end = i + 1 < scan->chunks_count ? scan->chunks[i + 1] : scan->jobs_count;
    RMV_CLEANUP(rmv_content_reader_free)
    struct rmv_content_reader reader = {
        .workspace = scan->request->workspace,
        .batch = scan->request->batch,
        .progress = scan->request->progress,
    };

    for (size_t job = scan->chunks[i]; job < end; job++) {
        const struct rmv_error *err = read_job(scan, &reader, &scan->jobs[job]);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *read_jobs(struct scan *scan)
{
    if (scan->jobs_count == 0)
        return NULL;
    const struct rmv_error *err =
        rmv_pool_run(scan->request->workspace->pool, scan->chunks_count, read_chunk, scan);
    for (size_t i = 0; !err && i < scan->jobs_count; i++)
        err = settle_item(scan, scan->jobs[i].folder);
    scan->jobs_count = 0;
    scan->chunks_count = 0;
    return err;
}

static void add_job(struct scan *scan, struct rmv_examine_folder *folder, size_t index,
                    uint64_t size)
{
    const bool is_full = scan->chunks_count == 0 || scan->chunk_bytes >= CHUNK_BYTES_MAX ||
                         scan->jobs_count - scan->chunks[scan->chunks_count - 1] >= CHUNK_FILES_MAX;
    if (is_full) {
        scan->chunks = rmv_grow(scan->chunks, scan->chunks_count, &scan->chunks_capacity,
                                sizeof(*scan->chunks));
        scan->chunks[scan->chunks_count++] = scan->jobs_count;
        scan->chunk_bytes = 0;
    }
    scan->jobs = rmv_grow(scan->jobs, scan->jobs_count, &scan->jobs_capacity, sizeof(*scan->jobs));
    scan->jobs[scan->jobs_count++] = (struct job){.folder = folder, .index = index};
    scan->chunk_bytes += size;
    folder->pending++;
    rmv_progress_expect(scan->request->progress, 1, size);
}

/* ---- Listing folders --------------------------------------------------------------------------
 */

/* Is the file's content known, and stored where that is asked for? */
static bool is_known(struct scan *scan, const char *path, const struct stat *status,
                     struct rmv_object_id *id)
{
    struct rmv_workspace *workspace = scan->request->workspace;
    return rmv_stat_index_find_next(workspace->stat_index, path, status, &scan->cursor, id) &&
           (!scan->request->batch || rmv_store_is_saved(workspace->store, id));
}

static void scan_file(struct scan *scan, struct rmv_examine_folder *folder, size_t index,
                      const char *path, const struct stat *status)
{
    struct rmv_examine_item *item = &folder->items[index];
    item->size = (uint64_t)status->st_size;
    item->nfiles = 1;
    if (!is_known(scan, path, status, &item->id))
        add_job(scan, folder, index, item->size);
}

/* Is the item one that .rmvignore leaves out? */
static bool is_ignored(const struct scan *scan, const struct rmv_examine_folder *folder,
                       const char *path, char type)
{
    if (!folder->ignore || scan->request->take_ignored ||
        !rmv_ignore_covers(folder->ignore, path, type == 'd'))
        return false;
    if (scan->request->has_ignored)
        *scan->request->has_ignored = true;
    return true;
}

static const struct rmv_error *scan_item(struct scan *scan, struct rmv_examine_folder *folder,
                                         int fd, size_t index, const char *path)
{
    const char *name = rmv_examine_folder_name(folder, index);
    struct rmv_examine_item *item = &folder->items[index];
    struct rmv_tree_entry link = {0};
    struct stat status;
    const struct rmv_error *err;

    if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    item->type = rmv_content_type(status.st_mode);
    if (is_ignored(scan, folder, path, item->type)) {
        item->type = 0;
        return NULL;
    }
    switch (item->type) {
    case 'd':
        folder->pending++;
        return NULL;
    case 'l':
        err = scan_link(scan->request, fd, name, path, &link);
        if (err)
            return err;
        item->size = link.size;
        item->nfiles = link.nfiles;
        item->id = link.id;
        return NULL;
    case 0:
        return refuse_special(path, status.st_mode);
    default:
        scan_file(scan, folder, index, path, &status);
        return NULL;
    }
}

/* The last one first, so that the first is next on the stack. */
static void push_subfolders(struct scan *scan, struct rmv_examine_folder *folder)
{
    for (size_t i = folder->count; i-- > 0;) {
        if (folder->items[i].type != 'd')
            continue;
        scan->to_list = rmv_grow(scan->to_list, scan->to_list_count, &scan->to_list_capacity,
                                 sizeof(struct rmv_examine_folder *));
        scan->to_list[scan->to_list_count++] = rmv_examine_folder_new(&scan->alive, folder, i);
    }
}

static const struct rmv_error *scan_items(struct scan *scan, struct rmv_examine_folder *folder,
                                          int fd)
{
    RMV_CLEANUP(rmv_str_free) char *start = path_in(scan, folder, "");
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf path = {0};
    rmv_buf_append_string(&path, start);
    const size_t start_size = path.size;

    for (size_t i = 0; i < folder->count; i++) {
        path.size = start_size;
        rmv_buf_append_string(&path, rmv_examine_folder_name(folder, i));
        if (path.size >= RMV_TREE_PATH_SIZE_MAX)
            return rmv_error(RMV_ERR_LIMIT, "'%.200s…' is longer than the %d bytes a path may have",
                             rmv_buf_string(&path), RMV_TREE_PATH_SIZE_MAX - 1);
        const struct rmv_error *err = scan_item(scan, folder, fd, i, rmv_buf_string(&path));
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *enter_ignore(const struct scan *scan,
                                            struct rmv_examine_folder *folder, int fd)
{
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(scan->request->path, folder->path);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(inside);
    return rmv_ignore_enter(scan->request->workspace->log, fd, path, &folder->ignore);
}

static const struct rmv_error *list_folder(struct scan *scan, struct rmv_examine_folder *folder)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_str_free) char *path = path_in(scan, folder, "");

    const struct rmv_error *err =
        rmv_beneath_open(scan->base_fd, folder->path, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (!err)
        err = rmv_examine_folder_read(folder, fd, path);
    if (!err && folder->has_ignore_file)
        err = enter_ignore(scan, folder, fd);
    if (!err)
        err = scan_items(scan, folder, fd);
    if (err)
        return err;
    push_subfolders(scan, folder);
    return settle_item(scan, folder);
}

static const struct rmv_error *scan_folders(struct scan *scan)
{
    struct rmv_examine_folder *first = rmv_examine_folder_new(&scan->alive, NULL, 0);
    RMV_CLEANUP(rmv_str_free) char *above = rmv_path_parent(scan->request->path);

    const struct rmv_error *err = rmv_ignore_open(scan->request->workspace, above, &first->ignore);
    if (!err)
        err = list_folder(scan, first);
    while (!err && (scan->to_list_count > 0 || scan->jobs_count > 0)) {
        if (scan->to_list_count == 0 || scan->jobs_count >= JOBS_MAX)
            err = read_jobs(scan);
        else
            err = list_folder(scan, scan->to_list[--scan->to_list_count]);
    }
    if (!err)
        rmv_stat_index_seen_all(scan->request->workspace->stat_index, scan->request->path);
    return err;
}

/* ---- Where it starts --------------------------------------------------------------------------
 */

static const struct rmv_error *scan_one_file(struct scan *scan, int folder_fd, const char *name,
                                             const struct stat *status,
                                             struct rmv_tree_entry *entry)
{
    const struct rmv_examine_request *request = scan->request;
    const struct rmv_content_source source = {
        .folder_fd = folder_fd,
        .name = name,
        .follow_link = request->follow_link,
        .path = request->path,
    };
    RMV_CLEANUP(rmv_content_reader_free)
    struct rmv_content_reader reader = {
        .workspace = request->workspace,
        .batch = request->batch,
        .progress = request->progress,
    };

    *entry = (struct rmv_tree_entry){
        .type = rmv_content_type(status->st_mode),
        .size = (uint64_t)status->st_size,
        .nfiles = 1,
    };
    if (is_known(scan, request->path, status, &entry->id))
        return NULL;
    rmv_progress_expect(request->progress, 1, entry->size);
    return rmv_content_read(&reader, &source, entry);
}

static const struct rmv_error *scan_start(struct scan *scan, int folder_fd, const char *name,
                                          struct rmv_tree_entry *entry)
{
    const struct rmv_examine_request *request = scan->request;
    const int no_follow = request->follow_link ? 0 : AT_SYMLINK_NOFOLLOW;
    struct stat status;

    *entry = (struct rmv_tree_entry){0};
    if (fstatat(folder_fd, name, &status, no_follow) < 0)
        return errno == ENOENT ? NULL : rmv_error_errno("cannot stat '%s'", request->path);
    switch (rmv_content_type(status.st_mode)) {
    case 'd':
        scan->base_fd = openat(folder_fd, name,
                               O_RDONLY | O_DIRECTORY | O_CLOEXEC | (no_follow ? O_NOFOLLOW : 0));
        if (scan->base_fd < 0)
            return rmv_error_errno("cannot open folder '%s'", request->path);
        const struct rmv_error *err = scan_folders(scan);
        *entry = scan->result;
        return err;
    case 'l':
        return scan_link(request, folder_fd, name, request->path, entry);
    case 0:
        return refuse_special(request->path, status.st_mode);
    default:
        return scan_one_file(scan, folder_fd, name, &status, entry);
    }
}

const struct rmv_error *rmv_examine(const struct rmv_examine_request *request,
                                    struct rmv_tree_entry *entry)
{
    RMV_CLEANUP(scan_free) struct scan scan = {.request = request, .base_fd = -1};
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    struct rmv_tree_entry found;

    const struct rmv_error *err = rmv_beneath_open_parent(request->workspace->root_fd,
                                                          request->path, false, &folder_fd, &name);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        *entry = (struct rmv_tree_entry){0};
        return NULL;
    }
    if (!err)
        err = scan_start(&scan, folder_fd, name, &found);
    if (!err)
        *entry = found;
    return err;
}
