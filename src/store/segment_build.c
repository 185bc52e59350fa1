#include "store/segment_build.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "rmv/base/mem.h"
#include "store/temporary.h"

#define WRITE_STEP_BYTES ((size_t)1 << 20)
#define WIDE_FANOUT_ENTRIES_MIN ((uint64_t)1 << 16)

/* Where the next entry of one source comes from. */
struct cursor {
    const struct rmv_pack_footer *footer; /* either this */
    const struct rmv_segment *segment;    /* or this */
    uint32_t *pack_map;                   /* from the source's pack numbers to the new ones */
    size_t at;
    struct rmv_segment_entry entry; /* the current one */
};

struct build {
    const struct rmv_vfs *vfs;
    struct rmv_vfs_file file; /* the empty state: the segment stays in memory */
    struct rmv_buf bytes;     /* not yet written; all of them in memory */
    size_t summed;            /* of `bytes`: in the checksum already, or not of the body */
    uint64_t offset;          /* of bytes in the file */
    XXH64_state_t body;
    struct rmv_object_id *pack_names;
    size_t packs_count;
    struct cursor *cursors;
    size_t cursors_count;
    struct cursor **heap; /* the smallest entry first */
    size_t heap_count;
    uint32_t *fanout;
    uint64_t entries_count;
    bool has_deltas;
};

static void build_free(struct build *build)
{
    for (size_t i = 0; i < build->cursors_count; i++)
        free(build->cursors[i].pack_map);
    free(build->cursors);
    free(build->heap);
    free(build->pack_names);
    free(build->fanout);
    rmv_buf_free(&build->bytes);
    rmv_temporary_discard(&build->file);
}

static int compare_names(const void *a, const void *b)
{
    return rmv_object_id_compare(a, b);
}

/* The packs of all sources, sorted, each once. */
static void collect_packs(struct build *build, const struct rmv_segment_sources *sources)
{
    size_t capacity = sources->footers_count + 1;
    for (size_t i = 0; i < sources->segments_count; i++)
        capacity += sources->segments[i]->packs_count;
    build->pack_names = rmv_calloc(capacity, sizeof(*build->pack_names));

    size_t n = 0;
    for (size_t i = 0; i < sources->footers_count; i++)
        build->pack_names[n++] = sources->footers[i].name;
    for (size_t i = 0; i < sources->segments_count; i++)
        for (size_t j = 0; j < sources->segments[i]->packs_count; j++)
            if (sources->segments[i]->packs[j])
                build->pack_names[n++] = sources->segments[i]->pack_names[j];
    qsort(build->pack_names, n, sizeof(*build->pack_names), compare_names);
    for (size_t i = 0; i < n; i++)
        if (i == 0 ||
            !rmv_object_id_equal(&build->pack_names[i], &build->pack_names[build->packs_count - 1]))
            build->pack_names[build->packs_count++] = build->pack_names[i];
}

static uint32_t pack_number(const struct build *build, const struct rmv_object_id *name)
{
    const struct rmv_object_id *found = bsearch(name, build->pack_names, build->packs_count,
                                                sizeof(*build->pack_names), compare_names);
    return found ? (uint32_t)(found - build->pack_names) : UINT32_MAX;
}

static struct rmv_segment_entry entry_of_record(const struct rmv_pack_footer *footer, size_t i)
{
    const struct rmv_pack_record *record = &footer->records[i];
    return (struct rmv_segment_entry){
        .id = record->id,
        .frame_offset = (uint32_t)footer->frame_offsets[record->frame],
        .stored_size = footer->frames[record->frame].stored_size,
        .content_size = footer->frames[record->frame].content_size,
        .offset = record->offset,
        .size = record->size,
        .representation = record->representation,
        .depth = record->depth,
    };
}

/* Steps to the next entry that is to be kept; false at the end. */
static bool advance(struct cursor *cursor)
{
    if (cursor->footer) {
        if (cursor->at == cursor->footer->records_count)
            return false;
        cursor->entry = entry_of_record(cursor->footer, cursor->at++);
        cursor->entry.pack = cursor->pack_map[0];
        return true;
    }
    while (cursor->at < cursor->segment->entries_count) {
        cursor->entry = cursor->segment->entries[cursor->at++];
        const uint32_t pack = cursor->entry.pack;
        if (pack >= cursor->segment->packs_count || cursor->pack_map[pack] == UINT32_MAX)
            continue;
        cursor->entry.pack = cursor->pack_map[pack];
        return true;
    }
    return false;
}

static int compare_entries(const struct rmv_segment_entry *a, const struct rmv_segment_entry *b)
{
    const int order = rmv_segment_entry_compare(a, b);
    return order ? order : (a->pack > b->pack) - (a->pack < b->pack);
}

static void sift_down(struct build *build, size_t at)
{
    for (;;) {
        size_t smallest = 2 * at + 1;
        if (smallest >= build->heap_count)
            return;
        if (smallest + 1 < build->heap_count &&
            compare_entries(&build->heap[smallest + 1]->entry, &build->heap[smallest]->entry) < 0)
            smallest++;
        if (compare_entries(&build->heap[at]->entry, &build->heap[smallest]->entry) <= 0)
            return;
        struct cursor *moved = build->heap[at];
        build->heap[at] = build->heap[smallest];
        build->heap[smallest] = moved;
        at = smallest;
    }
}

static void open_cursors(struct build *build, const struct rmv_segment_sources *sources)
{
    const size_t count = sources->footers_count + sources->segments_count;
    build->cursors = rmv_calloc(count + 1, sizeof(*build->cursors));
    build->heap = rmv_calloc(count + 1, sizeof(struct cursor *));

    for (size_t i = 0; i < count; i++) {
        struct cursor *cursor = &build->cursors[build->cursors_count++];
        if (i < sources->footers_count) {
            cursor->footer = &sources->footers[i];
            cursor->pack_map = rmv_calloc(1, sizeof(uint32_t));
            cursor->pack_map[0] = pack_number(build, &cursor->footer->name);
        } else {
            cursor->segment = sources->segments[i - sources->footers_count];
            cursor->pack_map = rmv_calloc(cursor->segment->packs_count + 1, sizeof(uint32_t));
            for (size_t j = 0; j < cursor->segment->packs_count; j++)
                cursor->pack_map[j] = cursor->segment->packs[j]
                                          ? pack_number(build, &cursor->segment->pack_names[j])
                                          : UINT32_MAX;
        }
        if (advance(cursor))
            build->heap[build->heap_count++] = cursor;
    }
    for (size_t i = build->heap_count; i-- > 0;)
        sift_down(build, i);
}

/* Writes out what has gathered, if there is a file. */
static const struct rmv_error *flush(struct build *build)
{
    if (build->file.fd < 0)
        return NULL;
    const struct rmv_error *err =
        rmv_vfs_write(&build->file, build->offset, build->bytes.data, build->bytes.size);
    build->offset += build->bytes.size;
    build->bytes.size = build->summed = 0;
    return err;
}

/* Takes what was appended since the last time into the checksum. */
static void sum_up(struct build *build)
{
    XXH64_update(&build->body, build->bytes.data + build->summed,
                 build->bytes.size - build->summed);
    build->summed = build->bytes.size;
}

static const struct rmv_error *append_body(struct build *build, const void *bytes, size_t size)
{
    rmv_buf_append(&build->bytes, bytes, size);
    if (build->bytes.size - build->summed < WRITE_STEP_BYTES)
        return NULL;
    sum_up(build);
    return flush(build);
}

static const struct rmv_error *append_entries(struct build *build)
{
    struct rmv_segment_entry last = {0};
    build->fanout = rmv_calloc((size_t)1 << 16, sizeof(*build->fanout));

    while (build->heap_count > 0) {
        struct cursor *cursor = build->heap[0];
        const struct rmv_segment_entry entry = cursor->entry;
        const int order = build->entries_count > 0 ? compare_entries(&last, &entry) : -1;
        if (order > 0)
            return rmv_error(RMV_ERR_CORRUPT, "an index is not in order");
        if (order < 0) {
            const struct rmv_error *err = append_body(build, &entry, sizeof(entry));
            if (err)
                return err;
            build->fanout[entry.id.sha256[0] << 8 | entry.id.sha256[1]]++;
            build->entries_count++;
            build->has_deltas = build->has_deltas || entry.depth > 0;
            last = entry;
        }
        if (!advance(cursor))
            build->heap[0] = build->heap[--build->heap_count];
        sift_down(build, 0);
    }
    return NULL;
}

/* Turns counts by two bytes into the running totals of a fan-out, by one byte where that is enough.
 */
static const struct rmv_error *append_fanout(struct build *build, uint32_t *bits)
{
    *bits = build->entries_count >= WIDE_FANOUT_ENTRIES_MIN ? 16 : 8;
    for (size_t i = 1; i < (size_t)1 << 16; i++)
        build->fanout[i] += build->fanout[i - 1];
    if (*bits == 8)
        for (size_t i = 0; i < 256; i++)
            build->fanout[i] = build->fanout[i << 8 | 255];
    return append_body(build, build->fanout, ((size_t)1 << *bits) * sizeof(*build->fanout));
}

static void make_header(const struct build *build, uint32_t fanout_bits,
                        struct rmv_segment_header *header)
{
    const size_t names_size = build->packs_count * sizeof(*build->pack_names);
    *header = (struct rmv_segment_header){
        .version = build->has_deltas ? RMV_SEGMENT_VERSION : RMV_SEGMENT_VERSION_PLAIN,
        .entry_size = sizeof(struct rmv_segment_entry),
        .hash_name = RMV_PACK_HASH_NAME,
        .entries_count = build->entries_count,
        .packs_count = (uint32_t)build->packs_count,
        .fanout_bits = fanout_bits,
        .body_checksum = XXH64_digest(&build->body),
        .file_size = sizeof(*header) + names_size +
                     build->entries_count * sizeof(struct rmv_segment_entry) +
                     ((uint64_t)1 << fanout_bits) * sizeof(uint32_t),
    };
    memcpy(header->magic, "rmv-indx", sizeof(header->magic));

    XXH64_state_t head;
    XXH64_reset(&head, 0);
    XXH64_update(&head, header, sizeof(*header));
    XXH64_update(&head, build->pack_names, names_size);
    header->head_checksum = XXH64_digest(&head);
}

/* Everything but the header, whose place is kept free, and then the header. */
static const struct rmv_error *write_segment(struct build *build, struct rmv_segment_header *header)
{
    uint32_t fanout_bits = 8;
    *header = (struct rmv_segment_header){0};
    rmv_buf_append(&build->bytes, header, sizeof(*header));
    rmv_buf_append(&build->bytes, build->pack_names,
                   build->packs_count * sizeof(*build->pack_names));
    build->summed = build->bytes.size;
    XXH64_reset(&build->body, 0);

    const struct rmv_error *err = append_entries(build);
    if (!err)
        err = append_fanout(build, &fanout_bits);
    if (err)
        return err;
    sum_up(build);
    make_header(build, fanout_bits, header);
    if (build->file.fd < 0) {
        memcpy(build->bytes.data, header, sizeof(*header));
        return NULL;
    }
    err = flush(build);
    return err ? err : rmv_vfs_write(&build->file, 0, header, sizeof(*header));
}

static const struct rmv_error *publish(struct build *build, const char *root, bool sync,
                                       uint64_t name, struct rmv_segment **segment)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/" RMV_SEGMENT_FOLDER "/seg-%016llx" RMV_SEGMENT_SUFFIX, root,
                                (unsigned long long)name);
    const struct rmv_error *err = rmv_temporary_publish(&build->file, path, sync);
    return err ? err : rmv_segment_open(build->vfs, path, segment);
}

const struct rmv_error *rmv_segment_build(const struct rmv_vfs *vfs, const char *root, bool sync,
                                          const struct rmv_segment_sources *sources,
                                          struct rmv_segment **segment)
{
    RMV_CLEANUP(build_free) struct build build = {.vfs = vfs, .file = RMV_VFS_FILE_EMPTY};
    struct rmv_segment_header header;

    collect_packs(&build, sources);
    open_cursors(&build, sources);
    const struct rmv_error *err =
        root ? rmv_temporary_create(vfs, root, "segment", &build.file) : NULL;
    if (!err)
        err = write_segment(&build, &header);
    if (err)
        return err;
    if (!root)
        return rmv_segment_open_bytes(vfs, &build.bytes, segment);
    return publish(&build, root, sync, header.head_checksum, segment);
}
