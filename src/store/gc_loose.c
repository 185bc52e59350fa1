#include "store/gc_loose.h"

#include <errno.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "store/loose.h"
#include "store/store_internal.h"

/* The time that counts is that of the last change to the file or its links: a file that was taken
 * in as it was may have been written long ago. */
static bool is_young(const struct rmv_vfs_stat *stat, const struct rmv_store_gc_options *options)
{
    return options->grace_ns > 0 && rmv_time_now_ns() - stat->ctime_ns < options->grace_ns;
}

/* What is no object stays, and fsck tells of it. */
static const struct rmv_error *sweep_file(struct rmv_store *store, const char *name,
                                          const struct rmv_id_set *live,
                                          const struct rmv_store_gc_options *options,
                                          struct rmv_store_gc_report *report)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    struct rmv_object_id id;
    bool is_executable;

    if (!rmv_loose_parse(name, &id, &is_executable) ||
        !rmv_loose_find_variant(store, &id, is_executable, &object))
        return NULL;
    if (rmv_id_set_has(live, &id, RMV_REPRESENTATION_WHOLE) || is_young(&object.stat, options)) {
        report->loose_kept++;
        report->objects_kept++;
        report->bytes_kept += object.stat.size;
        return NULL;
    }
    if (!options->dry_run && store->vfs->unlink(store->vfs->state, object.path) < 0 &&
        errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", object.path);
    report->loose_removed++;
    report->objects_freed++;
    report->bytes_freed += object.stat.size;
    return NULL;
}

const struct rmv_error *rmv_gc_loose(struct rmv_store *store, const struct rmv_id_set *live,
                                     const struct rmv_store_gc_options *options,
                                     struct rmv_store_gc_report *report)
{
    const struct rmv_error *err = NULL;
    for (unsigned folder = 0; !err && folder < RMV_LOOSE_FOLDERS_COUNT; folder++) {
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
        err = rmv_loose_list(store, folder, &names);
        for (size_t i = 0; !err && i < names.count; i++)
            err = sweep_file(store, names.items[i], live, options, report);
    }
    return err;
}
