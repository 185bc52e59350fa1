#include "disk_state.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

/* ---- What happened --------------------------------------------------------------------------- */

static uint64_t size_after_step(uint64_t size, const struct recorded *step)
{
    if (step->kind == RECORDED_RESIZE)
        return step->size;
    const uint64_t end = step->offset + step->size;
    return end > size ? end : size;
}

/* Lets a step change what lies between the bytes `from` and `end` of a file, whose first byte is
 * `bytes`. */
static void apply(const struct recorded *step, char *bytes, uint64_t from, uint64_t end)
{
    if (step->kind == RECORDED_RESIZE) {
        if (step->size < end) {
            const uint64_t first = step->size > from ? step->size : from;
            memset(bytes + first, 0, end - first);
        }
        return;
    }
    const uint64_t first = step->offset > from ? step->offset : from;
    const uint64_t step_end = step->offset + step->size;
    const uint64_t last = step_end < end ? step_end : end;
    if (first < last)
        memcpy(bytes + first, step->bytes + (first - step->offset), last - first);
}

static void make_durable(struct disk_file *file)
{
    for (size_t i = 0; i < file->steps_count; i++) {
        const uint64_t size_before = file->durable.size;
        const uint64_t size = size_after_step(size_before, file->steps[i]);
        if (size > size_before)
            memset(rmv_buf_reserve(&file->durable, size - size_before), 0, size - size_before);
        file->durable.size = size;
        if (size > 0)
            apply(file->steps[i], file->durable.data, 0, size);
    }
    file->steps_count = 0;
}

static struct disk_name *name_of(struct disk_state *state, const struct recorded *recorded)
{
    for (size_t i = 0; i < state->names_count; i++)
        if (state->names[i].folder == recorded->folder &&
            strcmp(state->names[i].name, recorded->name) == 0)
            return &state->names[i];
    state->names =
        rmv_grow(state->names, state->names_count, &state->names_capacity, sizeof(*state->names));
    state->names[state->names_count] =
        (struct disk_name){.folder = recorded->folder, .name = recorded->name};
    return &state->names[state->names_count++];
}

static void happen(struct disk_state *state, const struct recorded *recorded)
{
    struct disk_file *file = &state->files[recorded->node > 0 ? recorded->node : 0];
    switch (recorded->kind) {
    case RECORDED_ENTRY: {
        struct disk_name *name = name_of(state, recorded);
        name->nodes =
            rmv_grow(name->nodes, name->steps_count, &name->steps_capacity, sizeof(*name->nodes));
        name->nodes[name->steps_count++] = recorded->node;
        break;
    }
    case RECORDED_WRITE:
    case RECORDED_RESIZE:
        file->steps = rmv_grow(file->steps, file->steps_count, &file->steps_capacity,
                               sizeof(struct recorded *));
        file->steps[file->steps_count++] = recorded;
        break;
    case RECORDED_SYNC_FILE:
        make_durable(file);
        break;
    case RECORDED_SYNC_FOLDER:
        for (size_t i = 0; i < state->names_count; i++)
            if (state->names[i].folder == recorded->folder)
                state->names[i].durable_count = state->names[i].steps_count;
        break;
    case RECORDED_PROMISE:
        state->promised = recorded->size;
        break;
    }
}

void disk_state_start(struct disk_state *state, const struct recording_vfs *recording)
{
    *state = (struct disk_state){.recording = recording};
    state->files = rmv_calloc(recording->nodes_count + 1, sizeof(*state->files));
}

void disk_state_free(struct disk_state *state)
{
    for (size_t i = 0; i < state->names_count; i++)
        free(state->names[i].nodes);
    for (size_t i = 0; i < state->recording->nodes_count; i++) {
        rmv_buf_free(&state->files[i].durable);
        free(state->files[i].steps);
        free(state->files[i].chosen);
    }
    free(state->names);
    free(state->files);
}

/* Makes room for what is chosen per sector. */
static void prepare(struct disk_file *file)
{
    uint64_t size_max = file->durable.size;
    file->size_after = file->durable.size;
    for (size_t i = 0; i < file->steps_count; i++) {
        file->size_after = size_after_step(file->size_after, file->steps[i]);
        if (file->size_after > size_max)
            size_max = file->size_after;
    }
    free(file->chosen);
    file->sectors_count = (size_max + DISK_SECTOR_SIZE - 1) / DISK_SECTOR_SIZE;
    file->chosen = rmv_calloc(file->sectors_count + 1, sizeof(*file->chosen));
    disk_state_choose(file, file->steps_count, file->size_after);
}

void disk_state_advance(struct disk_state *state, size_t at)
{
    for (; state->at < at; state->at++)
        happen(state, &state->recording->log[state->at]);
    for (size_t i = 0; i < state->recording->nodes_count; i++)
        prepare(&state->files[i]);
    for (size_t i = 0; i < state->names_count; i++)
        state->names[i].chosen = state->names[i].steps_count;
}

/* ---- What is chosen -------------------------------------------------------------------------- */

void disk_state_choose(struct disk_file *file, size_t steps_count, uint64_t size)
{
    for (size_t i = 0; i < file->sectors_count; i++)
        file->chosen[i] = steps_count;
    file->chosen_size = size;
}

/* The node that a name leads to as chosen; -1 for nowhere. */
static int node_of(const struct disk_name *name)
{
    return name->chosen > 0 ? name->nodes[name->chosen - 1] : -1;
}

/* Can the folder be reached from the root? */
static bool is_there(const struct disk_state *state, int node)
{
    if (node == RECORDING_ROOT)
        return true;
    for (size_t i = 0; i < state->names_count; i++)
        if (node_of(&state->names[i]) == node && is_there(state, state->names[i].folder))
            return true;
    return false;
}

bool disk_state_reaches(const struct disk_state *state, size_t node)
{
    return is_there(state, (int)node);
}

/* What the file holds as chosen. */
static void fill_content(const struct disk_state *state, const struct disk_file *file,
                         struct rmv_buf *content)
{
    const uint64_t size = file->chosen_size;
    const uint64_t kept = file->durable.size < size ? file->durable.size : size;
    content->size = 0;
    char *bytes = rmv_buf_reserve(content, size + 1);
    if (kept > 0)
        memcpy(bytes, file->durable.data, kept);
    memset(bytes + kept, state->fill, size - kept);
    content->size = size;

    /* Sectors that have seen as many steps are dealt with together. */
    for (size_t sector = 0; sector < file->sectors_count;) {
        const uint64_t from = sector * DISK_SECTOR_SIZE;
        const size_t chosen = file->chosen[sector];
        while (sector < file->sectors_count && file->chosen[sector] == chosen)
            sector++;
        const uint64_t end = sector * DISK_SECTOR_SIZE;
        for (size_t i = 0; i < chosen && from < size; i++)
            apply(file->steps[i], bytes, from, end < size ? end : size);
    }
}

uint64_t disk_state_digest(const struct disk_state *state)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    XXH64_state_t digest;
    XXH64_reset(&digest, 0);
    for (size_t i = 0; i < state->names_count; i++) {
        const int node = node_of(&state->names[i]);
        if (node < 0 || !is_there(state, state->names[i].folder))
            continue;
        XXH64_update(&digest, &i, sizeof(i));
        XXH64_update(&digest, &node, sizeof(node));
        if (state->recording->is_folder[node])
            continue;
        fill_content(state, &state->files[node], &content);
        XXH64_update(&digest, &content.size, sizeof(content.size));
        XXH64_update(&digest, content.data, content.size);
    }
    return XXH64_digest(&digest);
}

static void make_file(const char *path, const struct rmv_buf *content)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    assert(fd >= 0);
    const struct rmv_error *err = rmv_fd_write(fd, path, content->data, content->size);
    assert(!err);
}

static void make_folder(const struct disk_state *state, int folder, const char *path, char **paths)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    for (size_t i = 0; i < state->names_count; i++) {
        const int node = node_of(&state->names[i]);
        if (state->names[i].folder != folder || node < 0)
            continue;
        char *child = rmv_str_format("%s/%s", path, state->names[i].name);
        if (state->recording->is_folder[node]) {
            const int made = mkdir(child, 0755);
            assert(made == 0);
            make_folder(state, node, child, paths);
        } else if (paths[node]) {
            const int linked = link(paths[node], child);
            assert(linked == 0);
        } else {
            fill_content(state, &state->files[node], &content);
            make_file(child, &content);
        }
        rmv_str_free(&paths[node]);
        paths[node] = child;
    }
}

void disk_state_make(const struct disk_state *state, const char *folder)
{
    char **paths = rmv_calloc(state->recording->nodes_count + 1, sizeof(char *));
    make_folder(state, RECORDING_ROOT, folder, paths);
    for (size_t i = 0; i < state->recording->nodes_count; i++)
        rmv_str_free(&paths[i]);
    free(paths);
}

void disk_state_print(const struct disk_state *state)
{
    printf("# power cut after %zu of %zu operations, %zu promised\n", state->at,
           state->recording->count, state->promised);
    for (size_t i = 0; i < state->names_count; i++) {
        const struct disk_name *name = &state->names[i];
        const int node = node_of(name);
        if (node < 0 || !is_there(state, name->folder))
            continue;
        const struct disk_file *file = &state->files[node];
        size_t sectors = 0;
        for (size_t j = 0; j < file->sectors_count; j++)
            sectors += file->chosen[j] == file->steps_count ? 1 : 0;
        printf("#   folder %d: %s -> %d%s: %llu of %llu bytes, %zu of %zu sectors up to date\n",
               name->folder, name->name, node, state->recording->is_folder[node] ? "/" : "",
               (unsigned long long)file->chosen_size, (unsigned long long)file->size_after, sectors,
               file->sectors_count);
    }
}
