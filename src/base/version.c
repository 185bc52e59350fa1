#include "rmv/base/version.h"

#include <cjson/cJSON.h>
#include <yaml.h>

/* The Makefile defines RMV_VERSION as 0.1.0, without quotes that a shell would have to carry. */
#define TEXT_OF(token) #token
#define EXPANDED_TEXT_OF(macro) TEXT_OF(macro)

const char *rmv_version(void)
{
    return EXPANDED_TEXT_OF(RMV_VERSION);
}

const char *rmv_version_libyaml(void)
{
    return yaml_get_version_string();
}

const char *rmv_version_cjson(void)
{
    return cJSON_Version();
}
