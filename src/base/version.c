#include "rmv/base/version.h"

const char *rmv_version(void)
{
    return RMV_VERSION;
}
