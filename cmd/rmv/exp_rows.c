#include "rmv/exp_rows.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "rmv/base/mem.h"
#include "rmv/experiments.h"
#include "rmv/pipeline/params.h"

void cli_exp_rows_free(struct cli_exp_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct cli_exp_row *row = &rows->items[i];
        rmv_str_free(&row->name);
        rmv_str_free(&row->error);
        rmv_value_free(&row->results);
        for (size_t group = 0; group < CLI_EXP_GROUPS; group++)
            rmv_value_free(&row->flat[group]);
    }
    free(rows->items);
    *rows = (struct cli_exp_rows){0};
}

/* What it takes to make rows. */
struct collector {
    struct rmv_workspace *workspace;
    const struct cli_exp_rows_choice *choice;
    struct rmv_experiment_results *results;
    struct rmv_experiments experiments;
    struct rmv_experiment_tasks tasks;
    struct cli_commit_names names;
    struct cli_exp_rows *rows;
};

static void collector_free(struct collector *collector)
{
    rmv_experiment_results_close(&collector->results);
    rmv_experiments_free(&collector->experiments);
    rmv_experiment_tasks_free(&collector->tasks);
    cli_commit_names_free(&collector->names);
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* Is "FILE:KEY" one of the parameters in `deps`, or inside one? */
static bool is_dep(const struct rmv_value *deps, const char *name)
{
    for (size_t i = 0; deps && i < deps->list.count; i++) {
        const char *dep = deps->list.items[i].text;
        const size_t size = strlen(dep);
        if (strncmp(name, dep, size) == 0 &&
            (dep[size - 1] == ':' || name[size] == '\0' || name[size] == '.'))
            return true;
    }
    return false;
}

static void flatten_file(const struct rmv_member *file, const struct rmv_value *deps,
                         struct rmv_value *flat)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value keys = {0};
    rmv_value_set_map(&keys);
    rmv_params_flatten(&file->value, &keys);
    for (size_t i = 0; i < keys.map.count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *name = rmv_str_format("%s:%s", file->key, keys.map.members[i].key);
        if (!deps || is_dep(deps, name))
            rmv_value_copy(rmv_value_add(flat, name), &keys.map.members[i].value);
    }
}

static void flatten(const struct collector *collector, struct cli_exp_row *row)
{
    static const char *const names[CLI_EXP_GROUPS] = {"metrics", "params", "deps"};
    const struct rmv_value *param_deps =
        collector->choice->param_deps ? rmv_value_find(&row->results, "param_deps") : NULL;

    for (size_t group = 0; group < CLI_EXP_GROUPS; group++) {
        const struct rmv_value *files = rmv_value_find(&row->results, names[group]);
        rmv_value_set_map(&row->flat[group]);
        if (!files || files->kind != RMV_VALUE_MAP)
            continue;
        for (size_t i = 0; i < files->map.count; i++) {
            const struct rmv_member *file = &files->map.members[i];
            if (group == CLI_EXP_DEPS)
                rmv_value_copy(rmv_value_add(&row->flat[group], file->key), &file->value);
            else
                flatten_file(file, group == CLI_EXP_PARAMS ? param_deps : NULL, &row->flat[group]);
        }
    }
}

static void read_results(struct collector *collector, struct cli_exp_row *row)
{
    const struct rmv_value *found = NULL;
    const struct rmv_error *err = rmv_experiment_results_get(
        collector->results, row->kind == CLI_EXP_WORKSPACE ? NULL : row->id, &found);
    if (err) {
        row->error = rmv_str_copy(err->message);
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s: %s", row->name, row->error);
        return;
    }
    rmv_value_copy(&row->results, found);
    flatten(collector, row);
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static void set_id(char to[RMV_VCS_ID_SIZE], const char *from)
{
    memcpy(to, from, strnlen(from, RMV_VCS_ID_SIZE - 1) + 1);
    to[RMV_VCS_ID_SIZE - 1] = '\0';
}

static struct cli_exp_row *add_row(struct collector *collector, enum cli_exp_kind kind,
                                   const char *id)
{
    struct cli_exp_rows *rows = collector->rows;
    rows->items = rmv_grow(rows->items, rows->count, &rows->capacity, sizeof(rows->items[0]));
    struct cli_exp_row *row = &rows->items[rows->count++];
    *row = (struct cli_exp_row){.kind = kind};
    set_id(row->id, id);
    return row;
}

static void set_time(struct collector *collector, struct cli_exp_row *row)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    if (!rmv_vcs_resolve(collector->workspace->vcs, row->id, &commit))
        row->time = commit.time;
}

/* One below a baseline; results of what waits are those it starts with. */
static void add_experiment(struct collector *collector, const char *name, const char *id,
                           const char *baseline, const char *state)
{
    struct cli_exp_row *row = add_row(collector, CLI_EXP_EXPERIMENT, id);
    row->name = rmv_str_copy(name);
    row->state = state;
    set_id(row->baseline, baseline);
    set_time(collector, row);
    read_results(collector, row);
    if (state && row->flat[CLI_EXP_METRICS].kind == RMV_VALUE_MAP)
        rmv_value_set_map(&row->flat[CLI_EXP_METRICS]);
}

static bool is_hidden(const struct collector *collector, const struct rmv_experiment_task *task)
{
    return task->state == RMV_EXPERIMENT_FAILED ? collector->choice->hide_failed
                                                : collector->choice->hide_queued;
}

static void add_baseline(struct collector *collector, const char *id)
{
    struct cli_exp_row *row = add_row(collector, CLI_EXP_BASELINE, id);
    row->name = cli_commit_name_of(&collector->names, id);
    set_time(collector, row);
    read_results(collector, row);
    for (size_t i = 0; i < collector->experiments.count; i++) {
        const struct rmv_experiment *experiment = &collector->experiments.items[i];
        if (strcmp(experiment->baseline, id) == 0)
            add_experiment(collector, experiment->name, experiment->id, id, NULL);
    }
    for (size_t i = 0; i < collector->tasks.count; i++) {
        const struct rmv_experiment_task *task = &collector->tasks.items[i];
        if (strcmp(task->baseline, id) == 0 && !is_hidden(collector, task))
            add_experiment(collector, task->name, task->snapshot, id,
                           cli_experiment_state_name(task->state));
    }
}

static const struct rmv_error *add_id(void *context, const struct rmv_vcs_commit *commit,
                                      bool *stop)
{
    struct rmv_strings *ids = context;
    (void)stop;
    rmv_strings_add(ids, commit->id);
    return NULL;
}

/* All commits that branches, tags and HEAD lead to. */
static const struct rmv_error *find_all(struct collector *collector, struct rmv_strings *ids)
{
    static const char *const prefixes[] = {"refs/heads/", "refs/tags/"};
    RMV_CLEANUP(rmv_map_free) struct rmv_map seen = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings tips = {0};
    const struct rmv_error *err = NULL;

    rmv_strings_add(&tips, "HEAD");
    for (size_t i = 0; !err && i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        RMV_CLEANUP(rmv_vcs_references_free) struct rmv_vcs_references references = {0};
        err = rmv_vcs_find_references(collector->workspace->vcs, prefixes[i], &references);
        for (size_t k = 0; k < references.count; k++)
            rmv_strings_add(&tips, references.items[k].name);
    }
    for (size_t i = 0; !err && i < tips.count; i++) {
        RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit tip = {0};
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
        if (rmv_vcs_resolve(collector->workspace->vcs, tips.items[i], &tip) ||
            rmv_map_find(&seen, tip.id))
            continue;
        err = rmv_vcs_walk(collector->workspace->vcs, tip.id, NULL, add_id, &found);
        for (size_t k = 0; !err && k < found.count; k++)
            if (!rmv_map_set(&seen, found.items[k], &seen))
                rmv_strings_add(ids, found.items[k]);
    }
    return err;
}

static const struct rmv_error *prepare(struct collector *collector, struct rmv_strings *ids)
{
    const struct rmv_error *err =
        rmv_experiments_list(collector->workspace, &collector->experiments);
    if (!err)
        err = rmv_experiment_queue_read(collector->workspace, false, &collector->tasks);
    if (!err)
        err = cli_commit_names_read(collector->workspace, &collector->names);
    if (!err)
        err = collector->choice->all_commits
                  ? find_all(collector, ids)
                  : cli_baselines_find(collector->workspace, &collector->choice->baselines,
                                       &collector->experiments, ids);
    return err;
}

const struct rmv_error *cli_exp_rows_read(struct rmv_workspace *workspace,
                                          const struct cli_exp_rows_choice *choice,
                                          struct cli_exp_rows *rows)
{
    RMV_CLEANUP(collector_free)
    struct collector collector = {.workspace = workspace, .choice = choice, .rows = rows};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings ids = {0};

    const struct rmv_error *err = prepare(&collector, &ids);
    if (err)
        return err;
    rmv_experiment_results_open(workspace, choice->anew, &collector.results);
    if (!choice->hide_workspace) {
        struct cli_exp_row *row = add_row(&collector, CLI_EXP_WORKSPACE, "");
        row->name = rmv_str_copy("workspace");
        read_results(&collector, row);
    }
    for (size_t i = 0; i < ids.count; i++)
        add_baseline(&collector, ids.items[i]);
    return NULL;
}
