#include "dataset/restore_new.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataset/restore_file.h"
#include "dataset/stat_entry.h"
#include "dataset/stat_internal.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

#define FOLDERS_MAX 4096 /* that are added before they are filled */
#define FILES_MAX 128    /* written at a time */
#define LEARNT_MAX 1024  /* kept by a thread before it tells the stat index */
#define JOBS_PER_THREAD 4
#define CREATED_MAX 64      /* files that a thread creates before it fills them */
#define CREATED_ALL_MAX 256 /* open at a time, of all threads */
#define CREATE_LOCKS_COUNT 16
#define SPIN_NS 500000

/* Files and links of one folder. Their names lie one behind the other. */
struct files {
    char *folder;
    struct rmv_tree_entry entries[FILES_MAX];
    size_t name_offsets[FILES_MAX];
    size_t count;
    struct rmv_buf names;
};

/* Either a folder to fill or files to write. */
struct job {
    struct job *next;
    struct rmv_restore_folder folder;
    struct files *files;
};

struct crew {
    struct rmv_restore *restore;
    size_t threads, jobs_max;
    size_t created_max;
    pthread_mutex_t create_locks[CREATE_LOCKS_COUNT]; /* of folders, by a hash of the path */
    pthread_mutex_t lock;                             /* of everything below */
    pthread_cond_t has_changed;
    struct job *first, *last;
    size_t jobs_count;
    size_t busy_count;      /* threads with a job, which may add others */
    uint64_t folders_count; /* visited, by all */
};

/* One thread. */
struct worker {
    struct crew *crew;
    const struct rmv_restore_folder *folder; /* the job's */
    struct files *files;                     /* found, and not written yet */
    struct rmv_buf path;
    struct rmv_restore_writer writer;
    struct rmv_stat_pending learnt;
    uint64_t added;
    struct stat newest;
    bool has_newest;
};

static void files_free(struct files **files)
{
    if (!*files)
        return;
    rmv_str_free(&(*files)->folder);
    rmv_buf_free(&(*files)->names);
    free(*files);
    *files = NULL;
}

static void job_free(struct job **job)
{
    if (!*job)
        return;
    rmv_str_free(&(*job)->folder.path);
    files_free(&(*job)->files);
    free(*job);
    *job = NULL;
}

/* ---- The queue --------------------------------------------------------------------------------
 */

static void push(struct crew *crew, struct job *job)
{
    pthread_mutex_lock(&crew->lock);
    if (crew->last)
        crew->last->next = job;
    else
        crew->first = job;
    crew->last = job;
    crew->jobs_count++;
    pthread_cond_signal(&crew->has_changed);
    pthread_mutex_unlock(&crew->lock);
}

/* Sets `*job` to the next one; NULL when all is done. */
static bool pull(struct crew *crew, struct job **job)
{
    pthread_mutex_lock(&crew->lock);
    while (!crew->first && crew->busy_count > 0)
        pthread_cond_wait(&crew->has_changed, &crew->lock);
    *job = crew->first;
    if (crew->first) {
        crew->first = crew->first->next;
        crew->last = crew->first ? crew->last : NULL;
        crew->jobs_count--;
        crew->busy_count++;
    }
    pthread_mutex_unlock(&crew->lock);
    return *job != NULL;
}

static void finish(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    if (--crew->busy_count == 0)
        pthread_cond_broadcast(&crew->has_changed);
    pthread_mutex_unlock(&crew->lock);
}

static bool has_room(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    const bool has = crew->jobs_count < crew->jobs_max;
    pthread_mutex_unlock(&crew->lock);
    return has;
}

/* Would anybody have to wait soon? */
static bool is_work_short(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    const bool is = crew->jobs_count < crew->threads;
    pthread_mutex_unlock(&crew->lock);
    return is;
}

/* ---- Files ------------------------------------------------------------------------------------
 */

/* The path of something in a folder, until the next call. */
static const char *path_in(struct worker *worker, const char *folder, const char *inside)
{
    worker->path.size = 0;
    rmv_buf_append_string(&worker->path, folder);
    if (*inside)
        rmv_buf_append_string(&worker->path, "/");
    rmv_buf_append_string(&worker->path, inside);
    return rmv_buf_string(&worker->path);
}

static void note_written(struct worker *worker, const char *path,
                         const struct rmv_tree_entry *entry, const struct stat *status)
{
    struct rmv_restore *restore = worker->crew->restore;
    struct rmv_stat_entry learnt;

    worker->added++;
    rmv_progress_add(restore->options->progress, 1, entry->size);
    if (!rmv_tree_is_file(entry->type))
        return;
    rmv_stat_entry_fill(&learnt, path, status, &entry->id);
    rmv_stat_pending_add(&worker->learnt, path, &learnt);
    if (worker->learnt.count == LEARNT_MAX)
        rmv_stat_index_take(restore->workspace->stat_index, &worker->learnt);
    if (!worker->has_newest || learnt.ctime_ns > rmv_stat_entry_ns(&worker->newest.st_ctim)) {
        worker->newest = *status;
        worker->has_newest = true;
    }
}

/* Mostly it is given back within the time that it takes to be woken. */
static void take_create_lock(pthread_mutex_t *lock)
{
    const int64_t end_ns = rmv_time_monotonic_ns() + SPIN_NS;
    while (pthread_mutex_trylock(lock) != 0)
        if (rmv_time_monotonic_ns() > end_ns) {
            pthread_mutex_lock(lock);
            return;
        }
}

/* The system creates one file of a folder at a time, and whoever waits for that burns a processor.
 * So in a folder that others may be at work in, too, a thread creates many, as the only one, and
 * then fills them while others create theirs. What cannot be created is left, with a descriptor of
 * -1, to be written as any other. */
static void create_files(struct worker *worker, const struct files *files, size_t first, int *fds)
{
    const uint64_t hash = rmv_stat_entry_hash(0, files->folder, strlen(files->folder));
    pthread_mutex_t *lock = &worker->crew->create_locks[hash % CREATE_LOCKS_COUNT];

    take_create_lock(lock);
    for (size_t i = first; i < files->count && i < first + worker->crew->created_max; i++) {
        const struct rmv_tree_entry *entry = &files->entries[i];
        const char *name = files->names.data + files->name_offsets[i];
        if (!rmv_tree_is_file(entry->type) || entry->size >= RMV_STORE_CLONE_MIN)
            continue;
        if (rmv_restore_create(&worker->writer, name, name, entry->type, &fds[i - first]))
            break;
    }
    pthread_mutex_unlock(lock);
}

/* `fd` is the file, if it was created, or -1. */
static void write_one(struct worker *worker, const struct files *files, size_t i, int fd)
{
    struct rmv_restore *restore = worker->crew->restore;
    const struct rmv_tree_entry *entry = &files->entries[i];
    const char *name = files->names.data + files->name_offsets[i];
    const char *path = path_in(worker, files->folder, name);
    struct stat status = {0};
    const struct rmv_error *err = NULL;

    if (fd >= 0) {
        err = rmv_restore_fill(restore, path, &entry->id, fd, &status);
        if (err)
            unlinkat(worker->writer.folder_fd, name, 0);
    } else {
        err = rmv_restore_enter(&worker->writer, path, &name);
        if (!err)
            err = rmv_restore_write_new(&worker->writer, name, path, entry, &status);
    }
    if (err)
        rmv_restore_fail(restore, path, err);
    else
        note_written(worker, path, entry, &status);
}

/* Ids are all over an index, which for many files does not fit into a cache. */
static void prefetch(const struct worker *worker, const struct files *files)
{
    const struct rmv_object_id *ids[FILES_MAX];
    for (size_t i = 0; i < files->count; i++)
        ids[i] = &files->entries[i].id;
    rmv_store_prefetch(worker->crew->restore->workspace->store, ids, files->count);
}

static void write_files(struct worker *worker, const struct files *files)
{
    const char *path = path_in(worker, files->folder, files->names.data);
    const char *name;
    const bool is_shared =
        files->count == FILES_MAX && !rmv_restore_enter(&worker->writer, path, &name);
    const size_t step = is_shared ? worker->crew->created_max : 1;

    prefetch(worker, files);
    for (size_t first = 0; first < files->count; first += step) {
        int fds[CREATED_MAX];
        memset(fds, -1, sizeof(fds));
        if (is_shared)
            create_files(worker, files, first, fds);
        for (size_t i = first; i < files->count && i < first + step; i++) {
            write_one(worker, files, i, fds[i - first]);
            rmv_fd_close(&fds[i - first]);
        }
    }
}

static void write_found(struct worker *worker)
{
    if (worker->files)
        write_files(worker, worker->files);
    files_free(&worker->files);
}

/* A folder with so many files is shared, if anybody would have to wait otherwise. */
static void share_found(struct worker *worker)
{
    if (!is_work_short(worker->crew)) {
        write_found(worker);
        return;
    }
    struct job *job = rmv_calloc(1, sizeof(*job));
    job->files = worker->files;
    worker->files = NULL;
    push(worker->crew, job);
}

static void add_file(struct worker *worker, const char *path, const struct rmv_tree_entry *entry)
{
    struct files *files = worker->files;
    if (!files) {
        files = worker->files = rmv_calloc(1, sizeof(*files));
        files->folder = rmv_path_parent(path);
    }
    files->entries[files->count] = *entry;
    files->name_offsets[files->count++] = files->names.size;
    rmv_buf_append(&files->names, entry->name, strlen(entry->name) + 1);
    if (files->count == FILES_MAX)
        share_found(worker);
}

/* ---- Folders ----------------------------------------------------------------------------------
 */

const struct rmv_error *rmv_restore_make_folder(const struct rmv_restore *restore, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;
    const struct rmv_error *err =
        rmv_beneath_open_parent(restore->workspace->root_fd, path, true, &folder_fd, &name);
    if (!err && mkdirat(folder_fd, name, 0777) < 0 && errno != EEXIST)
        err = rmv_error_errno("cannot create folder '%s'", path);
    return err;
}

/* A tree that leads to others over and over, as only somebody malicious makes it, must end. */
static const struct rmv_error *count_folder(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    const bool is_too_many = ++crew->folders_count > RMV_TREE_VISITS_MAX;
    pthread_mutex_unlock(&crew->lock);
    return is_too_many ? rmv_error(RMV_ERR_LIMIT, "more than %d folders", RMV_TREE_VISITS_MAX)
                       : NULL;
}

static const struct rmv_error *enter_folder(struct worker *worker, struct rmv_tree_visit *visit,
                                            const char *path)
{
    struct crew *crew = worker->crew;
    const struct rmv_error *err = count_folder(crew);
    if (err)
        return err;
    err = rmv_restore_make_folder(crew->restore, path);
    if (err) {
        rmv_restore_fail(crew->restore, path, err);
        visit->descend = false;
    } else if (has_room(crew)) {
        struct job *job = rmv_calloc(1, sizeof(*job));
        job->folder.path = rmv_str_copy(path);
        job->folder.entry = *visit->entries[0];
        push(crew, job);
        visit->descend = false;
    } else {
        write_found(worker);
    }
    return NULL;
}

static const struct rmv_error *visit(void *context, struct rmv_tree_visit *visit)
{
    struct worker *worker = context;
    const struct rmv_tree_entry *entry = visit->entries[0];

    if (visit->is_leaving) {
        write_found(worker);
        return NULL;
    }
    if (!*visit->path) /* it is there already */
        return NULL;
    const char *path = path_in(worker, worker->folder->path, visit->path);
    if (entry->type == 'd')
        return enter_folder(worker, visit, path);
    add_file(worker, path, entry);
    return NULL;
}

/* What was read of the folder is restored; one of which nothing was does not stay. */
static const struct rmv_error *unreadable(void *context, const char *inside, size_t side,
                                          const struct rmv_error *err, bool *skip)
{
    struct worker *worker = context;
    struct rmv_restore *restore = worker->crew->restore;
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_copy(path_in(worker, worker->folder->path, inside));
    (void)side;

    rmv_restore_fail(restore, path, err);
    write_found(worker);
    err = rmv_restore_remove(restore, path, true);
    if (err)
        rmv_restore_fail(restore, path, err);
    *skip = true;
    return NULL;
}

static void fill_folder(struct worker *worker, const struct rmv_restore_folder *folder)
{
    const struct rmv_tree_join join = {
        .workspace = worker->crew->restore->workspace,
        .sides_count = 1,
        .roots = {folder->entry},
        .visit = visit,
        .unreadable = unreadable,
        .context = worker,
    };
    worker->folder = folder;
    const struct rmv_error *err = rmv_tree_join(&join);
    if (err)
        rmv_restore_fail(worker->crew->restore, folder->path, err);
    write_found(worker);
}

/* ---- Threads ----------------------------------------------------------------------------------
 */

static void report(struct worker *worker)
{
    struct rmv_restore *restore = worker->crew->restore;
    if (worker->learnt.count > 0)
        rmv_stat_index_take(restore->workspace->stat_index, &worker->learnt);
    pthread_mutex_lock(&restore->lock);
    restore->report.added += worker->added;
    if (worker->has_newest)
        rmv_restore_note_newest(restore, &worker->newest);
    pthread_mutex_unlock(&restore->lock);
}

static const struct rmv_error *work(void *context, size_t i)
{
    struct crew *crew = context;
    struct worker worker = {
        .crew = crew,
        .writer = {.restore = crew->restore, .folder_fd = -1},
    };
    struct job *job;
    (void)i;

    while (pull(crew, &job)) {
        if (job->files)
            write_files(&worker, job->files);
        else
            fill_folder(&worker, &job->folder);
        job_free(&job);
        finish(crew);
    }
    report(&worker);
    rmv_restore_writer_free(&worker.writer);
    rmv_stat_pending_free(&worker.learnt);
    rmv_buf_free(&worker.path);
    return NULL;
}

void rmv_restore_new_add(struct rmv_restore *restore, char *path,
                         const struct rmv_tree_entry *entry)
{
    restore->new_folders = rmv_grow(restore->new_folders, restore->new_folders_count,
                                    &restore->new_folders_capacity, sizeof(*restore->new_folders));
    restore->new_folders[restore->new_folders_count++] =
        (struct rmv_restore_folder){.path = path, .entry = *entry};
    if (restore->new_folders_count == FOLDERS_MAX)
        rmv_restore_new_fill(restore);
}

void rmv_restore_new_fill(struct rmv_restore *restore)
{
    struct rmv_pool *pool = restore->workspace->pool;
    const size_t threads = rmv_pool_threads(pool);
    struct crew crew = {
        .restore = restore, .threads = threads, .jobs_max = JOBS_PER_THREAD * threads};
    if (restore->new_folders_count == 0)
        return;

    pthread_mutex_init(&crew.lock, NULL);
    pthread_cond_init(&crew.has_changed, NULL);
    crew.created_max = CREATED_ALL_MAX / threads;
    crew.created_max = crew.created_max > CREATED_MAX ? CREATED_MAX
                       : crew.created_max > 0         ? crew.created_max
                                                      : 1;
    for (size_t i = 0; i < CREATE_LOCKS_COUNT; i++)
        pthread_mutex_init(&crew.create_locks[i], NULL);
    for (size_t i = 0; i < restore->new_folders_count; i++) {
        struct job *job = rmv_calloc(1, sizeof(*job));
        job->folder = restore->new_folders[i];
        push(&crew, job);
    }
    restore->new_folders_count = 0;
    const struct rmv_error *err = rmv_pool_run(pool, threads, work, &crew);
    if (err)
        rmv_restore_fail(restore, restore->target->output->path, err);
    for (size_t i = 0; i < CREATE_LOCKS_COUNT; i++)
        pthread_mutex_destroy(&crew.create_locks[i]);
    pthread_cond_destroy(&crew.has_changed);
    pthread_mutex_destroy(&crew.lock);
}
