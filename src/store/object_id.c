#include "rmv/store/object_id.h"

#include <string.h>

#include "rmv/base/sha256.h"

struct rmv_object_id rmv_object_id_of(const void *bytes, size_t size)
{
    struct rmv_object_id id = {0};
    rmv_sha256(bytes, size, id.sha256);
    return id;
}

/* An object being hashed beside another. */
struct lane {
    struct rmv_sha256_state state;
    struct rmv_object_bytes *object; /* NULL: there was none left */
    size_t at;
};

static void start_next(struct lane *lane, struct rmv_object_bytes **next,
                       const struct rmv_object_bytes *end)
{
    lane->object = *next < end ? (*next)++ : NULL;
    lane->at = 0;
    rmv_sha256_start(&lane->state);
}

static size_t left_of(const struct lane *lane)
{
    return lane->object->size - lane->at;
}

static void finish(struct lane *lane)
{
    if (left_of(lane) > 0)
        rmv_sha256_update(&lane->state, lane->object->bytes + lane->at, left_of(lane));
    rmv_sha256_finish(&lane->state, lane->object->id.sha256);
}

void rmv_object_ids_of(struct rmv_object_bytes *objects, size_t count)
{
    struct rmv_object_bytes *next = objects, *end = objects + count;
    struct lane a, b;

    start_next(&a, &next, end);
    start_next(&b, &next, end);
    while (a.object && b.object) {
        const size_t step = left_of(&a) < left_of(&b) ? left_of(&a) : left_of(&b);
        rmv_sha256_update_pair(&a.state, a.object->bytes + a.at, &b.state, b.object->bytes + b.at,
                               step);
        a.at += step;
        b.at += step;
        const bool is_a_done = left_of(&a) == 0, is_b_done = left_of(&b) == 0;
        if (is_a_done && is_b_done)
            rmv_sha256_finish_pair(&a.state, a.object->id.sha256, &b.state, b.object->id.sha256);
        else
            finish(is_a_done ? &a : &b);
        if (is_a_done)
            start_next(&a, &next, end);
        if (is_b_done)
            start_next(&b, &next, end);
    }
    if (a.object)
        finish(&a);
    if (b.object)
        finish(&b);
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
