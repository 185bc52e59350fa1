#include "experiment/task.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define VERSION_KEY "rmv_experiment"
#define VERSION 1

void rmv_experiment_task_free(struct rmv_experiment_task *task)
{
    rmv_str_free(&task->name);
    rmv_str_free(&task->message);
    rmv_str_free(&task->prefix);
    rmv_str_free(&task->problem);
    rmv_strings_free(&task->targets);
    rmv_strings_free(&task->copied);
    *task = (struct rmv_experiment_task){0};
}

void rmv_experiment_tasks_free(struct rmv_experiment_tasks *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        rmv_experiment_task_free(&tasks->items[i]);
    free(tasks->items);
    *tasks = (struct rmv_experiment_tasks){0};
}

struct rmv_experiment_task *rmv_experiment_tasks_add(struct rmv_experiment_tasks *tasks)
{
    tasks->items = rmv_grow(tasks->items, tasks->count, &tasks->capacity, sizeof(tasks->items[0]));
    struct rmv_experiment_task *added = &tasks->items[tasks->count++];
    *added = (struct rmv_experiment_task){0};
    return added;
}

static void copy_strings(struct rmv_strings *to, const struct rmv_strings *from)
{
    for (size_t i = 0; i < from->count; i++)
        rmv_strings_add(to, from->items[i]);
}

void rmv_experiment_task_copy(struct rmv_experiment_task *to,
                              const struct rmv_experiment_task *from)
{
    *to = *from;
    to->name = rmv_str_copy(from->name);
    to->message = rmv_str_copy(from->message);
    to->prefix = rmv_str_copy(from->prefix);
    to->problem = rmv_str_copy(from->problem);
    to->targets = (struct rmv_strings){0};
    to->copied = (struct rmv_strings){0};
    copy_strings(&to->targets, &from->targets);
    copy_strings(&to->copied, &from->copied);
}

/* ---- As text --------------------------------------------------------------------------------- */

/* Options by name; which are false is not written. */
struct named_flag {
    const char *name;
    bool *flag;
};

#define FLAGS_COUNT 12

static void list_flags(struct rmv_experiment_task *task, struct named_flag flags[FLAGS_COUNT])
{
    const struct named_flag all[FLAGS_COUNT] = {
        {"force", &task->force},
        {"single_item", &task->single_item},
        {"downstream", &task->downstream},
        {"whole", &task->whole},
        {"all_pipelines", &task->all_pipelines},
        {"recursive", &task->recursive},
        {"keep_going", &task->keep_going},
        {"no_run_cache", &task->no_run_cache},
        {"replace", &task->replace},
        {"force_downstream", &task->force_downstream},
        {"ignore_errors", &task->ignore_errors},
        {"allow_missing", &task->allow_missing},
    };
    memcpy(flags, all, sizeof(all));
}

static void add_strings(struct rmv_value *map, const char *key, const struct rmv_strings *strings)
{
    struct rmv_value *list = rmv_value_add(map, key);
    rmv_value_set_list(list);
    for (size_t i = 0; i < strings->count; i++)
        rmv_value_set_text(rmv_value_append(list), strings->items[i]);
}

char *rmv_experiment_task_format(const struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_experiment_task view = *task;
    struct named_flag flags[FLAGS_COUNT];

    rmv_value_set_map(&map);
    rmv_value_set_int(rmv_value_add(&map, VERSION_KEY), VERSION);
    rmv_value_set_text(rmv_value_add(&map, "prefix"), task->prefix);
    if (task->message)
        rmv_value_set_text(rmv_value_add(&map, "message"), task->message);
    add_strings(&map, "targets", &task->targets);
    add_strings(&map, "copied", &task->copied);
    list_flags(&view, flags);
    for (size_t i = 0; i < FLAGS_COUNT; i++)
        if (*flags[i].flag)
            rmv_value_set_bool(rmv_value_add(&map, flags[i].name), true);
    rmv_json_format(&map, true, &text);
    return rmv_str_format("rmv: experiment %s, to be run\n\n%s", task->name, rmv_buf_string(&text));
}

static const struct rmv_error *parse_strings(const struct rmv_value *map, const char *key,
                                             struct rmv_strings *strings)
{
    const struct rmv_value *list = rmv_value_find(map, key);
    if (!list || list->kind != RMV_VALUE_LIST)
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is no list", key);
    for (size_t i = 0; i < list->list.count; i++) {
        if (list->list.items[i].kind != RMV_VALUE_STRING)
            return rmv_error(RMV_ERR_CORRUPT, "'%s' holds something that is no text", key);
        rmv_strings_add(strings, list->list.items[i].text);
    }
    return NULL;
}

/* A task may have come from elsewhere, and its paths are followed. */
static const struct rmv_error *check_paths(const struct rmv_experiment_task *task)
{
    const struct rmv_error *err =
        strcmp(task->prefix, ".") == 0 ? NULL : rmv_path_check(task->prefix);
    for (size_t i = 0; !err && i < task->copied.count; i++)
        err = rmv_path_check(task->copied.items[i]);
    return err;
}

static const struct rmv_error *parse_map(const struct rmv_value *map,
                                         struct rmv_experiment_task *task)
{
    const struct rmv_value *version = rmv_value_find(map, VERSION_KEY);
    const char *prefix = rmv_value_find_text(map, "prefix");
    struct named_flag flags[FLAGS_COUNT];

    if (!version || version->kind != RMV_VALUE_INT || !prefix)
        return rmv_error(RMV_ERR_CORRUPT, "it is no task");
    if (version->integer != VERSION)
        return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED, "it is of a newer version"),
                              "install a newer rmv");
    task->prefix = rmv_str_copy(prefix);
    task->message = rmv_str_copy(rmv_value_find_text(map, "message"));
    list_flags(task, flags);
    for (size_t i = 0; i < FLAGS_COUNT; i++) {
        const struct rmv_value *flag = rmv_value_find(map, flags[i].name);
        *flags[i].flag = flag && flag->kind == RMV_VALUE_BOOL && flag->boolean;
    }
    const struct rmv_error *err = parse_strings(map, "targets", &task->targets);
    if (!err)
        err = parse_strings(map, "copied", &task->copied);
    return err ? err : check_paths(task);
}

const struct rmv_error *rmv_experiment_task_parse(const char *text,
                                                  struct rmv_experiment_task *task)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_experiment_task_free) struct rmv_experiment_task parsed = {0};
    const char *body = strchr(text, '{');

    if (!body)
        return rmv_error(RMV_ERR_CORRUPT, "it is no task");
    const struct rmv_error *err = rmv_json_parse("task", body, strlen(body), &map);
    if (!err)
        err = parse_map(&map, &parsed);
    if (err)
        return err;
    *task = parsed;
    parsed = (struct rmv_experiment_task){0};
    return NULL;
}

char *rmv_experiment_task_message(const struct rmv_experiment_task *task)
{
    return task->message ? rmv_str_copy(task->message)
                         : rmv_str_format("rmv: experiment %s", task->name);
}
