/* A filesystem that writes down what is done to the files below one folder, and what of it was made
 * durable, so that the states a power cut may leave can be made afterwards (power_cut.h). All of it
 * is also done for real, but for the syncing. Thread-safe. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/vfs.h"

#define RECORDING_ROOT 0 /* the node of the folder itself */
#define RECORDING_FILES_MAX 4096

enum recorded_kind {
    RECORDED_ENTRY,       /* `name` in `folder` leads to `node` from now on, or, if -1, nowhere */
    RECORDED_WRITE,       /* `size` bytes at `offset` of `node` */
    RECORDED_RESIZE,      /* `node` has `size` bytes */
    RECORDED_SYNC_FILE,   /* the content of `node` is durable */
    RECORDED_SYNC_FOLDER, /* the names in `folder` are durable */
    RECORDED_PROMISE,     /* from now on, `size` things have been promised to last */
};

struct recorded {
    enum recorded_kind kind;
    int node;
    int folder;
    char *name;
    uint64_t offset;
    uint64_t size;
    char *bytes;
};

struct recorded_name; /* where a name leads at the moment */

struct recording_vfs {
    struct rmv_vfs vfs; /* for rmv_store_options */
    const struct rmv_vfs *real;
    char *root;
    pthread_mutex_t lock; /* of everything below */
    struct recorded *log;
    size_t count;
    size_t capacity;
    bool *is_folder; /* per node */
    size_t nodes_count;
    size_t nodes_capacity;
    struct recorded_name *names;
    size_t names_count;
    size_t names_capacity;
    int nodes_of_files[RECORDING_FILES_MAX]; /* by file descriptor */
    size_t dies_at; /* calls that change something fail from this length of the log on */
};

/* Starts a recording of what happens below `root`, a folder whose content counts as durable. Names
 * handed to the functions have to begin with `root`. */
void recording_vfs_start(struct recording_vfs *recording, const char *root);
void recording_vfs_free(struct recording_vfs *recording);

/* Notes that `count` things have now been promised to last. */
void recording_vfs_promise(struct recording_vfs *recording, size_t count);

/* Calls that change something fail once `count` more operations have been written down. */
void recording_vfs_die_after(struct recording_vfs *recording, size_t count);

/* After `dies_at` was reached: things are changed again. */
void recording_vfs_revive(struct recording_vfs *recording);

/* As if the program had left out every sync of this kind from the operation `first` on. */
void recording_vfs_forget(struct recording_vfs *recording, size_t first, enum recorded_kind kind);
