#include "power_cut.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk_state.h"
#include "rmv/base/mem.h"

#define NAMES_EXHAUSTIVE_MAX 64 /* combinations of names that are tried completely */
#define SMALL_SECTORS_MAX 24    /* of a file up to here, sectors are treated one by one, */
#define PICKS_COUNT 8           /* of a larger one only so many */
#define SECTORS_PER_PAGE 8
#define FAILURES_PRINTED_MAX 3
#define JUNK ((char)0xA5)

/* States seen before, by digest; 0 is free. */
struct seen {
    uint64_t *slots;
    size_t count;
    size_t capacity;
};

struct trial {
    const struct power_cut_plan *plan;
    struct disk_state state;
    struct power_cut_totals totals;
    struct seen seen;
    uint64_t random;
    char folder[64]; /* where states are made */
};

static uint64_t next_random(struct trial *trial)
{
    trial->random ^= trial->random << 13;
    trial->random ^= trial->random >> 7;
    trial->random ^= trial->random << 17;
    return trial->random * 0x9E3779B97F4A7C15u >> 16;
}

/* ---- One state ------------------------------------------------------------------------------- */

static bool insert(struct seen *seen, uint64_t digest)
{
    size_t at = digest & (seen->capacity - 1);
    while (seen->slots[at] != 0 && seen->slots[at] != digest)
        at = (at + 1) & (seen->capacity - 1);
    if (seen->slots[at] == digest)
        return false;
    seen->slots[at] = digest;
    seen->count++;
    return true;
}

static bool is_new(struct seen *seen, uint64_t digest)
{
    if (2 * (seen->count + 1) > seen->capacity) {
        struct seen grown = {.capacity = seen->capacity > 0 ? 2 * seen->capacity : 1024};
        grown.slots = rmv_calloc(grown.capacity, sizeof(*grown.slots));
        for (size_t i = 0; i < seen->capacity; i++)
            if (seen->slots[i] != 0)
                insert(&grown, seen->slots[i]);
        free(seen->slots);
        *seen = grown;
    }
    return insert(seen, digest ? digest : 1);
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

static void check_state(struct trial *trial)
{
    const int made = mkdir(trial->folder, 0755);
    assert(made == 0);
    disk_state_make(&trial->state, trial->folder);
    char *wrong = trial->plan->check(trial->plan->context, trial->folder, trial->state.promised);
    if (wrong && trial->totals.failures++ < FAILURES_PRINTED_MAX && !trial->plan->ends_at_failure) {
        printf("# %s\n", wrong);
        disk_state_print(&trial->state);
    }
    rmv_str_free(&wrong);
    const int removed = nftw(trial->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    assert(removed == 0);
}

/* Checks what is chosen now, unless that was checked before. */
static void try_state(struct trial *trial)
{
    const uint64_t digest =
        disk_state_digest(&trial->state) ^ trial->state.promised * 0x9E3779B97F4A7C15u;
    if (trial->plan->ends_at_failure && trial->totals.failures > 0)
        return;
    trial->totals.states++;
    if (!is_new(&trial->seen, digest))
        return;
    trial->totals.distinct++;
    check_state(trial);
}

/* ---- Names ----------------------------------------------------------------------------------- */

static size_t pending_of(const struct disk_name *name)
{
    return name->steps_count - name->durable_count;
}

/* How many combinations of names there are; 0 for more than are tried. */
static size_t count_combinations(const struct disk_state *state)
{
    size_t count = 1;
    for (size_t i = 0; i < state->names_count; i++) {
        count *= pending_of(&state->names[i]) + 1;
        if (count > NAMES_EXHAUSTIVE_MAX)
            return 0;
    }
    return count;
}

static void choose_combination(struct disk_state *state, size_t n)
{
    for (size_t i = 0; i < state->names_count; i++) {
        struct disk_name *name = &state->names[i];
        const size_t choices = pending_of(name) + 1;
        name->chosen = name->steps_count - n % choices;
        n /= choices;
    }
}

static void choose_all_names(struct disk_state *state, bool have_happened)
{
    for (size_t i = 0; i < state->names_count; i++)
        state->names[i].chosen =
            have_happened ? state->names[i].steps_count : state->names[i].durable_count;
}

/* Calls `go` with each choice of names. */
static void each_choice_of_names(struct trial *trial, void (*go)(struct trial *))
{
    struct disk_state *state = &trial->state;
    const size_t combinations = count_combinations(state);
    for (size_t n = 0; n < combinations; n++) {
        choose_combination(state, n);
        go(trial);
    }
    for (int all = 0; all < 2 && combinations == 0; all++) {
        choose_all_names(state, all);
        go(trial);
        for (size_t i = 0; i < state->names_count; i++) {
            struct disk_name *name = &state->names[i];
            for (size_t n = name->durable_count; n <= name->steps_count; n++) {
                choose_all_names(state, all);
                name->chosen = n;
                go(trial);
            }
        }
    }
    choose_all_names(state, true);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void choose_all_files(struct disk_state *state)
{
    for (size_t i = 0; i < state->recording->nodes_count; i++)
        disk_state_choose(&state->files[i], state->files[i].steps_count,
                          state->files[i].size_after);
    state->fill = 0;
}

/* All files together: everything; nothing; the sizes without the data, zeros or junk in its place;
 * the data without the sizes. */
static void try_files_together(struct trial *trial)
{
    struct disk_state *state = &trial->state;
    choose_all_files(state);
    try_state(trial);
    for (int way = 0; way < 4; way++) {
        for (size_t i = 0; i < state->recording->nodes_count; i++) {
            struct disk_file *file = &state->files[i];
            const bool has_size = way == 1 || way == 2;
            disk_state_choose(file, way == 3 ? file->steps_count : 0,
                              has_size ? file->size_after : file->durable.size);
        }
        state->fill = way == 2 ? JUNK : 0;
        try_state(trial);
    }
    choose_all_files(state);
}

static size_t count_picks(const struct disk_file *file)
{
    return file->sectors_count <= SMALL_SECTORS_MAX ? file->sectors_count : PICKS_COUNT;
}

/* The n-th of the sectors that are treated one by one, the first and the last among them. */
static size_t pick_sector(const struct disk_file *file, size_t n)
{
    const size_t picks_count = count_picks(file);
    return picks_count == 1 ? 0 : n * (file->sectors_count - 1) / (picks_count - 1);
}

/* One sector is missing; it alone is there; the file is torn at it, with its old size or the new
 * one; it has seen only some of the steps. */
static void try_sector(struct trial *trial, struct disk_file *file, size_t sector)
{
    const size_t steps_count = file->steps_count;
    const uint64_t end = least(file->size_after, sector * DISK_SECTOR_SIZE);
    for (size_t seen = 0; seen < steps_count; seen += seen < 3 ? 1 : steps_count) {
        disk_state_choose(file, steps_count, file->size_after);
        file->chosen[sector] = seen;
        try_state(trial);
        disk_state_choose(file, seen, file->size_after);
        file->chosen[sector] = steps_count;
        try_state(trial);
    }
    disk_state_choose(file, steps_count, file->size_after);
    for (size_t i = sector; i < file->sectors_count; i++)
        file->chosen[i] = 0;
    try_state(trial);
    file->chosen_size =
        end > file->durable.size ? end : least(file->durable.size, file->size_after);
    try_state(trial);
    disk_state_choose(file, steps_count, file->size_after);
}

/* One file after the other, the others being complete. */
static void try_files_alone(struct trial *trial)
{
    struct disk_state *state = &trial->state;
    choose_all_files(state);
    for (size_t i = 0; i < state->recording->nodes_count; i++) {
        struct disk_file *file = &state->files[i];
        if (file->steps_count == 0 || file->sectors_count == 0 || !disk_state_reaches(state, i))
            continue;
        for (size_t n = 0; n < count_picks(file); n++)
            try_sector(trial, file, pick_sector(file, n));
    }
}

/* ---- Random states --------------------------------------------------------------------------- */

/* A file of which every sector or page has seen some of the steps, and its size too. */
static void choose_randomly(struct trial *trial, struct disk_file *file)
{
    const size_t unit = next_random(trial) % 2 ? SECTORS_PER_PAGE : 1;
    const bool all_or_nothing = next_random(trial) % 2;
    size_t chosen = 0;
    for (size_t i = 0; i < file->sectors_count; i++) {
        if (i % unit == 0)
            chosen = next_random(trial) % (file->steps_count + 1);
        if (i % unit == 0 && all_or_nothing)
            chosen = next_random(trial) % 2 ? file->steps_count : 0;
        file->chosen[i] = chosen;
    }
    const uint64_t any = next_random(trial) % (file->sectors_count + 1) * DISK_SECTOR_SIZE;
    const bool has_any_size = next_random(trial) % 4 == 0 && any > file->durable.size;
    file->chosen_size = has_any_size ? least(any, file->size_after) : file->size_after;
}

static void try_randomly(struct trial *trial)
{
    struct disk_state *state = &trial->state;
    for (size_t i = 0; i < state->names_count; i++)
        state->names[i].chosen =
            state->names[i].durable_count + next_random(trial) % (pending_of(&state->names[i]) + 1);
    for (size_t i = 0; i < state->recording->nodes_count; i++) {
        struct disk_file *file = &state->files[i];
        if (file->steps_count > 0 && next_random(trial) % 4 > 0)
            choose_randomly(trial, file);
        else
            disk_state_choose(file, file->steps_count, file->size_after);
    }
    state->fill = next_random(trial) % 2 ? JUNK : 0;
    try_state(trial);
}

/* ---- All of them ----------------------------------------------------------------------------- */

/* What may be on the disk only grows until the next sync. */
static bool is_before_sync(const struct recording_vfs *recording, size_t at)
{
    if (at == recording->count)
        return true;
    const enum recorded_kind next = recording->log[at].kind;
    return next == RECORDED_SYNC_FILE || next == RECORDED_SYNC_FOLDER;
}

static void try_cut(struct trial *trial, size_t at)
{
    disk_state_advance(&trial->state, at);
    trial->totals.cuts++;
    choose_all_names(&trial->state, true);
    try_files_together(trial);
    if (!is_before_sync(trial->plan->recording, at))
        return;
    each_choice_of_names(trial, try_files_together);
    try_files_alone(trial);
    for (size_t i = 0; i < trial->plan->random_count; i++)
        try_randomly(trial);
}

struct power_cut_totals power_cut_try(const struct power_cut_plan *plan)
{
    struct trial trial = {.plan = plan, .random = 88172645463325252u};
    const bool has_memory = access("/dev/shm", W_OK) == 0;
    static unsigned counter; /* a check may try power cuts of its own */
    snprintf(trial.folder, sizeof(trial.folder), "%s/rmv-cut-%ld-%u", has_memory ? "/dev/shm" : ".",
             (long)getpid(), counter++);
    disk_state_start(&trial.state, plan->recording);
    for (size_t at = plan->first; at <= plan->recording->count; at++)
        try_cut(&trial, at);
    disk_state_free(&trial.state);
    free(trial.seen.slots);
    return trial.totals;
}
