#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "record/member.h"
#include "record/resource.h"
#include "record/text.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

static const struct rmv_error *expect_constant(const struct rmv_value *map, const char *key,
                                               const char *constant)
{
    const char *text = "";

    const struct rmv_error *err = rmv_member_find_text(map, key, &text);
    if (err || strcmp(text, constant) == 0)
        return err;
    return rmv_error(RMV_ERR_UNSUPPORTED, "'%s' is '%s'; this version reads only '%s'", key, text,
                     constant);
}

static const struct rmv_error *parse_build_type(const struct rmv_value *definition,
                                                enum rmv_record_kind *kind)
{
    static const enum rmv_record_kind kinds[] = {RMV_RECORD_STAGE, RMV_RECORD_ADD,
                                                 RMV_RECORD_IMPORT};
    const char *text = "";

    const struct rmv_error *err = rmv_member_find_text(definition, "buildType", &text);
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(text, rmv_record_build_type(kinds[i])) == 0) {
            *kind = kinds[i];
            return NULL;
        }
    }
    return rmv_error(RMV_ERR_UNSUPPORTED, "this version does not know build type '%s'", text);
}

static const struct rmv_error *parse_cmd(const struct rmv_value *parameters, struct rmv_value *cmd)
{
    const struct rmv_value *found = rmv_value_find(parameters, "cmd");

    if (!found)
        return rmv_member_error("cmd", "is missing");
    bool good =
        found->kind == RMV_VALUE_STRING || (found->kind == RMV_VALUE_LIST && found->list.count > 0);
    for (size_t i = 0; good && found->kind == RMV_VALUE_LIST && i < found->list.count; i++)
        good = found->list.items[i].kind == RMV_VALUE_STRING;
    if (!good)
        return rmv_member_error("cmd", "must be a string or a list of strings");
    rmv_value_copy(cmd, found);
    return NULL;
}

static const struct rmv_error *parse_params(const struct rmv_value *parameters,
                                            struct rmv_value *params)
{
    const struct rmv_value none = {0}, *found = &none;

    const struct rmv_error *err = rmv_member_find(parameters, "params", RMV_VALUE_MAP, &found);
    if (err)
        return err;
    for (size_t i = 0; i < found->map.count; i++)
        if (found->map.members[i].value.kind != RMV_VALUE_MAP)
            return rmv_member_error("params", "must be a map of maps: file, key, value");
    rmv_value_copy(params, found);
    return NULL;
}

static const struct rmv_error *parse_parameters(const struct rmv_value *definition,
                                                struct rmv_record *record)
{
    static const char *const of_stage[] = {"stage", "stageEncoding", "cmd", "params", NULL};
    static const char *const of_add[] = {"path", "pathEncoding", "source", "sourceEncoding", NULL};
    const struct rmv_value none = {0}, *parameters = &none;
    const bool is_stage = record->kind == RMV_RECORD_STAGE;

    const struct rmv_error *err = rmv_member_find_map(definition, "externalParameters",
                                                      is_stage ? of_stage : of_add, &parameters);
    if (err)
        return err;
    if (!is_stage) {
        err = rmv_member_copy_name(parameters, "path", parameters, "pathEncoding", &record->name);
        if (!err)
            err = rmv_member_copy_name(parameters, "source", parameters, "sourceEncoding",
                                       &record->source);
        return err ? err : rmv_path_check(record->name);
    }
    err = rmv_member_copy_name(parameters, "stage", parameters, "stageEncoding", &record->name);
    if (!err)
        err = parse_cmd(parameters, &record->cmd);
    return err ? err : parse_params(parameters, &record->params);
}

/* "YYYY-MM-DDThh:mm:ss.mmmZ" */
static bool parse_time(const char *text, int64_t *time_ns)
{
    static const char pattern[] = "dddd-dd-ddTdd:dd:dd.dddZ";
    int64_t days;

    if (strlen(text) != sizeof(pattern) - 1)
        return false;
    for (size_t i = 0; pattern[i]; i++)
        if (pattern[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
            return false;
    RMV_CLEANUP(rmv_str_free) char *date = rmv_str_copy_n(text, 10);
    const long hours = strtol(text + 11, NULL, 10), minutes = strtol(text + 14, NULL, 10);
    const long seconds = strtol(text + 17, NULL, 10), ms = strtol(text + 20, NULL, 10);
    if (!rmv_time_parse_date(date, &days) || hours > 23 || minutes > 59 || seconds > 59)
        return false;
    const int64_t total_ms =
        (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * (int64_t)1000 + ms;
    return !__builtin_mul_overflow(total_ms, (int64_t)1000000, time_ns);
}

static const struct rmv_error *copy_time(const struct rmv_value *map, const char *key,
                                         int64_t *time_ns)
{
    const char *text = "";

    const struct rmv_error *err = rmv_member_find_text(map, key, &text);
    if (err)
        return err;
    return parse_time(text, time_ns)
               ? NULL
               : rmv_member_error(key, "must be a time like 2025-01-31T10:30:45.123Z");
}

static const struct rmv_error *parse_metadata(const struct rmv_value *metadata,
                                              struct rmv_record *record)
{
    const struct rmv_value none = {0}, *status = &none;

    const struct rmv_error *err =
        rmv_member_copy_text(metadata, "invocationId", &record->invocation);
    if (!err)
        err = copy_time(metadata, "startedOn", &record->started_ns);
    if (!err)
        err = copy_time(metadata, "finishedOn", &record->ended_ns);
    if (!err)
        err = rmv_member_copy_text(metadata, "rmv_host", &record->host);
    if (!err)
        err = rmv_member_copy_text(metadata, "rmv_user", &record->user);
    if (!err)
        err = rmv_member_copy_text(metadata, "rmv_system", &record->system);
    if (!err)
        err = rmv_member_find(metadata, "rmv_exitStatus", RMV_VALUE_INT, &status);
    if (err)
        return err;
    if (status->integer < INT_MIN || status->integer > INT_MAX)
        return rmv_member_error("rmv_exitStatus", "is out of range");
    record->exit_status = (int)status->integer;
    return NULL;
}

static const struct rmv_error *parse_run(const struct rmv_value *predicate,
                                         struct rmv_record *record)
{
    static const char *const members[] = {"builder", "metadata", NULL};
    static const char *const of_builder[] = {"id", "version", NULL};
    static const char *const of_version[] = {"rmv", NULL};
    static const char *const of_metadata[] = {"invocationId",   "startedOn", "finishedOn",
                                              "rmv_exitStatus", "rmv_host",  "rmv_user",
                                              "rmv_system",     NULL};
    const struct rmv_value none = {0}, *details = &none, *builder = &none, *version = &none,
                           *metadata = &none;

    const struct rmv_error *err = rmv_member_find_map(predicate, "runDetails", members, &details);
    if (!err)
        err = rmv_member_find_map(details, "builder", of_builder, &builder);
    if (!err)
        err = expect_constant(builder, "id", RECORD_BUILDER);
    if (err)
        return err;
    if (rmv_value_find(builder, "version")) {
        err = rmv_member_find_map(builder, "version", of_version, &version);
        if (!err)
            err = rmv_member_copy_text(version, "rmv", &record->tool_version);
    }
    if (!err)
        err = rmv_member_find_map(details, "metadata", of_metadata, &metadata);
    return err ? err : parse_metadata(metadata, record);
}

static const struct rmv_error *parse_definition(const struct rmv_value *predicate,
                                                struct rmv_record *record)
{
    static const char *const members[] = {"buildType", "externalParameters", "resolvedDependencies",
                                          NULL};
    const struct rmv_value none = {0}, *definition = &none;
    RMV_CLEANUP(rmv_reading_free)
    struct rmv_reading reading = {record, &record->deps, &record->definition, true, {0}};

    const struct rmv_error *err =
        rmv_member_find_map(predicate, "buildDefinition", members, &definition);
    if (!err)
        err = parse_build_type(definition, &record->kind);
    if (!err)
        err = parse_parameters(definition, record);
    if (!err)
        err = rmv_reading_run(&reading, definition, "resolvedDependencies");
    if (err)
        return err;
    if (rmv_object_id_is_zero(&record->definition) != (record->kind != RMV_RECORD_STAGE))
        return rmv_member_error("resolvedDependencies",
                                "must have the definition of a stage, and only that");
    return NULL;
}

static const struct rmv_error *parse_subjects(const struct rmv_value *statement,
                                              struct rmv_record *record)
{
    struct rmv_object_id definition = {0};
    RMV_CLEANUP(rmv_reading_free)
    struct rmv_reading reading = {record, &record->outs, &definition, false, {0}};

    const struct rmv_error *err = rmv_reading_run(&reading, statement, "subject");
    if (err)
        return err;
    if (rmv_object_id_is_zero(&definition) != (record->outs.count > 0) ||
        (record->outs.count == 0 && !rmv_object_id_equal(&definition, &record->definition)))
        return rmv_member_error("subject",
                                "must be what the run made, or if nothing its definition");
    return NULL;
}

static const struct rmv_error *parse_statement(const struct rmv_value *statement,
                                               struct rmv_record *record)
{
    static const char *const members[] = {"_type", "subject", "predicateType", "predicate", NULL};
    static const char *const of_predicate[] = {"buildDefinition", "runDetails", NULL};
    const struct rmv_value none = {0}, *predicate = &none;

    if (statement->kind != RMV_VALUE_MAP)
        return rmv_error(RMV_ERR_CORRUPT, "a record must be a map, not %s",
                         rmv_value_kind_name(statement->kind));
    const struct rmv_error *err = expect_constant(statement, "_type", RECORD_STATEMENT);
    if (!err)
        err = expect_constant(statement, "predicateType", RECORD_PREDICATE);
    if (!err)
        err = rmv_member_check(statement, members);
    if (!err)
        err = rmv_member_find_map(statement, "predicate", of_predicate, &predicate);
    if (!err)
        err = parse_definition(predicate, record);
    if (!err)
        err = parse_run(predicate, record);
    return err ? err : parse_subjects(statement, record);
}

/* A small text can ask for a lot of memory, "[[],[],[]…": values are counted before they are made.
 */
static bool has_too_many_values(const char *text, size_t size)
{
    size_t count = 0;
    bool in_string = false;

    for (size_t i = 0; i < size; i++) {
        if (in_string && text[i] == '\\')
            i++;
        else if (text[i] == '"')
            in_string = !in_string;
        else if (!in_string && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
            count++;
    }
    return count > RMV_RECORD_VALUES_MAX;
}

const struct rmv_error *rmv_record_parse(const char *name, const char *text, size_t size,
                                         struct rmv_record *record)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value statement = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record parsed = {0};

    if (size > RMV_RECORD_BYTES_MAX)
        return rmv_error(RMV_ERR_LIMIT, "%s: longer than %zu bytes", name, RMV_RECORD_BYTES_MAX);
    if (has_too_many_values(text, size))
        return rmv_error(RMV_ERR_LIMIT, "%s: more than %zu values", name, RMV_RECORD_VALUES_MAX);
    const struct rmv_error *err = rmv_json_parse(name, text, size, &statement);
    if (err)
        return err;
    err = parse_statement(&statement, &parsed);
    if (err)
        return rmv_error_context(err, "%s", name);
    *record = parsed;
    parsed = (struct rmv_record){0};
    return NULL;
}
