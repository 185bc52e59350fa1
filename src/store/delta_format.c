#include "store/delta_format.h"

#include <string.h>

#define SKIPPABLE_MAGIC 0x184D2A5Cu
#define SKIPPABLE_HEAD_SIZE 8

static struct rmv_delta_head make_head(size_t bases_count)
{
    struct rmv_delta_head head = {
        .skippable_magic = SKIPPABLE_MAGIC,
        .skippable_size = (uint32_t)(sizeof(head) - SKIPPABLE_HEAD_SIZE +
                                     bases_count * sizeof(struct rmv_delta_base)),
        .bases_count = (uint32_t)bases_count,
    };
    memcpy(head.magic, "base", sizeof(head.magic));
    return head;
}

void rmv_delta_format(const struct rmv_delta_bases *bases, struct rmv_buf *out)
{
    const struct rmv_delta_head head = make_head(bases->count);
    rmv_buf_append(out, &head, sizeof(head));
    rmv_buf_append(out, bases->items, bases->count * sizeof(bases->items[0]));
}

static const struct rmv_error *damaged(const char *what)
{
    return rmv_error(RMV_ERR_CORRUPT, "the delta %s", what);
}

const struct rmv_error *rmv_delta_parse(const void *bytes, size_t size,
                                        struct rmv_delta_bases *bases, size_t *end)
{
    struct rmv_delta_head head;
    if (size < sizeof(head))
        return damaged("is too short");
    memcpy(&head, bytes, sizeof(head));
    if (head.bases_count == 0 || head.bases_count > RMV_DELTA_BASES_MAX)
        return damaged("has an impossible number of bases");
    const struct rmv_delta_head expected = make_head(head.bases_count);
    const size_t bases_size = head.bases_count * sizeof(bases->items[0]);
    if (memcmp(&head, &expected, sizeof(head)) != 0)
        return damaged("does not start as one does");
    if (size - sizeof(head) < bases_size)
        return damaged("is too short");

    struct rmv_delta_bases parsed = {.count = head.bases_count};
    memcpy(parsed.items, (const char *)bytes + sizeof(head), bases_size);
    for (size_t i = 0; i < parsed.count; i++)
        if (parsed.items[i].size == 0 || parsed.items[i].size > RMV_DELTA_CONTENT_MAX ||
            parsed.items[i].reserved != 0)
            return damaged("names a base of an impossible size");
    *bases = parsed;
    *end = sizeof(head) + bases_size;
    return NULL;
}
