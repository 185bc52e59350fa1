#include "rmv/base/value.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"

/* Maps up to this size are searched from front to back and have no hash index. */
#define SMALL_MAP_COUNT 8

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static size_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(hash ^ (hash >> 32));
}

/* The slot that holds `key`, or the free one where it belongs. A slot is an index plus one. */
static uint32_t *slot_of(const struct rmv_value *map, const char *key)
{
    const size_t mask = 2 * map->map.capacity - 1;
    for (size_t i = hash_of(key);; i++) {
        uint32_t *slot = &map->map.slots[i & mask];
        if (*slot == 0 || strcmp(map->map.members[*slot - 1].key, key) == 0)
            return slot;
    }
}

static void index_members(struct rmv_value *map)
{
    free(map->map.slots);
    map->map.slots = NULL;
    if (map->map.capacity <= SMALL_MAP_COUNT)
        return;
    map->map.slots = rmv_calloc(2 * map->map.capacity, sizeof(*map->map.slots));
    for (size_t i = 0; i < map->map.count; i++)
        *slot_of(map, map->map.members[i].key) = (uint32_t)(i + 1);
}

static struct rmv_member *find_member(const struct rmv_value *map, const char *key)
{
    if (map->map.slots) {
        const uint32_t *slot = slot_of(map, key);
        return *slot ? &map->map.members[*slot - 1] : NULL;
    }
    for (size_t i = 0; i < map->map.count; i++)
        if (strcmp(map->map.members[i].key, key) == 0)
            return &map->map.members[i];
    return NULL;
}

void rmv_value_free(struct rmv_value *value)
{
    if (value->kind == RMV_VALUE_STRING) {
        free(value->text);
    } else if (value->kind == RMV_VALUE_LIST) {
        for (size_t i = 0; i < value->list.count; i++)
            rmv_value_free(&value->list.items[i]);
        free(value->list.items);
    } else if (value->kind == RMV_VALUE_MAP) {
        for (size_t i = 0; i < value->map.count; i++) {
            free(value->map.members[i].key);
            rmv_value_free(&value->map.members[i].value);
        }
        free(value->map.members);
        free(value->map.slots);
    }
    *value = (struct rmv_value){0};
}

void rmv_value_copy(struct rmv_value *to, const struct rmv_value *from)
{
    /* Made aside, because `from` may be a part of `to`. */
    struct rmv_value copy = *from;
    if (from->kind == RMV_VALUE_STRING) {
        copy.text = rmv_str_copy(from->text);
    } else if (from->kind == RMV_VALUE_LIST) {
        memset(&copy.list, 0, sizeof(copy.list));
        for (size_t i = 0; i < from->list.count; i++)
            rmv_value_copy(rmv_value_append(&copy), &from->list.items[i]);
    } else if (from->kind == RMV_VALUE_MAP) {
        memset(&copy.map, 0, sizeof(copy.map));
        for (size_t i = 0; i < from->map.count; i++) {
            const struct rmv_member *member = &from->map.members[i];
            rmv_value_copy(rmv_value_add(&copy, member->key), &member->value);
            copy.map.members[i].line = member->line;
            copy.map.members[i].column = member->column;
        }
    }
    rmv_value_free(to);
    *to = copy;
}

static bool lists_equal(const struct rmv_value *a, const struct rmv_value *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (!rmv_value_equal(&a->list.items[i], &b->list.items[i]))
            return false;
    return true;
}

static bool maps_equal(const struct rmv_value *a, const struct rmv_value *b)
{
    if (a->map.count != b->map.count)
        return false;
    for (size_t i = 0; i < a->map.count; i++) {
        const struct rmv_member *other = find_member(b, a->map.members[i].key);
        if (!other || !rmv_value_equal(&a->map.members[i].value, &other->value))
            return false;
    }
    return true;
}

bool rmv_value_equal(const struct rmv_value *a, const struct rmv_value *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case RMV_VALUE_NULL:
        return true;
    case RMV_VALUE_BOOL:
        return a->boolean == b->boolean;
    case RMV_VALUE_INT:
        return a->integer == b->integer;
    case RMV_VALUE_DOUBLE:
        return a->number == b->number || (isnan(a->number) && isnan(b->number));
    case RMV_VALUE_STRING:
        return strcmp(a->text, b->text) == 0;
    case RMV_VALUE_LIST:
        return lists_equal(a, b);
    case RMV_VALUE_MAP:
        return maps_equal(a, b);
    }
    return false;
}

const char *rmv_value_kind_name(enum rmv_value_kind kind)
{
    static const char *const names[] = {
        [RMV_VALUE_NULL] = "nothing (null)",    [RMV_VALUE_BOOL] = "true or false",
        [RMV_VALUE_INT] = "a whole number",     [RMV_VALUE_DOUBLE] = "a number with a fraction",
        [RMV_VALUE_STRING] = "a string",        [RMV_VALUE_LIST] = "a list",
        [RMV_VALUE_MAP] = "a map (key: value)",
    };
    return names[kind];
}

struct rmv_value *rmv_value_find(const struct rmv_value *map, const char *key)
{
    if (map->kind != RMV_VALUE_MAP)
        return NULL;
    struct rmv_member *member = find_member(map, key);
    return member ? &member->value : NULL;
}

static struct rmv_value *find_item(const struct rmv_value *list, const char *index)
{
    size_t i = 0;
    for (const char *digit = index; *digit; digit++) {
        if (*digit < '0' || *digit > '9' || i > list->list.count)
            return NULL;
        i = 10 * i + (size_t)(*digit - '0');
    }
    return *index && i < list->list.count ? &list->list.items[i] : NULL;
}

struct rmv_value *rmv_value_find_path(const struct rmv_value *value, const char *dotted)
{
    struct rmv_value *found = NULL;
    for (const char *start = dotted;;) {
        const size_t size = strcspn(start, ".");
        RMV_CLEANUP(rmv_str_free) char *step = rmv_str_copy_n(start, size);
        found =
            value->kind == RMV_VALUE_LIST ? find_item(value, step) : rmv_value_find(value, step);
        if (!found || start[size] == '\0')
            return found;
        value = found;
        start += size + 1;
    }
}

const char *rmv_value_find_text(const struct rmv_value *map, const char *key)
{
    const struct rmv_value *value = rmv_value_find(map, key);
    return value && value->kind == RMV_VALUE_STRING ? value->text : NULL;
}

struct rmv_value *rmv_value_add(struct rmv_value *map, const char *key)
{
    if (map->kind == RMV_VALUE_NULL)
        map->kind = RMV_VALUE_MAP, memset(&map->map, 0, sizeof(map->map));
    assert(map->kind == RMV_VALUE_MAP);

    struct rmv_member *member = find_member(map, key);
    if (member)
        return &member->value;

    if (map->map.count == map->map.capacity) {
        /* Powers of two, as the hash index wants them. */
        map->map.capacity = map->map.capacity ? 2 * map->map.capacity : SMALL_MAP_COUNT;
        assert(map->map.capacity < UINT32_MAX / 2);
        map->map.members =
            rmv_realloc(map->map.members, map->map.capacity * sizeof(*map->map.members));
        index_members(map);
    }
    member = &map->map.members[map->map.count++];
    *member = (struct rmv_member){.key = rmv_str_copy(key)};
    if (map->map.slots)
        *slot_of(map, key) = (uint32_t)map->map.count;
    return &member->value;
}

struct rmv_value *rmv_value_append(struct rmv_value *list)
{
    if (list->kind == RMV_VALUE_NULL)
        list->kind = RMV_VALUE_LIST, memset(&list->list, 0, sizeof(list->list));
    assert(list->kind == RMV_VALUE_LIST);

    list->list.items = rmv_grow(list->list.items, list->list.count, &list->list.capacity,
                                sizeof(struct rmv_value));
    struct rmv_value *item = &list->list.items[list->list.count++];
    *item = (struct rmv_value){0};
    return item;
}

void rmv_value_remove(struct rmv_value *map, const char *key)
{
    struct rmv_member *member = map->kind == RMV_VALUE_MAP ? find_member(map, key) : NULL;
    if (!member)
        return;
    free(member->key);
    rmv_value_free(&member->value);
    const struct rmv_member *end = map->map.members + map->map.count;
    memmove(member, member + 1, (size_t)(end - member - 1) * sizeof(*member));
    map->map.count--;
    index_members(map);
}

void rmv_value_set_map(struct rmv_value *value)
{
    rmv_value_free(value);
    value->kind = RMV_VALUE_MAP;
}

void rmv_value_set_list(struct rmv_value *value)
{
    rmv_value_free(value);
    value->kind = RMV_VALUE_LIST;
}

void rmv_value_set_text(struct rmv_value *value, const char *text)
{
    char *copy = rmv_str_copy(text);
    rmv_value_free(value);
    value->kind = RMV_VALUE_STRING;
    value->text = copy;
}

void rmv_value_set_int(struct rmv_value *value, int64_t integer)
{
    rmv_value_free(value);
    value->kind = RMV_VALUE_INT;
    value->integer = integer;
}

void rmv_value_set_double(struct rmv_value *value, double number)
{
    rmv_value_free(value);
    value->kind = RMV_VALUE_DOUBLE;
    value->number = number;
}

void rmv_value_set_bool(struct rmv_value *value, bool boolean)
{
    rmv_value_free(value);
    value->kind = RMV_VALUE_BOOL;
    value->boolean = boolean;
}

static const struct rmv_error *error_at(enum rmv_error_code code, const char *name,
                                        const struct rmv_value *value, const char *format,
                                        va_list args)
{
    char text[RMV_ERROR_MESSAGE_SIZE];
    vsnprintf(text, sizeof(text), format, args);
    if (value->line == 0)
        return rmv_error(code, "%s: %s", name, text);
    return rmv_error(code, "%s:%u:%u: %s", name, value->line, value->column, text);
}

const struct rmv_error *rmv_value_error(const char *name, const struct rmv_value *value,
                                        const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const struct rmv_error *err = error_at(RMV_ERR_USAGE, name, value, format, args);
    va_end(args);
    return err;
}

const struct rmv_error *rmv_value_error_as(enum rmv_error_code code, const char *name,
                                           const struct rmv_value *value, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const struct rmv_error *err = error_at(code, name, value, format, args);
    va_end(args);
    return err;
}

struct rmv_value rmv_value_place_of(const struct rmv_member *member)
{
    return (struct rmv_value){.line = member->line, .column = member->column};
}

const struct rmv_error *rmv_value_expect(const char *name, const struct rmv_value *value,
                                         enum rmv_value_kind kind, const char *what)
{
    if (value->kind == kind)
        return NULL;
    return rmv_value_error(name, value, "%s should be %s, not %s", what, rmv_value_kind_name(kind),
                           rmv_value_kind_name(value->kind));
}

static const struct rmv_error *unknown_key(const char *name, const struct rmv_member *member,
                                           const char *const *known, const char *what)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings keys = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf all = {0};
    RMV_CLEANUP(rmv_str_free) char *key = rmv_path_quote(member->key);
    RMV_CLEANUP(rmv_str_free) char *owner = what ? rmv_str_format("%s has the ", what) : NULL;
    const char *has = owner ? owner : "";
    const struct rmv_value place = rmv_value_place_of(member);
    for (; *known; known++) {
        rmv_buf_append_format(&all, "%s%s", keys.count > 0 ? ", " : "", *known);
        rmv_strings_add(&keys, *known);
    }
    const char *nearest = rmv_strings_nearest(&keys, member->key);
    if (nearest)
        return rmv_value_error(name, &place, "%sunknown key '%s', did you mean '%s'?", has, key,
                               nearest);
    return rmv_error_hint(rmv_value_error(name, &place, "%sunknown key '%s'", has, key),
                          "known here: %s", rmv_buf_string(&all));
}

const struct rmv_error *rmv_value_check_keys(const char *name, const struct rmv_value *map,
                                             const char *const *known, const char *what)
{
    const struct rmv_error *err = what ? rmv_value_expect(name, map, RMV_VALUE_MAP, what) : NULL;
    if (err)
        return err;
    for (size_t i = 0; i < map->map.count; i++)
        if (!rmv_words_have(known, map->map.members[i].key))
            return unknown_key(name, &map->map.members[i], known, what);
    return NULL;
}
