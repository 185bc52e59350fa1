#include "rmv/pipeline/run.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/base/time.h"
#include "rmv/dataset/add.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/links.h"
#include "rmv/dataset/pointer.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/vcs/git_run.h"

/* One run on its way. */
struct job {
    struct rmv_workspace *workspace;
    const struct rmv_run_record *record;
    const struct rmv_run_options *options;
    struct rmv_tracked tracked;       /* before the command */
    struct rmv_strings untracked;     /* files that Git did not know before */
    struct rmv_record_artifacts deps; /* the inputs as they were */
    char *cmd;                        /* with paths for its placeholders */
    int64_t started_ns;
};

static void artifacts_free(struct rmv_record_artifacts *artifacts)
{
    for (size_t i = 0; i < artifacts->count; i++)
        rmv_str_free(&artifacts->items[i].path);
    rmv_free(&artifacts->items);
}

static void job_free(struct job *job)
{
    rmv_tracked_free(&job->tracked);
    rmv_strings_free(&job->untracked);
    artifacts_free(&job->deps);
    rmv_str_free(&job->cmd);
}

void rmv_run_result_free(struct rmv_run_result *result)
{
    rmv_str_free(&result->commit);
    rmv_strings_free(&result->saved);
    rmv_strings_free(&result->unsaved);
}

static const struct rmv_error *git(const struct job *job, const char *const *argv,
                                   struct rmv_buf *out)
{
    return rmv_git_run(&(struct rmv_git_run){.folder = job->workspace->root, .argv = argv}, out);
}

static bool is_here(const struct job *job, const char *path)
{
    struct stat status;
    return fstatat(job->workspace->root_fd, path, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

/* ---- Before --------------------------------------------------------------------------------- */

/* Adds the files that Git neither tracks nor ignores, seen from the workspace. */
static const struct rmv_error *list_untracked(const struct job *job, struct rmv_strings *paths)
{
    static const char *const argv[] = {"ls-files", "-z", "--others", "--exclude-standard", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const struct rmv_error *err = git(job, argv, &out);
    (void)rmv_buf_string(&out);
    for (size_t at = 0; !err && at < out.size; at += strlen(out.data + at) + 1)
        rmv_strings_add(paths, out.data + at);
    rmv_strings_sort(paths);
    return err;
}

/* Does the data of pointer `at` differ from what it says? */
static const struct rmv_error *is_changed(const struct job *job, size_t at, bool *changed)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    const struct rmv_output *output = &job->tracked.outputs.items[at];
    *changed = false;
    if (*job->tracked.stages.items[at])
        return NULL;
    const struct rmv_error *err = rmv_dataset_hash(job->workspace, output->path, NULL, &now);
    *changed = !err && now.kind != RMV_OUTPUT_MISSING && !rmv_output_equal(output, &now);
    return err;
}

/* Otherwise what was changed before would be taken for what the command did. */
static const struct rmv_error *check_clean(const struct job *job)
{
    bool dirty = false;
    const struct rmv_error *err = rmv_vcs_is_dirty(job->workspace->vcs, &dirty);
    if (!err && dirty)
        err = rmv_error(RMV_ERR_CONFLICT, "there are changes that are not committed");
    for (size_t i = 0; !err && i < job->tracked.outputs.count; i++) {
        bool changed = false;
        err = is_changed(job, i, &changed);
        if (!err && changed)
            err = rmv_error(RMV_ERR_CONFLICT, "'%s' changed since it was added",
                            job->tracked.outputs.items[i].path);
    }
    if (err && err->code == RMV_ERR_CONFLICT)
        return rmv_error_hint(err, "commit that first, or save nothing but outputs: --explicit");
    return err;
}

static const struct rmv_error *take_input(struct job *job, const char *path)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    const struct rmv_error *err = rmv_dataset_hash(job->workspace, path, NULL, &now);
    if (err)
        return err;
    if (now.kind == RMV_OUTPUT_MISSING)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "input '%s' does not exist", path),
                              "`rmv checkout` brings back what is tracked");
    struct rmv_record_artifact *input = rmv_record_artifacts_add(&job->deps);
    *input = (struct rmv_record_artifact){.path = rmv_str_copy(path),
                                          .is_tree = now.kind == RMV_OUTPUT_TREE,
                                          .is_executable = now.is_executable,
                                          .id = now.id,
                                          .size = now.size,
                                          .nfiles = now.nfiles};
    return NULL;
}

/* Outputs may be written to, if they are links; and no stage makes them. */
static const struct rmv_error *prepare_outputs(struct job *job)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings here = {0};
    const struct rmv_unprotect_options options = {0};
    struct rmv_unprotected unprotected;

    const struct rmv_error *err = rmv_pipeline_read(job->workspace, &pipeline);
    for (size_t i = 0; !err && i < job->record->outputs.count; i++) {
        const char *path = job->record->outputs.items[i];
        const struct rmv_stage *maker = rmv_pipeline_maker_of(&pipeline, path);
        if (maker)
            return rmv_error_hint(
                rmv_error(RMV_ERR_CONFLICT, "stage '%s' makes '%s'", maker->address, path),
                "`rmv repro` runs stages");
        if (is_here(job, path))
            rmv_strings_add(&here, path);
    }
    if (err || !here.count)
        return err;
    return rmv_unprotect(job->workspace, &here, &options, &unprotected);
}

static const struct rmv_error *prepare(struct job *job)
{
    if (!job->workspace->vcs)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "a run is recorded in Git, and this is no repository"),
            "`git init` makes one");
    const struct rmv_error *err =
        rmv_run_record_expand(job->workspace->root, job->record, &job->cmd);
    if (!err)
        err = rmv_tracked_read(job->workspace, NULL, &job->tracked);
    if (!err && !job->options->is_explicit)
        err = check_clean(job);
    for (size_t i = 0; !err && i < job->record->inputs.count; i++)
        err = take_input(job, job->record->inputs.items[i]);
    if (!err)
        err = prepare_outputs(job);
    return err ? err : list_untracked(job, &job->untracked);
}

/* ---- Running -------------------------------------------------------------------------------- */

static const struct rmv_error *run_command(struct job *job)
{
    const char *const argv[] = {"/bin/sh", "-c", job->cmd, NULL};
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(job->workspace->root, job->record->folder);
    RMV_CLEANUP(rmv_str_free) char *root = rmv_str_format("RMV_ROOT=%s", job->workspace->root);
    const char *const env[] = {root, NULL};
    RMV_CLEANUP(rmv_fd_close) int in = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    const struct rmv_process_options options = {
        .argv = argv, .folder = folder, .env = env, .stdin_fd = in < 0 ? 0 : in};
    pid_t pid;
    int status = 0;

    job->started_ns = rmv_time_now_ns();
    const struct rmv_error *err = rmv_process_start(&options, &pid);
    if (!err)
        err = rmv_process_wait(pid, &status);
    if (err || status == 0)
        return err;
    RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(status);
    return rmv_error_hint(rmv_error(RMV_ERR_FAILED, "the command failed: %s", how),
                          "nothing was recorded, and what it did was left as it is");
}

/* ---- Behind --------------------------------------------------------------------------------- */

/* Outputs that Git does not track, and, unless explicit, tracked data that changed. */
static const struct rmv_error *find_data(const struct job *job, struct rmv_strings *data,
                                         struct rmv_strings *in_git)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < job->record->outputs.count; i++) {
        const char *path = job->record->outputs.items[i];
        RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(job->workspace->vcs_prefix, path);
        bool tracked = false;
        err = rmv_vcs_is_tracked(job->workspace->vcs, below_top, &tracked);
        if (!err && !is_here(job, path) && !rmv_tracked_find(&job->tracked, path) && !tracked)
            err = rmv_error(RMV_ERR_NOT_FOUND, "the command did not make output '%s'", path);
        rmv_strings_add(tracked ? in_git : data, path);
    }
    for (size_t i = 0; !err && !job->options->is_explicit && i < job->tracked.outputs.count; i++) {
        const char *path = job->tracked.outputs.items[i].path;
        bool changed = false;
        err = is_changed(job, i, &changed);
        for (size_t k = 0; changed && k < data->count; k++)
            changed =
                !rmv_path_is_in(data->items[k], path) && !rmv_path_is_in(path, data->items[k]);
        if (!err && changed)
            rmv_strings_add(data, path);
    }
    return err;
}

/* What the command was, as a stage would be written. */
static void format_definition(const struct job *job, struct rmv_buf *out)
{
    struct rmv_stage stage = {.wdir = job->record->folder};
    RMV_CLEANUP(rmv_free)
    struct rmv_stage_dep *deps = rmv_calloc(job->record->inputs.count + 1, sizeof(*deps));
    RMV_CLEANUP(rmv_free)
    struct rmv_stage_out *outs = rmv_calloc(job->record->outputs.count + 1, sizeof(*outs));

    for (size_t i = 0; i < job->record->inputs.count; i++)
        deps[stage.deps_count++].path = job->record->inputs.items[i];
    for (size_t i = 0; i < job->record->outputs.count; i++)
        outs[stage.outs_count++].path = job->record->outputs.items[i];
    stage.deps = deps;
    stage.outs = outs;
    stage.cmd = (struct rmv_value){.kind = RMV_VALUE_STRING, .text = job->cmd};
    rmv_stage_format_definition(&stage, out);
}

/* Adds the data, and the paths of pointers and .gitignore files to what Git is to take. */
static const struct rmv_error *save_data(const struct job *job, const struct rmv_strings *data,
                                         struct rmv_strings *in_git, struct rmv_strings *saved)
{
    RMV_CLEANUP(rmv_added_list_free) struct rmv_added_list added = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf definition = {0};
    const struct rmv_value cmd = {.kind = RMV_VALUE_STRING, .text = job->cmd};
    const struct rmv_add_run run = {.folder = job->record->folder,
                                    .cmd = &cmd,
                                    .deps = &job->deps,
                                    .definition = &definition,
                                    .started_ns = job->started_ns};
    const struct rmv_add_options options = {.run = &run};

    if (!data->count)
        return NULL;
    format_definition(job, &definition);
    const struct rmv_error *err = rmv_add(job->workspace, data, &options, &added);
    for (size_t i = 0; !err && i < added.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(added.items[i].pointer);
        RMV_CLEANUP(rmv_str_free) char *ignored = rmv_path_join(folder, ".gitignore");
        if (added.items[i].changed)
            rmv_strings_add(saved, added.items[i].path);
        rmv_strings_add(in_git, added.items[i].pointer);
        if (is_here(job, ignored) && !rmv_strings_has(in_git, ignored))
            rmv_strings_add(in_git, ignored);
    }
    return err;
}

static const struct rmv_error *git_with_paths(const struct job *job, const char *const *argv,
                                              const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf input = {0};
    for (size_t i = 0; i < paths->count; i++)
        rmv_buf_append(&input, paths->items[i], strlen(paths->items[i]) + 1);
    if (!input.size)
        return NULL;
    return rmv_git_run(&(struct rmv_git_run){.folder = job->workspace->root,
                                             .argv = argv,
                                             .input = input.data,
                                             .input_size = input.size},
                       NULL);
}

/* Commits what differs from HEAD; sets nothing if that is nothing. */
static const struct rmv_error *commit(const struct job *job, const struct rmv_strings *paths,
                                      char **id)
{
    static const char *const add[] = {"add", "-A", "--pathspec-from-file=-", "--pathspec-file-nul",
                                      NULL};
    static const char *const add_all[] = {"add", "-u", ".", NULL};
    static const char *const differs[] = {"diff", "--cached", "--quiet", NULL};
    static const char *const head[] = {"rev-parse", "HEAD", NULL};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};
    const struct rmv_git_run ask = {.folder = job->workspace->root, .argv = differs};
    int status = 0;

    const struct rmv_error *err = git_with_paths(job, add, paths);
    if (!err && !job->options->is_explicit)
        err = git(job, add_all, NULL);
    if (!err)
        err = rmv_git_try(&ask, NULL, &status);
    if (err || status == 0)
        return err;
    rmv_run_record_format(job->record, &message);
    const char *text = rmv_buf_string(&message);
    const char *const all[] = {"commit", "-q", "-m", text, NULL};
    const char *const some[] = {
        "commit", "-q", "-m", text, "--pathspec-from-file=-", "--pathspec-file-nul", NULL};
    err = job->options->is_explicit ? git_with_paths(job, some, paths) : git(job, all, NULL);
    if (err)
        return err;
    return rmv_git_ask(&(struct rmv_git_run){.folder = job->workspace->root, .argv = head}, id);
}

/* New files that belong to nothing that was saved. */
static const struct rmv_error *find_unsaved(const struct job *job, struct rmv_strings *unsaved)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings now = {0};
    size_t known = 0;
    const struct rmv_error *err = list_untracked(job, &now);
    for (size_t i = 0; !err && i < now.count; i++) {
        while (known < job->untracked.count &&
               strcmp(job->untracked.items[known], now.items[i]) < 0)
            known++;
        if (known == job->untracked.count || strcmp(job->untracked.items[known], now.items[i]) != 0)
            rmv_strings_add(unsaved, now.items[i]);
    }
    return err;
}

const struct rmv_error *rmv_run_and_commit(struct rmv_workspace *workspace,
                                           const struct rmv_run_record *record,
                                           const struct rmv_run_options *options,
                                           struct rmv_run_result *result)
{
    RMV_CLEANUP(job_free)
    struct job job = {.workspace = workspace, .record = record, .options = options};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings data = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings in_git = {0};

    const struct rmv_error *err = prepare(&job);
    if (!err)
        err = run_command(&job);
    if (!err)
        err = find_data(&job, &data, &in_git);
    if (!err)
        err = save_data(&job, &data, &in_git, &result->saved);
    if (!err)
        err = commit(&job, &in_git, &result->commit);
    return err ? err : find_unsaved(&job, &result->unsaved);
}
