#include "bench/files.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bench/random.h"
#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"

static const char *const words[] = {
    "person", "bicycle",       "car",     "motorcycle", "airplane", "bus",   "train",   "truck",
    "boat",   "traffic_light", "hydrant", "stop_sign",  "bench",    "bird",  "cat",     "dog",
    "horse",  "sheep",         "cow",     "elephant",   "bear",     "zebra", "giraffe", "backpack"};

static void append_head(struct random_state *random, size_t number, struct rmv_buf *out)
{
    static const int widths[] = {640, 1280, 1920}, heights[] = {480, 720, 1080};
    rmv_buf_append_format(
        out,
        "{\"image_id\": %zu, \"file_name\": \"images/%08llu.jpg\", \"width\": %d, \"height\": %d, "
        "\"license\": %llu, ",
        number, (unsigned long long)random_below(random, 100000000),
        widths[random_below(random, 3)], heights[random_below(random, 3)],
        (unsigned long long)random_below(random, 7) + 1);
    rmv_buf_append_format(out,
                          "\"captured_at\": \"2025-%02d-%02dT%02d:%02d:%02dZ\", \"annotations\": [",
                          (int)random_below(random, 12) + 1, (int)random_below(random, 28) + 1,
                          (int)random_below(random, 24), (int)random_below(random, 60),
                          (int)random_below(random, 60));
}

/* A number with at most `digits` decimals, trailing zeros cut down to one, as Python prints it. */
static void append_number(struct rmv_buf *out, double number, int digits)
{
    rmv_buf_append_format(out, "%.*f", digits, number);
    while (out->data[out->size - 1] == '0' && out->data[out->size - 2] != '.')
        out->size--;
}

static void append_annotation(struct random_state *random, struct rmv_buf *out)
{
    rmv_buf_append_format(out, "{\"id\": %llu, \"category\": \"%s\", \"iscrowd\": 0, \"bbox\": [",
                          (unsigned long long)random_below(random, 1000000000),
                          words[random_below(random, 24)]);
    for (int i = 0; i < 4; i++) {
        append_number(out, random_unit(random) * 600, 2);
        rmv_buf_append_string(out, i < 3 ? ", " : "], \"score\": ");
    }
    append_number(out, random_unit(random), 4);
    rmv_buf_append_string(out, "}");
}

/* One record of exactly `size` bytes: as many annotations as fit, then blanks. */
static void append_record(struct random_state *random, size_t number, size_t size,
                          struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf annotation = {0};
    append_head(random, number, out);
    for (size_t count = 0;; count++) {
        annotation.size = 0;
        append_annotation(random, &annotation);
        if (out->size + annotation.size + 5 > size)
            break;
        rmv_buf_append_string(out, count ? ", " : "");
        rmv_buf_append(out, annotation.data, annotation.size);
    }
    rmv_buf_append_string(out, "]}");
    while (out->size < size - 1)
        rmv_buf_append_string(out, " ");
    rmv_buf_append_string(out, "\n");
}

static void append_random(struct random_state *random, size_t size, struct rmv_buf *out)
{
    for (; out->size < size;) {
        const uint64_t word = random_next(random);
        const size_t left = size - out->size;
        rmv_buf_append(out, &word, left < sizeof(word) ? left : sizeof(word));
    }
}

static const struct rmv_error *write_file(const char *path, const struct rmv_buf *content)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);
    return rmv_fd_write(fd, path, content->data, content->size);
}

const struct rmv_error *files_write(const struct files_plan *plan)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf content = {0};
    struct random_state random;
    random_seed(&random, plan->seed);

    const struct rmv_error *err = rmv_fs_mkdir_p(plan->folder);
    for (size_t i = 0; !err && i < plan->count; i++) {
        const bool is_random = plan->half_random && i % 2;
        RMV_CLEANUP(rmv_str_free) char *folder = NULL, *path = NULL;
        folder = plan->per_folder ? rmv_str_format("%s/%04zu", plan->folder, i / plan->per_folder)
                                  : rmv_str_copy(plan->folder);
        if (plan->per_folder && i % plan->per_folder == 0)
            err = rmv_fs_mkdir_p(folder);
        path = rmv_str_format("%s/%s_%06zu.%s", folder, is_random ? "img" : "rec", i,
                              is_random ? "jpg" : "json");
        content.size = 0;
        if (is_random)
            append_random(&random, plan->size, &content);
        else
            append_record(&random, i, plan->size, &content);
        if (!err)
            err = write_file(path, &content);
    }
    return err;
}
