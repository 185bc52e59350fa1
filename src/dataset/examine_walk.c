#include "dataset/examine_walk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataset/content.h"
#include "dataset/examine_folder.h"
#include "dataset/links.h"
#include "dataset/stat_cursor.h"
#include "dataset/stat_internal.h"
#include "dataset/trees.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define SPAN_ITEMS_MAX 128 /* items of a folder that are one piece of work */

/* Some items of a folder to look at, or one large file to read. */
struct piece {
    struct rmv_examine_folder *folder;
    size_t first, end;
    bool is_large;
};

struct walk {
    const struct rmv_examine_request *request;
    int base_fd;       /* the folder at the request's path */
    bool asks_pending; /* see struct rmv_stat_cursor */
    struct rmv_tree_entry result;

    pthread_mutex_t lock; /* for everything below */
    pthread_cond_t has_work;
    struct rmv_examine_folder *alive; /* all folders, to free them after an error */
    /* Two stacks. Folders are listed only when no piece is left: each piece keeps one open. */
    struct piece *pieces;
    size_t pieces_count, pieces_capacity;
    struct rmv_examine_folder **folders;
    size_t folders_count, folders_capacity;
    size_t busy_count;
    struct rmv_error *failure; /* the first; nothing is begun after it */
};

/* What one thread works with. */
struct worker {
    struct walk *walk;
    struct rmv_content_reader reader;
    struct rmv_stat_cursor cursor;
    struct rmv_buf room; /* for names */
    struct rmv_buf text; /* of a tree */
    size_t *large;       /* items of the span being looked at that are files to be read later */
    size_t large_count, large_capacity;
    const struct rmv_object_id *known[SPAN_ITEMS_MAX]; /* of the span's files that are not read */
    size_t known_count;
};

static void walk_free(struct walk *walk)
{
    while (walk->alive)
        rmv_examine_folder_free(&walk->alive, walk->alive);
    free(walk->pieces);
    free(walk->folders);
    rmv_error_free(&walk->failure);
    rmv_fd_close(&walk->base_fd);
    pthread_mutex_destroy(&walk->lock);
    pthread_cond_destroy(&walk->has_work);
}

/* What was found out of a file, for the reader to tell. */
static void set_item(void *context, void *item, const struct rmv_tree_entry *entry)
{
    const struct walk *walk = context;
    rmv_examine_item_set(item, entry);
    rmv_examine_note(walk->request, &entry->id);
}

static void worker_open(struct worker *worker, struct walk *walk)
{
    const struct rmv_examine_request *request = walk->request;
    *worker = (struct worker){
        .walk = walk,
        .reader = {.workspace = request->workspace,
                   .batch = request->batch,
                   .progress = request->progress,
                   .keeps_files = request->keeps_files,
                   .earlier = request->earlier,
                   .done = set_item,
                   .context = walk},
        .cursor = {.index = request->workspace->stat_index, .asks_pending = walk->asks_pending},
    };
}

static void worker_close(struct worker *worker)
{
    rmv_content_reader_free(&worker->reader);
    rmv_stat_cursor_free(&worker->cursor);
    rmv_buf_free(&worker->room);
    rmv_buf_free(&worker->text);
    free(worker->large);
}

/* ---- The stacks ------------------------------------------------------------------------------ */

static void push_piece_locked(struct walk *walk, struct rmv_examine_folder *folder, size_t first,
                              size_t end, bool is_large)
{
    atomic_fetch_add(&folder->users_count, 1);
    atomic_fetch_add(&folder->pending_count, 1);
    walk->pieces =
        rmv_grow(walk->pieces, walk->pieces_count, &walk->pieces_capacity, sizeof(*walk->pieces));
    walk->pieces[walk->pieces_count++] =
        (struct piece){.folder = folder, .first = first, .end = end, .is_large = is_large};
    pthread_cond_signal(&walk->has_work);
}

/* The last one first, so that the first is next on the stack. */
static void push_spans(struct walk *walk, struct rmv_examine_folder *folder, size_t from)
{
    if (from >= folder->count)
        return;
    pthread_mutex_lock(&walk->lock);
    const size_t spans = (folder->count - from + SPAN_ITEMS_MAX - 1) / SPAN_ITEMS_MAX;
    for (size_t i = spans; i-- > 0;) {
        const size_t first = from + i * SPAN_ITEMS_MAX;
        const size_t end = i + 1 < spans ? first + SPAN_ITEMS_MAX : folder->count;
        push_piece_locked(walk, folder, first, end, false);
    }
    pthread_mutex_unlock(&walk->lock);
}

static void push_folder_locked(struct walk *walk, struct rmv_examine_folder *parent, size_t index)
{
    char *path = rmv_path_join(parent->path, rmv_examine_folder_name(parent, index));
    atomic_fetch_add(&parent->pending_count, 1);
    walk->folders = rmv_grow(walk->folders, walk->folders_count, &walk->folders_capacity,
                             sizeof(struct rmv_examine_folder *));
    walk->folders[walk->folders_count++] =
        rmv_examine_folder_new(&walk->alive, parent, index, path);
    pthread_cond_signal(&walk->has_work);
}

/* What is left to do of a span that was looked at. Its items are others' from then on. */
static void push_rest(struct worker *worker, const struct piece *span, bool has_folders)
{
    struct walk *walk = worker->walk;
    if (!has_folders && worker->large_count == 0)
        return;
    pthread_mutex_lock(&walk->lock);
    for (size_t i = span->end; has_folders && i-- > span->first;)
        if (span->folder->items[i].type == 'd')
            push_folder_locked(walk, span->folder, i);
    while (worker->large_count > 0) {
        const size_t index = worker->large[--worker->large_count];
        push_piece_locked(walk, span->folder, index, index + 1, true);
    }
    pthread_mutex_unlock(&walk->lock);
}

/* ---- Folders that are done ------------------------------------------------------------------- */

static void remember_tree(struct worker *worker, const struct rmv_examine_folder *folder,
                          const struct rmv_object_id *id)
{
    struct walk *walk = worker->walk;
    struct rmv_tree_entry entry;
    if (rmv_trees_is_stored(walk->request->workspace, id))
        return;
    rmv_examine_folder_format(folder, &worker->text, &entry);
    pthread_mutex_lock(&walk->lock);
    rmv_trees_remember(walk->request->workspace, id, &worker->text);
    pthread_mutex_unlock(&walk->lock);
}

static const struct rmv_error *finish_folder(struct worker *worker,
                                             const struct rmv_examine_folder *folder,
                                             struct rmv_tree_entry *entry)
{
    const struct rmv_examine_request *request = worker->walk->request;

    if (request->batch)
        return rmv_examine_folder_put(folder, request->batch, &worker->text, entry);
    rmv_examine_folder_hash(folder, &worker->text, entry);
    rmv_examine_note(request, &entry->id);
    remember_tree(worker, folder, &entry->id);
    return NULL;
}

/* One piece or folder less is to be waited for: finishes the folder if it was the last, and so on
 * upwards. */
static const struct rmv_error *settle(struct worker *worker, struct rmv_examine_folder *folder)
{
    struct walk *walk = worker->walk;
    while (folder && atomic_fetch_sub(&folder->pending_count, 1) == 1) {
        struct rmv_tree_entry entry;
        const struct rmv_error *err = finish_folder(worker, folder, &entry);
        if (err)
            return err;
        struct rmv_examine_folder *parent = folder->parent;
        if (parent) {
            struct rmv_examine_item *item = &parent->items[folder->index];
            item->size = entry.size;
            item->nfiles = entry.nfiles;
            item->id = entry.id;
        } else {
            walk->result = entry;
        }
        pthread_mutex_lock(&walk->lock);
        rmv_examine_folder_free(&walk->alive, folder);
        pthread_mutex_unlock(&walk->lock);
        folder = parent;
    }
    return NULL;
}

/* ---- Items ----------------------------------------------------------------------------------- */

static const struct rmv_error *check_length(const struct worker *worker, const char *name)
{
    const size_t size = worker->cursor.folder_size + strlen(name);
    if (size < RMV_TREE_PATH_SIZE_MAX)
        return NULL;
    return rmv_error(RMV_ERR_LIMIT, "'%.*s%.200s…' is longer than the %d bytes a path may have",
                     (int)(worker->cursor.folder_size < 200 ? worker->cursor.folder_size : 200),
                     worker->cursor.path.data, name, RMV_TREE_PATH_SIZE_MAX - 1);
}

/* Reads a file now, or if it is large leaves that to whoever has time. */
static const struct rmv_error *read_file(struct worker *worker, struct rmv_examine_folder *folder,
                                         size_t index)
{
    const struct rmv_examine_request *request = worker->walk->request;
    const struct rmv_content_source source = {
        .folder_fd = folder->fd,
        .name = rmv_examine_folder_name(folder, index),
        .path = rmv_stat_cursor_path(&worker->cursor),
    };
    struct rmv_tree_entry entry = {0};
    bool is_small = true;

    rmv_progress_expect(request->progress, 1, 0);
    const struct rmv_error *err =
        rmv_content_hold(&worker->reader, &source, &folder->items[index], &is_small);
    if (err || is_small)
        return err;
    err = rmv_content_read_small(&worker->reader, &source, &entry, &is_small);
    if (err)
        return err;
    rmv_progress_expect(request->progress, 0, entry.size);
    if (is_small) {
        set_item(worker->walk, &folder->items[index], &entry);
        return NULL;
    }
    worker->large = rmv_grow(worker->large, worker->large_count, &worker->large_capacity,
                             sizeof(*worker->large));
    worker->large[worker->large_count++] = index;
    return NULL;
}

static const struct rmv_error *read_large(struct worker *worker, const struct piece *piece)
{
    const char *name = rmv_examine_folder_name(piece->folder, piece->first);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(piece->folder->path, name);
    const struct rmv_content_source source = {
        .folder_fd = piece->folder->fd,
        .name = name,
        .path = path,
    };
    struct rmv_tree_entry entry = {0};

    const struct rmv_error *err = rmv_content_read(&worker->reader, &source, &entry);
    if (err)
        return err;
    set_item(worker->walk, &piece->folder->items[piece->first], &entry);
    return NULL;
}

/* A file that the stat index knows: is its content known still, and stored where that is asked? */
static bool is_known(struct worker *worker, const struct stat *status, struct rmv_object_id *id)
{
    const struct rmv_examine_request *request = worker->walk->request;
    return rmv_stat_cursor_matches(&worker->cursor, status, id) &&
           (!request->batch || rmv_store_was_saved(request->workspace->store, id));
}

/* Is the item that the cursor stands at one that .rmvignore leaves out? */
static bool is_ignored(struct worker *worker, const struct rmv_examine_folder *folder, char type)
{
    return folder->ignore && rmv_examine_leaves_out(worker->walk->request, folder->ignore,
                                                    rmv_stat_cursor_path(&worker->cursor), type);
}

/* What can be found out only by asking the system about the item. */
static const struct rmv_error *
look_closely(struct worker *worker, struct rmv_examine_folder *folder, size_t index, bool has_entry)
{
    struct rmv_examine_item *item = &folder->items[index];
    const char *name = rmv_examine_folder_name(folder, index);
    const char *path = rmv_stat_cursor_path(&worker->cursor);
    const bool was_unknown = item->type == 0;
    struct stat status;

    if (fstatat(folder->fd, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    if (S_ISLNK(status.st_mode))
        rmv_links_follow(worker->walk->request->workspace, folder->fd, name, &status);
    item->type = rmv_content_type(status.st_mode);
    if (was_unknown && is_ignored(worker, folder, item->type))
        item->type = 0;
    else if (item->type == 0)
        return rmv_examine_odd(worker->walk->request, path, status.st_mode);
    if (!rmv_tree_is_file(item->type))
        return NULL;
    if (!has_entry || !is_known(worker, &status, &item->id))
        return read_file(worker, folder, index);
    item->size = (uint64_t)status.st_size;
    item->nfiles = 1;
    worker->known[worker->known_count++] = &item->id;
    return NULL;
}

static const struct rmv_error *look_at(struct worker *worker, struct rmv_examine_folder *folder,
                                       size_t index)
{
    struct rmv_examine_item *item = &folder->items[index];
    const char *name = rmv_examine_folder_name(folder, index);

    const struct rmv_error *err = check_length(worker, name);
    if (err)
        return err;
    const bool has_entry = rmv_stat_cursor_next(&worker->cursor, name);
    if (item->type != 0 && is_ignored(worker, folder, item->type)) {
        item->type = 0;
        return NULL;
    }
    if (item->type == 'd')
        return NULL;
    /* A file that was never seen has to be read, whatever fstatat would say. */
    if (item->type == 'f' && !has_entry)
        return read_file(worker, folder, index);
    err = look_closely(worker, folder, index, has_entry);
    if (err || item->type != 'l')
        return err;

    struct rmv_tree_entry link;
    err = rmv_examine_link(worker->walk->request, folder->fd, name,
                           rmv_stat_cursor_path(&worker->cursor), &link);
    if (!err)
        rmv_examine_item_set(item, &link);
    return err;
}

/* ---- Pieces ---------------------------------------------------------------------------------- */

static const struct rmv_error *look_at_span(struct worker *worker, const struct piece *span)
{
    struct rmv_examine_folder *folder = span->folder;
    bool has_folders = false;

    worker->known_count = 0;
    rmv_stat_cursor_enter(&worker->cursor, folder->path);
    for (size_t i = span->first; i < span->end; i++) {
        const struct rmv_error *err = look_at(worker, folder, i);
        if (err)
            return err;
        has_folders = has_folders || folder->items[i].type == 'd';
    }
    rmv_examine_note_all(worker->walk->request, worker->known, worker->known_count);
    const struct rmv_error *err = rmv_content_put_held(&worker->reader);
    rmv_content_reader_tell(&worker->reader);
    if (!err)
        push_rest(worker, span, has_folders);
    return err;
}

static const struct rmv_error *do_piece(struct worker *worker, const struct piece *piece)
{
    const struct rmv_error *err =
        piece->is_large ? read_large(worker, piece) : look_at_span(worker, piece);
    if (err)
        return err;
    rmv_examine_folder_leave(piece->folder);
    return settle(worker, piece->folder);
}

/* Lists a folder and looks at its first items; the others are for whoever has time. */
static const struct rmv_error *list_folder(struct worker *worker, struct rmv_examine_folder *folder)
{
    struct walk *walk = worker->walk;
    const size_t base_size = strlen(walk->request->path);
    const char *path = folder->parent ? folder->path + base_size + 1 : ".";

    const struct rmv_error *err =
        rmv_beneath_open(walk->base_fd, path, O_RDONLY | O_DIRECTORY, 0, &folder->fd);
    folder->clears_leftovers = walk->request->clears_leftovers || walk->request->batch;
    if (!err)
        err = rmv_examine_folder_read(folder, &worker->room);
    if (folder->has_source)
        rmv_examine_flag(walk->request->has_sources);
    if (!err && folder->has_ignore_file)
        err = rmv_ignore_enter(walk->request->workspace->log, folder->fd, folder->path,
                               &folder->ignore);
    if (err)
        return err;
    push_spans(walk, folder, SPAN_ITEMS_MAX);
    const struct piece first = {
        .folder = folder,
        .end = folder->count < SPAN_ITEMS_MAX ? folder->count : SPAN_ITEMS_MAX,
    };
    return do_piece(worker, &first);
}

/* Does one piece, or lists one folder, if there is any. Called with the lock, which is given up
 * meanwhile. */
static bool do_next(struct worker *worker)
{
    struct walk *walk = worker->walk;
    struct piece piece = {0};
    struct rmv_examine_folder *folder = NULL;

    if (walk->failure)
        return false;
    if (walk->pieces_count > 0)
        piece = walk->pieces[--walk->pieces_count];
    else if (walk->folders_count > 0)
        folder = walk->folders[--walk->folders_count];
    else
        return false;
    walk->busy_count++;
    pthread_mutex_unlock(&walk->lock);
    struct rmv_error *failure =
        rmv_error_take(folder ? list_folder(worker, folder) : do_piece(worker, &piece));
    pthread_mutex_lock(&walk->lock);
    walk->busy_count--;
    if (!walk->failure)
        walk->failure = failure;
    else
        rmv_error_free(&failure);
    if (walk->busy_count == 0 || walk->failure)
        pthread_cond_broadcast(&walk->has_work);
    return true;
}

/* A thread's share: whatever it can get, until nothing is left and nobody can find more. */
static const struct rmv_error *work(void *context, size_t i)
{
    struct walk *walk = context;
    RMV_CLEANUP(worker_close) struct worker worker;
    (void)i;

    worker_open(&worker, walk);
    pthread_mutex_lock(&walk->lock);
    while (do_next(&worker) || (walk->busy_count > 0 && !walk->failure))
        if (walk->pieces_count + walk->folders_count == 0 && walk->busy_count > 0)
            pthread_cond_wait(&walk->has_work, &walk->lock);
    pthread_mutex_unlock(&walk->lock);
    return NULL;
}

static const struct rmv_error *list_start(struct walk *walk, struct rmv_examine_folder *start)
{
    const struct rmv_examine_request *request = walk->request;
    RMV_CLEANUP(worker_close) struct worker worker;
    RMV_CLEANUP(rmv_str_free) char *above = rmv_path_parent(request->path);

    worker_open(&worker, walk);
    const struct rmv_error *err = rmv_ignore_open(request->workspace, above, &start->ignore);
    return err ? err : list_folder(&worker, start);
}

const struct rmv_error *rmv_examine_walk(const struct rmv_examine_request *request, int *fd,
                                         struct rmv_tree_entry *entry)
{
    struct rmv_workspace *workspace = request->workspace;
    RMV_CLEANUP(walk_free)
    struct walk walk = {
        .request = request,
        .base_fd = *fd,
        .asks_pending = rmv_stat_index_has_learnt(workspace->stat_index),
    };
    *fd = -1;
    pthread_mutex_init(&walk.lock, NULL);
    pthread_cond_init(&walk.has_work, NULL);

    /* A small folder is not worth waking anybody. */
    struct rmv_examine_folder *start =
        rmv_examine_folder_new(&walk.alive, NULL, 0, rmv_str_copy(request->path));
    const struct rmv_error *err = list_start(&walk, start);
    if (!err && walk.pieces_count + walk.folders_count > 0)
        err = rmv_pool_run(workspace->pool, rmv_pool_threads(workspace->pool), work, &walk);
    if (!err && walk.failure)
        err = rmv_error_raise(&walk.failure);
    if (err)
        return err;
    rmv_stat_index_seen_all(workspace->stat_index, request->path);
    *entry = walk.result;
    return NULL;
}
