/* Files that change, stored as what differs from their older versions. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crash.h"
#include "faulty_vfs.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "store/delta_format.h"
#include "store/frame.h"
#include "store/pack_writer.h"
#include "store/store_internal.h"
#include "support.h"

#define VERSION_SIZE ((size_t)3 << 20)
#define VERSIONS_MAX 14

/* Version n of a file: bytes that do not compress, with an edit every 100 KB for each version,
 * which also inserts a byte. */
static void make_version(size_t n, size_t size, struct rmv_buf *version)
{
    make_bytes(PATTERN_RANDOM, 1, size, version);
    for (size_t k = 1; k <= n; k++) {
        struct rmv_buf edited = {0};
        for (size_t at = 0; at < version->size; at += 100000) {
            const size_t left = version->size - at < 100000 ? version->size - at : 100000;
            rmv_buf_append(&edited, version->data + at, left);
            rmv_buf_append_format(&edited, "%zu", (at + k) % 10);
        }
        rmv_buf_swap(version, &edited);
        rmv_buf_free(&edited);
    }
}

static const struct rmv_error *put_version(struct rmv_store_batch *batch,
                                           const struct rmv_buf *bytes,
                                           const struct rmv_object_id *base,
                                           struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = open("source", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct rmv_store_file file;
    const struct rmv_error *err = rmv_fd_write(fd, "source", bytes->data, bytes->size);
    if (err)
        return err;
    (void)lseek(fd, 0, SEEK_SET);
    const struct rmv_store_source source = {.fd = fd, .path = "source", .base = base};
    err = rmv_store_batch_put_file(batch, &source, &file);
    if (!err)
        *id = file.id;
    return err;
}

static const struct rmv_error *commit_version(struct rmv_store *store, const struct rmv_buf *bytes,
                                              const struct rmv_object_id *base,
                                              struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_error *err = rmv_store_batch_open(store, &batch);
    if (!err)
        err = put_version(batch, bytes, base, id);
    return err ? err : rmv_store_batch_commit(batch);
}

/* Versions 0 to n - 1, each stored with the one before as its base. */
struct history {
    struct rmv_buf versions[VERSIONS_MAX];
    struct rmv_object_id ids[VERSIONS_MAX];
    size_t count;
};

static void history_free(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        rmv_buf_free(&history->versions[i]);
}

static void store_history(struct rmv_store *store, size_t count, struct history *history)
{
    history->count = count;
    for (size_t i = 0; i < count; i++) {
        make_version(i, VERSION_SIZE, &history->versions[i]);
        CHECK_OK(commit_version(store, &history->versions[i], i > 0 ? &history->ids[i - 1] : NULL,
                                &history->ids[i]));
    }
}

/* What all packs of a kind amount to, and the greatest depth in them. */
static uint64_t sum_packs(const char *root, uint32_t kind, unsigned *depth)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/packs", root);
    uint64_t size = 0;
    *depth = 0;
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), folder, &names));
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
        RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        CHECK_OK(rmv_vfs_open(rmv_vfs_default(), path, O_RDONLY, &file));
        CHECK_OK(rmv_pack_read_footer(&file, &footer));
        size += footer.kind == kind ? footer.data_size : 0;
        for (size_t k = 0; k < footer.records_count; k++)
            *depth = footer.records[k].depth > *depth ? footer.records[k].depth : *depth;
    }
    return size;
}

static void a_changed_file_costs_little_and_comes_back(void **state)
{
    (void)state;
    unsigned depth;
    RMV_CLEANUP(history_free) struct history history = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    store_history(store, 2, &history);
    const uint64_t deltas = sum_packs(".", RMV_PACK_KIND_DELTA, &depth);
    assert_true(deltas > 0 && deltas < 10000);
    assert_int_equal(depth, 1);
    assert_true(sum_packs(".", RMV_PACK_KIND_PLAIN, &depth) < VERSION_SIZE + 20000);
    rmv_store_close(&store);

    store = open_store();
    for (size_t i = 0; i < 2; i++)
        check_stored(store, &history.ids[i], &history.versions[i]);
    assert_int_equal(count_problems(store, true), 0);
}

/* Deltas of deltas are read through at most eight others, however many versions there are. */
static void a_long_history_stays_readable(void **state)
{
    (void)state;
    unsigned depth;
    RMV_CLEANUP(history_free) struct history history = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    store_history(store, VERSIONS_MAX, &history);
    assert_true(sum_packs(".", RMV_PACK_KIND_DELTA, &depth) < 300000);
    assert_int_equal(depth, RMV_DELTA_DEPTH_MAX);
    rmv_store_close(&store);

    store = open_store();
    for (size_t i = VERSIONS_MAX; i-- > 0;)
        check_stored(store, &history.ids[i], &history.versions[i]);
    assert_int_equal(count_problems(store, true), 0);
}

/* The index says which objects are deltas, and is made again from the packs. */
static void a_lost_index_is_made_again(void **state)
{
    (void)state;
    RMV_CLEANUP(history_free) struct history history = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    store_history(store, 3, &history);
    rmv_store_close(&store);
    assert_int_equal(system("rm index/*"), 0);

    store = open_store();
    for (size_t i = 0; i < 3; i++)
        check_stored(store, &history.ids[i], &history.versions[i]);
}

/* 700 KB at the front; what follows is similar, but far from where it was. */
static void what_has_moved_is_found(void **state)
{
    (void)state;
    unsigned depth;
    struct rmv_object_id ids[2];
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    make_version(0, 2 * VERSION_SIZE, &old);
    CHECK_OK(commit_version(store, &old, NULL, &ids[0]));
    make_bytes(PATTERN_RANDOM, 99, 700000, &new);
    rmv_buf_append(&new, old.data, old.size);
    for (size_t at = new.size / 2; at < new.size; at += 70000)
        new.data[at] ^= 1;
    CHECK_OK(commit_version(store, &new, &ids[0], &ids[1]));
    assert_true(sum_packs(".", RMV_PACK_KIND_DELTA, &depth) > 0);
    assert_true(sum_packs(".", RMV_PACK_KIND_PLAIN, &depth) < old.size + 1900000);
    check_stored(store, &ids[1], &new);
}

static void an_older_version_that_is_not_there_does_no_harm(void **state)
{
    (void)state;
    const struct rmv_object_id nothing = rmv_object_id_of("nothing", 7);
    struct rmv_object_id id;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf bytes = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    make_version(0, VERSION_SIZE, &bytes);
    CHECK_OK(commit_version(store, &bytes, &nothing, &id));
    check_stored(store, &id, &bytes);
}

/* ---- Damage ---------------------------------------------------------------------------------- */

/* Changes a byte in the middle of the first pack of plain frames. */
static void damage_first_version(void)
{
    struct stat status;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    CHECK_OK(rmv_vfs_list(rmv_vfs_default(), "packs", &names));
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("packs/%s", names.items[i]);
        assert_int_equal(stat(path, &status), 0);
        if ((size_t)status.st_size < VERSION_SIZE)
            continue;
        assert_int_equal(chmod(path, 0600), 0);
        RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDWR | O_CLOEXEC);
        char byte;
        assert_int_equal(pread(fd, &byte, 1, status.st_size / 2), 1);
        byte ^= 1;
        assert_int_equal(pwrite(fd, &byte, 1, status.st_size / 2), 1);
    }
}

static void a_damaged_base_damages_the_delta_and_putting_both_again_mends_them(void **state)
{
    (void)state;
    struct rmv_object_id id;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(history_free) struct history history = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    store_history(store, 3, &history);
    damage_first_version();
    rmv_store_close(&store);

    store = open_store();
    const struct rmv_error *err = rmv_store_get(store, &history.ids[2], SIZE_MAX, &content);
    assert_non_null(err);
    assert_int_equal(err->code, RMV_ERR_CORRUPT);
    assert_non_null(strstr(err->message, "its base"));
    assert_int_equal(content.size, 0);
    assert_true(count_problems(store, false) >= 3);

    /* What is stored again is stored whole: it does not depend on what is damaged. */
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(
            commit_version(store, &history.versions[i], i > 0 ? &history.ids[i - 1] : NULL, &id));
    assert_int_equal(count_problems(store, true), 0);
    for (size_t i = 0; i < 3; i++)
        check_stored(store, &history.ids[i], &history.versions[i]);
}

/* Publishes a pack with one delta per id, of the bases given. */
static void publish_deltas(struct rmv_store *store, const struct rmv_pack_record *records,
                           const struct rmv_delta_bases *bases, size_t count)
{
    RMV_CLEANUP(rmv_pack_writer_discard) struct rmv_pack_writer writer;
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    RMV_CLEANUP(rmv_frame_encoder_free) struct rmv_frame_encoder encoder = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf prefix = {0};
    make_bytes(PATTERN_RANDOM, 5, 5000, &prefix);
    rmv_pack_writer_init(&writer, store, false);
    writer.kind = RMV_PACK_KIND_DELTA;
    for (size_t i = 0; i < count; i++) {
        struct rmv_pack_frame frame;
        encoder.stored.size = 0;
        rmv_delta_format(&bases[i], &encoder.stored);
        CHECK_OK(rmv_frame_encode_delta(&encoder, &prefix, prefix.data, records[i].size, &frame));
        CHECK_OK(rmv_pack_writer_append(&writer, &frame, &encoder.parts, &records[i], 1));
    }
    CHECK_OK(rmv_pack_writer_finish(&writer, &footer));
    CHECK_OK(rmv_index_add(&store->index, &footer, 1));
}

/* Such packs are made by hand; whoever reads them gets an error, soon. */
static void deltas_that_need_each_other_are_refused(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    const struct rmv_object_id a = rmv_object_id_of("a", 1);
    const struct rmv_object_id b = rmv_object_id_of("b", 1);
    const struct rmv_pack_record records[] = {{.id = a, .size = 5000, .depth = 8},
                                              {.id = b, .size = 5000, .depth = 7}};
    const struct rmv_delta_bases bases[] = {
        {.items = {{.id = b, .size = 5000}, {.id = b, .size = 5000}}, .count = 2},
        {.items = {{.id = a, .size = 5000}, {.id = b, .size = 5000}}, .count = 2},
    };
    publish_deltas(store, records, bases, 2);
    CHECK_FAILS(rmv_store_get(store, &a, SIZE_MAX, &content), RMV_ERR_CORRUPT);
    CHECK_FAILS(rmv_store_get(store, &b, SIZE_MAX, &content), RMV_ERR_CORRUPT);
    assert_int_equal(count_problems(store, false), 2);
}

/* Eight levels with four bases each: 65,536 frames, if nobody counted. */
static void deltas_that_need_too_many_others_are_refused(void **state)
{
    (void)state;
    enum { LEVELS = 8, WIDTH = 4 };
    struct rmv_pack_record records[LEVELS * WIDTH] = {0};
    struct rmv_delta_bases bases[LEVELS * WIDTH] = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    for (size_t level = 0; level < LEVELS; level++)
        for (size_t i = 0; i < WIDTH; i++) {
            const size_t at = level * WIDTH + i;
            records[at] = (struct rmv_pack_record){.id = rmv_object_id_of(&at, sizeof(at)),
                                                   .size = 5000,
                                                   .depth = (uint8_t)(level + 1)};
            bases[at].count = WIDTH;
            for (size_t k = 0; k < WIDTH; k++) {
                const size_t below = at - i - WIDTH + k;
                bases[at].items[k] = (struct rmv_delta_base){
                    .id = rmv_object_id_of(&below, sizeof(below)), .size = 5000};
            }
        }
    publish_deltas(store, records, bases, (size_t)LEVELS * WIDTH);
    CHECK_FAILS(rmv_store_get(store, &records[(size_t)LEVELS * WIDTH - 1].id, SIZE_MAX, &content),
                RMV_ERR_CORRUPT);
    assert_int_equal(count_problems(store, false), LEVELS * WIDTH);
}

/* ---- Garbage --------------------------------------------------------------------------------- */

static void gc_keeps_the_bases_of_what_is_in_use(void **state)
{
    (void)state;
    const struct rmv_store_gc_options options = {.repack = true};
    struct rmv_store_gc_report report;
    RMV_CLEANUP(history_free) struct history history = {0};
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
    store_history(store, 4, &history);
    RMV_CLEANUP(rmv_store_gc_close) struct rmv_store_gc *gc = NULL;
    CHECK_OK(rmv_store_gc_open(store, &options, &gc));
    rmv_store_gc_keep(gc, &history.ids[2], RMV_STORE_GC_BYTES);
    CHECK_OK(rmv_store_gc_lock(gc));
    CHECK_OK(rmv_store_gc_run(gc, &report));
    assert_true(report.objects_freed > 0);
    rmv_store_gc_close(&gc); /* a check waits for it */
    check_stored(store, &history.ids[2], &history.versions[2]);
    assert_false(rmv_store_has(store, &history.ids[3]));
    assert_int_equal(count_problems(store, true), 0);
}

/* ---- Death and power cuts -------------------------------------------------------------------- */

/* In a process of its own, which dies at this call. */
static int put_and_die(int dies_at, const struct rmv_buf *bytes, const struct rmv_object_id *base)
{
    const pid_t child = fork();
    if (child == 0) {
        struct faulty_vfs faulty;
        faulty_vfs_init(&faulty, dies_at, true);
        const struct rmv_store_options options = {.vfs = &faulty.vfs, .threads = 2};
        struct rmv_store *store = NULL;
        struct rmv_object_id id;
        const struct rmv_error *err = rmv_store_open(".", &options, &store);
        if (!err) {
            store->stage_size = (size_t)4 << 10;
            err = commit_version(store, bytes, base, &id);
        }
        _exit(err ? 7 : 0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_process_that_dies_at_any_call_loses_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf old = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new = {0};
    struct rmv_object_id old_id, new_id;
    make_version(0, VERSION_SIZE, &old);
    make_version(1, VERSION_SIZE, &new);
    for (int dies_at = 1;; dies_at++) {
        assert_int_equal(system("rm -rf packs index tmp unsynced damaged"), 0);
        RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_store();
        CHECK_OK(commit_version(store, &old, NULL, &old_id));
        rmv_store_close(&store);
        const int status = put_and_die(dies_at, &new, &old_id);

        store = open_store();
        check_stored(store, &old_id, &old);
        assert_int_equal(count_problems(store, true), 0);
        CHECK_OK(commit_version(store, &new, &old_id, &new_id));
        check_stored(store, &new_id, &new);
        assert_int_equal(count_problems(store, true), 0);
        if (status == 0)
            break;
        assert_int_equal(status, 9);
    }
}

static void a_power_cut_amid_a_changed_file_endangers_nothing(void **state)
{
    (void)state;
    static const size_t sizes[] = {1200000, 1200000};
    struct scenario scenario;
    struct rmv_object_id id;
    start(&scenario, sizes, 2);
    for (size_t i = 0; i < 2; i++) {
        make_version(i, sizes[i], &scenario.objects[i]);
        scenario.ids[i] = rmv_object_id_of(scenario.objects[i].data, scenario.objects[i].size);
    }
    CHECK_OK(run(&scenario, 0, 1));
    const size_t first = scenario.recording.count;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *store = open_recorded(&scenario);
    CHECK_OK(commit_version(store, &scenario.objects[1], &scenario.ids[0], &id));
    recording_vfs_promise(&scenario.recording, 2);
    rmv_store_close(&store);
    unsigned depth;
    assert_true(sum_packs(scenario.root, RMV_PACK_KIND_DELTA, &depth) > 0);
    try_power_cuts(&scenario, first, 4);
    end(&scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_changed_file_costs_little_and_comes_back),
        TEST(a_long_history_stays_readable),
        TEST(a_lost_index_is_made_again),
        TEST(what_has_moved_is_found),
        TEST(an_older_version_that_is_not_there_does_no_harm),
        TEST(a_damaged_base_damages_the_delta_and_putting_both_again_mends_them),
        TEST(deltas_that_need_each_other_are_refused),
        TEST(deltas_that_need_too_many_others_are_refused),
        TEST(gc_keeps_the_bases_of_what_is_in_use),
        TEST(a_process_that_dies_at_any_call_loses_nothing),
        TEST(a_power_cut_amid_a_changed_file_endangers_nothing),
    };
    return RUN_TESTS(tests);
}
