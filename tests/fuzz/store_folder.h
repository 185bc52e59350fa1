/* A store in memory-backed files that a fuzzer fills anew for every input. */
#pragma once

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/error.h"
#include "rmv/base/mem.h"
#include "rmv/base/vfs.h"

/* The folder, made once per process and never removed by itself: a crash leaves what led to it. */
static inline const char *store_folder(void)
{
    static char folder[64];
    if (folder[0])
        return folder;
    snprintf(folder, sizeof(folder), "%s/rmv-fuzz-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    static const char *const names[] = {"", "/packs", "/index", "/tmp"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[96];
        snprintf(path, sizeof(path), "%s%s", folder, names[i]);
        if (mkdir(path, 0700) < 0)
            abort();
    }
    return folder;
}

static inline void empty_folder(const char *path)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    if (rmv_vfs_list(rmv_vfs_default(), path, &names))
        abort();
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("%s/%s", path, names.items[i]);
        unlink(name);
    }
}

static inline void empty_store(void)
{
    static const char *const names[] = {"packs", "index", "tmp"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", store_folder(), names[i]);
        empty_folder(path);
    }
    RMV_CLEANUP(rmv_str_free) char *damaged = rmv_str_format("%s/damaged", store_folder());
    unlink(damaged);
}

static inline void write_bytes(const char *path, const void *bytes, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* To be called once the process is done. */
static inline void remove_store(void)
{
    static const char *const names[] = {"/packs", "/index", "/tmp", "/lock", ""};
    empty_store();
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s%s", store_folder(), names[i]);
        (void)remove(path);
    }
}
