#include "rmv/recomart/registry.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/strings.h"
#include "rmv/base/yaml.h"

static void group_free(struct rmv_registry_group *group)
{
    free(group->columns);
    group->columns = NULL;
}

void rmv_registry_free(struct rmv_registry *registry)
{
    for (size_t i = 0; i < registry->count; i++)
        group_free(&registry->groups[i]);
    free(registry->groups);
    rmv_str_free(&registry->path);
    rmv_value_free(&registry->document);
    *registry = (struct rmv_registry){0};
}

static const struct rmv_error *require_text(const char *path, const struct rmv_value *map,
                                            const char *key, const char **text)
{
    const struct rmv_value *value = rmv_value_find(map, key);
    if (!value)
        return rmv_value_error(path, map, "'%s' is missing", key);
    const struct rmv_error *err = rmv_value_expect(path, value, RMV_VALUE_STRING, key);
    if (!err)
        *text = value->text;
    return err;
}

static const struct rmv_error *parse_column(const char *path, const struct rmv_value *definition,
                                            struct rmv_feature_column *column)
{
    static const char *const known[] = {"name",           "type",    "description",
                                        "transformation", "sources", NULL};
    const char *type = NULL;
    const struct rmv_error *err = rmv_value_expect(path, definition, RMV_VALUE_MAP, "a feature");
    if (!err)
        err = rmv_value_check_keys(path, definition, known, "a feature");
    if (!err)
        err = require_text(path, definition, "name", &column->name);
    if (!err)
        err = require_text(path, definition, "type", &type);
    if (err)
        return err;
    if (!rmv_feature_type_parse(type, &column->type))
        return rmv_value_error(path, rmv_value_find(definition, "type"),
                               "a type is VARCHAR, INT or FLOAT, not '%s'", type);
    return NULL;
}

/* Adds the columns of a list behind those that are there. */
static const struct rmv_error *parse_columns(const char *path, const struct rmv_value *map,
                                             const char *key, struct rmv_registry_group *group)
{
    const struct rmv_value *list = rmv_value_find(map, key);
    if (!list)
        return rmv_value_error(path, map, "'%s' is missing", key);
    const struct rmv_error *err = rmv_value_expect(path, list, RMV_VALUE_LIST, key);
    if (err)
        return err;
    if (list->list.count == 0 ||
        list->list.count + group->table.columns_count > RMV_FEATURE_COLUMNS_MAX)
        return rmv_value_error(path, list, "a group has 1 to %d columns", RMV_FEATURE_COLUMNS_MAX);
    for (size_t i = 0; !err && i < list->list.count; i++)
        err =
            parse_column(path, &list->list.items[i], &group->columns[group->table.columns_count++]);
    return err;
}

static const struct rmv_error *parse_group(const char *path, const struct rmv_value *definition,
                                           struct rmv_registry_group *group)
{
    static const char *const known[] = {"name",  "version", "table",    "description",
                                        "owner", "keys",    "features", NULL};
    const struct rmv_error *err = rmv_value_expect(path, definition, RMV_VALUE_MAP, "a group");
    if (!err)
        err = rmv_value_check_keys(path, definition, known, "a group");
    if (!err)
        err = require_text(path, definition, "name", &group->name);
    if (!err)
        err = require_text(path, definition, "version", &group->version);
    if (!err)
        err = require_text(path, definition, "table", &group->table.name);
    if (err)
        return err;
    const char *description = rmv_value_find_text(definition, "description");
    const char *owner = rmv_value_find_text(definition, "owner");
    group->description = description ? description : "";
    group->owner = owner ? owner : "";
    group->columns = rmv_calloc(RMV_FEATURE_COLUMNS_MAX, sizeof(*group->columns));
    group->table.columns = group->columns;
    err = parse_columns(path, definition, "keys", group);
    group->table.keys_count = group->table.columns_count;
    if (!err)
        err = parse_columns(path, definition, "features", group);
    group->features = rmv_value_find(definition, "features");
    return err;
}

static const struct rmv_registry_group *find(const struct rmv_registry *registry, const char *name,
                                             const char *version)
{
    for (size_t i = 0; i < registry->count; i++)
        if (strcmp(registry->groups[i].name, name) == 0 &&
            strcmp(registry->groups[i].version, version) == 0)
            return &registry->groups[i];
    return NULL;
}

static const struct rmv_error *parse_groups(struct rmv_registry *registry)
{
    static const char *const known[] = {"views", "groups", NULL};
    const char *path = registry->path;
    const struct rmv_error *err =
        rmv_value_expect(path, &registry->document, RMV_VALUE_MAP, "the registry");
    if (!err)
        err = rmv_value_check_keys(path, &registry->document, known, "the registry");
    const struct rmv_value *list = err ? NULL : rmv_value_find(&registry->document, "groups");
    if (!err && list)
        err = rmv_value_expect(path, list, RMV_VALUE_LIST, "groups");
    if (err || !list)
        return err;
    registry->groups = rmv_calloc(list->list.count + 1, sizeof(*registry->groups));
    for (size_t i = 0; i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        RMV_CLEANUP(group_free) struct rmv_registry_group group = {.name = "", .version = ""};
        err = parse_group(path, item, &group);
        if (!err && find(registry, group.name, group.version))
            err =
                rmv_value_error(path, item, "%s %s is registered twice", group.name, group.version);
        if (err)
            break;
        registry->groups[registry->count++] = group;
        group.columns = NULL;
    }
    return err;
}

const struct rmv_error *rmv_registry_read(const char *path, struct rmv_registry *registry)
{
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry found = {0};
    found.path = rmv_str_copy(path ? path : RMV_REGISTRY_PATH_DEFAULT);
    const struct rmv_error *err = rmv_yaml_read(found.path, &found.document);
    if (!err)
        err = parse_groups(&found);
    if (err)
        return err;
    *registry = found;
    found = (struct rmv_registry){0};
    return NULL;
}

const struct rmv_error *rmv_registry_find(const struct rmv_registry *registry, const char *name,
                                          const char *version,
                                          const struct rmv_registry_group **group)
{
    *group = find(registry, name, version);
    if (*group)
        return NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf there = {0};
    for (size_t i = 0; i < registry->count; i++)
        rmv_buf_append_format(&there, "%s%s %s", i ? ", " : "", registry->groups[i].name,
                              registry->groups[i].version);
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "%s has no group '%s' of version '%s'",
                                    registry->path, name, version),
                          "it has: %s", there.size ? rmv_buf_string(&there) : "nothing");
}

/* ---- Views ------------------------------------------------------------------------------------
 */

static const struct rmv_value *find_view(const struct rmv_registry *registry, const char *name,
                                         const char *version)
{
    const struct rmv_value *views = rmv_value_find(&registry->document, "views");
    for (size_t i = 0; views && views->kind == RMV_VALUE_LIST && i < views->list.count; i++) {
        const char *its_name = rmv_value_find_text(&views->list.items[i], "name");
        const char *its_version = rmv_value_find_text(&views->list.items[i], "version");
        if (its_name && its_version && strcmp(its_name, name) == 0 &&
            strcmp(its_version, version) == 0)
            return &views->list.items[i];
    }
    return NULL;
}

static bool lists(const struct rmv_value *list, const char *text)
{
    for (size_t i = 0; i < list->list.count; i++)
        if (list->list.items[i].kind == RMV_VALUE_STRING &&
            strcmp(list->list.items[i].text, text) == 0)
            return true;
    return false;
}

/* The keys of every group are keys of the view, and the first group has no fewer. */
static const struct rmv_error *check_view(const struct rmv_registry *registry,
                                          const struct rmv_value *definition,
                                          const struct rmv_registry_view *view)
{
    const struct rmv_value *keys = rmv_value_find(definition, "keys");
    if (!keys || keys->kind != RMV_VALUE_LIST || keys->list.count == 0)
        return rmv_value_error(registry->path, definition, "view '%s' declares no keys",
                               view->name);
    for (size_t g = 0; g < view->count; g++) {
        const struct rmv_feature_table *table = &view->groups[g]->table;
        for (size_t i = 0; i < table->keys_count; i++)
            if (!lists(keys, table->columns[i].name))
                return rmv_error_hint(
                    rmv_value_error(registry->path, definition,
                                    "view '%s': '%s' has the key '%s', which is none of the view",
                                    view->name, view->groups[g]->name, table->columns[i].name),
                    "join users with items through user_item_features, on both keys");
    }
    if (view->groups[0]->table.keys_count != keys->list.count)
        return rmv_value_error(registry->path, definition,
                               "view '%s': the first group must have all keys of the view",
                               view->name);
    return NULL;
}

const struct rmv_error *rmv_registry_find_view(const struct rmv_registry *registry,
                                               const char *name, const char *version,
                                               struct rmv_registry_view *view)
{
    const struct rmv_value *definition = find_view(registry, name, version);
    if (!definition)
        return rmv_error(RMV_ERR_NOT_FOUND, "%s has no view '%s' of version '%s'", registry->path,
                         name, version);
    const struct rmv_value *groups = rmv_value_find(definition, "groups");
    if (!groups || groups->kind != RMV_VALUE_LIST || groups->list.count == 0 ||
        groups->list.count > RMV_FEATURE_TABLES_MAX)
        return rmv_value_error(registry->path, definition, "view '%s' needs 1 to %d groups", name,
                               RMV_FEATURE_TABLES_MAX);
    struct rmv_registry_view found = {.name = name, .version = version};
    for (size_t i = 0; i < groups->list.count; i++) {
        const struct rmv_value *group = &groups->list.items[i];
        const struct rmv_error *err =
            rmv_value_expect(registry->path, group, RMV_VALUE_STRING, "a group of a view");
        if (!err)
            err = rmv_registry_find(registry, group->text, version, &found.groups[i]);
        if (err)
            return err;
        found.count++;
    }
    const struct rmv_error *err = check_view(registry, definition, &found);
    if (!err)
        *view = found;
    return err;
}

/* ---- Checking ---------------------------------------------------------------------------------
 */

static bool is_same_table(const struct rmv_feature_table *a, const struct rmv_feature_table *b)
{
    if (a->columns_count != b->columns_count || a->keys_count != b->keys_count)
        return false;
    for (size_t i = 0; i < a->columns_count; i++)
        if (a->columns[i].type != b->columns[i].type ||
            strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

static bool is_registered(const struct rmv_registry *registry, const struct rmv_feature_file *file)
{
    for (size_t i = 0; i < registry->count; i++) {
        const struct rmv_registry_group *group = &registry->groups[i];
        if (strcmp(group->version, file->version) == 0 &&
            strcmp(group->table.name, file->table.name) == 0)
            return is_same_table(&group->table, &file->table);
    }
    return false;
}

const struct rmv_error *rmv_registry_check(const struct rmv_registry *registry,
                                           const struct rmv_feature_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        if (!is_registered(registry, &files->files[i]))
            return rmv_error_hint(
                rmv_error(RMV_ERR_CONFLICT,
                          "%s does not describe table '%s' of version %s as it is built",
                          registry->path, files->files[i].table.name, files->files[i].version),
                "its keys and features must be those in the header of '%s', with their types",
                files->files[i].name);
    return NULL;
}

/* ---- Adding -----------------------------------------------------------------------------------
 */

/* The list of groups must end the file, in block style, so that a text behind it belongs to it. */
static const struct rmv_error *check_groups_are_last(const struct rmv_registry *registry,
                                                     const char *text)
{
    const struct rmv_value *document = &registry->document;
    const size_t count = document->map.count;
    const struct rmv_member *last = count ? &document->map.members[count - 1] : NULL;
    if (last && strcmp(last->key, "groups") == 0 && last->value.kind == RMV_VALUE_LIST &&
        last->value.line > last->line && strstr(text, "\n- "))
        return NULL;
    return rmv_error_hint(
        rmv_error(RMV_ERR_USAGE, "'%s' does not end with its list of groups", registry->path),
        "put 'groups:' last, with one '- name: …' at the start of a line for each");
}

const struct rmv_error *rmv_registry_add(const char *path, const struct rmv_value *definition)
{
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    RMV_CLEANUP(group_free) struct rmv_registry_group group = {.name = "", .version = ""};
    const struct rmv_error *err = rmv_registry_read(path, &registry);
    if (!err)
        err = rmv_fs_read(registry.path, RMV_YAML_BYTES_MAX, &text);
    if (!err)
        err = check_groups_are_last(&registry, rmv_buf_string(&text));
    if (!err)
        err = parse_group("the new group", definition, &group);
    if (err)
        return err;
    if (find(&registry, group.name, group.version))
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "%s already has %s %s", registry.path,
                                        group.name, group.version),
                              "a version is never redefined: register the next one");

    rmv_value_set_list(&list);
    rmv_value_copy(rmv_value_append(&list), definition);
    if (text.data[text.size - 1] != '\n')
        rmv_buf_append_string(&text, "\n");
    rmv_yaml_format(&list, &text);
    /* What was put together must read back before it replaces anything. */
    RMV_CLEANUP(rmv_value_free) struct rmv_value check = {0};
    err = rmv_yaml_parse(registry.path, text.data, text.size, &check);
    if (err)
        return err;
    return rmv_fs_write_atomic(registry.path, text.data, text.size);
}
