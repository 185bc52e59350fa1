#include "dataset/stat_room.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

#define CAPACITY_MIN ((size_t)4096)
#define FILE_MIN ((size_t)32 << 20)

void rmv_stat_room_free(struct rmv_stat_room *room)
{
    if (room->is_mapped)
        munmap(room->data, room->capacity);
    else
        free(room->data);
    *room = (struct rmv_stat_room){0};
}

/* The blocks are allocated at once: to run out of them while memory is written would be the end. */
static void *map_file(const char *folder, size_t size)
{
    RMV_CLEANUP(rmv_fd_close) int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 || fallocate(fd, 0, 0, (off_t)size) < 0)
        return NULL;
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return map == MAP_FAILED ? NULL : map;
}

static void grow(struct rmv_stat_room *room, const char *folder, size_t size)
{
    size_t capacity = room->capacity ? room->capacity : CAPACITY_MIN;
    while (capacity < size)
        capacity *= 2;
    struct rmv_stat_room larger = {.capacity = capacity};

    if (folder && capacity >= FILE_MIN)
        larger.data = map_file(folder, capacity);
    larger.is_mapped = larger.data != NULL;
    if (!larger.is_mapped && !room->is_mapped) {
        room->data = rmv_realloc(room->data, capacity);
        room->capacity = capacity;
        return;
    }
    if (!larger.is_mapped)
        larger.data = rmv_calloc(capacity, 1);
    if (room->size > 0)
        memcpy(larger.data, room->data, room->size);
    larger.size = room->size;
    rmv_stat_room_free(room);
    *room = larger;
}

void rmv_stat_room_append(struct rmv_stat_room *room, const char *folder, const void *bytes,
                          size_t size)
{
    if (room->capacity - room->size < size)
        grow(room, folder, room->size + size);
    memcpy(room->data + room->size, bytes, size);
    room->size += size;
}
