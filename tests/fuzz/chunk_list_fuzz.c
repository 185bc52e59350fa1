/* Whatever is read as a chunk list is written again as the same bytes, and its sizes add up. Built
 * and run as tests/fuzz/run.sh says. */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "store/chunk_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The number of entries and the sum of their sizes are not worth guessing. */
static void complete(char *bytes, size_t size)
{
    struct rmv_chunk_list_header header;
    struct rmv_chunk_list_entry entry;
    if (size < sizeof(header))
        return;
    memcpy(&header, bytes, sizeof(header));
    header.count = (size - sizeof(header)) / sizeof(entry);
    header.size = 0;
    for (uint64_t i = 0; i < header.count; i++) {
        memcpy(&entry, bytes + sizeof(header) + i * sizeof(entry), sizeof(entry));
        header.size += entry.size;
    }
    memcpy(bytes, &header, sizeof(header));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    uint64_t sum = 0;

    if (size == 0)
        return 0;
    rmv_buf_append(&bytes, data, size - 1);
    if (data[size - 1] & 1)
        complete(bytes.data, bytes.size);
    if (rmv_chunk_list_parse(bytes.data, bytes.size, &list))
        return 0;
    for (size_t i = 0; i < list.count; i++) {
        if (list.entries[i].size > list.size - sum)
            abort();
        sum += list.entries[i].size;
    }
    rmv_chunk_list_format(&list, &text);
    if (sum != list.size || text.size != bytes.size ||
        memcmp(text.data, bytes.data, text.size) != 0)
        abort();
    return 0;
}
