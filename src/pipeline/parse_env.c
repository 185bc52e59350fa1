#include <ctype.h>
#include <string.h>

#include "pipeline/parse.h"
#include "pipeline/template.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* Variables of the environment that commands run in. */

/* A name that every shell can use. */
static bool is_name(const char *text)
{
    if (!isalpha((unsigned char)*text) && *text != '_')
        return false;
    while (isalnum((unsigned char)*text) || *text == '_')
        text++;
    return !*text;
}

static const struct rmv_error *check_name(const struct rmv_stage_parser *parser,
                                          const struct rmv_member *member)
{
    const struct rmv_value place = rmv_value_place_of(member);
    RMV_CLEANUP(rmv_str_free) char *name = rmv_path_quote(member->key);
    if (!is_name(member->key))
        return rmv_error_hint(
            rmv_value_error(parser->file, &place, "'%s' is no name for a variable", name),
            "use letters, digits and _, and no digit in front");
    if (strcmp(name, "RMV_ROOT") == 0 || strcmp(name, "RMV_STAGE") == 0)
        return rmv_value_error(parser->file, &place, "rmv itself sets '%s' for every command",
                               name);
    return NULL;
}

const struct rmv_error *rmv_parse_env(const struct rmv_stage_parser *parser,
                                      const struct rmv_value *map, struct rmv_value *env)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "'env'");
    for (size_t i = 0; !err && i < map->map.count; i++) {
        const struct rmv_member *member = &map->map.members[i];
        const struct rmv_value *value = &member->value;
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

        err = check_name(parser, member);
        if (!err && (value->kind == RMV_VALUE_NULL || value->kind == RMV_VALUE_LIST ||
                     value->kind == RMV_VALUE_MAP))
            err = rmv_value_error(parser->file, value,
                                  "variable '%s' must be a string, a number, true or false, not %s",
                                  member->key, rmv_value_kind_name(value->kind));
        if (err)
            return err;
        rmv_template_format_scalar(value, &text);
        rmv_value_set_text(rmv_value_add(env, member->key), rmv_buf_string(&text));
    }
    return err;
}
