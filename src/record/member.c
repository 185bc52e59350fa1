#include "record/member.h"

#include <string.h>

#include "record/text.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

const struct rmv_error *rmv_member_error(const char *key, const char *problem)
{
    return rmv_error(RMV_ERR_CORRUPT, "'%s' %s", key, problem);
}

const struct rmv_error *rmv_member_check(const struct rmv_value *map, const char *const *known)
{
    for (size_t i = 0; i < map->map.count; i++) {
        const char *key = map->map.members[i].key;
        const char *const *found = known;
        while (*found && strcmp(*found, key) != 0)
            found++;
        if (!*found) {
            RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(key);
            return rmv_member_error(quoted, "is no member that this version knows");
        }
    }
    return NULL;
}

const struct rmv_error *rmv_member_find(const struct rmv_value *map, const char *key,
                                        enum rmv_value_kind kind, const struct rmv_value **found)
{
    const struct rmv_value *value = rmv_value_find(map, key);

    if (!value)
        return rmv_member_error(key, "is missing");
    if (value->kind != kind)
        return rmv_error(RMV_ERR_CORRUPT, "'%s' must be %s, not %s", key, rmv_value_kind_name(kind),
                         rmv_value_kind_name(value->kind));
    *found = value;
    return NULL;
}

const struct rmv_error *rmv_member_find_map(const struct rmv_value *map, const char *key,
                                            const char *const *known,
                                            const struct rmv_value **found)
{
    const struct rmv_value none = {0}, *value = &none;

    const struct rmv_error *err = rmv_member_find(map, key, RMV_VALUE_MAP, &value);
    if (err)
        return err;
    err = rmv_member_check(value, known);
    if (err)
        return rmv_error_context(err, "'%s'", key);
    *found = value;
    return NULL;
}

const struct rmv_error *rmv_member_find_text(const struct rmv_value *map, const char *key,
                                             const char **text)
{
    const struct rmv_value none = {0}, *value = &none;

    const struct rmv_error *err = rmv_member_find(map, key, RMV_VALUE_STRING, &value);
    if (!err)
        *text = value->text;
    return err;
}

const struct rmv_error *rmv_member_copy_text(const struct rmv_value *map, const char *key,
                                             char **text)
{
    const char *found = "";

    if (!rmv_value_find(map, key))
        return NULL;
    const struct rmv_error *err = rmv_member_find_text(map, key, &found);
    if (!err)
        rmv_str_set(text, found);
    return err;
}

const struct rmv_error *rmv_member_copy_count(const struct rmv_value *map, const char *key,
                                              uint64_t *count)
{
    const struct rmv_value none = {0}, *value = &none;

    const struct rmv_error *err = rmv_member_find(map, key, RMV_VALUE_INT, &value);
    if (err)
        return err;
    if (value->integer < 0)
        return rmv_member_error(key, "is negative");
    *count = (uint64_t)value->integer;
    return NULL;
}

const struct rmv_error *rmv_member_copy_flag(const struct rmv_value *map, const char *key,
                                             bool otherwise, bool *flag)
{
    const struct rmv_value none = {0}, *value = &none;

    *flag = otherwise;
    if (!rmv_value_find(map, key))
        return NULL;
    const struct rmv_error *err = rmv_member_find(map, key, RMV_VALUE_BOOL, &value);
    if (!err)
        *flag = value->boolean;
    return err;
}

const struct rmv_error *rmv_member_parse_id(const char *key, const char *text,
                                            struct rmv_object_id *id)
{
    if (rmv_object_id_parse(text, id))
        return rmv_member_error(key, "must be 64 lower-case hexadecimal digits");
    return rmv_object_id_is_zero(id) ? rmv_member_error(key, "must not be all zeros") : NULL;
}

const struct rmv_error *rmv_member_copy_name(const struct rmv_value *map, const char *key,
                                             const struct rmv_value *marks, const char *mark,
                                             char **name)
{
    const char *text = "", *encoding = "";

    const struct rmv_error *err = rmv_member_find_text(map, key, &text);
    if (err)
        return err;
    if (!rmv_value_find(marks, mark)) {
        rmv_str_set(name, text);
        return NULL;
    }
    err = rmv_member_find_text(marks, mark, &encoding);
    if (err)
        return err;
    if (strcmp(encoding, RECORD_ENCODING) != 0)
        return rmv_error(RMV_ERR_UNSUPPORTED, "'%s': this version does not know encoding '%s'",
                         mark, encoding);
    RMV_CLEANUP(rmv_str_free) char *decoded = rmv_path_decode(text);
    if (!decoded || rmv_path_is_utf8(decoded))
        return rmv_member_error(key, "is not percent-encoded as it should be");
    rmv_str_set(name, decoded);
    return NULL;
}
