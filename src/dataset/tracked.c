#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataset/placed.h"
#include "dataset/scan.h"
#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/map.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/workspace.h"

struct entry {
    struct rmv_output output;
    char *source, *stage;
};

/* A pointer or lock file that cannot be read: what that means is known once all are found. */
struct broken {
    char *path;
    struct rmv_error *error;
};

struct collector {
    struct rmv_workspace *workspace;
    const char *commit_id;            /* NULL: the work tree */
    const struct rmv_strings *around; /* folders not to look into; NULL for none */
    struct entry *entries;
    size_t count, capacity;
    struct rmv_map paths; /* of the outputs so far */
    struct rmv_strings pipelines;
    struct broken *broken;
    size_t broken_count, broken_capacity;
    struct rmv_lock_file *lock_files;
    size_t lock_files_count, lock_files_capacity;
};

static void entry_free(struct entry *entry)
{
    rmv_output_free(&entry->output);
    rmv_str_free(&entry->source);
    rmv_str_free(&entry->stage);
}

static void collector_free(struct collector *collector)
{
    for (size_t i = 0; i < collector->count; i++)
        entry_free(&collector->entries[i]);
    for (size_t i = 0; i < collector->lock_files_count; i++)
        rmv_lock_file_free(&collector->lock_files[i]);
    for (size_t i = 0; i < collector->broken_count; i++) {
        rmv_str_free(&collector->broken[i].path);
        rmv_error_free(&collector->broken[i].error);
    }
    free(collector->entries);
    free(collector->lock_files);
    free(collector->broken);
    rmv_map_free(&collector->paths);
    rmv_strings_free(&collector->pipelines);
    *collector = (struct collector){0};
}

void rmv_tracked_free(struct rmv_tracked *tracked)
{
    rmv_outputs_free(&tracked->outputs);
    rmv_strings_free(&tracked->sources);
    rmv_strings_free(&tracked->stages);
    rmv_strings_free(&tracked->pipelines);
    for (size_t i = 0; i < tracked->lock_files_count; i++)
        rmv_lock_file_free(&tracked->lock_files[i]);
    free(tracked->lock_files);
    *tracked = (struct rmv_tracked){0};
}

/* ---- Collecting ----------------------------------------------------------------------------- */

static const struct rmv_error *read_work_file(const struct rmv_workspace *workspace,
                                              const char *path, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct stat status;

    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (err)
        return err;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is not a file", path);
    return rmv_fd_read(fd, path, RMV_YAML_BYTES_MAX, text);
}

static const struct rmv_error *read_file(const struct collector *collector, const char *path,
                                         struct rmv_buf *text)
{
    struct rmv_workspace *workspace = collector->workspace;
    if (!collector->commit_id)
        return read_work_file(workspace, path, text);
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, path);
    return rmv_vcs_read(workspace->vcs, collector->commit_id, below_top, RMV_YAML_BYTES_MAX, text);
}

/* Takes over what `output` holds. */
static void add_output(struct collector *collector, struct rmv_output *output, const char *source,
                       const char *stage)
{
    collector->entries = rmv_grow(collector->entries, collector->count, &collector->capacity,
                                  sizeof(collector->entries[0]));
    struct entry *entry = &collector->entries[collector->count++];
    *entry = (struct entry){
        .output = *output, .source = rmv_str_copy(source), .stage = rmv_str_copy(stage)};
    *output = (struct rmv_output){0};
    rmv_map_set(&collector->paths, entry->output.path, collector);
}

static const struct rmv_error *add_pointer(struct collector *collector, const char *path,
                                           const struct rmv_buf *text)
{
    struct rmv_output output = {0};

    const struct rmv_error *err = rmv_pointer_parse(path, text->data, text->size, &output);
    if (!err)
        add_output(collector, &output, path, "");
    return err;
}

/* The stages of the rmv.yaml beside a lock file; null if it cannot be read just now. */
static void read_declared(const struct collector *collector, const char *lock_path,
                          struct rmv_value *document)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(lock_path);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, RMV_SCAN_PIPELINE_NAME);

    if (!read_file(collector, path, &text) && rmv_yaml_parse(path, text.data, text.size, document))
        rmv_value_free(document);
}

/* A stage that rmv.yaml no longer has leaves its entry in the lock file, and it claims nothing. The
 * stages that `foreach` and `matrix` make are called NAME@KEY. */
static bool is_declared(const struct rmv_value *document, const char *stage)
{
    const struct rmv_value *stages = rmv_value_find(document, "stages");
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(stage, strcspn(stage, "@"));
    return !stages || rmv_value_find(stages, name);
}

static const struct rmv_error *add_lock_file(struct collector *collector, const char *path,
                                             const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    struct rmv_lock_file lock = {0};

    const struct rmv_error *err = rmv_lock_file_parse(path, text->data, text->size, &lock);
    if (err)
        return err;
    collector->lock_files = rmv_grow(collector->lock_files, collector->lock_files_count,
                                     &collector->lock_files_capacity, sizeof(lock));
    collector->lock_files[collector->lock_files_count++] = lock;
    read_declared(collector, path, &document);
    for (size_t i = 0; i < lock.count; i++) {
        const struct rmv_lock_stage *stage = &lock.stages[i];
        if (!is_declared(&document, stage->name))
            continue;
        for (size_t k = 0; k < stage->outs.count; k++) {
            struct rmv_output output = {0};
            if (stage->outs.items[k].kind == RMV_OUTPUT_MISSING)
                continue;
            rmv_output_copy(&output, &stage->outs.items[k]);
            add_output(collector, &output, path, stage->name);
        }
    }
    return NULL;
}

static const struct rmv_error *add_text(struct collector *collector, const char *path)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = read_file(collector, path, &text);
    if (err)
        return err;
    if (strcmp(rmv_path_name(path), RMV_LOCK_FILE_NAME) == 0)
        return add_lock_file(collector, path, &text);
    return add_pointer(collector, path, &text);
}

static const struct rmv_error *add_source(void *context, const char *path)
{
    struct collector *collector = context;

    if (strcmp(rmv_path_name(path), RMV_SCAN_PIPELINE_NAME) == 0) {
        rmv_strings_add(&collector->pipelines, path);
        return NULL;
    }
    const struct rmv_error *err = add_text(collector, path);
    if (!err || collector->commit_id || err->code == RMV_ERR_IO)
        return err;
    collector->broken = rmv_grow(collector->broken, collector->broken_count,
                                 &collector->broken_capacity, sizeof(collector->broken[0]));
    collector->broken[collector->broken_count++] =
        (struct broken){.path = rmv_str_copy(path), .error = rmv_error_take(err)};
    return NULL;
}

static bool is_output(void *context, const char *path)
{
    const struct collector *collector = context;
    for (size_t i = 0; collector->around && i < collector->around->count; i++)
        if (strcmp(collector->around->items[i], path) == 0 && strcmp(path, ".") != 0)
            return true;
    return rmv_map_find(&collector->paths, path) != NULL;
}

/* ---- Checking ------------------------------------------------------------------------------- */

/* Is `path` below one of the outputs? Then `*outer` is its path. */
static bool is_below_output(const struct collector *collector, const char *path, char **outer)
{
    char *parent = rmv_str_copy(path);
    for (char *slash = strrchr(parent, '/'); slash; slash = strrchr(parent, '/')) {
        *slash = '\0';
        if (rmv_map_find(&collector->paths, parent)) {
            *outer = parent;
            return true;
        }
    }
    rmv_str_free(&parent);
    return false;
}

/* Is the file part of somebody's data? Then it is data, whatever it looks like. */
static bool is_data(const struct collector *collector, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *outer = NULL;
    return rmv_map_find(&collector->paths, path) || is_below_output(collector, path, &outer);
}

static bool is_in_git(const struct rmv_workspace *workspace, const char *path)
{
    bool is_entry = false;
    if (!workspace->vcs)
        return false;
    RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
    const struct rmv_error *err = rmv_vcs_is_entry(workspace->vcs, git_path, &is_entry);
    return err || is_entry; /* in doubt it is ours */
}

/* Is the file about to be part of somebody's data, and never was ours? */
static bool becomes_data(const struct collector *collector, const char *path)
{
    const struct rmv_workspace *workspace = collector->workspace;
    for (size_t i = 0; workspace->adding && i < workspace->adding->count; i++)
        if (rmv_path_is_in(path, workspace->adding->items[i]))
            return !is_in_git(workspace, path);
    return false;
}

/* A pointer that Git does not track yet is ours if we know its data. Without Git there is no
 * telling. */
static bool is_foreign(const struct collector *collector, const struct entry *entry)
{
    struct rmv_workspace *workspace = collector->workspace;
    return workspace->vcs && becomes_data(collector, entry->source) &&
           !rmv_placed_find(rmv_placed_of(workspace), entry->output.path);
}

static void drop_data(struct collector *collector)
{
    size_t kept = 0;
    for (size_t i = 0; i < collector->count; i++) {
        struct entry *entry = &collector->entries[i];
        if (is_data(collector, entry->source) || is_foreign(collector, entry))
            entry_free(entry);
        else
            collector->entries[kept++] = *entry;
    }
    collector->count = kept;
}

static const struct rmv_error *check_broken(const struct collector *collector)
{
    for (size_t i = 0; i < collector->broken_count; i++) {
        struct broken *broken = &collector->broken[i];
        if (is_data(collector, broken->path) || becomes_data(collector, broken->path))
            continue;
        const bool is_ours = is_in_git(collector->workspace, broken->path);
        const struct rmv_error *err = rmv_error_raise(&broken->error);
        if (is_ours || strstr(err->message, "\nhint: "))
            return err;
        return rmv_error_hint(err, "if it is data, `rmv add` it, or the folder it is part of");
    }
    return NULL;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *first = a, *second = b;
    const int order = strcmp(first->output.path, second->output.path);
    return order ? order : strcmp(first->source, second->source);
}

/* "'data/raw.rmv'" or "stage 'train' of 'rmv.lock'". */
static char *describe(const struct entry *entry)
{
    if (*entry->stage == '\0')
        return rmv_str_format("'%s'", entry->source);
    return rmv_str_format("stage '%s' of '%s'", entry->stage, entry->source);
}

static const struct rmv_error *conflict(const struct entry *a, const struct entry *b)
{
    RMV_CLEANUP(rmv_str_free) char *first = describe(a);
    RMV_CLEANUP(rmv_str_free) char *second = describe(b);
    const bool is_same = strcmp(a->output.path, b->output.path) == 0;

    if (is_same)
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "'%s' is an output of both %s and %s",
                                        a->output.path, first, second),
                              "remove it from one of them");
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "outputs overlap: '%s' of %s and '%s' of %s",
                                    a->output.path, first, b->output.path, second),
                          "remove one of them, or move its data");
}

static const struct rmv_error *check_overlaps(const struct collector *collector)
{
    for (size_t i = 0; i < collector->count; i++) {
        const struct entry *entry = &collector->entries[i];
        RMV_CLEANUP(rmv_str_free) char *outer = NULL;
        if (i > 0 && strcmp(entry[-1].output.path, entry->output.path) == 0)
            return conflict(&entry[-1], entry);
        if (!is_below_output(collector, entry->output.path, &outer))
            continue;
        for (size_t k = 0; k < collector->count; k++)
            if (strcmp(collector->entries[k].output.path, outer) == 0)
                return conflict(&collector->entries[k], entry);
    }
    return NULL;
}

/* ---- Results -------------------------------------------------------------------------------- */

static void hand_over(struct collector *collector, struct rmv_tracked *tracked)
{
    rmv_tracked_free(tracked);
    for (size_t i = 0; i < collector->count; i++) {
        struct entry *entry = &collector->entries[i];
        *rmv_outputs_add(&tracked->outputs) = entry->output;
        entry->output = (struct rmv_output){0};
        rmv_strings_take(&tracked->sources, entry->source);
        rmv_strings_take(&tracked->stages, entry->stage);
        entry->source = entry->stage = NULL;
    }
    tracked->lock_files = collector->lock_files;
    tracked->lock_files_count = collector->lock_files_count;
    collector->lock_files = NULL;
    collector->lock_files_count = 0;
}

static const struct rmv_error *scan_revision(struct collector *collector, const char *revision,
                                             const struct rmv_scan_visitor *visitor)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    struct rmv_workspace *workspace = collector->workspace;

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE,
                         "there is no revision '%s': the workspace is not in a Git repository",
                         revision);
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revision, &commit);
    if (err)
        return err;
    collector->commit_id = commit.id;
    err = rmv_scan_commit(workspace, commit.id, visitor);
    collector->commit_id = NULL;
    if (err)
        return rmv_error_context(err, "revision '%s'", revision);
    return NULL;
}

static const struct rmv_error *collect(struct collector *collector, const char *revision)
{
    const struct rmv_scan_visitor visitor = {
        .found = add_source, .is_output = is_output, .context = collector};
    return revision ? scan_revision(collector, revision, &visitor)
                    : rmv_scan_workspace(collector->workspace, &visitor);
}

/* The rmv.yaml files that are no data, the root's first. */
static void list_pipelines(struct collector *collector, struct rmv_strings *files)
{
    struct rmv_strings *pipelines = &collector->pipelines;

    rmv_strings_sort(pipelines);
    if (rmv_strings_has(pipelines, RMV_SCAN_PIPELINE_NAME))
        rmv_strings_add(files, RMV_SCAN_PIPELINE_NAME);
    for (size_t i = 0; i < pipelines->count; i++) {
        const char *path = pipelines->items[i];
        if (strcmp(path, RMV_SCAN_PIPELINE_NAME) != 0 && !is_data(collector, path) &&
            !becomes_data(collector, path))
            rmv_strings_add(files, path);
    }
}

static const struct rmv_error *read_tracked(struct collector *collector, const char *revision,
                                            struct rmv_tracked *tracked)
{
    const struct rmv_error *err = collect(collector, revision);
    if (!err)
        err = check_broken(collector);
    if (err)
        return err;
    drop_data(collector);
    if (collector->count > 0)
        qsort(collector->entries, collector->count, sizeof(collector->entries[0]), compare_entries);
    err = check_overlaps(collector);
    if (err)
        return err;
    hand_over(collector, tracked);
    list_pipelines(collector, &tracked->pipelines);
    return NULL;
}

const struct rmv_error *rmv_tracked_read(struct rmv_workspace *workspace, const char *revision,
                                         struct rmv_tracked *tracked)
{
    RMV_CLEANUP(collector_free) struct collector collector = {.workspace = workspace};
    return read_tracked(&collector, revision, tracked);
}

const struct rmv_error *rmv_tracked_read_around(struct rmv_workspace *workspace,
                                                struct rmv_tracked *tracked)
{
    RMV_CLEANUP(collector_free)
    struct collector collector = {.workspace = workspace, .around = workspace->adding};
    return read_tracked(&collector, NULL, tracked);
}

const struct rmv_error *rmv_tracked_pipelines(struct rmv_workspace *workspace, const char *revision,
                                              struct rmv_strings *files)
{
    RMV_CLEANUP(collector_free) struct collector collector = {.workspace = workspace};

    const struct rmv_error *err = collect(&collector, revision);
    if (!err)
        err = check_broken(&collector);
    if (!err)
        list_pipelines(&collector, files);
    return err;
}

static int compare_path(const void *path, const void *output)
{
    return strcmp(path, ((const struct rmv_output *)output)->path);
}

const struct rmv_output *rmv_tracked_find(const struct rmv_tracked *tracked, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *ancestor = rmv_str_copy(path);

    while (tracked->outputs.count > 0) {
        const struct rmv_output *found =
            bsearch(ancestor, tracked->outputs.items, tracked->outputs.count,
                    sizeof(tracked->outputs.items[0]), compare_path);
        if (found)
            return found;
        char *slash = strrchr(ancestor, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return NULL;
}
