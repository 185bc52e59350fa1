/* Whatever parses as a lock file is written out and read back the same, in the same bytes from then
 * on.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/lock_file_fuzz.c src/dataset/{output,place,lock_file}.c src/store/object_id.c
 *     src/base/[a-z]*.c -lyaml -lcjson -lcrypto -pthread -o lock_file_fuzz
 * ./lock_file_fuzz -max_len=2048 -max_total_time=300 CORPUS_FOLDER */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dataset/lock_file.h"

#define PATH "sub/rmv.lock"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file first = {0};
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file second = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf again = {0};

    if (rmv_lock_file_parse(PATH, (const char *)data, size, &first))
        return 0;
    rmv_lock_file_format(&first, &text);
    if (rmv_lock_file_parse(PATH, text.data, text.size, &second) || first.count != second.count)
        abort();
    for (size_t i = 0; i < first.count; i++)
        if (rmv_lock_file_find(&second, first.stages[i].name) != &second.stages[i])
            abort();
    rmv_lock_file_remember(&second);
    rmv_lock_file_format(&second, &again);
    if (text.size != again.size || memcmp(text.data, again.data, text.size) != 0)
        abort();
    return 0;
}
