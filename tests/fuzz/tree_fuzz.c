/* Whatever is read as a tree is written again as the same bytes, and is never what may not be.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/tree_fuzz.c src/dataset/tree.c src/store/object_id.c src/base/[a-z]*.c -lyaml
 *     -lcjson -lcrypto -pthread -o tree_fuzz
 * ./tree_fuzz -max_len=1024 -max_total_time=300 CORPUS_FOLDER */
#include <stdlib.h>
#include <string.h>

#include "dataset/tree.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_tree_reader_free) struct rmv_tree_reader reader = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    struct rmv_tree_entry entry;
    bool found = true;

    rmv_tree_start(&text);
    if (rmv_tree_open((const char *)data, size, &reader))
        return 0;
    while (found) {
        if (rmv_tree_next(&reader, &entry, &found))
            return 0;
        if (found && rmv_path_check_name(entry.name, strlen(entry.name)))
            abort();
        if (found)
            rmv_tree_append(&text, &entry);
    }
    if (text.size != size || memcmp(text.data, data, size) != 0)
        abort();
    return 0;
}
