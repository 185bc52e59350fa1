#include "base/ini_defaults.h"

#include "rmv/base/ini.h"

const struct rmv_error *rmv_ini_spread_defaults(const char *name, struct rmv_value *document,
                                                size_t *values_count)
{
    const struct rmv_value *defaults = rmv_value_find(document, RMV_INI_DEFAULTS);
    if (!defaults || defaults->kind != RMV_VALUE_MAP)
        return NULL;
    for (size_t i = 0; i < document->map.count; i++) {
        struct rmv_value *section = &document->map.members[i].value;
        for (size_t k = 0;
             section != defaults && section->kind == RMV_VALUE_MAP && k < defaults->map.count;
             k++) {
            const struct rmv_member *member = &defaults->map.members[k];
            if (rmv_value_find(section, member->key))
                continue;
            if (++*values_count > RMV_INI_VALUES_MAX)
                return rmv_error(RMV_ERR_LIMIT, "%s: more than %d values", name,
                                 RMV_INI_VALUES_MAX);
            rmv_value_copy(rmv_value_add(section, member->key), &member->value);
        }
    }
    return NULL;
}

void rmv_ini_gather_defaults(struct rmv_value *document)
{
    const struct rmv_value *defaults = rmv_value_find(document, RMV_INI_DEFAULTS);
    if (!defaults || defaults->kind != RMV_VALUE_MAP)
        return;
    for (size_t i = 0; i < document->map.count; i++) {
        struct rmv_value *section = &document->map.members[i].value;
        for (size_t k = 0; section != defaults && k < defaults->map.count; k++) {
            const struct rmv_member *member = &defaults->map.members[k];
            const struct rmv_value *value = rmv_value_find(section, member->key);
            if (value && value->line == member->value.line && value->column == member->value.column)
                rmv_value_remove(section, member->key);
        }
    }
}
