#include <string.h>

#include "pipeline/run_command.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/pipeline/run.h"
#include "rmv/vcs/git_run.h"

#define START "=== Do not change lines below ==="
#define STOP "^^^ Do not change lines above ^^^"

void rmv_run_record_free(struct rmv_run_record *record)
{
    rmv_str_free(&record->message);
    rmv_str_free(&record->cmd);
    rmv_str_free(&record->folder);
    rmv_strings_free(&record->inputs);
    rmv_strings_free(&record->outputs);
    rmv_strings_free(&record->chain);
    *record = (struct rmv_run_record){0};
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void add_paths(struct rmv_value *document, const char *key, const char *folder,
                      const struct rmv_strings *paths)
{
    struct rmv_value *list = rmv_value_add(document, key);
    rmv_value_set_list(list);
    for (size_t i = 0; i < paths->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_relative(folder, paths->items[i]);
        rmv_value_set_text(rmv_value_append(list), path);
    }
}

void rmv_run_record_format(const struct rmv_run_record *record, struct rmv_buf *message)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    struct rmv_value *chain = rmv_value_add(&document, "chain");

    rmv_value_set_list(chain);
    for (size_t i = 0; i < record->chain.count; i++)
        rmv_value_set_text(rmv_value_append(chain), record->chain.items[i]);
    rmv_value_set_text(rmv_value_add(&document, "cmd"), record->cmd);
    rmv_value_set_int(rmv_value_add(&document, "exit"), 0);
    add_paths(&document, "inputs", record->folder, &record->inputs);
    add_paths(&document, "outputs", record->folder, &record->outputs);
    rmv_value_set_text(rmv_value_add(&document, "pwd"), record->folder);
    rmv_buf_append_format(message, "[RMV RUNCMD] %s\n\n%s\n", record->message, START);
    rmv_json_format(&document, true, message);
    rmv_buf_append_format(message, "%s\n", STOP);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct rmv_error *parse_path(const char *folder, const char *path,
                                          struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, path);
    RMV_CLEANUP(rmv_str_free) char *normalized = rmv_path_normalize(joined);
    const struct rmv_error *err = strcmp(normalized, ".") == 0 ? NULL : rmv_path_check(normalized);
    if (!err)
        rmv_strings_add(paths, normalized);
    return err;
}

/* A list of strings; paths if `folder` is not NULL. */
static const struct rmv_error *parse_list(const struct rmv_value *document, const char *key,
                                          const char *folder, struct rmv_strings *items)
{
    const struct rmv_value *list = rmv_value_find(document, key);
    if (!list || list->kind == RMV_VALUE_NULL)
        return NULL;
    if (list->kind != RMV_VALUE_LIST)
        return rmv_error(RMV_ERR_CORRUPT, "'%s' in the record of the run is not a list", key);
    for (size_t i = 0; i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        const struct rmv_error *err = NULL;
        if (item->kind != RMV_VALUE_STRING)
            return rmv_error(RMV_ERR_CORRUPT, "'%s' in the record of the run holds %s", key,
                             rmv_value_kind_name(item->kind));
        if (folder)
            err = parse_path(folder, item->text, items);
        else
            rmv_strings_add(items, item->text);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *parse_document(const struct rmv_value *document,
                                              struct rmv_run_record *record)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings folders = {0};
    const char *cmd = rmv_value_find_text(document, "cmd");
    const char *pwd = rmv_value_find_text(document, "pwd");

    if (!cmd)
        return rmv_error(RMV_ERR_CORRUPT, "the record of the run has no command line, 'cmd'");
    const struct rmv_error *err = parse_path(".", pwd ? pwd : ".", &folders);
    if (err)
        return err;
    record->cmd = rmv_str_copy(cmd);
    record->folder = rmv_str_copy(folders.items[0]);
    err = parse_list(document, "inputs", record->folder, &record->inputs);
    if (!err)
        err = parse_list(document, "outputs", record->folder, &record->outputs);
    return err ? err : parse_list(document, "chain", NULL, &record->chain);
}

/* Behind "[RMV RUNCMD] ", to the end of the line. */
static char *parse_summary(const char *message)
{
    const char *stop = strstr(message, "] ");
    const size_t line = strcspn(message, "\n");
    const char *start = stop && (size_t)(stop - message) < line ? stop + 2 : message;
    return rmv_str_copy_n(start, line - (size_t)(start - message));
}

const struct rmv_error *rmv_run_record_parse(const char *message, struct rmv_run_record *record)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_run_record_free) struct rmv_run_record parsed = {0};
    const char *start = strstr(message, START "\n");
    const char *stop = start ? strstr(start, "\n" STOP) : NULL;

    if (!stop)
        return rmv_error(RMV_ERR_NOT_FOUND, "it is not the commit of a run");
    start += strlen(START "\n");
    const struct rmv_error *err =
        rmv_json_parse("the record of the run", start, (size_t)(stop + 1 - start), &document);
    if (!err)
        err = parse_document(&document, &parsed);
    if (err)
        return err;
    if (strncmp(message, "[DATALAD ", strlen("[DATALAD ")) == 0) {
        RMV_CLEANUP(rmv_str_free) char *cmd = rmv_run_command_of_datalad(parsed.cmd);
        rmv_str_set(&parsed.cmd, cmd);
    }
    parsed.message = parse_summary(message);
    *record = parsed;
    parsed = (struct rmv_run_record){0};
    return NULL;
}

const struct rmv_error *rmv_run_record_read(struct rmv_workspace *workspace, const char *revision,
                                            struct rmv_run_record *record, char **id)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf message = {0};

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no runs: this is no Git repository");
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revision, &commit);
    if (err)
        return err;
    const char *const argv[] = {"log", "-1", "--format=%B", commit.id, NULL};
    err = rmv_git_run(&(struct rmv_git_run){.folder = workspace->root, .argv = argv}, &message);
    if (!err)
        err = rmv_run_record_parse(rmv_buf_string(&message), record);
    if (err)
        return rmv_error_context(err, "commit '%s'", revision);
    *id = rmv_str_copy(commit.id);
    return NULL;
}
