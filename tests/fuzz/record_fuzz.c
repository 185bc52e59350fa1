/* What is accepted as a record is written out and read back as the same record, in the same bytes.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     -DRMV_VERSION='"0"' tests/fuzz/record_fuzz.c src/record/[!s]*.c src/store/object_id.c
 *     src/base/[a-z]*.c -lyaml -lcjson -lcrypto -lm -pthread -o record_fuzz
 * ./record_fuzz -max_len=4096 -max_total_time=300 CORPUS_FOLDER */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/record/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_record_free) struct rmv_record record = {0};
    RMV_CLEANUP(rmv_record_free) struct rmv_record again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text_again = {0};

    if (rmv_record_parse("fuzz", (const char *)data, size, &record))
        return 0;
    rmv_record_format(&record, &text);
    if (rmv_record_parse("formatted", text.data, text.size, &again))
        abort();
    rmv_record_format(&again, &text_again);
    if (text.size != text_again.size || memcmp(text.data, text_again.data, text.size) != 0)
        abort();
    return 0;
}
