/* Parts of a graph in words, for the forms in which it is shown. Callers free the results. */
#pragma once

#include "rmv/lineage/lineage.h"

/* "1.5 s", "2 min 3 s" */
char *rmv_words_of_duration(int64_t duration_ns);

/* "1.5 KiB", and of a folder "12 files, 1.5 KiB" */
char *rmv_words_of_size(const struct rmv_lineage_artifact *artifact);

/* "stage train", "stage train in sub", "run" of a command, "add" or "import" */
char *rmv_words_of_run(const struct rmv_lineage_run *run);

/* "3 runs, 41 objects; 1.2 MiB of content hashed again" */
char *rmv_words_of_checks(const struct rmv_lineage *lineage);
