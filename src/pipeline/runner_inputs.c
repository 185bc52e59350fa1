/* Inputs that change under a command. */
#include "pipeline/runner_inputs.h"

#include "pipeline/runner.h"
#include "rmv/base/mem.h"

void rmv_runner_inputs_free(struct rmv_runner_inputs *changed)
{
    rmv_strings_free(&changed->deps);
    rmv_strings_free(&changed->params);
}

static void warn(const struct rmv_runner *runner, const struct rmv_stage *stage, const char *path)
{
    rmv_log_write(runner->workspace->log, RMV_LOG_WARNING,
                  "'%s' changed while stage '%s', which depends on it, was running: the next "
                  "`rmv repro` runs it again",
                  path, stage->address);
}

static const struct rmv_error *check_deps(struct rmv_runner *runner, const struct rmv_stage *stage,
                                          const struct rmv_lock_stage *entry,
                                          struct rmv_strings *changed)
{
    for (size_t i = 0; i < stage->deps_count; i++) {
        const struct rmv_output *now = NULL;
        const char *path = stage->deps[i].path;
        const struct rmv_output *before = rmv_outputs_find(&entry->deps, path);

        const struct rmv_error *err = rmv_stage_view_state(&runner->view, path, &now);
        if (err)
            return err;
        if (now->kind == RMV_OUTPUT_MISSING)
            return rmv_error(RMV_ERR_FAILED, "stage '%s' removed its dependency '%s'",
                             stage->address, path);
        if (before && !rmv_output_equal(before, now)) {
            warn(runner, stage, path);
            rmv_strings_add(changed, path);
        }
    }
    return NULL;
}

/* A file that cannot be read any more has changed, too. */
static void check_params(struct rmv_runner *runner, const struct rmv_stage *stage,
                         const struct rmv_lock_stage *entry, struct rmv_strings *changed)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value now = {0};
    if (rmv_params_of_stage(runner->workspace, &runner->view.params, stage, &now))
        rmv_value_set_map(&now);
    for (size_t i = 0; entry->params.kind == RMV_VALUE_MAP && i < entry->params.map.count; i++) {
        const struct rmv_member *file = &entry->params.map.members[i];
        const struct rmv_value *value = rmv_value_find(&now, file->key);
        if (value && rmv_value_equal(&file->value, value))
            continue;
        warn(runner, stage, file->key);
        rmv_strings_add(changed, file->key);
    }
}

const struct rmv_error *rmv_runner_inputs_check(struct rmv_runner *runner,
                                                const struct rmv_stage *stage,
                                                const struct rmv_lock_stage *entry,
                                                struct rmv_runner_inputs *changed)
{
    const struct rmv_error *err = check_deps(runner, stage, entry, &changed->deps);
    if (!err)
        check_params(runner, stage, entry, &changed->params);
    return err;
}

void rmv_runner_inputs_forget(const struct rmv_runner_inputs *changed, struct rmv_lock_stage *entry)
{
    size_t kept = 0;
    for (size_t i = 0; i < entry->deps.count; i++) {
        if (rmv_strings_has(&changed->deps, entry->deps.items[i].path))
            rmv_output_free(&entry->deps.items[i]);
        else
            entry->deps.items[kept++] = entry->deps.items[i];
    }
    entry->deps.count = kept;
    for (size_t i = 0; i < changed->params.count; i++)
        rmv_value_remove(&entry->params, changed->params.items[i]);
}
