/* Model files from anywhere, for libFuzzer: whatever is accepted must be safe to use. The checksum
 * is put right first, as somebody who writes such a file would.
 *
 * clang -g -O1 -D_GNU_SOURCE -Iinclude -Isrc -fsanitize=fuzzer,address,undefined
 *     $(pkg-config --cflags lapacke openblas) tests/fuzz/model_fuzz.c src/linalg/[a-z]*.c
 *     src/recomart/{model,model_file,ranking,preferences}.c src/base/[a-z]*.c
 *     $(pkg-config --libs lapacke openblas) -lyaml -lcjson -lcrypto -lm -pthread -o model_fuzz
 * ./model_fuzz -max_len=6000 -max_total_time=300 FOLDER_WITH_A_SMALL_MODEL */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/recomart/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct rmv_model *model)
{
    double *scores = rmv_calloc(model->items_count + 1, sizeof(*scores));
    uint32_t best[10];
    for (size_t user = 0; user < model->users_count; user++) {
        const struct rmv_ranking_set known = rmv_model_known_items(model, user);
        const struct rmv_model_row row = {known.items, model->strengths + model->starts[user],
                                          known.count};
        rmv_model_score_row(model, &row, scores);
        (void)rmv_ranking_top(scores, model->items_count, &known, 10, best);
        if (rmv_model_find_user(model, rmv_model_user(model, user)) != user)
            abort();
    }
    for (size_t i = 0; i < model->items_count; i++)
        scores[model->popular[i]] = 1;
    free(scores);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rmv_model model;
    char *bytes = rmv_calloc(size + 1, 1);
    memcpy(bytes, data, size);
    if (size >= RMV_SHA256_SIZE)
        rmv_sha256(bytes, size - RMV_SHA256_SIZE, (uint8_t *)bytes + size - RMV_SHA256_SIZE);
    if (!rmv_model_parse("fuzz", bytes, size, &model))
        use(&model);
    free(bytes);
    return 0;
}
