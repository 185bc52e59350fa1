#include "dataset/stat_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

static const char magic[8] = {'r', 'm', 'v', 's', 't', 'a', 't', '\n'};

static uint64_t header_checksum(const struct rmv_stat_file_header *header)
{
    return rmv_stat_entry_hash(3, header, offsetof(struct rmv_stat_file_header, checksum));
}

void rmv_stat_file_fill_header(struct rmv_stat_file_header *header, uint64_t count,
                               uint64_t names_size)
{
    *header = (struct rmv_stat_file_header){
        .version = RMV_STAT_FILE_VERSION,
        .entry_size = RMV_STAT_ENTRY_SIZE,
        .count = count,
        .names_size = names_size,
    };
    memcpy(header->magic, magic, sizeof(magic));
    header->checksum = header_checksum(header);
}

static bool is_header(const struct rmv_stat_file_header *header, uint64_t file_size)
{
    const uint64_t rest = file_size - sizeof(*header);
    return memcmp(header->magic, magic, sizeof(magic)) == 0 &&
           header->checksum == header_checksum(header) &&
           header->version == RMV_STAT_FILE_VERSION && header->entry_size == RMV_STAT_ENTRY_SIZE &&
           header->count <= rest / RMV_STAT_ENTRY_SIZE &&
           header->names_size == rest - header->count * RMV_STAT_ENTRY_SIZE;
}

void rmv_stat_file_open(const char *path, struct rmv_stat_file *file)
{
    struct stat status;
    *file = (struct rmv_stat_file){0};

    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
        status.st_size < (off_t)sizeof(struct rmv_stat_file_header))
        return;
    void *map = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return;

    const struct rmv_stat_file_header *header = map;
    if (!is_header(header, (uint64_t)status.st_size)) {
        munmap(map, (size_t)status.st_size);
        return;
    }
    const char *start = map;
    *file = (struct rmv_stat_file){
        .map = map,
        .map_size = (size_t)status.st_size,
        .entries = (const void *)(start + sizeof(*header)),
        .count = header->count,
        .names = start + sizeof(*header) + header->count * RMV_STAT_ENTRY_SIZE,
        .names_size = header->names_size,
        .device = status.st_dev,
        .inode = status.st_ino,
    };
}

void rmv_stat_file_close(struct rmv_stat_file *file)
{
    if (file->map)
        munmap(file->map, file->map_size);
    *file = (struct rmv_stat_file){0};
}

const char *rmv_stat_file_path(const struct rmv_stat_file *file, size_t index)
{
    const struct rmv_stat_entry *entry = &file->entries[index];
    if (entry->path_offset > file->names_size ||
        entry->path_size > file->names_size - entry->path_offset)
        return NULL;
    return file->names + entry->path_offset;
}

bool rmv_stat_file_is_good(const struct rmv_stat_file *file, size_t index)
{
    const struct rmv_stat_entry *entry = &file->entries[index];
    const char *path = rmv_stat_file_path(file, index);
    return path && entry->checksum == rmv_stat_entry_checksum(entry, path);
}

int rmv_stat_file_compare(const char *a, size_t a_size, const char *b, size_t b_size)
{
    const int order = memcmp(a, b, a_size < b_size ? a_size : b_size);
    if (order != 0)
        return order;
    return a_size < b_size ? -1 : a_size > b_size;
}

/* Negative, zero or positive as entry `index` comes before `path`, is it, or comes after. */
static int compare_entry(const struct rmv_stat_file *file, size_t index, const char *path,
                         size_t size)
{
    const char *other = rmv_stat_file_path(file, index);
    return other ? rmv_stat_file_compare(other, file->entries[index].path_size, path, size) : -1;
}

/* Steps that double, then halves of the last one; from the start, nothing is near. */
size_t rmv_stat_file_find_from(const struct rmv_stat_file *file, size_t from, const char *path,
                               size_t size)
{
    size_t low = from;
    size_t high = from > 0 ? from : file->count;

    for (size_t step = 1; high < file->count && compare_entry(file, high, path, size) < 0;
         step *= 2) {
        low = high + 1;
        high = step < file->count - high ? high + step : file->count;
    }
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (compare_entry(file, middle, path, size) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool rmv_stat_file_is_at(const struct rmv_stat_file *file, size_t index, const char *path,
                         size_t size)
{
    return index < file->count && compare_entry(file, index, path, size) == 0;
}
