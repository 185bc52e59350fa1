#include "rmv/pipeline/gc.h"

#include <string.h>

#include "pipeline/run_cache.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/links.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/users.h"
#include "rmv/record/record.h"

#define UNKNOWN_MAX 100 /* sentences kept */
#define RUN_AGE_MAX_NS ((int64_t)90 * 24 * 3600 * 1000000000)

struct marking {
    struct rmv_workspace *workspace; /* of the project that is looked at */
    const struct rmv_gc_options *options;
    struct rmv_store_gc *gc;
    struct rmv_strings unknown;
    bool is_elsewhere; /* what is being read belongs to another workspace of the repository */
    const char *where; /* of the output being followed, for messages */
    struct rmv_object_id folder; /* visited last */
};

void rmv_gc_report_free(struct rmv_gc_report *report)
{
    rmv_strings_free(&report->unknown);
    *report = (struct rmv_gc_report){0};
}

static void marking_free(struct marking *marking)
{
    rmv_store_gc_close(&marking->gc);
    rmv_strings_free(&marking->unknown);
}

/* What another workspace of the repository says is kept as far as it is here, and not missed. */
static const struct rmv_error *note_unknown(void *context, const char *message)
{
    struct marking *marking = context;
    if (!marking->is_elsewhere && marking->unknown.count < UNKNOWN_MAX &&
        !rmv_strings_has(&marking->unknown, message))
        rmv_strings_add(&marking->unknown, message);
    return NULL;
}

static const struct rmv_error *note_error(struct marking *marking, const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_format("%s: %s", marking->where, err->message);
    return note_unknown(marking, message);
}

/* ---- Outputs --------------------------------------------------------------------------------- */

static const struct rmv_error *mark_item(void *context, const struct rmv_tree_item *item,
                                         bool *descend)
{
    struct marking *marking = context;
    if (item->type != 'd') {
        rmv_store_gc_keep(marking->gc, &item->id, RMV_STORE_GC_BYTES);
        return NULL;
    }
    marking->folder = item->id;
    *descend = rmv_store_gc_keep(marking->gc, &item->id, RMV_STORE_GC_FOLDER);
    return NULL;
}

static const struct rmv_error *note_folder(void *context, const char *path,
                                           const struct rmv_error *err)
{
    struct marking *marking = context;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    (void)path;
    if (err->code == RMV_ERR_IO)
        return err;
    rmv_object_id_to_hex(&marking->folder, hex);
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_format("%s: what is in folder %s is not known: %s", marking->where, hex,
                                   err->message);
    /* A folder that is here and damaged may be ours as well, and is met only once. */
    marking->is_elsewhere = marking->is_elsewhere && err->code == RMV_ERR_NOT_FOUND;
    return note_unknown(marking, message);
}

static const struct rmv_error *mark_output(struct marking *marking, const struct rmv_output *output)
{
    const struct rmv_dataset_visitor visitor = {mark_item, note_folder, marking};

    if (!rmv_object_id_is_zero(&output->record))
        rmv_store_gc_keep(marking->gc, &output->record, RMV_STORE_GC_BYTES);
    if (output->kind == RMV_OUTPUT_MISSING || output->no_cache)
        return NULL;
    if (output->kind == RMV_OUTPUT_BLOB) {
        rmv_store_gc_keep(marking->gc, &output->id, RMV_STORE_GC_BYTES);
        return NULL;
    }
    if (!rmv_store_gc_keep(marking->gc, &output->id, RMV_STORE_GC_FOLDER))
        return NULL;
    marking->folder = output->id;
    return rmv_dataset_examine(marking->workspace, output, &visitor);
}

static const struct rmv_error *mark_stage(struct marking *marking,
                                          const struct rmv_lock_stage *stage)
{
    const struct rmv_error *err = NULL;
    if (!rmv_object_id_is_zero(&stage->record))
        rmv_store_gc_keep(marking->gc, &stage->record, RMV_STORE_GC_BYTES);
    for (size_t i = 0; !err && i < stage->outs.count; i++)
        err = mark_output(marking, &stage->outs.items[i]);
    return err;
}

/* ---- Pointer and lock files ------------------------------------------------------------------ */

static bool is_source(void *context, const char *path)
{
    const char *name = rmv_path_name(path);
    (void)context;
    return strcmp(name, RMV_LOCK_FILE_NAME) == 0 ||
           (rmv_path_has_suffix(name, RMV_POINTER_SUFFIX) &&
            strlen(name) > strlen(RMV_POINTER_SUFFIX));
}

static const struct rmv_error *mark_lock(struct marking *marking, const char *path,
                                         const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
    const struct rmv_error *err = rmv_lock_file_parse(path, text->data, text->size, &lock);
    if (err)
        return note_error(marking, err);
    for (size_t i = 0; !err && i < lock.count; i++)
        err = mark_stage(marking, &lock.stages[i]);
    return err;
}

static const struct rmv_error *mark_pointer(struct marking *marking, const char *path,
                                            const struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    const struct rmv_error *err = rmv_pointer_parse(path, text->data, text->size, &output);
    return err ? note_error(marking, err) : mark_output(marking, &output);
}

/* `path` is relative to the top of the work tree. */
static const struct rmv_error *mark_version(void *context, const char *path,
                                            const struct rmv_buf *text)
{
    struct marking *marking = context;
    const char *prefix = marking->workspace->vcs_prefix;
    const bool is_ours = strcmp(prefix, ".") == 0 || rmv_path_is_in(path, prefix);
    RMV_CLEANUP(rmv_str_free)
    char *relative = is_ours ? rmv_path_relative(prefix, path) : rmv_str_copy(path);
    RMV_CLEANUP(rmv_str_free) char *where = rmv_str_format("'%s' in Git's history", relative);

    marking->is_elsewhere = !is_ours;
    marking->where = where;
    const struct rmv_error *err = strcmp(rmv_path_name(path), RMV_LOCK_FILE_NAME) == 0
                                      ? mark_lock(marking, relative, text)
                                      : mark_pointer(marking, relative, text);
    marking->is_elsewhere = false;
    marking->where = NULL;
    return err;
}

/* ---- Workspaces ------------------------------------------------------------------------------ */

/* A run whose record tells that it is old is forgotten. */
static bool is_expired(struct rmv_workspace *workspace, const struct rmv_lock_stage *run)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    if (rmv_object_id_is_zero(&run->record) ||
        rmv_record_get(workspace->store, &run->record, &record))
        return false;
    return rmv_time_now_ns() - record.ended_ns > RUN_AGE_MAX_NS;
}

static const struct rmv_error *mark_run(void *context, const struct rmv_object_id *id,
                                        const struct rmv_lock_stage *run)
{
    struct marking *marking = context;
    if (is_expired(marking->workspace, run))
        return NULL;
    rmv_store_gc_keep(marking->gc, id, RMV_STORE_GC_BYTES);
    return mark_stage(marking, run);
}

static const struct rmv_error *mark_tracked(struct marking *marking,
                                            struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    if (err && err->code != RMV_ERR_IO)
        return note_error(marking, err);
    for (size_t i = 0; !err && i < tracked.outputs.count; i++)
        err = mark_output(marking, &tracked.outputs.items[i]);
    for (size_t i = 0; i < tracked.lock_files_count; i++)
        for (size_t k = 0; !err && k < tracked.lock_files[i].count; k++)
            err = mark_stage(marking, &tracked.lock_files[i].stages[k]);
    return err;
}

/* Of a link that was moved, or not added yet, the object is all there is. */
static void mark_link(void *context, const struct rmv_object_id *id)
{
    struct marking *marking = context;
    rmv_store_gc_keep(marking->gc, id, RMV_STORE_GC_BYTES);
}

static const struct rmv_error *mark_workspace(struct marking *marking,
                                              struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_str_free) char *where = rmv_str_format("workspace '%s'", workspace->root);
    RMV_CLEANUP(rmv_run_cache_free) struct rmv_run_cache cache = {.workspace = workspace};

    marking->where = where;
    const struct rmv_error *err = mark_tracked(marking, workspace);
    if (!err)
        err = rmv_run_cache_visit(&cache, mark_run, marking);
    if (!err && cache.is_foreign)
        err = note_unknown(marking, "the run cache is of a newer version of rmv");
    if (err)
        return err;
    err = rmv_links_visit(workspace, mark_link, marking);
    if (err)
        err = note_error(marking, err);
    marking->where = NULL;
    return err;
}

/* The workspace that corresponds to ours in another work tree of the repository. */
static const struct rmv_error *mark_work_tree(struct marking *marking, const char *top)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *other = NULL;
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(top, marking->workspace->vcs_prefix);
    RMV_CLEANUP(rmv_str_free) char *root = rmv_path_normalize(joined);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(root, RMV_WORKSPACE_FOLDER);

    if (strcmp(root, marking->workspace->root) == 0 || !rmv_fs_exists(folder))
        return NULL;
    const struct rmv_error *err = rmv_workspace_open(root, marking->workspace->log, &other);
    if (!err)
        return mark_workspace(marking, other);
    marking->where = root;
    err = note_error(marking, err);
    marking->where = NULL;
    return err;
}

/* A project: its workspaces in all work trees, and what Git keeps of it. */
static const struct rmv_error *mark_project(struct marking *marking,
                                            const struct rmv_vcs_scope *scope)
{
    struct rmv_workspace *workspace = marking->workspace;
    const struct rmv_vcs_keeper keeper = {is_source, mark_version, note_unknown, marking};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings roots = {0};

    const struct rmv_error *err = mark_workspace(marking, workspace);
    if (!err && workspace->vcs)
        err = rmv_vcs_list_work_trees(workspace->vcs, &keeper, &roots);
    for (size_t i = 0; !err && i < roots.count; i++)
        err = mark_work_tree(marking, roots.items[i]);
    if (!err && workspace->vcs)
        err = scope ? rmv_vcs_visit_scope(workspace->vcs, scope, &keeper)
                    : rmv_vcs_visit_kept(workspace->vcs, &keeper);
    return err;
}

/* ---- Others who use the store ---------------------------------------------------------------- */

static const struct rmv_error *note_user(struct marking *marking, const char *root,
                                         const char *what)
{
    RMV_CLEANUP(rmv_str_free) char *entry = rmv_users_entry(marking->workspace, root);
    RMV_CLEANUP(rmv_str_free)
    char *message = rmv_str_format("workspace '%s', which uses the store, cannot be looked at: %s; "
                                   "if it is gone for good, remove '%s'",
                                   root, what, entry);
    return note_unknown(marking, message);
}

/* Another project that uses the store. All of its history counts: it is not ours to give up. */
static const struct rmv_error *mark_user(struct marking *marking, const char *root)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *other = NULL;
    struct rmv_workspace *own = marking->workspace;

    const struct rmv_error *err = rmv_workspace_open(root, own->log, &other);
    if (err)
        return note_user(marking, root, err->message);
    if (strcmp(other->root, root) != 0)
        return note_user(marking, root, "it is no workspace any more");
    if (!rmv_users_share(own, other))
        return NULL; /* it uses another store by now */
    if (!other->vcs)
        return note_user(marking, root,
                         "it is not in a Git repository, so older versions that may "
                         "be needed are not known");
    marking->workspace = other;
    err = mark_project(marking, NULL);
    marking->workspace = own;
    return err;
}

static const struct rmv_error *mark_users(struct marking *marking)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings roots = {0};
    const struct rmv_error *err = rmv_users_list(marking->workspace, &roots);
    if (err && err->code == RMV_ERR_CORRUPT) {
        marking->where = "users of the store";
        err = note_error(marking, err);
    }
    for (size_t i = 0; !err && i < roots.count; i++)
        err = mark_user(marking, roots.items[i]);
    return err;
}

/* A typing error here would cost data. */
static const struct rmv_error *mark_named(struct marking *marking, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *root = rmv_workspace_find(path);
    if (!root)
        return rmv_error(RMV_ERR_USAGE, "'%s' is not in a workspace", path);
    return mark_user(marking, root);
}

static const struct rmv_error *mark(struct marking *marking)
{
    const struct rmv_gc_options *options = marking->options;
    const struct rmv_error *err = mark_project(marking, options->scope);
    if (!err)
        err = mark_users(marking);
    for (size_t i = 0; !err && options->projects && i < options->projects->count; i++)
        err = mark_named(marking, options->projects->items[i]);
    if (err || marking->unknown.count == 0 || marking->options->force)
        return err;
    return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                    "not everything that is in use can be known, so nothing is "
                                    "removed: %s%s",
                                    marking->unknown.items[0],
                                    marking->unknown.count > 1 ? " (and more)" : ""),
                          "mend it, or --force removes what nothing else leads to");
}

const struct rmv_error *rmv_gc(struct rmv_workspace *workspace,
                               const struct rmv_gc_options *options, struct rmv_gc_report *report)
{
    RMV_CLEANUP(marking_free) struct marking marking = {.workspace = workspace, .options = options};
    const struct rmv_store_gc_options store_options = {
        .grace_ns = options->grace_ns, .dry_run = options->dry_run, .repack = options->repack};

    if (!workspace->vcs && !options->scope)
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT,
                                        "the workspace is not in a Git repository: older versions "
                                        "that may be needed are not known"),
                              "--workspace keeps what its own files lead to, and nothing else");
    const struct rmv_error *err = rmv_store_gc_open(workspace->store, &store_options, &marking.gc);
    if (!err)
        err = mark(&marking);
    if (!err)
        err = rmv_store_gc_lock(marking.gc);
    if (!err && !options->dry_run)
        err = mark(&marking); /* what was published before the lock was ours */
    struct rmv_gc_report found = {0};
    if (!err)
        err = rmv_store_gc_run(marking.gc, &found.store);
    if (err)
        return err;
    found.unknown = marking.unknown;
    marking.unknown = (struct rmv_strings){0};
    *report = found;
    return NULL;
}
