#include <zstd.h>

#include "rmv/store/store.h"

const char *rmv_store_zstd_version(void)
{
    return ZSTD_versionString();
}
