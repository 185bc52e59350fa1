#include "rmv/store/object_id.h"

#include <string.h>

#include "rmv/base/sha256.h"

struct rmv_object_id rmv_object_id_of(const void *bytes, size_t size)
{
    struct rmv_object_id id = {0};
    rmv_sha256(bytes, size, id.sha256);
    return id;
}

void rmv_object_id_of_pair(const void *const bytes[2], const size_t sizes[2],
                           struct rmv_object_id ids[2])
{
    uint8_t digests[2][RMV_SHA256_SIZE];
    rmv_sha256_pair(bytes, sizes, digests);
    for (int i = 0; i < 2; i++) {
        ids[i] = (struct rmv_object_id){0};
        memcpy(ids[i].sha256, digests[i], sizeof(digests[i]));
    }
}

void rmv_object_ids_of(struct rmv_object_bytes *objects, size_t count)
{
    size_t i = 0;
    for (; i + 1 < count; i += 2) {
        const void *const bytes[] = {objects[i].bytes, objects[i + 1].bytes};
        const size_t sizes[] = {objects[i].size, objects[i + 1].size};
        struct rmv_object_id ids[2];
        rmv_object_id_of_pair(bytes, sizes, ids);
        objects[i].id = ids[0];
        objects[i + 1].id = ids[1];
    }
    if (i < count)
        objects[i].id = rmv_object_id_of(objects[i].bytes, objects[i].size);
}

bool rmv_object_id_equal(const struct rmv_object_id *a, const struct rmv_object_id *b)
{
    return memcmp(a->sha256, b->sha256, RMV_OBJECT_ID_SIZE) == 0;
}

int rmv_object_id_compare(const struct rmv_object_id *a, const struct rmv_object_id *b)
{
    return memcmp(a->sha256, b->sha256, RMV_OBJECT_ID_SIZE);
}

bool rmv_object_id_is_zero(const struct rmv_object_id *id)
{
    static const struct rmv_object_id zero;
    return rmv_object_id_equal(id, &zero);
}

void rmv_object_id_to_hex(const struct rmv_object_id *id, char hex[RMV_OBJECT_ID_HEX_SIZE])
{
    rmv_sha256_to_hex(id->sha256, hex);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

const struct rmv_error *rmv_object_id_parse(const char *hex, struct rmv_object_id *id)
{
    struct rmv_object_id parsed = {0};
    const size_t size = strnlen(hex, RMV_OBJECT_ID_HEX_SIZE);

    for (size_t i = 0; size == RMV_OBJECT_ID_HEX_SIZE - 1 && i < RMV_OBJECT_ID_SIZE; i++) {
        const int high = digit_of(hex[2 * i]);
        const int low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return rmv_error(RMV_ERR_CORRUPT,
                             "'%.64s' is not an object id: it has other "
                             "characters than the hex digits 0-9 and a-f",
                             hex);
        parsed.sha256[i] = (uint8_t)(high << 4 | low);
    }
    if (size != RMV_OBJECT_ID_HEX_SIZE - 1)
        return rmv_error(RMV_ERR_CORRUPT, "'%.64s' is not an object id: 64 hex digits expected",
                         hex);
    *id = parsed;
    return NULL;
}
