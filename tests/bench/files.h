/* Workloads of many small files: JSON annotation records, and incompressible "thumbnails". */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

struct files_plan {
    const char *folder; /* created */
    size_t count;       /* files */
    size_t per_folder;  /* files in each subfolder; 0 puts all in one flat folder */
    size_t size;        /* bytes of each file */
    bool half_random;   /* every second file is incompressible */
    uint64_t seed;
};

RMV_MUST_CHECK
const struct rmv_error *files_write(const struct files_plan *plan);
