#include "rmv/base/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "test.h"

/* A terminal of `columns`; what is drawn on `*terminal` can be read from `*reader`. */
static void open_terminal(unsigned short columns, int *reader, int *terminal)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    *reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*reader >= 0 && grantpt(*reader) == 0 && unlockpt(*reader) == 0);
    *terminal = open(ptsname(*reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*terminal >= 0 && ioctl(*terminal, TIOCSWINSZ, &size) == 0);
}

/* What has been drawn so far. */
static void read_drawn(int reader, struct rmv_buf *out)
{
    struct pollfd ready = {.fd = reader, .events = POLLIN};
    while (poll(&ready, 1, 50) > 0 && (ready.revents & POLLIN)) {
        char *room = rmv_buf_reserve(out, 4096);
        const ssize_t n = read(reader, room, 4096);
        assert_true(n > 0);
        out->size += (size_t)n;
    }
}

/* Until `text` has been drawn, 20 seconds at the most: a busy machine may take its time. */
static void wait_for(int reader, const char *text, struct rmv_buf *drawn)
{
    for (int i = 0; i < 400 && !strstr(rmv_buf_string(drawn), text); i++)
        read_drawn(reader, drawn);
    assert_non_null(strstr(rmv_buf_string(drawn), text));
}

static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        count++;
    return count;
}

static void a_terminal_shows_what_is_done_and_is_wiped(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int reader = -1, terminal = -1;
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf drawn = {0};

    open_terminal(80, &reader, &terminal);
    const int64_t start_ns = rmv_time_monotonic_ns();
    rmv_progress_open(terminal, "adding", &progress);
    assert_non_null(progress);
    rmv_progress_expect(progress, 1, 0);
    rmv_progress_expect(progress, 3, 4096);
    for (int i = 0; i < 3; i++)
        rmv_progress_add(progress, 1, 1024);
    wait_for(reader, "adding: 3 of 4 files, 3.0 KiB of 4.0 KiB (75 %)", &drawn);
    rmv_progress_close(&progress);
    assert_null(progress);
    const int64_t tenths = (rmv_time_monotonic_ns() - start_ns) / 100000000;
    read_drawn(reader, &drawn);
    const char *text = rmv_buf_string(&drawn);
    assert_in_range(count_of(text, "adding"), 1, tenths); /* ten a second at the most */
    assert_string_equal(text + strlen(text) - 4, "\r\033[K");
}

static void a_short_job_draws_nothing(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int reader = -1, terminal = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf drawn = {0};
    struct rmv_progress *progress = NULL;
    open_terminal(80, &reader, &terminal);
    const int64_t start_ns = rmv_time_monotonic_ns();
    rmv_progress_open(terminal, "adding", &progress);
    rmv_progress_close(&progress);
    if (rmv_time_monotonic_ns() - start_ns >= 100000000)
        skip(); /* the machine is busy: it was no short job */
    read_drawn(reader, &drawn);
    assert_null(strstr(rmv_buf_string(&drawn), "adding"));
}

static void the_line_is_cut_at_the_width_of_the_terminal(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int reader = -1, terminal = -1;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf drawn = {0};
    struct rmv_progress *progress = NULL;
    open_terminal(10, &reader, &terminal);
    rmv_progress_open(terminal, "hashing everything", &progress);
    wait_for(reader, "\033[Khashing e", &drawn);
    rmv_progress_close(&progress);
    wait_for(reader, "\033[Khashing e\r", &drawn);
}

static void nothing_is_drawn_where_there_is_no_terminal(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct rmv_progress *progress = NULL;
    rmv_progress_open(fd, "adding", &progress);
    rmv_progress_expect(progress, 1, 1);
    rmv_progress_add(progress, 1, 1);
    usleep(150000);
    rmv_progress_close(&progress);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_terminal_shows_what_is_done_and_is_wiped),
        TEST(a_short_job_draws_nothing),
        TEST(the_line_is_cut_at_the_width_of_the_terminal),
        TEST(nothing_is_drawn_where_there_is_no_terminal),
    };
    return RUN_TESTS(tests);
}
