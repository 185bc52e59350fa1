/* Whatever parses as JSON is written out and read back as the same value, in the same bytes.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/json_fuzz.c src/base/[a-z]*.c -lyaml -lcjson -lcrypto -pthread -o json_fuzz
 * ./json_fuzz -max_len=4096 -max_total_time=300 CORPUS_FOLDER */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/json.h"
#include "rmv/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value first = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value second = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf again = {0};

    if (rmv_json_parse("fuzz", (const char *)data, size, &first))
        return 0;
    rmv_json_format(&first, true, &text);
    if (rmv_json_parse("fuzz", text.data, text.size, &second) || !rmv_value_equal(&first, &second))
        abort();
    rmv_json_format(&second, true, &again);
    if (text.size != again.size || memcmp(text.data, again.data, text.size) != 0)
        abort();
    return 0;
}
