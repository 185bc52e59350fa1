#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/lineage/lineage.h"

#define FORMAT_VERSION 1

static void add_text(struct rmv_value *map, const char *key, const char *text)
{
    struct rmv_value *value = rmv_value_add(map, key);
    if (text)
        rmv_value_set_text(value, text);
}

/* What is not UTF-8 has the member "KEY-bytes" instead, percent-encoded. */
static void add_path(struct rmv_value *map, const char *key, const char *path)
{
    if (!path || rmv_path_is_utf8(path)) {
        add_text(map, key, path);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(path);
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("%s-bytes", key);
    add_text(map, name, encoded);
}

static void add_id(struct rmv_value *map, const char *key, const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    add_text(map, key, hex);
}

static void add_count(struct rmv_value *map, const char *key, uint64_t count)
{
    rmv_value_set_int(rmv_value_add(map, key), (int64_t)count);
}

static void add_flag(struct rmv_value *map, const char *key, bool flag)
{
    rmv_value_set_bool(rmv_value_add(map, key), flag);
}

static void add_strings(struct rmv_value *map, const char *key, const struct rmv_strings *strings)
{
    struct rmv_value *list = rmv_value_add(map, key);
    rmv_value_set_list(list);
    for (size_t i = 0; i < strings->count; i++)
        rmv_value_set_text(rmv_value_append(list), strings->items[i]);
}

static void add_indexes(struct rmv_value *map, const char *key,
                        const struct rmv_lineage_indexes *indexes)
{
    struct rmv_value *list = rmv_value_add(map, key);
    rmv_value_set_list(list);
    for (size_t i = 0; i < indexes->count; i++)
        rmv_value_set_int(rmv_value_append(list), (int64_t)indexes->items[i]);
}

static void add_time(struct rmv_value *map, const char *key, int64_t time_ns)
{
    char text[RMV_TIME_TEXT_SIZE];
    rmv_time_format(time_ns, true, text);
    add_text(map, key, text);
}

static const char *origin_name(enum rmv_lineage_origin origin)
{
    static const char *const names[] = {"run", "git", "parts", "unknown"};
    return names[origin];
}

static void add_artifact(struct rmv_value *list, const struct rmv_lineage_artifact *artifact)
{
    struct rmv_value *map = rmv_value_append(list);

    add_path(map, "path", artifact->path);
    add_text(map, "kind", artifact->is_tree ? "tree" : "blob");
    add_id(map, "id", &artifact->id);
    add_count(map, "size", artifact->size);
    add_count(map, "nfiles", artifact->nfiles);
    add_text(map, "status", rmv_lineage_status_name(artifact->status));
    add_strings(map, "problems", &artifact->problems);
    add_strings(map, "notes", &artifact->notes);
    add_text(map, "origin", origin_name(artifact->origin));
    struct rmv_value *run = rmv_value_add(map, "run");
    if (artifact->run != RMV_LINEAGE_NONE)
        rmv_value_set_int(run, (int64_t)artifact->run);
    add_indexes(map, "parts", &artifact->parts);
    add_path(map, "within", artifact->within);
    add_path(map, "listed_in", artifact->listed_in);
    add_text(map, "commit", artifact->commit);
    add_flag(map, "older", artifact->is_older);
    add_flag(map, "stored", artifact->origin == RMV_LINEAGE_BY_RUN && !artifact->is_not_stored);
}

static void add_record(struct rmv_value *map, const struct rmv_record *record)
{
    static const char *const kinds[] = {"stage", "add", "import"};

    add_text(map, "kind", kinds[record->kind]);
    add_path(map, "name", record->name);
    rmv_value_copy(rmv_value_add(map, "cmd"), &record->cmd);
    rmv_value_copy(rmv_value_add(map, "params"), &record->params);
    add_path(map, "source", record->source);
    add_time(map, "started_on", record->started_ns);
    add_time(map, "finished_on", record->ended_ns);
    rmv_value_set_int(rmv_value_add(map, "exit_status"), record->exit_status);
    add_text(map, "invocation", record->invocation);
    add_text(map, "host", record->host);
    add_text(map, "user", record->user);
    add_text(map, "system", record->system);
    add_text(map, "rmv_version", record->tool_version);
    add_text(map, "git_commit", record->git_commit);
    add_text(map, "git_branch", record->git_branch);
    add_flag(map, "git_dirty", record->git_dirty);
}

/* Anybody can write any time into a Git commit. */
static int64_t ns_of(int64_t seconds)
{
    const int64_t limit = INT64_MAX / 1000000000 - 1;
    seconds = seconds > limit ? limit : seconds;
    return (seconds < -limit ? -limit : seconds) * 1000000000;
}

static void add_run(struct rmv_value *list, const struct rmv_lineage_run *run)
{
    struct rmv_value *map = rmv_value_append(list);

    add_id(map, "record", &run->id);
    add_text(map, "status", rmv_lineage_status_name(run->status));
    add_strings(map, "problems", &run->problems);
    add_strings(map, "notes", &run->notes);
    add_text(map, "stage", *run->stage ? run->stage : NULL);
    add_path(map, "listed_in", run->listed_in);
    struct rmv_value *bound = rmv_value_add(map, "bound_to");
    if (*run->bound_to.id) {
        add_text(bound, "commit", run->bound_to.id);
        add_time(bound, "time", ns_of(run->bound_to.time));
        add_text(bound, "author", run->bound_to.author);
        add_text(bound, "summary", run->bound_to.summary);
    }
    add_indexes(map, "deps", &run->deps);
    add_flag(map, "readable", run->is_readable);
    if (run->is_readable)
        add_record(map, &run->record);
}

void rmv_lineage_format_json(const struct rmv_lineage *lineage, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    const enum rmv_lineage_status status = rmv_lineage_status_of(lineage);

    rmv_value_set_int(rmv_value_add(&document, "version"), FORMAT_VERSION);
    add_path(&document, "target", lineage->artifacts[0].path);
    add_text(&document, "revision", lineage->revision);
    add_flag(&document, "holds", status <= RMV_LINEAGE_DIRTY);
    add_text(&document, "status", rmv_lineage_status_name(status));
    struct rmv_value *checked = rmv_value_add(&document, "checked");
    add_count(checked, "objects", lineage->objects_count);
    add_count(checked, "bytes", lineage->hashed_size);
    add_flag(checked, "quick", lineage->is_quick);

    struct rmv_value *artifacts = rmv_value_add(&document, "artifacts");
    rmv_value_set_list(artifacts);
    for (size_t i = 0; i < lineage->artifacts_count; i++)
        add_artifact(artifacts, &lineage->artifacts[i]);
    struct rmv_value *runs = rmv_value_add(&document, "runs");
    rmv_value_set_list(runs);
    for (size_t i = 0; i < lineage->runs_count; i++)
        add_run(runs, &lineage->runs[i]);
    rmv_json_format(&document, true, out);
}
