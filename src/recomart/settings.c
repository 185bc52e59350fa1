#include "rmv/recomart/settings.h"

#include <stddef.h>
#include <string.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"

/* One folder: where it goes, what the two forms of the file call it, and its default. */
struct folder {
    size_t offset;
    const char *key, *other_key;
    const char *value;
};

#define FOLDER(name) offsetof(struct rmv_settings, name), #name

static const struct folder folders[] = {
    {FOLDER(raw), "raw_data", "data/raw"},
    {FOLDER(validated), "validated_data", "data/validated"},
    {FOLDER(processed), "processed_data", "data/processed"},
    {FOLDER(features), "features", "data/features"},
    {FOLDER(models), "models", "data/models"},
    {FOLDER(metrics), "metrics", "data/metrics"},
    {FOLDER(logs), "logs", "logs"},
    {FOLDER(reports), "reports", "reports"},
    {FOLDER(source_files), "source_files", "data/source_files"},
};

#define FOLDERS_COUNT (sizeof(folders) / sizeof(folders[0]))

static char **folder_of(struct rmv_settings *settings, const struct folder *folder)
{
    return (char **)(void *)((char *)settings + folder->offset);
}

void rmv_settings_free(struct rmv_settings *settings)
{
    for (size_t i = 0; i < FOLDERS_COUNT; i++)
        rmv_str_free(folder_of(settings, &folders[i]));
    rmv_str_free(&settings->params_path);
    rmv_value_free(&settings->params);
    *settings = (struct rmv_settings){0};
}

/* Reads a YAML file whose top is a map. It may be missing if nobody asked for it by name. */
static const struct rmv_error *read_map(const char *path, const char *fallback,
                                        struct rmv_value *out)
{
    const char *name = path ? path : fallback;
    if (!path && !rmv_fs_exists(name))
        return NULL;
    const struct rmv_error *err = rmv_yaml_read(name, out);
    if (err || out->kind == RMV_VALUE_NULL)
        return err;
    return rmv_value_expect(name, out, RMV_VALUE_MAP, "the document");
}

static const struct rmv_error *check_keys(const char *name, const struct rmv_value *map, bool other)
{
    const char *known[FOLDERS_COUNT + 1] = {NULL};
    for (size_t i = 0; i < FOLDERS_COUNT; i++)
        known[i] = other ? folders[i].other_key : folders[i].key;
    return rmv_value_check_keys(name, map, known, "paths");
}

static const struct rmv_error *set_folders(const char *name, const struct rmv_value *map,
                                           bool other, struct rmv_settings *settings)
{
    for (size_t i = 0; i < FOLDERS_COUNT; i++) {
        const char *key = other ? folders[i].other_key : folders[i].key;
        const struct rmv_value *value = map ? rmv_value_find(map, key) : NULL;
        const char *text = folders[i].value;
        if (value) {
            const struct rmv_error *err = rmv_value_expect(name, value, RMV_VALUE_STRING, key);
            if (err)
                return err;
            text = value->text;
            if (*text == '\0')
                return rmv_value_error(name, value, "'%s' is empty; it names a folder", key);
        }
        rmv_str_set(folder_of(settings, &folders[i]), text);
    }
    return NULL;
}

static const struct rmv_error *read_paths(const char *path, struct rmv_settings *settings)
{
    const char *name = path ? path : RMV_SETTINGS_PATHS_DEFAULT;
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};

    const struct rmv_error *err = read_map(path, RMV_SETTINGS_PATHS_DEFAULT, &document);
    if (err)
        return err;
    const struct rmv_value *map = document.kind == RMV_VALUE_MAP ? &document : NULL;
    const struct rmv_value *inner = map ? rmv_value_find(map, "paths") : NULL;
    settings->logs_name_stage = inner != NULL;
    if (inner) {
        static const char *const known[] = {"paths", "model", "evaluation", NULL};
        err = rmv_value_check_keys(name, map, known, "the document");
        if (!err)
            err = rmv_value_expect(name, inner, RMV_VALUE_MAP, "paths");
        map = inner;
    }
    if (!err && map)
        err = check_keys(name, map, inner != NULL);
    if (err)
        return err;
    return set_folders(name, map, inner != NULL, settings);
}

const struct rmv_error *rmv_settings_read(const char *paths_path, const char *params_path,
                                          struct rmv_settings *settings)
{
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings found = {0};

    const struct rmv_error *err = read_paths(paths_path, &found);
    if (!err)
        err = read_map(params_path, RMV_SETTINGS_PARAMS_DEFAULT, &found.params);
    if (err)
        return err;
    rmv_str_set(&found.params_path, params_path ? params_path : RMV_SETTINGS_PARAMS_DEFAULT);
    rmv_settings_free(settings);
    *settings = found;
    found = (struct rmv_settings){0};
    return NULL;
}

const struct rmv_error *rmv_settings_section(const struct rmv_settings *settings, const char *name,
                                             const char *const *known,
                                             const struct rmv_value **section)
{
    const struct rmv_value *found =
        settings->params.kind == RMV_VALUE_MAP ? rmv_value_find(&settings->params, name) : NULL;
    if (found && found->kind != RMV_VALUE_NULL) {
        const struct rmv_error *err =
            rmv_value_expect(settings->params_path, found, RMV_VALUE_MAP, name);
        if (!err)
            err = rmv_value_check_keys(settings->params_path, found, known, name);
        if (err)
            return err;
    }
    *section = found && found->kind == RMV_VALUE_MAP ? found : NULL;
    return NULL;
}

const struct rmv_error *rmv_settings_number(const struct rmv_settings *settings,
                                            const struct rmv_value *section, const char *key,
                                            const double range[2], double *number)
{
    const struct rmv_value *value = section ? rmv_value_find(section, key) : NULL;
    if (!value)
        return NULL;
    double found;
    if (value->kind == RMV_VALUE_INT)
        found = (double)value->integer;
    else if (value->kind == RMV_VALUE_DOUBLE)
        found = value->number;
    else
        return rmv_value_error(settings->params_path, value, "'%s' must be a number, not %s", key,
                               rmv_value_kind_name(value->kind));
    if (!(found >= range[0] && found <= range[1]))
        return rmv_value_error(settings->params_path, value, "'%s' must be between %g and %g", key,
                               range[0], range[1]);
    *number = found;
    return NULL;
}

const struct rmv_error *rmv_settings_text(const struct rmv_settings *settings,
                                          const struct rmv_value *section, const char *key,
                                          const char **text)
{
    const struct rmv_value *value = section ? rmv_value_find(section, key) : NULL;
    if (!value)
        return NULL;
    const struct rmv_error *err =
        rmv_value_expect(settings->params_path, value, RMV_VALUE_STRING, key);
    if (!err)
        *text = value->text;
    return err;
}
