#include <fcntl.h>
#include <string.h>

#include "rmv/base/beneath.h"
#include "rmv/base/document.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"
#include "rmv/pipeline/params.h"
#include "rmv/pipeline/pipeline.h"

/* Where pipelines and their variables are read from: the work tree, or a commit. */
struct place {
    struct rmv_workspace *workspace;
    const char *commit_id; /* NULL: the work tree */
};

static const struct rmv_error *read_text(const struct place *place, const char *path,
                                         struct rmv_buf *text)
{
    struct rmv_workspace *workspace = place->workspace;
    RMV_CLEANUP(rmv_fd_close) int fd = -1;

    if (place->commit_id) {
        RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, path);
        return rmv_vcs_read(workspace->vcs, place->commit_id, below_top, RMV_YAML_BYTES_MAX, text);
    }
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    return err ? err : rmv_fd_read(fd, path, RMV_YAML_BYTES_MAX, text);
}

static const struct rmv_error *read_values(const struct place *place, const char *path,
                                           struct rmv_value *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err = read_text(place, path, &text);
    return err ? err : rmv_document_parse(path, rmv_buf_string(&text), text.size, out);
}

static const struct rmv_error *read_at_place(void *context, const char *path, struct rmv_value *out)
{
    return read_values(context, path, out);
}

static const struct rmv_error *read_in_workspace(void *context, const char *path,
                                                 struct rmv_value *out)
{
    const struct place place = {.workspace = context};
    return read_values(&place, path, out);
}

static void read_settings(const struct rmv_workspace *workspace, struct rmv_pipeline_reader *reader)
{
    const char *booleans = rmv_config_get(workspace->config, "parsing.bool");
    const char *lists = rmv_config_get(workspace->config, "parsing.list");
    reader->negates_options = booleans && strcmp(booleans, "boolean_optional") == 0;
    reader->repeats_options = lists && strcmp(lists, "append") == 0;
}

struct rmv_pipeline_reader rmv_pipeline_reader_of(struct rmv_workspace *workspace)
{
    struct rmv_pipeline_reader reader = {
        .root = workspace->root, .read = read_in_workspace, .context = workspace};
    read_settings(workspace, &reader);
    return reader;
}

/* A file that Git does not track may be part of data that is not added yet. */
static const struct rmv_error *hint_at_data(const struct place *place, const char *path,
                                            const struct rmv_error *err)
{
    const struct rmv_workspace *workspace = place->workspace;
    bool is_entry = false;

    if (place->commit_id || strcmp(path, RMV_PIPELINE_FILE_NAME) == 0 ||
        strstr(err->message, "\nhint: "))
        return err;
    struct rmv_error *taken = rmv_error_take(err);
    if (workspace->vcs) {
        RMV_CLEANUP(rmv_str_free) char *git_path = rmv_path_join(workspace->vcs_prefix, path);
        is_entry = rmv_vcs_is_entry(workspace->vcs, git_path, &is_entry) || is_entry;
    }
    err = rmv_error_raise(&taken);
    return is_entry ? err
                    : rmv_error_hint(err, "if it is data, `rmv add` the folder it is part of");
}

static const struct rmv_error *read_pipeline(struct place *place, const struct rmv_strings *files,
                                             struct rmv_pipeline *pipeline)
{
    struct rmv_pipeline_reader reader = {
        .root = place->workspace->root, .read = read_at_place, .context = place};
    const struct rmv_error *err = NULL;

    read_settings(place->workspace, &reader);
    for (size_t i = 0; !err && i < files->count; i++) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        err = read_text(place, files->items[i], &text);
        if (!err)
            err = rmv_pipeline_parse(files->items[i], rmv_buf_string(&text), text.size, &reader,
                                     pipeline);
        if (err)
            err = hint_at_data(place, files->items[i], err);
    }
    if (!err)
        rmv_pipeline_index(pipeline);
    return err;
}

const struct rmv_error *rmv_pipeline_read_files(struct rmv_workspace *workspace,
                                                const struct rmv_strings *files,
                                                struct rmv_pipeline *pipeline)
{
    struct place place = {.workspace = workspace};
    return read_pipeline(&place, files, pipeline);
}

const struct rmv_error *rmv_pipeline_read(struct rmv_workspace *workspace,
                                          struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    const struct rmv_error *err = rmv_tracked_pipelines(workspace, NULL, &files);
    return err ? err : rmv_pipeline_read_files(workspace, &files, pipeline);
}

const struct rmv_error *rmv_pipeline_read_revision(struct rmv_workspace *workspace,
                                                   const char *revision,
                                                   struct rmv_pipeline *pipeline)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revision, &commit);
    if (!err)
        err = rmv_tracked_pipelines(workspace, commit.id, &files);
    if (err)
        return err;
    struct place place = {.workspace = workspace, .commit_id = commit.id};
    err = read_pipeline(&place, &files, pipeline);
    return err ? rmv_error_context(err, "revision '%s'", revision) : NULL;
}
