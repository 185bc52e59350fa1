#include "recomart/model_file.h"

#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

static size_t reserve(size_t *end, size_t count, size_t element_size)
{
    const size_t start = *end;
    *end = (start + count * element_size + 7) & ~(size_t)7;
    return start;
}

struct model_layout model_layout_of(const struct model_header *header)
{
    size_t end = sizeof(*header);
    struct model_layout layout;
    layout.values = reserve(&end, header->rank, sizeof(double));
    layout.right = reserve(&end, header->items * header->rank, sizeof(double));
    layout.items = reserve(&end, header->items, sizeof(int64_t));
    layout.popular = reserve(&end, header->items, sizeof(uint32_t));
    layout.user_ends = reserve(&end, header->users + 1, sizeof(uint64_t));
    layout.user_text = reserve(&end, header->user_text_bytes, 1);
    layout.starts = reserve(&end, header->users + 1, sizeof(uint64_t));
    layout.indexes = reserve(&end, header->entries, sizeof(uint32_t));
    layout.strengths = reserve(&end, header->entries, sizeof(double));
    layout.checksum = reserve(&end, RMV_SHA256_SIZE, 1);
    layout.end = end;
    return layout;
}

static const struct rmv_error *damaged(const char *name, const char *what)
{
    return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT, "model '%s': %s", name, what),
                          "restore it with `rmv checkout`, or train again with `recomart train`");
}

/* Magic, version, and counts that can be believed: then the layout can be computed. */
static const struct rmv_error *check_header(const char *name, const struct model_header *header,
                                            size_t size)
{
    if (memcmp(header->magic, MODEL_MAGIC, sizeof(header->magic)) != 0)
        return damaged(name, "not a model file");
    if (header->version > MODEL_VERSION)
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "model '%s' has format version %u; this program reads up to %d", name,
                         header->version, MODEL_VERSION);
    if (header->version == 0 || header->header_bytes != sizeof(*header) || header->reserved != 0)
        return damaged(name, "its header makes no sense");
    if (header->file_bytes != size)
        return damaged(name, "it is cut off or has something behind it");
    if (header->users > RMV_SPARSE_SIDE_MAX || header->items > RMV_SPARSE_SIDE_MAX ||
        header->rank == 0 || header->rank > RMV_MODEL_RANK_MAX || header->rank > header->items ||
        header->rank_wanted < header->rank || header->rank_wanted > RMV_MODEL_RANK_MAX ||
        header->entries > size || header->user_text_bytes > size ||
        header->weighting > RMV_MODEL_LOG1P || !isfinite(header->popularity_scale) ||
        !memchr(header->features_version, '\0', sizeof(header->features_version)))
        return damaged(name, "its header makes no sense");
    if (model_layout_of(header).end != size)
        return damaged(name, "its size does not fit its contents");
    return NULL;
}

static bool are_finite(const double *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(numbers[i]))
            return false;
    return true;
}

static bool are_singular_values(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(values[i] >= 0) || (i > 0 && values[i] > values[i - 1]))
            return false;
    return are_finite(values, count);
}

/* Products ascend, and the order by popularity has each of them once. */
static bool are_items(const struct rmv_model *model)
{
    RMV_CLEANUP(rmv_free) bool *seen = rmv_calloc(model->items_count + 1, sizeof(*seen));
    for (size_t i = 0; i < model->items_count; i++) {
        if (i > 0 && model->items[i] <= model->items[i - 1])
            return false;
        if (model->popular[i] >= model->items_count || seen[model->popular[i]])
            return false;
        seen[model->popular[i]] = true;
    }
    return true;
}

/* Ids end with a NUL where the table says, hold no other, and ascend. */
static bool are_users(const struct rmv_model *model, size_t text_bytes)
{
    if (model->user_ends[0] != 0 || model->user_ends[model->users_count] != text_bytes)
        return false;
    for (size_t i = 0; i < model->users_count; i++) {
        const uint64_t start = model->user_ends[i];
        const uint64_t end = model->user_ends[i + 1];
        if (end <= start || end > text_bytes)
            return false;
        const char *nul = memchr(model->user_text + start, '\0', end - start);
        if (nul != model->user_text + end - 1)
            return false;
        if (i > 0 && strcmp(rmv_model_user(model, i - 1), rmv_model_user(model, i)) >= 0)
            return false;
    }
    return true;
}

static bool are_rows(const struct rmv_model *model, size_t entries)
{
    if (model->starts[0] != 0 || model->starts[model->users_count] != entries)
        return false;
    for (size_t i = 0; i < model->users_count; i++) {
        if (model->starts[i + 1] < model->starts[i] || model->starts[i + 1] > entries)
            return false;
        for (size_t j = model->starts[i]; j < model->starts[i + 1]; j++)
            if (model->indexes[j] >= model->items_count ||
                (j > model->starts[i] && model->indexes[j] <= model->indexes[j - 1]))
                return false;
    }
    return are_finite(model->strengths, entries);
}

static void point_into(const char *bytes, const struct model_header *header,
                       struct rmv_model *model)
{
    const struct model_layout layout = model_layout_of(header);
    *model = (struct rmv_model){.users_count = header->users,
                                .items_count = header->items,
                                .rank = header->rank,
                                .options = {.rank = header->rank_wanted,
                                            .weighting = (int)header->weighting,
                                            .popularity_scale = header->popularity_scale}};
    memcpy(model->features_version, header->features_version, RMV_MODEL_VERSION_BYTES);
    memcpy(model->features_id, header->features_id, RMV_SHA256_SIZE);
    model->values = (const double *)(const void *)(bytes + layout.values);
    model->right = (const double *)(const void *)(bytes + layout.right);
    model->items = (const int64_t *)(const void *)(bytes + layout.items);
    model->popular = (const uint32_t *)(const void *)(bytes + layout.popular);
    model->user_ends = (const uint64_t *)(const void *)(bytes + layout.user_ends);
    model->user_text = bytes + layout.user_text;
    model->starts = (const uint64_t *)(const void *)(bytes + layout.starts);
    model->indexes = (const uint32_t *)(const void *)(bytes + layout.indexes);
    model->strengths = (const double *)(const void *)(bytes + layout.strengths);
}

const struct rmv_error *rmv_model_parse(const char *name, const void *bytes, size_t size,
                                        struct rmv_model *model)
{
    struct model_header header;
    if (size < sizeof(header))
        return damaged(name, "too short for a model file");
    memcpy(&header, bytes, sizeof(header));
    const struct rmv_error *err = check_header(name, &header, size);
    if (err)
        return err;

    const size_t checksum = model_layout_of(&header).checksum;
    uint8_t digest[RMV_SHA256_SIZE];
    rmv_sha256(bytes, checksum, digest);
    if (memcmp(digest, (const char *)bytes + checksum, sizeof(digest)) != 0)
        return damaged(name, "its checksum does not match");

    struct rmv_model found;
    point_into(bytes, &header, &found);
    if (!are_singular_values(found.values, found.rank) ||
        !are_finite(found.right, found.items_count * found.rank) || !are_items(&found))
        return damaged(name, "its items make no sense");
    if (!are_users(&found, header.user_text_bytes) || !are_rows(&found, header.entries))
        return damaged(name, "its users make no sense");
    *model = found;
    return NULL;
}

const struct rmv_error *rmv_model_open(const char *path, struct rmv_model *model)
{
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0) {
        const struct rmv_error *err = rmv_error_errno("cannot open model '%s'", path);
        return err->code != RMV_ERR_NOT_FOUND ? err
                                              : rmv_error_hint(err, "train one: recomart train");
    }
    if (!S_ISREG(status.st_mode) || status.st_size < (off_t)sizeof(struct model_header))
        return damaged(path, "too short for a model file");
    const size_t size = (size_t)status.st_size;
    void *mapping = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED)
        return rmv_error_errno("cannot map model '%s'", path);
    const struct rmv_error *err = rmv_model_parse(path, mapping, size, model);
    if (err) {
        munmap(mapping, size);
        return err;
    }
    model->mapping = mapping;
    model->mapping_size = size;
    return NULL;
}

void rmv_model_close(struct rmv_model *model)
{
    if (model->mapping) {
        /* munmap() takes away what it is pointed at, so it has no use for const. */
        void *mapping = (void *)(uintptr_t)model->mapping;
        munmap(mapping, model->mapping_size);
    }
    *model = (struct rmv_model){0};
}
