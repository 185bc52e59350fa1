#include "pipeline/run_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/dataset.h"
#include "rmv/pipeline/runs.h"

#define INDEX_FOLDER RMV_WORKSPACE_FOLDER "/runs"
#define INDEX_PATH INDEX_FOLDER "/index"
#define INDEX_MAGIC "rmv-runs "
#define INDEX_HEADER "rmv-runs 1\n"
#define INDEX_BYTES_MAX ((size_t)256 * 1024 * 1024)
#define RUN_VERSION 1
#define RUN_BYTES_MAX ((size_t)64 * 1024 * 1024)

/* "KEY ID CHECK": two SHA-256 in hex, and the first digits of that of what stands before. */
#define HEX_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE - 1)
#define CHECK_SIZE ((size_t)8)
#define LINE_BODY_SIZE (2 * HEX_SIZE + 1)
#define LINE_SIZE (LINE_BODY_SIZE + 1 + CHECK_SIZE)

void rmv_run_cache_free(struct rmv_run_cache *cache)
{
    for (size_t i = 0; i < cache->entries.count; i++)
        free(cache->entries.entries[i].value);
    rmv_map_free(&cache->entries);
}

/* ---- Keys ----------------------------------------------------------------------------------- */

static int compare_members(const void *a, const void *b)
{
    return strcmp(((const struct rmv_member *)a)->key, ((const struct rmv_member *)b)->key);
}

/* A copy with the members of all maps sorted: equal values give equal text. */
static void copy_sorted(struct rmv_value *to, const struct rmv_value *from)
{
    if (from->kind == RMV_VALUE_LIST) {
        rmv_value_set_list(to);
        for (size_t i = 0; i < from->list.count; i++)
            copy_sorted(rmv_value_append(to), &from->list.items[i]);
        return;
    }
    if (from->kind != RMV_VALUE_MAP || !from->map.count) {
        rmv_value_copy(to, from);
        return;
    }
    RMV_CLEANUP(rmv_free)
    struct rmv_member *sorted = rmv_calloc(from->map.count, sizeof(*sorted));
    memcpy(sorted, from->map.members, from->map.count * sizeof(*sorted));
    qsort(sorted, from->map.count, sizeof(*sorted), compare_members);
    rmv_value_set_map(to);
    for (size_t i = 0; i < from->map.count; i++)
        copy_sorted(rmv_value_add(to, sorted[i].key), &sorted[i].value);
}

static int compare_outputs(const void *a, const void *b)
{
    return strcmp((*(struct rmv_output *const *)a)->path, (*(struct rmv_output *const *)b)->path);
}

static void add_outputs(struct rmv_value *map, const char *key, const struct rmv_outputs *outputs,
                        bool paths_only)
{
    RMV_CLEANUP(rmv_free)
    struct rmv_output **sorted = rmv_calloc(outputs->count + 1, sizeof(void *));
    struct rmv_value *list = rmv_value_add(map, key);

    for (size_t i = 0; i < outputs->count; i++)
        sorted[i] = &outputs->items[i];
    qsort(sorted, outputs->count, sizeof(void *), compare_outputs);
    rmv_value_set_list(list);
    for (size_t i = 0; i < outputs->count; i++) {
        /* Who made a dependency, and what a newer rmv noted beside it, is no part of the run. */
        struct rmv_output bare = *sorted[i];
        bare.record = (struct rmv_object_id){0};
        bare.extra = (struct rmv_value){0};
        bare.no_cache = false;
        if (paths_only)
            bare.kind = RMV_OUTPUT_MISSING;
        rmv_output_format(&bare, ".", rmv_value_append(list));
    }
}

static void add_inputs(struct rmv_value *map, const struct rmv_lock_stage *run)
{
    const struct rmv_value *wdir = rmv_value_find(&run->extra, "wdir");
    const struct rmv_value *env = rmv_value_find(&run->extra, "env");
    rmv_value_copy(rmv_value_add(map, "cmd"), &run->cmd);
    if (wdir)
        rmv_value_copy(rmv_value_add(map, "wdir"), wdir);
    if (env)
        copy_sorted(rmv_value_add(map, "env"), env);
    add_outputs(map, "deps", &run->deps, false);
    struct rmv_value *params = rmv_value_add(map, "params");
    if (run->params.kind == RMV_VALUE_MAP)
        copy_sorted(params, &run->params);
    else
        rmv_value_set_map(params);
}

void rmv_run_cache_key_of(const struct rmv_lock_stage *run, char hex[RMV_OBJECT_ID_HEX_SIZE])
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    rmv_value_set_map(&map);
    add_inputs(&map, run);
    add_outputs(&map, "outs", &run->outs, true);
    rmv_json_format(&map, false, &text);
    const struct rmv_object_id id = rmv_object_id_of(text.data, text.size);
    rmv_object_id_to_hex(&id, hex);
}

/* ---- The index ------------------------------------------------------------------------------ */

static void checksum_of(const char *body, char check[CHECK_SIZE + 1])
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const struct rmv_object_id id = rmv_object_id_of(body, LINE_BODY_SIZE);
    rmv_object_id_to_hex(&id, hex);
    memcpy(check, hex, CHECK_SIZE);
    check[CHECK_SIZE] = '\0';
}

static void remember(struct rmv_run_cache *cache, const char *key, const char *id)
{
    char *copy = rmv_str_copy(id);
    char *old = rmv_map_set(&cache->entries, key, copy);
    rmv_str_free(&old);
}

/* Lines that are torn or damaged count as absent. */
static void read_line(struct rmv_run_cache *cache, const char *line, size_t size)
{
    char check[CHECK_SIZE + 1], key[RMV_OBJECT_ID_HEX_SIZE], id[RMV_OBJECT_ID_HEX_SIZE];

    if (size != LINE_SIZE || line[HEX_SIZE] != ' ' || line[LINE_BODY_SIZE] != ' ')
        return;
    checksum_of(line, check);
    if (memcmp(check, line + LINE_BODY_SIZE + 1, CHECK_SIZE) != 0)
        return;
    memcpy(key, line, HEX_SIZE);
    memcpy(id, line + HEX_SIZE + 1, HEX_SIZE);
    key[HEX_SIZE] = id[HEX_SIZE] = '\0';
    remember(cache, key, id);
}

static void read_lines(struct rmv_run_cache *cache, const struct rmv_buf *text)
{
    const char *end = text->data + text->size;
    for (const char *line = text->data; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        read_line(cache, line, (size_t)((stop ? stop : end) - line));
        line = stop ? stop + 1 : end;
    }
    cache->ends_in_line = text->size && end[-1] == '\n';
}

static const struct rmv_error *read_index(struct rmv_run_cache *cache)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    if (cache->is_read)
        return NULL;
    cache->is_read = true;
    cache->ends_in_line = true;
    const struct rmv_error *err =
        rmv_beneath_open(cache->workspace->root_fd, INDEX_PATH, O_RDONLY | O_NONBLOCK, 0, &fd);
    if (!err)
        err = rmv_fd_read(fd, INDEX_PATH, INDEX_BYTES_MAX, &text);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    const char *start = rmv_buf_string(&text);
    if (strncmp(start, INDEX_MAGIC, strlen(INDEX_MAGIC)) == 0 &&
        strncmp(start, INDEX_HEADER, strlen(INDEX_HEADER)) != 0) {
        cache->is_foreign = true;
        return NULL;
    }
    read_lines(cache, &text);
    return NULL;
}

/* ---- Runs ----------------------------------------------------------------------------------- */

const struct rmv_error *rmv_run_cache_put(const struct rmv_lock_stage *run,
                                          struct rmv_store_batch *batch, struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_value_set_map(&map);
    rmv_value_set_int(rmv_value_add(&map, "rmv_run"), RUN_VERSION);
    add_inputs(&map, run);
    add_outputs(&map, "outs", &run->outs, false);
    rmv_object_id_to_hex(&run->record, hex);
    if (!rmv_object_id_is_zero(&run->record))
        rmv_value_set_text(rmv_value_add(&map, "record"), hex);
    rmv_json_format(&map, false, &text);
    return rmv_store_batch_put(batch, text.data, text.size, id);
}

/* Appends lines to the index, which has been read. */
static const struct rmv_error *append_lines(struct rmv_run_cache *cache,
                                            const struct rmv_buf *lines)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const char *name = NULL;
    struct stat status;

    const struct rmv_error *err =
        rmv_beneath_open_parent(cache->workspace->root_fd, INDEX_PATH, true, &folder_fd, &name);
    if (!err)
        err = rmv_beneath_open(folder_fd, name, O_WRONLY | O_APPEND | O_CREAT, 0666, &fd);
    if (err)
        return err;
    if (fstat(fd, &status) < 0)
        return rmv_error_errno("cannot look at '%s'", INDEX_PATH);
    if (status.st_size == 0)
        rmv_buf_append_string(&text, INDEX_HEADER);
    else if (!cache->ends_in_line)
        rmv_buf_append_string(&text, "\n");
    rmv_buf_append(&text, lines->data, lines->size);
    err = rmv_fd_write(fd, INDEX_PATH, text.data, text.size);
    cache->ends_in_line = !err;
    return err;
}

static void format_line(const char *key, const char *hex, struct rmv_buf *text)
{
    char check[CHECK_SIZE + 1];
    const size_t start = text->size;
    rmv_buf_append_format(text, "%s %s", key, hex);
    checksum_of(rmv_buf_string(text) + start, check);
    rmv_buf_append_format(text, " %s\n", check);
}

const struct rmv_error *rmv_run_cache_publish(struct rmv_run_cache *cache,
                                              const struct rmv_lock_stage *run,
                                              const struct rmv_object_id *id)
{
    char key[RMV_OBJECT_ID_HEX_SIZE], hex[RMV_OBJECT_ID_HEX_SIZE];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = read_index(cache);
    if (err || cache->is_foreign)
        return err;
    rmv_run_cache_key_of(run, key);
    rmv_object_id_to_hex(id, hex);
    format_line(key, hex, &text);
    err = append_lines(cache, &text);
    if (!err)
        remember(cache, key, hex);
    return err;
}

const struct rmv_error *rmv_runs_share(struct rmv_workspace *from, struct rmv_workspace *to)
{
    RMV_CLEANUP(rmv_run_cache_free) struct rmv_run_cache source = {.workspace = from};
    RMV_CLEANUP(rmv_run_cache_free) struct rmv_run_cache target = {.workspace = to};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};

    const struct rmv_error *err = read_index(&source);
    if (!err)
        err = read_index(&target);
    if (err || source.is_foreign || target.is_foreign)
        return err;
    for (size_t i = 0; i < source.entries.count; i++) {
        const struct rmv_map_entry *entry = &source.entries.entries[i];
        const char *known = rmv_map_find(&target.entries, entry->key);
        if (!known || strcmp(known, entry->value) != 0)
            format_line(entry->key, entry->value, &text);
    }
    return text.size ? append_lines(&target, &text) : NULL;
}

static const struct rmv_error *parse_outs(const struct rmv_value *map, struct rmv_outputs *outs)
{
    const struct rmv_value *list = rmv_value_find(map, "outs");
    const struct rmv_error *err = NULL;
    if (!list || list->kind != RMV_VALUE_LIST)
        return rmv_error(RMV_ERR_CORRUPT, "a run of the run cache has no outputs");
    for (size_t i = 0; !err && i < list->list.count; i++)
        err = rmv_output_parse("run cache", ".", &list->list.items[i], rmv_outputs_add(outs));
    return err;
}

/* Reads run `hex` back. Whatever is wrong with it, the stage just runs again. */
static bool read_run(struct rmv_run_cache *cache, const char *hex, struct rmv_lock_stage *run)
{
    struct rmv_object_id id;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};

    if (rmv_object_id_parse(hex, &id) ||
        rmv_store_get(cache->workspace->store, &id, RUN_BYTES_MAX, &text) ||
        rmv_json_parse("run", text.data, text.size, &map))
        return false;
    const struct rmv_value *version = rmv_value_find(&map, "rmv_run");
    if (!version || version->kind != RMV_VALUE_INT || version->integer != RUN_VERSION)
        return false;
    const char *record = rmv_value_find_text(&map, "record");
    if (record && rmv_object_id_parse(record, &run->record))
        return false;
    return !parse_outs(&map, &run->outs);
}

static bool has_all_stored(struct rmv_workspace *workspace, const struct rmv_outputs *outs)
{
    for (size_t i = 0; i < outs->count; i++) {
        bool stored = false;
        if (outs->items[i].kind == RMV_OUTPUT_MISSING ||
            rmv_dataset_is_stored(workspace, &outs->items[i], &stored) || !stored)
            return false;
    }
    return true;
}

static bool has_same_paths(const struct rmv_outputs *a, const struct rmv_outputs *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (!rmv_outputs_find(b, a->items[i].path))
            return false;
    return a->count == b->count;
}

const struct rmv_error *rmv_run_cache_find(struct rmv_run_cache *cache,
                                           const struct rmv_lock_stage *wanted,
                                           struct rmv_lock_stage *found)
{
    char key[RMV_OBJECT_ID_HEX_SIZE];
    struct rmv_lock_stage run = {0};

    const struct rmv_error *err = read_index(cache);
    if (err)
        return err;
    rmv_run_cache_key_of(wanted, key);
    const char *id = rmv_map_find(&cache->entries, key);
    if (!id)
        return NULL;
    if (!read_run(cache, id, &run) || !has_same_paths(&run.outs, &wanted->outs) ||
        !has_all_stored(cache->workspace, &run.outs)) {
        rmv_lock_stage_free(&run);
        return NULL;
    }
    run.name = rmv_str_copy(wanted->name);
    *found = run;
    return NULL;
}

const struct rmv_error *
rmv_run_cache_visit(struct rmv_run_cache *cache,
                    const struct rmv_error *(*visit)(void *context, const struct rmv_object_id *id,
                                                     const struct rmv_lock_stage *run),
                    void *context)
{
    const struct rmv_error *err = read_index(cache);

    for (size_t i = 0; !err && i < cache->entries.count; i++) {
        RMV_CLEANUP(rmv_lock_stage_free) struct rmv_lock_stage run = {0};
        struct rmv_object_id id;
        const char *hex = cache->entries.entries[i].value;
        if (!rmv_object_id_parse(hex, &id) && read_run(cache, hex, &run))
            err = visit(context, &id, &run);
    }
    return err;
}
