#include "rmv/base/live.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/live_frame.h"
#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "test.h"

#define SECOND INT64_C(1000000000)

/* ---- What is shown -------------------------------------------------------------------------- */

/* It is the second 1000. */
static void add_row(struct rmv_live_state *live, const char *name, const char *doing,
                    int64_t started, int64_t resume)
{
    live->rows =
        rmv_grow(live->rows, live->rows_count, &live->rows_capacity, sizeof(live->rows[0]));
    live->rows[live->rows_count++] = (struct rmv_live_row){.name = rmv_str_copy(name),
                                                           .doing = rmv_str_copy(doing),
                                                           .started_ns = started * SECOND,
                                                           .resume_ns = resume * SECOND - 1};
}

static void live_free(struct rmv_live_state *live)
{
    for (size_t i = 0; i < live->rows_count; i++) {
        rmv_str_free(&live->rows[i].name);
        rmv_str_free(&live->rows[i].doing);
    }
    rmv_free(&live->rows);
}

static void check_frame(const struct rmv_live_state *state, size_t columns, size_t lines,
                        const char *expected)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    rmv_live_frame(state, columns, lines, 1000 * SECOND, &out);
    assert_string_equal(rmv_buf_string(&out), expected);
}

static void a_line_has_name_what_it_does_and_time(void **state)
{
    (void)state;
    RMV_CLEANUP(live_free)
    struct rmv_live_state live = {.thing = "stage", .done = 12, .expected = 100};
    check_frame(&live, 79, 23, "12 of 100 stages done");
    add_row(&live, "prepare", "running", 1000 - 83, 0);
    add_row(&live, "übung", "attempt 2 of 3", 997, 1002);
    check_frame(&live, 79, 23,
                "prepare  running                1:23\n"
                "übung    attempt 2 of 3 in 2 s  0:03\n"
                "12 of 100 stages done, 2 running");
    live.rows[0].started_ns = (1000 - 3725) * SECOND;
    live.rows[1].resume_ns = 1000 * SECOND;
    live.expected = 0;
    check_frame(&live, 79, 23,
                "prepare  running         1:02:05\n"
                "übung    attempt 2 of 3     0:03\n"
                "12 stages done, 2 running");
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    RMV_CLEANUP(live_free)
    struct rmv_live_state live = {.thing = "stage", .done = 0, .expected = 2};
    add_row(&live, "a-name-of-thirty-characters-xx", "running", 1000, 0);
    add_row(&live, "日本語日本語日本語", "queued in Slurm, job 17 (Resources)", 1000, 0);
    check_frame(&live, 39, 23,
                "a-name-of-thirt…  running          0:00\n"
                "日本語日本語日…   queued in Slur…  0:00\n"
                "0 of 2 stages done, 2 running");
    check_frame(&live, 20, 23,
                "a-nam…  runni…  0:00\n"
                "日本…   queue…  0:00\n"
                "0 of 2 stages done,…");
    check_frame(&live, 3, 23, "  …\n  …\n0 …");
    check_frame(&live, 0, 23, "\n\n");
}

static void where_there_are_too_many_the_first_are_shown(void **state)
{
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    RMV_CLEANUP(live_free) struct rmv_live_state live = {.thing = "stage", .expected = 9};
    for (int i = 0; i < 5; i++)
        add_row(&live, names[i], "running", 990 + i, 0);
    check_frame(&live, 79, 6,
                "a  running  0:10\nb  running  0:09\nc  running  0:08\nd  running  0:07\n"
                "e  running  0:06\n0 of 9 stages done, 5 running");
    check_frame(&live, 79, 5,
                "a  running  0:10\nb  running  0:09\nc  running  0:08\nand 2 more\n"
                "0 of 9 stages done, 5 running");
    check_frame(&live, 79, 2, "and 5 more\n0 of 9 stages done, 5 running");
    check_frame(&live, 79, 1, "0 of 9 stages done, 5 running");
}

/* ---- On a terminal -------------------------------------------------------------------------- */

static void set_columns(int terminal, unsigned short columns)
{
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    assert_true(ioctl(terminal, TIOCSWINSZ, &size) == 0);
}

/* A live display of stages on a terminal of 80 columns. */
struct display {
    int reader, terminal;
    struct rmv_live *live;
    struct rmv_buf drawn; /* what wait_for() has read */
};

static struct display open_display(void)
{
    struct display display = {.reader = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
    assert_true(display.reader >= 0 && grantpt(display.reader) == 0 &&
                unlockpt(display.reader) == 0);
    display.terminal = open(ptsname(display.reader), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(display.terminal >= 0);
    set_columns(display.terminal, 80);
    rmv_live_open(display.terminal, "stage", &display.live);
    assert_non_null(display.live);
    return display;
}

static void display_close(struct display *display)
{
    rmv_live_close(&display->live);
    rmv_fd_close(&display->reader);
    rmv_fd_close(&display->terminal);
    rmv_buf_free(&display->drawn);
}

/* Reads until `text` has been drawn; fails after 20 seconds. */
static void wait_for(struct display *display, const char *text)
{
    const int64_t end_ns = rmv_time_monotonic_ns() + 20 * SECOND;
    while (!strstr(rmv_buf_string(&display->drawn), text)) {
        struct pollfd ready = {.fd = display->reader, .events = POLLIN};
        if (rmv_time_monotonic_ns() > end_ns)
            fail_msg("no '%s' in '%s'", text, rmv_buf_string(&display->drawn));
        if (poll(&ready, 1, 100) <= 0)
            continue;
        char *room = rmv_buf_reserve(&display->drawn, 4096);
        const ssize_t n = read(display->reader, room, 4096);
        assert_true(n > 0);
        display->drawn.size += (size_t)n;
    }
}

static void what_is_printed_scrolls_by_above_the_lines(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    rmv_live_expect(live, 3);
    rmv_live_start(live, "a", "running");
    rmv_live_start(live, "b", "running");
    wait_for(&display, "\033[?7la  running  0:0");
    wait_for(&display, "\033[K\r\r\nb  running  0:0");
    wait_for(&display, "\033[K\r\r\n0 of 3 stages done, 2 running\033[J\r\033[2A\033[?7h");
    rmv_live_end(live, "a");
    rmv_live_count(live);
    rmv_live_print(live, "a is done\n", 10);
    wait_for(&display, "\r\033[Ja is done\r\n\033[?7lb  running  0:0");
    wait_for(&display, "1 of 3 stages done, 1 running\033[J\r\033[1A\033[?7h");
    rmv_live_close(&display.live);
    assert_null(display.live);
    wait_for(&display, "1 of 3 stages done, 1 running\033[J\r\033[1A\033[?7h\r\033[J");
}

static void a_line_without_an_end_is_not_drawn_over(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    rmv_live_start(live, "a", "running");
    wait_for(&display, "\033[?7h");
    rmv_live_print(live, "50 %", 4);
    wait_for(&display, "\033[J50 %");
    rmv_live_count(live); /* would change what is drawn */
    rmv_live_print(live, " 60 %", 5);
    wait_for(&display, "\033[J50 % 60 %");
    rmv_live_print(live, "\n", 1);
    wait_for(&display, "\033[J50 % 60 %\r\n\033[?7la  running");
}

static void a_question_is_asked_on_a_clean_line(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    wait_for(&display, "\033[?7l0 stages done\033[J\r\033[?7h");
    rmv_live_pause(live);
    rmv_live_count(live);
    assert_int_equal(write(display.terminal, "yes? ", 5), 5);
    wait_for(&display, "\033[?7h\r\033[Jyes? ");
    rmv_live_resume(live);
    wait_for(&display, "yes? \033[?7l1 stage done");
}

static void lines_follow_the_width_of_the_terminal(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    rmv_live_start(live, "日本語", "running");
    wait_for(&display, "日本語  running  0:0");
    set_columns(display.terminal, 17);
    wait_for(&display, "0 stages done, …\033[J");
    assert_non_null(strstr(rmv_buf_string(&display.drawn), "日…   run…  0:0"));
}

static void nothing_from_a_name_steers_the_terminal(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    rmv_live_start(live, "a\033]0;x\a\n", "at\r\302\2332J");
    rmv_live_show(live, "a\033]0;x\a\n", "at\r\302\2332J", 0);
    wait_for(&display, "a\\033]0;x\\007\\012  at\\015\\302\\2332J  0:0");
    wait_for(&display, "0 stages done, 1 running");
    rmv_live_end(live, "a\033]0;x\a\n");
    wait_for(&display, "0 stages done\033[J");
}

static void all_that_is_printed_arrives_in_order(void **state)
{
    (void)state;
    RMV_CLEANUP(display_close) struct display display = open_display();
    struct rmv_live *live = display.live;
    for (int i = 0; i < 300; i++) { /* a terminal takes some 4 KiB before somebody reads */
        RMV_CLEANUP(rmv_str_free) char *line = rmv_str_format("%d\n", i);
        rmv_live_print(live, line, strlen(line));
    }
    rmv_live_close(&display.live);
    wait_for(&display, "299\r\n");
    const char *at = rmv_buf_string(&display.drawn);
    for (int i = 0; i < 300; i++) {
        RMV_CLEANUP(rmv_str_free) char *line = rmv_str_format("%d\r\n", i);
        at = strstr(at, line);
        assert_non_null(at);
    }
}

static void without_a_terminal_there_is_no_display(void **state)
{
    (void)state;
    RMV_CLEANUP(rmv_fd_close) int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    struct rmv_live *live = NULL;
    rmv_live_open(fd, "stage", &live);
    assert_null(live);
    rmv_live_expect(live, 3);
    rmv_live_start(live, "a", "running");
    rmv_live_show(live, "a", "stopping", 0);
    rmv_live_count(live);
    rmv_live_print(live, "a", 1);
    rmv_live_pause(live);
    rmv_live_resume(live);
    rmv_live_end(live, "a");
    rmv_live_close(&live);
    assert_int_equal(lseek(fd, 0, SEEK_END), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_has_name_what_it_does_and_time),
        TEST(no_line_is_wider_than_the_terminal),
        TEST(where_there_are_too_many_the_first_are_shown),
        TEST(what_is_printed_scrolls_by_above_the_lines),
        TEST(a_line_without_an_end_is_not_drawn_over),
        TEST(a_question_is_asked_on_a_clean_line),
        TEST(lines_follow_the_width_of_the_terminal),
        TEST(nothing_from_a_name_steers_the_terminal),
        TEST(all_that_is_printed_arrives_in_order),
        TEST(without_a_terminal_there_is_no_display),
    };
    return RUN_TESTS(tests);
}
