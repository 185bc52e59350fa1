#include "rmv/recomart/feature_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recomart/feature_tables.h"
#include "rmv/base/csv.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define MANIFEST "manifest.json"
#define MANIFEST_BYTES_MAX ((size_t)16 * 1024 * 1024)
#define FILE_BYTES_MAX ((size_t)1 << 40)
#define FORMAT "recomart-features"
#define FORMAT_VERSION 1

/* ---- Writing ----------------------------------------------------------------------------------
 */

static void set_text(struct rmv_value *map, const char *key, const char *text)
{
    rmv_value_set_text(rmv_value_add(map, key), text);
}

static void describe_table(const struct feature_definition *definition, size_t rows,
                           const char *sha256, struct rmv_value *out)
{
    const struct rmv_feature_table *table = &definition->table;
    rmv_value_set_map(out);
    set_text(out, "version", definition->version);
    set_text(out, "table", table->name);
    set_text(out, "file", definition->file);
    rmv_value_set_int(rmv_value_add(out, "rows"), (int64_t)rows);
    set_text(out, "sha256", sha256);
    rmv_value_set_int(rmv_value_add(out, "keys"), (int64_t)table->keys_count);
    struct rmv_value *columns = rmv_value_add(out, "columns");
    rmv_value_set_list(columns);
    for (size_t i = 0; i < table->columns_count; i++) {
        struct rmv_value *column = rmv_value_append(columns);
        rmv_value_set_map(column);
        set_text(column, "name", table->columns[i].name);
        set_text(column, "type", rmv_feature_type_name(table->columns[i].type));
    }
}

static const struct rmv_error *write_table(const struct feature_definition *definition,
                                           const struct rmv_events *events, const char *folder,
                                           struct rmv_value *description)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, definition->file);
    for (size_t i = 0; i < definition->table.columns_count; i++)
        rmv_buf_append_format(&text, "%s%s", i ? "," : "", definition->table.columns[i].name);
    rmv_buf_append_string(&text, "\n");
    size_t rows = 0;
    const struct rmv_error *err = definition->write_rows(events, &text, &rows);
    if (err)
        return rmv_error_context(err, "'%s'", path);

    uint8_t digest[RMV_SHA256_SIZE];
    char hex[RMV_SHA256_HEX_SIZE];
    rmv_sha256(text.data, text.size, digest);
    rmv_sha256_to_hex(digest, hex);
    describe_table(definition, rows, hex, description);
    return rmv_fs_write_atomic(path, text.data, text.size);
}

static const struct rmv_error *write_version(const struct feature_definition *definitions,
                                             const struct rmv_events *events, const char *folder,
                                             struct rmv_value *tables)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < FEATURE_DEFINITIONS_COUNT; i++)
        err = write_table(&definitions[i], events, folder, rmv_value_append(tables));
    return err;
}

/* ---- Reading ----------------------------------------------------------------------------------
 */

void rmv_feature_files_free(struct rmv_feature_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->files[i].columns);
    free(files->files);
    rmv_str_free(&files->folder);
    rmv_value_free(&files->manifest);
    *files = (struct rmv_feature_files){0};
}

static const struct rmv_error *senseless(const char *folder, const char *what)
{
    return rmv_error_hint(
        rmv_error(RMV_ERR_CORRUPT, "features in '%s': %s", folder, what),
        "restore them with `rmv checkout`, or build them again with `recomart features`");
}

static bool parse_columns(const struct rmv_value *columns, struct rmv_feature_file *file)
{
    if (!columns || columns->kind != RMV_VALUE_LIST || columns->list.count == 0 ||
        columns->list.count > RMV_FEATURE_COLUMNS_MAX)
        return false;
    const size_t count = columns->list.count;
    file->columns = rmv_calloc(count, sizeof(*file->columns));
    for (size_t i = 0; i < count; i++) {
        const struct rmv_value *column = &columns->list.items[i];
        file->columns[i].name = rmv_value_find_text(column, "name");
        const char *type = rmv_value_find_text(column, "type");
        if (!file->columns[i].name || !type ||
            !rmv_feature_type_parse(type, &file->columns[i].type))
            return false;
    }
    file->table.columns = file->columns;
    file->table.columns_count = count;
    return true;
}

static bool parse_file(const struct rmv_value *entry, struct rmv_feature_file *file)
{
    const struct rmv_value *rows = rmv_value_find(entry, "rows");
    const struct rmv_value *keys = rmv_value_find(entry, "keys");
    file->version = rmv_value_find_text(entry, "version");
    file->name = rmv_value_find_text(entry, "file");
    file->table.name = rmv_value_find_text(entry, "table");
    if (!file->version || !file->name || !file->table.name || !rows || !keys ||
        rows->kind != RMV_VALUE_INT || rows->integer < 0 || keys->kind != RMV_VALUE_INT ||
        !parse_columns(rmv_value_find(entry, "columns"), file))
        return false;
    file->rows = (size_t)rows->integer;
    file->table.keys_count = (size_t)keys->integer;
    return keys->integer >= 1 && file->table.keys_count <= file->table.columns_count;
}

static const struct rmv_error *check_file(const struct rmv_feature_files *files,
                                          const struct rmv_feature_file *file, const char *expected)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(files->folder, file->name);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    const struct rmv_error *err = rmv_fs_read(path, FILE_BYTES_MAX, &content);
    if (err)
        return err;
    uint8_t digest[RMV_SHA256_SIZE];
    char hex[RMV_SHA256_HEX_SIZE];
    rmv_sha256(content.data, content.size, digest);
    rmv_sha256_to_hex(digest, hex);
    RMV_CLEANUP(rmv_str_free)
    char *what = rmv_str_format("'%s' is not what the manifest says", file->name);
    return expected && strcmp(hex, expected) == 0 ? NULL : senseless(files->folder, what);
}

const struct rmv_error *rmv_feature_files_check(const struct rmv_feature_files *files)
{
    const struct rmv_value *tables = rmv_value_find(&files->manifest, "tables");
    for (size_t i = 0; i < files->count; i++) {
        const char *expected = rmv_value_find_text(&tables->list.items[i], "sha256");
        const struct rmv_error *err = check_file(files, &files->files[i], expected);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *check_format(const struct rmv_value *manifest, const char *folder)
{
    const char *format = rmv_value_find_text(manifest, "format");
    const struct rmv_value *version = rmv_value_find(manifest, "format_version");
    const struct rmv_value *tables = rmv_value_find(manifest, "tables");
    if (!format || strcmp(format, FORMAT) != 0 || !version || version->kind != RMV_VALUE_INT)
        return senseless(folder, "the manifest is none of ours");
    if (version->integer > FORMAT_VERSION)
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "features in '%s' have format version %lld; this program reads up to %d",
                         folder, (long long)version->integer, FORMAT_VERSION);
    if (!tables || tables->kind != RMV_VALUE_LIST)
        return senseless(folder, "the manifest lists no tables");
    return NULL;
}

static const struct rmv_error *parse_manifest(struct rmv_feature_files *files)
{
    const struct rmv_error *err = check_format(&files->manifest, files->folder);
    if (err)
        return err;
    const struct rmv_value *tables = rmv_value_find(&files->manifest, "tables");
    files->files = rmv_calloc(tables->list.count + 1, sizeof(*files->files));
    for (size_t i = 0; i < tables->list.count; i++) {
        const struct rmv_value *entry = &tables->list.items[i];
        files->count = i + 1;
        if (!parse_file(entry, &files->files[i]))
            return senseless(files->folder, "a table of the manifest makes no sense");
        err = rmv_path_check_name(files->files[i].name, strlen(files->files[i].name));
        if (err)
            return err;
    }
    return NULL;
}

const struct rmv_error *rmv_feature_files_open(const char *folder, struct rmv_feature_files *files)
{
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files opened = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, MANIFEST);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    opened.folder = rmv_str_copy(folder);
    const struct rmv_error *err = rmv_fs_read(path, MANIFEST_BYTES_MAX, &text);
    if (err)
        return err->code != RMV_ERR_NOT_FOUND
                   ? err
                   : rmv_error_hint(err, "build the features: recomart features");
    err = rmv_json_parse(path, text.data, text.size, &opened.manifest);
    if (!err)
        err = parse_manifest(&opened);
    if (err)
        return err;
    rmv_sha256(text.data, text.size, opened.id);
    rmv_sha256_to_hex(opened.id, opened.id_hex);
    *files = opened;
    opened = (struct rmv_feature_files){0};
    return NULL;
}

const struct rmv_feature_file *rmv_feature_files_find(const struct rmv_feature_files *files,
                                                      const char *version, const char *group)
{
    const size_t length = strlen(group);
    for (size_t i = 0; i < files->count; i++) {
        const struct rmv_feature_file *file = &files->files[i];
        const char *name = file->table.name;
        if (strcmp(file->version, version) == 0 && strncmp(name, group, length) == 0 &&
            (name[length] == '\0' ||
             (name[length] == '_' && strcmp(name + length + 1, version) == 0)))
            return file;
    }
    return NULL;
}

/* ---- Building ---------------------------------------------------------------------------------
 */

static bool names_file(const struct rmv_value *manifest, const char *name)
{
    const struct rmv_value *tables = rmv_value_find(manifest, "tables");
    for (size_t i = 0; i < tables->list.count; i++)
        if (strcmp(rmv_value_find_text(&tables->list.items[i], "file"), name) == 0)
            return true;
    return false;
}

/* Tables that were built before and are not now: the folder holds what the manifest says, whatever
 * was in it before. */
static const struct rmv_error *remove_files_not_in(const struct rmv_feature_files *old,
                                                   const struct rmv_value *manifest)
{
    for (size_t i = 0; i < old->count; i++) {
        if (names_file(manifest, old->files[i].name))
            continue;
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(old->folder, old->files[i].name);
        if (unlink(path) < 0 && errno != ENOENT)
            return rmv_error_errno("cannot remove '%s'", path);
    }
    return NULL;
}

const struct rmv_error *rmv_feature_files_build(const char *prepared_path, bool with_v2,
                                                const char *folder)
{
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value manifest = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, MANIFEST);
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files old = {0};
    const struct rmv_error *err = rmv_events_read(prepared_path, &events);
    if (err)
        return err;

    rmv_value_set_map(&manifest);
    set_text(&manifest, "format", FORMAT);
    rmv_value_set_int(rmv_value_add(&manifest, "format_version"), FORMAT_VERSION);
    set_text(&manifest, "source", prepared_path);
    struct rmv_value *tables = rmv_value_add(&manifest, "tables");
    rmv_value_set_list(tables);
    err = write_version(feature_definitions_v1, &events, folder, tables);
    if (!err && with_v2)
        err = write_version(feature_definitions_v2, &events, folder, tables);
    if (err)
        return err;
    /* The manifest comes last: until then the old one does not fit, and nobody takes half of it. */
    rmv_json_format(&manifest, true, &text);
    const bool had_others = !rmv_feature_files_open(folder, &old);
    err = rmv_fs_write_atomic(path, text.data, text.size);
    return err || !had_others ? err : remove_files_not_in(&old, &manifest);
}
