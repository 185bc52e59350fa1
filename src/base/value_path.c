#include "base/value_path.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/yaml_edit.h"

char *rmv_value_path_take(const char **path)
{
    struct rmv_buf key = {0};
    const char *at = *path;

    for (; *at && *at != '.'; at++) {
        at += *at == '\\' && at[1] == '.';
        rmv_buf_append(&key, at, 1);
    }
    *path = at + (*at == '.');
    return rmv_buf_take(&key);
}

void rmv_value_path_append(struct rmv_buf *path, const char *key)
{
    if (path->size)
        rmv_buf_append_string(path, ".");
    for (; *key; key++)
        rmv_buf_append_format(path, *key == '.' ? "\\%c" : "%c", *key);
}

/* The item that `key` is of `value`: NULL if there is none. */
static struct rmv_value *find_child(struct rmv_value *value, const char *key)
{
    char *end = NULL;
    if (value->kind == RMV_VALUE_MAP)
        return rmv_value_find(value, key);
    if (value->kind != RMV_VALUE_LIST || *key < '0' || *key > '9')
        return NULL;
    const unsigned long index = strtoul(key, &end, 10);
    return *end == '\0' && index < value->list.count ? &value->list.items[index] : NULL;
}

struct rmv_value *rmv_value_path_find(struct rmv_value *document, const char *path)
{
    struct rmv_value *at = document;
    while (at && *path) {
        RMV_CLEANUP(rmv_str_free) char *key = rmv_value_path_take(&path);
        at = find_child(at, key);
    }
    return at;
}

const struct rmv_error *rmv_value_set_path(struct rmv_value *document, const char *path,
                                           const struct rmv_value *value)
{
    const char *rest = path;
    struct rmv_value *at = document;

    while (*rest) {
        RMV_CLEANUP(rmv_str_free) char *key = rmv_value_path_take(&rest);
        struct rmv_value *child = find_child(at, key);
        if (!child && at->kind != RMV_VALUE_MAP && at->kind != RMV_VALUE_NULL)
            return rmv_error(RMV_ERR_CONFLICT, "'%s' cannot be set: there is no '%s' in %s", path,
                             key, rmv_value_kind_name(at->kind));
        at = child ? child : rmv_value_add(at, key);
    }
    rmv_value_copy(at, value);
    return NULL;
}

const struct rmv_error *rmv_value_remove_path(struct rmv_value *document, const char *path)
{
    const char *rest = path;
    struct rmv_value *at = document;

    for (;;) {
        RMV_CLEANUP(rmv_str_free) char *key = rmv_value_path_take(&rest);
        struct rmv_value *child = find_child(at, key);
        if (!child)
            return rmv_error(RMV_ERR_NOT_FOUND, "there is no '%s'", path);
        if (*rest) {
            at = child;
            continue;
        }
        if (at->kind != RMV_VALUE_MAP)
            return rmv_error(RMV_ERR_CONFLICT, "'%s' is no member of a map", path);
        rmv_value_remove(at, key);
        return NULL;
    }
}

static const struct rmv_error *remove_item(struct rmv_value *document, const char *path)
{
    const char *rest = path;
    struct rmv_value *parent = NULL, *item = document;

    while (*rest) {
        RMV_CLEANUP(rmv_str_free) char *key = rmv_value_path_take(&rest);
        parent = item;
        item = find_child(parent, key);
        if (!item)
            return rmv_value_remove_path(document, path);
    }
    if (!parent || parent->kind != RMV_VALUE_LIST)
        return rmv_value_remove_path(document, path);
    rmv_value_free(item);
    const size_t index = (size_t)(item - parent->list.items);
    memmove(item, item + 1, (--parent->list.count - index) * sizeof(*item));
    return NULL;
}

const struct rmv_error *rmv_value_change(struct rmv_value *document,
                                         const struct rmv_yaml_change *change)
{
    if (change->kind == RMV_YAML_SET)
        return rmv_value_set_path(document, change->path, change->value);
    if (change->kind == RMV_YAML_REMOVE)
        return remove_item(document, change->path);
    struct rmv_value *list = rmv_value_path_find(document, change->path);
    if (!list || list->kind != RMV_VALUE_LIST)
        return rmv_error(RMV_ERR_CONFLICT, "'%s' is no list", change->path);
    rmv_value_copy(rmv_value_append(list), change->value);
    return NULL;
}
