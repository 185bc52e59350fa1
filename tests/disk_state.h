/* What is on the disk after a power cut: one of the states that a recording (recording_vfs.h)
 * allows. What was made durable is there. Of the rest anything may be: each name in a folder leads
 * where it led at any moment since the folder was last synced, each sector of a file has what it
 * had at any moment since the file was, and a file's size is that of any moment, or lies between,
 * so that sectors may be there which were never written.
 *
 * That is more than real filesystems do. In particular a rename is not atomic: both names may be
 * there afterwards, or neither. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "recording_vfs.h"
#include "rmv/base/buf.h"

#define DISK_SECTOR_SIZE ((size_t)512)

struct disk_name {
    int folder;
    const char *name;
    int *nodes; /* where it led, one after the other; before the first, nowhere */
    size_t steps_count;
    size_t steps_capacity;
    size_t durable_count; /* so many steps have certainly happened */
    size_t chosen;        /* so many have, from durable_count to steps_count */
};

struct disk_file {
    struct rmv_buf durable;
    const struct recorded **steps; /* writes and changes of size that are not durable */
    size_t steps_count;
    size_t steps_capacity;
    uint64_t size_after; /* all steps */
    size_t sectors_count;
    size_t *chosen; /* per sector: so many of the steps have happened */
    uint64_t chosen_size;
};

struct disk_state {
    const struct recording_vfs *recording;
    size_t at; /* so much of the recording had happened */
    size_t promised;
    struct disk_name *names;
    size_t names_count;
    size_t names_capacity;
    struct disk_file *files; /* per node */
    char fill;               /* what a sector has that was never written */
};

void disk_state_start(struct disk_state *state, const struct recording_vfs *recording);
void disk_state_free(struct disk_state *state);

/* Lets more of the recording happen, up to a length of its log. All of it is chosen. */
void disk_state_advance(struct disk_state *state, size_t at);

/* Chooses for a whole file: so many steps have reached every sector, and its size is this. */
void disk_state_choose(struct disk_file *file, size_t steps_count, uint64_t size);

/* Is there a name that leads to the file? */
bool disk_state_reaches(const struct disk_state *state, size_t node);

/* Two states with the same digest look the same. */
uint64_t disk_state_digest(const struct disk_state *state);

/* Makes the state in `folder`, which exists and is empty. */
void disk_state_make(const struct disk_state *state, const char *folder);

/* Prints what was chosen. */
void disk_state_print(const struct disk_state *state);
