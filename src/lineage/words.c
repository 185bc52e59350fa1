#include "lineage/words.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define NS_PER_MS 1000000
#define NS_PER_SECOND 1000000000

char *rmv_words_of_duration(int64_t duration_ns)
{
    const int64_t seconds = duration_ns / NS_PER_SECOND;

    if (duration_ns < 0)
        return rmv_str_copy("clock went back");
    if (seconds < 1)
        return rmv_str_format("%lld ms", (long long)(duration_ns / NS_PER_MS));
    if (seconds < 60)
        return rmv_str_format("%.1f s", (double)duration_ns / NS_PER_SECOND);
    if (seconds < 3600)
        return rmv_str_format("%lld min %lld s", (long long)(seconds / 60),
                              (long long)(seconds % 60));
    return rmv_str_format("%lld h %lld min", (long long)(seconds / 3600),
                          (long long)(seconds / 60 % 60));
}

char *rmv_words_of_size(const struct rmv_lineage_artifact *artifact)
{
    RMV_CLEANUP(rmv_str_free) char *size = rmv_str_format_size(artifact->size);
    if (!artifact->is_tree)
        return rmv_str_copy(size);
    return rmv_str_format("%llu file%s, %s", (unsigned long long)artifact->nfiles,
                          artifact->nfiles == 1 ? "" : "s", size);
}

char *rmv_words_of_run(const struct rmv_lineage_run *run)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(run->listed_in);
    RMV_CLEANUP(rmv_str_free) char *stage = rmv_path_quote(run->stage);
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(folder);

    if (*run->stage == '\0' && run->is_readable && run->record.kind == RMV_RECORD_STAGE)
        return rmv_str_copy("run");
    if (*run->stage == '\0')
        return rmv_str_copy(run->is_readable && run->record.kind == RMV_RECORD_IMPORT ? "import"
                                                                                      : "add");
    if (strcmp(folder, ".") == 0)
        return rmv_str_format("stage %s", stage);
    return rmv_str_format("stage %s in %s", stage, quoted);
}

char *rmv_words_of_checks(const struct rmv_lineage *lineage)
{
    RMV_CLEANUP(rmv_str_free) char *size = rmv_str_format_size(lineage->hashed_size);
    const unsigned long long runs = lineage->runs_count, objects = lineage->objects_count;
    RMV_CLEANUP(rmv_str_free)
    char *start = rmv_str_format("%llu run%s, %llu object%s", runs, runs == 1 ? "" : "s", objects,
                                 objects == 1 ? "" : "s");
    if (lineage->is_quick)
        return rmv_str_format("%s; that files are there, not their content (--quick)", start);
    return rmv_str_format("%s, %s of content hashed again", start, size);
}
