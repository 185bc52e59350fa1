/* A stat index of any bytes opens, answers and is merged without harm.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/stat_index_fuzz.c src/dataset/stat_*.c src/store/object_id.c src/base/[a-z]*.c
 *     -lyaml -lcjson -lcrypto -pthread -o stat_index_fuzz
 * ./stat_index_fuzz -max_len=1024 -max_total_time=300 CORPUS_FOLDER */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dataset/stat_file.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/stat_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    close(fd);
}

/* The header's checksum is not worth guessing. */
static void complete(uint8_t *data, size_t size)
{
    struct rmv_stat_file_header header;
    const uint64_t rest = size - sizeof(header);
    const uint64_t count = data[0] % (rest / RMV_STAT_ENTRY_SIZE + 1);
    rmv_stat_file_fill_header(&header, count, rest - count * RMV_STAT_ENTRY_SIZE);
    memcpy(data, &header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    const struct stat status = {.st_size = 1};
    const struct rmv_object_id id = {{1}};
    struct rmv_object_id found;
    RMV_CLEANUP(rmv_stat_index_close) struct rmv_stat_index *index = NULL;
    uint8_t bytes[2048];

    if (size > sizeof(bytes) || size < sizeof(struct rmv_stat_file_header) + 1)
        return 0;
    snprintf(path, sizeof(path), "%s/rmv-stat-index-fuzz-%ld",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    memcpy(bytes, data, size);
    if (data[size - 1] & 1)
        complete(bytes, size);
    write_file(path, bytes, size);
    if (rmv_stat_index_open(path, &index))
        abort();
    rmv_stat_index_find(index, "a", &status, &found);
    rmv_stat_index_find(index, "data/b", &status, &found);
    rmv_stat_index_settle(index, &status);
    rmv_stat_index_set(index, "data/b", &status, &id);
    rmv_stat_index_seen_all(index, "data");
    if (rmv_stat_index_write(index))
        abort();
    if (!rmv_stat_index_find(index, "data/b", &status, &found) || !rmv_object_id_equal(&found, &id))
        abort();
    unlink(path);
    return 0;
}
