/* Runs a fuzz target without libFuzzer, for the test suite: every seed as it is, then changed ones,
 * from a fixed start, until the time is over. A failing input is left in ./fuzz-failed.
 *
 *     TARGET SECONDS SEED_FILE... */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"

#define SEED_BYTES_MAX ((size_t)1 << 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rmv_buf input;
static uint64_t state = 88172645463325252u;

static void leave_input(int signal_number)
{
    const int fd = open("fuzz-failed", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    static const char complaint[] = "cannot leave the input\n";
    if ((fd < 0 || write(fd, input.data, input.size) < 0) &&
        write(STDERR_FILENO, complaint, sizeof(complaint) - 1) < 0)
        _exit(2);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static size_t below(size_t end)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return end > 0 ? (size_t)(state * 0x9E3779B97F4A7C15u >> 20) % end : 0;
}

static void change_once(const struct rmv_buf *other)
{
    static const uint8_t edges[] = {0, 1, 0x7f, 0x80, 0xff, '\n', ' ', '"'};
    const size_t at = below(input.size);
    if (input.size == 0)
        return;
    switch (below(6)) {
    case 0:
        input.data[at] = (char)(input.data[at] ^ 1 << below(8));
        break;
    case 1:
        input.data[at] = (char)edges[below(sizeof(edges))];
        break;
    case 2:
        input.data[at] = (char)(input.data[at] + (below(2) ? 1 : -1));
        break;
    case 3: /* take a piece out */ {
        const size_t count = 1 + below(input.size - at < 64 ? input.size - at : 64);
        memmove(input.data + at, input.data + at + count, input.size - at - count);
        input.size -= count;
        break;
    }
    case 4: /* cut the end off */
        input.size -= below(input.size < 64 ? input.size : 64);
        break;
    default: /* take a piece of another seed over */
        if (other->size > 0) {
            const size_t from = below(other->size);
            size_t count = 1 + below(64);
            count = count < other->size - from ? count : other->size - from;
            count = count < input.size - at ? count : input.size - at;
            memcpy(input.data + at, other->data + from, count);
        }
    }
}

int main(int argc, char **argv)
{
    const int seeds_count = argc - 2;
    if (seeds_count < 1) {
        fprintf(stderr, "usage: %s SECONDS SEED_FILE...\n", argv[0]);
        return 2;
    }
    struct rmv_buf *seeds = rmv_calloc((size_t)seeds_count, sizeof(*seeds));
    for (int i = 0; i < seeds_count; i++)
        if (rmv_fs_read(argv[i + 2], SEED_BYTES_MAX, &seeds[i])) {
            fprintf(stderr, "%s: %s\n", argv[0], rmv_error_last()->message);
            return 2;
        }
    signal(SIGABRT, leave_input);
    signal(SIGSEGV, leave_input);
    const int64_t end = rmv_time_monotonic_ns() + strtol(argv[1], NULL, 10) * INT64_C(1000000000);
    size_t runs = 0;
    while (runs < (size_t)seeds_count || rmv_time_monotonic_ns() < end) {
        const size_t seed = runs < (size_t)seeds_count ? runs : below((size_t)seeds_count);
        input.size = 0;
        rmv_buf_append(&input, seeds[seed].data, seeds[seed].size);
        for (size_t n = runs < (size_t)seeds_count ? 0 : 1 + below(8); n > 0; n--)
            change_once(&seeds[below((size_t)seeds_count)]);
        (void)LLVMFuzzerTestOneInput((const uint8_t *)input.data, input.size);
        runs++;
    }
    printf("%zu runs\n", runs);
    for (int i = 0; i < seeds_count; i++)
        rmv_buf_free(&seeds[i]);
    free(seeds);
    rmv_buf_free(&input);
    return 0;
}
