#include "rmv/dataset/lock_file.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/place.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/yaml.h"

#define SCHEMA "2.0"
#define STAGES_LINE "stages:\n"

void rmv_lock_stage_free(struct rmv_lock_stage *stage)
{
    rmv_str_free(&stage->name);
    rmv_value_free(&stage->cmd);
    rmv_value_free(&stage->params);
    rmv_outputs_free(&stage->deps);
    rmv_outputs_free(&stage->outs);
    rmv_value_free(&stage->extra);
    rmv_str_free(&stage->text);
    *stage = (struct rmv_lock_stage){0};
}

void rmv_lock_file_free(struct rmv_lock_file *lock)
{
    for (size_t i = 0; i < lock->count; i++)
        rmv_lock_stage_free(&lock->stages[i]);
    free(lock->stages);
    rmv_str_free(&lock->path);
    rmv_value_free(&lock->extra);
    *lock = (struct rmv_lock_file){0};
}

/* ---- Stages by name ------------------------------------------------------------------------- */

/* The index of the first stage whose name is not less than `name`. */
static size_t position_of(const struct rmv_lock_file *lock, const char *name)
{
    size_t low = 0, high = lock->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (strcmp(lock->stages[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct rmv_lock_stage *rmv_lock_file_find(const struct rmv_lock_file *lock, const char *name)
{
    const size_t at = position_of(lock, name);
    return at < lock->count && strcmp(lock->stages[at].name, name) == 0 ? &lock->stages[at] : NULL;
}

struct rmv_lock_stage *rmv_lock_file_add(struct rmv_lock_file *lock, const char *name)
{
    const size_t at = position_of(lock, name);
    if (at < lock->count && strcmp(lock->stages[at].name, name) == 0)
        return &lock->stages[at];

    lock->stages = rmv_grow(lock->stages, lock->count, &lock->capacity, sizeof(lock->stages[0]));
    struct rmv_lock_stage *added = &lock->stages[at];
    memmove(added + 1, added, (lock->count - at) * sizeof(*added));
    *added = (struct rmv_lock_stage){.name = rmv_str_copy(name)};
    lock->count++;
    return added;
}

void rmv_lock_file_remove(struct rmv_lock_file *lock, const char *name)
{
    struct rmv_lock_stage *stage = rmv_lock_file_find(lock, name);
    if (!stage)
        return;
    rmv_lock_stage_free(stage);
    lock->count--;
    const size_t at = (size_t)(stage - lock->stages);
    memmove(stage, stage + 1, (lock->count - at) * sizeof(*stage));
}

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct rmv_error *check_schema(const char *name, const struct rmv_value *document)
{
    const struct rmv_value *schema = rmv_value_find(document, "schema");

    if (!schema)
        return rmv_place_error(RMV_ERR_CORRUPT, name, document, "'schema' is missing");
    if (schema->kind == RMV_VALUE_STRING && strcmp(schema->text, SCHEMA) == 0)
        return NULL;
    if (schema->kind != RMV_VALUE_STRING || strtod(schema->text, NULL) <= strtod(SCHEMA, NULL))
        return rmv_place_error(RMV_ERR_CORRUPT, name, schema, "'schema' must be '" SCHEMA "'");
    return rmv_error_hint(rmv_place_error(RMV_ERR_UNSUPPORTED, name, schema,
                                          "schema '%s' is newer than '" SCHEMA
                                          "', the newest this rmv can read",
                                          schema->text),
                          "install a newer rmv");
}

struct stage_reader {
    const char *name;   /* of the document */
    const char *folder; /* it is in */
};

static const struct rmv_error *parse_outputs(const struct stage_reader *reader,
                                             const struct rmv_value *list, const char *what,
                                             struct rmv_outputs *outputs)
{
    const struct rmv_error *err = rmv_place_expect(reader->name, list, RMV_VALUE_LIST, what);
    for (size_t i = 0; !err && i < list->list.count; i++) {
        struct rmv_output *output = rmv_outputs_add(outputs);
        err = rmv_output_parse(reader->name, reader->folder, &list->list.items[i], output);
        if (err)
            outputs->count--;
    }
    return err;
}

static const struct rmv_error *parse_params(const struct stage_reader *reader,
                                            const struct rmv_value *params, struct rmv_value *out)
{
    const struct rmv_error *err = rmv_place_expect(reader->name, params, RMV_VALUE_MAP, "'params'");
    for (size_t i = 0; !err && i < params->map.count; i++)
        err = rmv_place_expect(reader->name, &params->map.members[i].value, RMV_VALUE_MAP,
                               "what is under a parameter file");
    if (!err)
        rmv_value_copy(out, params);
    return err;
}

static const struct rmv_error *parse_cmd(const struct stage_reader *reader,
                                         const struct rmv_value *cmd, struct rmv_value *out)
{
    bool is_right = cmd->kind == RMV_VALUE_STRING || cmd->kind == RMV_VALUE_LIST;
    if (cmd->kind == RMV_VALUE_LIST)
        for (size_t i = 0; i < cmd->list.count; i++)
            is_right = is_right && cmd->list.items[i].kind == RMV_VALUE_STRING;
    if (!is_right)
        return rmv_place_error(RMV_ERR_CORRUPT, reader->name, cmd,
                               "'cmd' must be a string or a list of strings");
    rmv_value_copy(out, cmd);
    return NULL;
}

static const struct rmv_error *parse_record(const struct stage_reader *reader,
                                            const struct rmv_value *record,
                                            struct rmv_object_id *id)
{
    if (record->kind != RMV_VALUE_STRING || rmv_object_id_parse(record->text, id))
        return rmv_place_error(RMV_ERR_CORRUPT, reader->name, record,
                               "'record' must be 64 lower-case hexadecimal digits");
    return NULL;
}

static const struct rmv_error *parse_member(const struct stage_reader *reader,
                                            const struct rmv_member *member,
                                            struct rmv_lock_stage *stage)
{
    const struct rmv_value *value = &member->value;

    if (strcmp(member->key, "cmd") == 0)
        return parse_cmd(reader, value, &stage->cmd);
    if (strcmp(member->key, "deps") == 0)
        return parse_outputs(reader, value, "'deps'", &stage->deps);
    if (strcmp(member->key, "outs") == 0)
        return parse_outputs(reader, value, "'outs'", &stage->outs);
    if (strcmp(member->key, "params") == 0)
        return parse_params(reader, value, &stage->params);
    if (strcmp(member->key, "record") == 0)
        return parse_record(reader, value, &stage->record);
    rmv_value_copy(rmv_value_add(&stage->extra, member->key), value);
    return NULL;
}

static int compare_stages(const void *a, const void *b)
{
    const struct rmv_lock_stage *first = a, *second = b;
    return strcmp(first->name, second->name);
}

/* The names are unique, since a document cannot have a key twice; they are sorted once at the end.
 */
static const struct rmv_error *parse_stages(const struct stage_reader *reader,
                                            const struct rmv_value *stages,
                                            struct rmv_lock_file *lock)
{
    const struct rmv_error *err = rmv_place_expect(reader->name, stages, RMV_VALUE_MAP, "'stages'");
    if (err)
        return err;
    lock->stages = rmv_calloc(stages->map.count + 1, sizeof(lock->stages[0]));
    lock->capacity = stages->map.count + 1;
    for (size_t i = 0; !err && i < stages->map.count; i++) {
        const struct rmv_member *member = &stages->map.members[i];
        struct rmv_lock_stage *stage = &lock->stages[lock->count++];
        rmv_str_set(&stage->name, member->key);
        err = rmv_place_expect(reader->name, &member->value, RMV_VALUE_MAP, "a stage");
        for (size_t k = 0; !err && k < member->value.map.count; k++)
            err = parse_member(reader, &member->value.map.members[k], stage);
    }
    qsort(lock->stages, lock->count, sizeof(lock->stages[0]), compare_stages);
    return err;
}

static const struct rmv_error *parse_document(const struct stage_reader *reader,
                                              const struct rmv_value *document,
                                              struct rmv_lock_file *lock)
{
    if (document->kind == RMV_VALUE_NULL)
        return NULL;
    const struct rmv_error *err =
        rmv_place_expect(reader->name, document, RMV_VALUE_MAP, "a lock file");
    if (!err)
        err = check_schema(reader->name, document);
    for (size_t i = 0; !err && i < document->map.count; i++) {
        const struct rmv_member *member = &document->map.members[i];
        if (strcmp(member->key, "stages") == 0)
            err = parse_stages(reader, &member->value, lock);
        else if (strcmp(member->key, "schema") != 0)
            rmv_value_copy(rmv_value_add(&lock->extra, member->key), &member->value);
    }
    return err;
}

const struct rmv_error *rmv_lock_file_parse(const char *path, const char *text, size_t size,
                                            struct rmv_lock_file *lock)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file parsed = {.path = rmv_str_copy(path)};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    const struct stage_reader reader = {.name = path, .folder = folder};

    const struct rmv_error *err = rmv_place_check_merged(path, text, size);
    if (!err)
        err = rmv_yaml_parse(path, text, size, &document);
    if (!err)
        err = parse_document(&reader, &document, &parsed);
    if (err)
        return err;
    rmv_lock_file_free(lock);
    *lock = parsed;
    parsed = (struct rmv_lock_file){0};
    return NULL;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b)
{
    const struct rmv_output *const *first = a, *const *second = b;
    return strcmp((*first)->path, (*second)->path);
}

static void format_outputs(const struct rmv_outputs *outputs, const char *folder,
                           struct rmv_value *list)
{
    const struct rmv_output **sorted = rmv_calloc(outputs->count + 1, sizeof(const void *));

    for (size_t i = 0; i < outputs->count; i++)
        sorted[i] = &outputs->items[i];
    qsort(sorted, outputs->count, sizeof(const void *), compare_paths);
    rmv_value_set_list(list);
    for (size_t i = 0; i < outputs->count; i++)
        rmv_output_format(sorted[i], folder, rmv_value_append(list));
    free(sorted);
}

static int compare_members(const void *a, const void *b)
{
    const struct rmv_member *first = a, *second = b;
    return strcmp(first->key, second->key);
}

static void sort_members(struct rmv_value *map)
{
    if (map->kind == RMV_VALUE_MAP && map->map.count > 1)
        qsort(map->map.members, map->map.count, sizeof(map->map.members[0]), compare_members);
}

/* Files and keys sorted; the values themselves keep the order they were written in. */
static void format_params(const struct rmv_value *params, struct rmv_value *out)
{
    rmv_value_copy(out, params);
    sort_members(out);
    for (size_t i = 0; i < out->map.count; i++)
        sort_members(&out->map.members[i].value);
}

static void format_extra(const struct rmv_value *extra, struct rmv_value *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value sorted = {0};

    if (extra->kind != RMV_VALUE_MAP)
        return;
    rmv_value_copy(&sorted, extra);
    sort_members(&sorted);
    for (size_t i = 0; i < sorted.map.count; i++)
        rmv_value_copy(rmv_value_add(out, sorted.map.members[i].key), &sorted.map.members[i].value);
}

static void format_stage(const struct rmv_lock_stage *stage, const char *folder,
                         struct rmv_value *out)
{
    rmv_value_set_map(out);
    if (stage->cmd.kind != RMV_VALUE_NULL)
        rmv_value_copy(rmv_value_add(out, "cmd"), &stage->cmd);
    if (stage->deps.count > 0)
        format_outputs(&stage->deps, folder, rmv_value_add(out, "deps"));
    if (stage->params.kind == RMV_VALUE_MAP && stage->params.map.count > 0)
        format_params(&stage->params, rmv_value_add(out, "params"));
    if (stage->outs.count > 0)
        format_outputs(&stage->outs, folder, rmv_value_add(out, "outs"));
    if (!rmv_object_id_is_zero(&stage->record)) {
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&stage->record, hex);
        rmv_value_set_text(rmv_value_add(out, "record"), hex);
    }
    format_extra(&stage->extra, out);
}

/* The stage as a member of the lock file's stages, below STAGES_LINE. */
static void append_stage(const struct rmv_lock_stage *stage, const char *folder,
                         struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_value_set_map(&document);
    struct rmv_value *stages = rmv_value_add(&document, "stages");
    rmv_value_set_map(stages);
    format_stage(stage, folder, rmv_value_add(stages, stage->name));
    rmv_yaml_format(&document, &text);
    rmv_buf_append(out, text.data + strlen(STAGES_LINE), text.size - strlen(STAGES_LINE));
}

void rmv_lock_file_remember(struct rmv_lock_file *lock)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(lock->path);

    for (size_t i = 0; i < lock->count; i++) {
        struct rmv_lock_stage *stage = &lock->stages[i];
        struct rmv_buf text = {0};
        if (stage->text)
            continue;
        append_stage(stage, folder, &text);
        stage->text = rmv_buf_take(&text);
    }
}

void rmv_lock_stage_forget(struct rmv_lock_stage *stage)
{
    rmv_str_free(&stage->text);
}

void rmv_lock_file_format(const struct rmv_lock_file *lock, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value extra = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(lock->path);

    rmv_buf_append_string(out, "schema: '" SCHEMA "'\n");
    rmv_buf_append_string(out, lock->count ? STAGES_LINE : "stages: {}\n");
    for (size_t i = 0; i < lock->count; i++) {
        if (lock->stages[i].text)
            rmv_buf_append_string(out, lock->stages[i].text);
        else
            append_stage(&lock->stages[i], folder, out);
    }
    rmv_value_set_map(&extra);
    format_extra(&lock->extra, &extra);
    if (extra.map.count)
        rmv_yaml_format(&extra, out);
}
