/* Whatever parses as a pointer comes back unchanged byte for byte, and with other content reads
 * back as just that, wherever the text can be spliced and where it cannot.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     tests/fuzz/pointer_fuzz.c src/dataset/{output,place,pointer,splice}.c src/store/object_id.c
 *     src/base/[a-z]*.c -lyaml -lcjson -lcrypto -pthread -o pointer_fuzz
 * ./pointer_fuzz -max_len=1024 -max_total_time=300 CORPUS_FOLDER */
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/dataset/pointer.h"

#define PATH "data/raw.rmv"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_unchanged(const char *text, size_t size, const struct rmv_output *output)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    if (rmv_pointer_format(PATH, text, size, output, &out) || out.size != size ||
        (size > 0 && memcmp(out.data, text, size) != 0))
        abort();
}

static void check_changed(const char *text, size_t size, struct rmv_output *output)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output again = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    output->kind = output->kind == RMV_OUTPUT_TREE ? RMV_OUTPUT_BLOB : RMV_OUTPUT_TREE;
    output->id.sha256[0] ^= 0x11;
    output->record.sha256[5] ^= 0x22;
    output->size += output->size < INT64_MAX;
    output->nfiles = output->kind == RMV_OUTPUT_TREE ? 7 : 1;
    output->is_executable = !output->is_executable;
    if (rmv_pointer_format(PATH, text, size, output, &out) ||
        rmv_pointer_parse(PATH, out.data, out.size, &again))
        abort();
    if (!rmv_output_equal(output, &again) || strcmp(output->path, again.path) != 0 ||
        output->size != again.size || output->nfiles != again.nfiles ||
        output->no_cache != again.no_cache || !rmv_value_equal(&output->extra, &again.extra) ||
        !rmv_object_id_equal(&output->record, &again.record))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output output = {0};
    const char *text = (const char *)data;

    if (rmv_pointer_parse(PATH, text, size, &output))
        return 0;
    check_unchanged(text, size, &output);
    check_changed(text, size, &output);
    return 0;
}
