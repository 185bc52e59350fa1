#include "rmv/dataset/output.h"

#include <stdlib.h>
#include <string.h>

#include "dataset/output_entry.h"
#include "dataset/place.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

void rmv_output_free(struct rmv_output *output)
{
    rmv_str_free(&output->path);
    rmv_value_free(&output->extra);
    *output = (struct rmv_output){0};
}

void rmv_output_copy(struct rmv_output *to, const struct rmv_output *from)
{
    struct rmv_output copy = *from;

    copy.path = rmv_str_copy(from->path);
    copy.extra = (struct rmv_value){0};
    rmv_value_copy(&copy.extra, &from->extra);
    rmv_output_free(to);
    *to = copy;
}

bool rmv_output_equal(const struct rmv_output *a, const struct rmv_output *b)
{
    return a->kind == b->kind && a->is_executable == b->is_executable &&
           rmv_object_id_equal(&a->id, &b->id);
}

void rmv_outputs_free(struct rmv_outputs *outputs)
{
    for (size_t i = 0; i < outputs->count; i++)
        rmv_output_free(&outputs->items[i]);
    free(outputs->items);
    *outputs = (struct rmv_outputs){0};
}

struct rmv_output *rmv_outputs_add(struct rmv_outputs *outputs)
{
    outputs->items =
        rmv_grow(outputs->items, outputs->count, &outputs->capacity, sizeof(outputs->items[0]));
    struct rmv_output *added = &outputs->items[outputs->count++];
    *added = (struct rmv_output){0};
    return added;
}

struct rmv_output *rmv_outputs_find(const struct rmv_outputs *outputs, const char *path)
{
    for (size_t i = 0; i < outputs->count; i++)
        if (strcmp(outputs->items[i].path, path) == 0)
            return &outputs->items[i];
    return NULL;
}

/* ---- Reading -------------------------------------------------------------------------------- */

/* Makes `text`, relative to `folder`, relative to the workspace, out of which it may not lead. */
static const struct rmv_error *resolve_path(const char *name, const char *folder,
                                            const struct rmv_value *at, const char *text,
                                            char **path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(text);
    const char *below = text;
    while (strncmp(below, "../", 3) == 0)
        below += 3;

    const struct rmv_error *err = rmv_path_check(below);
    if (err)
        return rmv_error_context(err, "%s:%u:%u", name, at->line, at->column);
    RMV_CLEANUP(rmv_str_free) char *joined = rmv_path_join(folder, text);
    RMV_CLEANUP(rmv_str_free) char *resolved = rmv_path_normalize(joined);
    if (strncmp(resolved, "../", 3) == 0)
        return rmv_place_error(RMV_ERR_DENIED, name, at,
                               "unsafe path '%s': it leaves the workspace", quoted);
    *path = resolved;
    resolved = NULL;
    return NULL;
}

static const struct rmv_error *parse_path(const char *name, const char *folder,
                                          const struct rmv_value *entry, char **path)
{
    const struct rmv_value *plain = rmv_value_find(entry, "path");
    const struct rmv_value *encoded = rmv_value_find(entry, "path-bytes");

    if ((plain == NULL) == (encoded == NULL))
        return rmv_place_error(RMV_ERR_CORRUPT, name, entry,
                               "an entry needs a 'path' (or 'path-bytes', but not both)");
    const struct rmv_value *given = plain ? plain : encoded;
    const struct rmv_error *err =
        rmv_place_expect(name, given, RMV_VALUE_STRING, plain ? "'path'" : "'path-bytes'");
    if (err)
        return err;
    if (plain)
        return resolve_path(name, folder, plain, plain->text, path);

    RMV_CLEANUP(rmv_str_free) char *decoded = rmv_path_decode(encoded->text);
    if (!decoded)
        return rmv_place_error(RMV_ERR_CORRUPT, name, encoded,
                               "'path-bytes' must be plain ASCII with every other byte as %%XX");
    return resolve_path(name, folder, encoded, decoded, path);
}

static const struct rmv_error *parse_id(const char *name, const struct rmv_value *entry,
                                        const char *key, struct rmv_object_id *id)
{
    const struct rmv_value *value = rmv_value_find(entry, key);

    if (!value)
        return NULL;
    if (value->kind != RMV_VALUE_STRING || rmv_object_id_parse(value->text, id))
        return rmv_place_error(RMV_ERR_CORRUPT, name, value,
                               "'%s' must be 64 lower-case hexadecimal digits", key);
    if (rmv_object_id_is_zero(id))
        return rmv_place_error(RMV_ERR_CORRUPT, name, value, "'%s' cannot be all zeros", key);
    return NULL;
}

static const struct rmv_error *parse_count(const char *name, const struct rmv_value *entry,
                                           const char *key, uint64_t *count)
{
    const struct rmv_value *value = rmv_value_find(entry, key);

    if (!value)
        return NULL;
    if (value->kind != RMV_VALUE_INT || value->integer < 0)
        return rmv_place_error(RMV_ERR_CORRUPT, name, value, "'%s' must be a whole number from 0",
                               key);
    *count = (uint64_t)value->integer;
    return NULL;
}

static const struct rmv_error *parse_flag(const char *name, const struct rmv_value *entry,
                                          const char *key, bool *flag)
{
    const struct rmv_value *value = rmv_value_find(entry, key);

    if (!value)
        return NULL;
    if (value->kind != RMV_VALUE_BOOL)
        return rmv_place_error(RMV_ERR_CORRUPT, name, value, "'%s' must be true or false", key);
    *flag = value->boolean;
    return NULL;
}

static const struct rmv_error *parse_kind(const char *name, const struct rmv_value *entry,
                                          enum rmv_output_kind *kind)
{
    const struct rmv_value *value = rmv_value_find(entry, "kind");

    if (!value)
        return rmv_place_error(RMV_ERR_CORRUPT, name, entry,
                               "an entry with 'sha256' needs a 'kind'");
    if (value->kind == RMV_VALUE_STRING && strcmp(value->text, "blob") == 0)
        *kind = RMV_OUTPUT_BLOB;
    else if (value->kind == RMV_VALUE_STRING && strcmp(value->text, "tree") == 0)
        *kind = RMV_OUTPUT_TREE;
    else
        return rmv_place_error(RMV_ERR_CORRUPT, name, value, "'kind' must be 'blob' or 'tree'");
    return NULL;
}

static const struct rmv_error *parse_content(const char *name, const struct rmv_value *entry,
                                             struct rmv_output *output)
{
    const struct rmv_value *other = rmv_value_find(entry, "md5");

    if (!rmv_value_find(entry, "sha256")) {
        if (other)
            return rmv_error_hint(rmv_place_error(RMV_ERR_UNSUPPORTED, name, other,
                                                  "content is named by 'md5'; rmv needs 'sha256'"),
                                  "`rmv add` the data, or `rmv repro` the stage, to name it anew");
        return NULL;
    }
    const struct rmv_error *err = parse_kind(name, entry, &output->kind);
    if (!err)
        err = parse_id(name, entry, "sha256", &output->id);
    if (!err)
        err = parse_count(name, entry, "size", &output->size);
    output->nfiles = output->kind == RMV_OUTPUT_BLOB;
    if (!err)
        err = parse_count(name, entry, "nfiles", &output->nfiles);
    if (!err)
        err = parse_flag(name, entry, "isexec", &output->is_executable);
    return err;
}

bool rmv_output_is_known(const char *key)
{
    static const char *const known[] = {"path",   "path-bytes", "sha256", "kind",  "size",
                                        "nfiles", "isexec",     "cache",  "record"};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(known[i], key) == 0)
            return true;
    return false;
}

bool rmv_output_is_default(const char *key, const struct rmv_value *value)
{
    if (strcmp(key, "nfiles") == 0)
        return value->kind == RMV_VALUE_INT && value->integer == 1;
    if (value->kind != RMV_VALUE_BOOL)
        return false;
    return (strcmp(key, "cache") == 0 && value->boolean) ||
           (strcmp(key, "isexec") == 0 && !value->boolean);
}

void rmv_output_keep_unknown(const struct rmv_value *entry, struct rmv_value *extra)
{
    for (size_t i = 0; i < entry->map.count; i++) {
        const struct rmv_member *member = &entry->map.members[i];
        if (!rmv_output_is_known(member->key))
            rmv_value_copy(rmv_value_add(extra, member->key), &member->value);
    }
}

const struct rmv_error *rmv_output_parse(const char *name, const char *folder,
                                         const struct rmv_value *entry, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output parsed = {0};
    bool cache = true;

    const struct rmv_error *err = rmv_place_expect(name, entry, RMV_VALUE_MAP, "an entry");
    if (!err)
        err = parse_path(name, folder, entry, &parsed.path);
    if (!err)
        err = parse_content(name, entry, &parsed);
    if (!err)
        err = parse_flag(name, entry, "cache", &cache);
    if (!err)
        err = parse_id(name, entry, "record", &parsed.record);
    if (err)
        return err;
    parsed.no_cache = !cache;
    rmv_output_keep_unknown(entry, &parsed.extra);

    rmv_output_free(output);
    *output = parsed;
    parsed = (struct rmv_output){0};
    return NULL;
}

/* ---- Writing -------------------------------------------------------------------------------- */

static void format_path(const char *path, const char *folder, struct rmv_value *entry)
{
    RMV_CLEANUP(rmv_str_free) char *relative = rmv_path_relative(folder, path);

    if (rmv_path_is_utf8(relative)) {
        rmv_value_set_text(rmv_value_add(entry, "path"), relative);
        return;
    }
    RMV_CLEANUP(rmv_str_free) char *encoded = rmv_path_encode(relative);
    rmv_value_set_text(rmv_value_add(entry, "path-bytes"), encoded);
}

static void format_id(const struct rmv_object_id *id, const char *key, struct rmv_value *entry)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    rmv_value_set_text(rmv_value_add(entry, key), hex);
}

void rmv_output_format(const struct rmv_output *output, const char *folder, struct rmv_value *entry)
{
    const bool is_tree = output->kind == RMV_OUTPUT_TREE;

    rmv_value_set_map(entry);
    format_path(output->path, folder, entry);
    if (output->kind != RMV_OUTPUT_MISSING) {
        format_id(&output->id, "sha256", entry);
        rmv_value_set_text(rmv_value_add(entry, "kind"), is_tree ? "tree" : "blob");
        rmv_value_set_int(rmv_value_add(entry, "size"), (int64_t)output->size);
    }
    if (is_tree)
        rmv_value_set_int(rmv_value_add(entry, "nfiles"), (int64_t)output->nfiles);
    if (output->is_executable)
        rmv_value_set_bool(rmv_value_add(entry, "isexec"), true);
    if (output->no_cache)
        rmv_value_set_bool(rmv_value_add(entry, "cache"), false);
    if (!rmv_object_id_is_zero(&output->record))
        format_id(&output->record, "record", entry);
    if (output->extra.kind != RMV_VALUE_MAP)
        return;
    for (size_t i = 0; i < output->extra.map.count; i++)
        rmv_value_copy(rmv_value_add(entry, output->extra.map.members[i].key),
                       &output->extra.map.members[i].value);
}
