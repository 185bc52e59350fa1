#include "record/text.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

const char *rmv_record_build_type(enum rmv_record_kind kind)
{
    switch (kind) {
    case RMV_RECORD_ADD:
        return "urn:rmv:build:add:v1";
    case RMV_RECORD_IMPORT:
        return "urn:rmv:build:import:v1";
    case RMV_RECORD_STAGE:
        break;
    }
    return "urn:rmv:build:stage:v1";
}

static void add_text(struct rmv_value *map, const char *key, const char *text)
{
    if (text)
        rmv_value_set_text(rmv_value_add(map, key), text);
}

static void add_time(struct rmv_value *map, const char *key, int64_t time_ns)
{
    char text[RMV_TIME_TEXT_SIZE];
    rmv_time_format(time_ns, true, text);
    add_text(map, key, text);
}

/* A name that is not UTF-8 is written percent-encoded, and `mark` says so. */
static void add_name(struct rmv_value *map, const char *key, const char *mark, const char *name)
{
    if (!name || rmv_path_is_utf8(name)) {
        add_text(map, key, name);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(name);
    add_text(map, key, encoded);
    add_text(map, mark, RECORD_ENCODING);
}

static void add_digest(struct rmv_value *resource, const char *algorithm,
                       const struct rmv_object_id *id)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    add_text(rmv_value_add(resource, "digest"), algorithm, hex);
}

/* A resource descriptor with the name given; its annotations are returned, for more members. */
static struct rmv_value *add_resource(struct rmv_value *list, const char *name, const char *kind,
                                      const char *algorithm, const struct rmv_object_id *id)
{
    struct rmv_value *resource = rmv_value_append(list);
    const bool is_utf8 = rmv_path_is_utf8(name);
    RMV_CLEANUP(rmv_str_free)
    char *text = is_utf8 ? rmv_str_copy(name) : rmv_path_encode(name);

    add_text(resource, "name", text);
    add_digest(resource, algorithm, id);
    struct rmv_value *annotations = rmv_value_add(resource, "annotations");
    add_text(annotations, "kind", kind);
    if (!is_utf8)
        add_text(annotations, "nameEncoding", RECORD_ENCODING);
    return annotations;
}

static void add_artifact(struct rmv_value *list, const struct rmv_record_artifact *artifact)
{
    const bool is_tree = artifact->is_tree;
    struct rmv_value *annotations = add_resource(list, artifact->path, is_tree ? "tree" : "blob",
                                                 is_tree ? "rmvTree1" : "sha256", &artifact->id);

    if (is_tree) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&artifact->id, hex);
        add_text(annotations, "object", hex);
    }
    rmv_value_set_int(rmv_value_add(annotations, "size"), (int64_t)artifact->size);
    rmv_value_set_int(rmv_value_add(annotations, "nfiles"), (int64_t)artifact->nfiles);
    if (artifact->is_executable)
        rmv_value_set_bool(rmv_value_add(annotations, "executable"), true);
    if (artifact->no_cache)
        rmv_value_set_bool(rmv_value_add(annotations, "stored"), false);
}

static void add_subjects(const struct rmv_record *record, struct rmv_value *statement)
{
    struct rmv_value *subject = rmv_value_add(statement, "subject");

    rmv_value_set_list(subject);
    for (size_t i = 0; i < record->outs.count; i++)
        add_artifact(subject, &record->outs.items[i]);
    /* A statement needs a subject: a stage that makes nothing attests to its own definition. */
    if (record->outs.count == 0)
        add_resource(subject, record->name, "definition", "sha256", &record->definition);
}

static void add_commit(const struct rmv_record *record, struct rmv_value *list)
{
    struct rmv_value *resource = rmv_value_append(list);

    add_text(resource, "name", "HEAD");
    add_text(rmv_value_add(resource, "digest"), "gitCommit", record->git_commit);
    struct rmv_value *annotations = rmv_value_add(resource, "annotations");
    add_text(annotations, "kind", "commit");
    add_text(annotations, "branch", record->git_branch);
    rmv_value_set_bool(rmv_value_add(annotations, "dirty"), record->git_dirty);
}

static void add_definition(const struct rmv_record *record, struct rmv_value *predicate)
{
    struct rmv_value *definition = rmv_value_add(predicate, "buildDefinition");
    add_text(definition, "buildType", rmv_record_build_type(record->kind));

    struct rmv_value *parameters = rmv_value_add(definition, "externalParameters");
    if (record->kind == RMV_RECORD_STAGE) {
        add_name(parameters, "stage", "stageEncoding", record->name);
        rmv_value_copy(rmv_value_add(parameters, "cmd"), &record->cmd);
        struct rmv_value *params = rmv_value_add(parameters, "params");
        rmv_value_set_map(params);
        if (record->params.kind != RMV_VALUE_NULL)
            rmv_value_copy(params, &record->params);
    } else {
        add_name(parameters, "path", "pathEncoding", record->name);
        add_name(parameters, "source", "sourceEncoding", record->source);
    }

    struct rmv_value *dependencies = rmv_value_add(definition, "resolvedDependencies");
    rmv_value_set_list(dependencies);
    for (size_t i = 0; i < record->deps.count; i++)
        add_artifact(dependencies, &record->deps.items[i]);
    if (record->kind == RMV_RECORD_STAGE)
        add_resource(dependencies, record->name, "definition", "sha256", &record->definition);
    if (record->git_commit)
        add_commit(record, dependencies);
}

static void add_run(const struct rmv_record *record, struct rmv_value *predicate)
{
    struct rmv_value *details = rmv_value_add(predicate, "runDetails");

    struct rmv_value *builder = rmv_value_add(details, "builder");
    add_text(builder, "id", RECORD_BUILDER);
    if (record->tool_version)
        add_text(rmv_value_add(builder, "version"), "rmv", record->tool_version);

    struct rmv_value *metadata = rmv_value_add(details, "metadata");
    add_text(metadata, "invocationId", record->invocation);
    add_time(metadata, "startedOn", record->started_ns);
    add_time(metadata, "finishedOn", record->ended_ns);
    rmv_value_set_int(rmv_value_add(metadata, "rmv_exitStatus"), record->exit_status);
    add_text(metadata, "rmv_host", record->host);
    add_text(metadata, "rmv_user", record->user);
    add_text(metadata, "rmv_system", record->system);
}

void rmv_record_format(const struct rmv_record *record, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value statement = {0};

    add_text(&statement, "_type", RECORD_STATEMENT);
    add_subjects(record, &statement);
    add_text(&statement, "predicateType", RECORD_PREDICATE);
    struct rmv_value *predicate = rmv_value_add(&statement, "predicate");
    add_definition(record, predicate);
    add_run(record, predicate);
    rmv_json_format(&statement, false, out);
    rmv_buf_append(out, "\n", 1);
}
