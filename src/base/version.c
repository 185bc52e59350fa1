#include "rmv/base/version.h"

#include <cjson/cJSON.h>
#include <yaml.h>

const char *rmv_version(void)
{
    return RMV_VERSION;
}

const char *rmv_version_libyaml(void)
{
    return yaml_get_version_string();
}

const char *rmv_version_cjson(void)
{
    return cJSON_Version();
}
