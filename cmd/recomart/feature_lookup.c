#include "recomart/feature_lookup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct rmv_error *check(struct recomart_lookup *lookup)
{
    const struct recomart_lookup_options *options = lookup->options;
    if (!recomart_lookup_has_format(lookup, "table") &&
        !recomart_lookup_has_format(lookup, "csv") && !recomart_lookup_has_format(lookup, "json"))
        return rmv_error(RMV_ERR_USAGE, "a format is table, csv or json, not '%s'",
                         options->format);
    if (!options->item)
        return NULL;
    char *end = NULL;
    errno = 0;
    lookup->item = strtoll(options->item, &end, 10);
    if (errno || end == options->item || *end)
        return rmv_error(RMV_ERR_USAGE, "'%s' is no product number", options->item);
    return NULL;
}

const struct rmv_error *recomart_lookup_open(const struct recomart_lookup_options *options,
                                             struct recomart_lookup *lookup)
{
    lookup->options = options;
    const struct rmv_error *err = check(lookup);
    if (!err)
        err = rmv_settings_read(options->files.config, options->files.params, &lookup->settings);
    if (!err)
        err = rmv_registry_read(options->registry, &lookup->registry);
    if (!err)
        err = rmv_feature_source_open(&lookup->settings, options->database, NULL, &lookup->source);
    return err;
}

void recomart_lookup_close(struct recomart_lookup *lookup)
{
    rmv_feature_source_close(&lookup->source);
    rmv_registry_free(&lookup->registry);
    rmv_settings_free(&lookup->settings);
}

bool recomart_lookup_has_format(const struct recomart_lookup *lookup, const char *format)
{
    return strcmp(lookup->options->format, format) == 0;
}

size_t recomart_lookup_conditions(const struct recomart_lookup *lookup, bool by_user, bool by_item,
                                  struct rmv_feature_condition conditions[2])
{
    size_t count = 0;
    if (by_user && lookup->options->user)
        conditions[count++] = (struct rmv_feature_condition){
            "user_id", {.type = RMV_FEATURE_TEXT, .text = lookup->options->user}};
    if (by_item && lookup->options->item)
        conditions[count++] = (struct rmv_feature_condition){
            "product_id", {.type = RMV_FEATURE_INT, .integer = lookup->item}};
    return count;
}
