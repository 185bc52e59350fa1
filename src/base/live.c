#include "rmv/base/live.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/live_frame.h"
#include "rmv/base/mem.h"
#include "rmv/base/screen.h"
#include "rmv/base/ticker.h"
#include "rmv/base/time.h"

#define DRAW_EVERY_MS 100
#define DRAW_EVERY_NS (DRAW_EVERY_MS * INT64_C(1000000))
#define PENDING_SIZE_MAX ((size_t)64 * 1024)
#define USUAL_COLUMNS 80
#define USUAL_LINES 24

/* Of ECMA-48 and DEC's terminals, as far as every terminal has them. */
#define WIPE "\r\033[J"     /* from here to the end of the screen */
#define WIPE_LINE "\033[K"  /* the rest of the line */
#define WRAP_OFF "\033[?7l" /* what is too long for a line is lost, not put on the next */
#define WRAP_ON "\033[?7h"  /* as before */
#define NEXT_LINE "\r\n"

/* A thread of its own draws: the one that works may be at something that takes long. */
struct rmv_live {
    int fd;
    struct rmv_ticker *drawer;
    pthread_mutex_t mutex; /* around all that follows */
    struct rmv_live_state state;
    struct rmv_buf pending; /* to be printed */
    struct rmv_buf drawn;   /* the lines on the terminal; empty: none */
    bool is_bare;           /* what was printed does not end in a line feed */
    bool is_ripe;           /* it has been there long enough to be worth looking at */
    bool is_paused, is_closing;
    struct winsize window;
    int64_t written_ns;
};

/* ---- Drawing -------------------------------------------------------------------------------- */

/* A terminal that is gone stops no work. */
static void write_whole(int fd, const char *text, size_t size)
{
    while (size > 0) {
        const ssize_t n = write(fd, text, size);
        if (n >= 0) {
            text += n;
            size -= (size_t)n;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};
            (void)poll(&ready, 1, -1);
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* A job in the background leaves the screen to whoever has it now. */
static bool is_in_background(const struct rmv_live *live)
{
    const pid_t group = tcgetpgrp(live->fd);
    return group > 0 && group != getpgrp();
}

/* True if the size has changed. */
static bool look_at_window(struct rmv_live *live)
{
    const struct winsize before = live->window;
    if (ioctl(live->fd, TIOCGWINSZ, &live->window) < 0)
        live->window = (struct winsize){0};
    if (live->window.ws_col == 0)
        live->window.ws_col = USUAL_COLUMNS;
    if (live->window.ws_row == 0)
        live->window.ws_row = USUAL_LINES;
    return live->window.ws_col != before.ws_col || live->window.ws_row != before.ws_row;
}

static void compose(const struct rmv_live *live, struct rmv_buf *frame)
{
    /* The last column stays free, as some terminals wrap early; a line above for what scrolls by.
     */
    const size_t columns = live->window.ws_col - 1U;
    const size_t lines = live->window.ws_row > 2 ? live->window.ws_row - 1U : 1;
    rmv_live_frame(&live->state, columns, lines, rmv_time_monotonic_ns(), frame);
}

static void append_lines(struct rmv_buf *frame, struct rmv_buf *out)
{
    const char *line = rmv_buf_string(frame);
    size_t above = 0;

    rmv_buf_append_string(out, WRAP_OFF);
    for (const char *end; (end = strchr(line, '\n')); line = end + 1, above++) {
        rmv_buf_append(out, line, (size_t)(end - line));
        rmv_buf_append_string(out, WIPE_LINE NEXT_LINE);
    }
    rmv_buf_append_string(out, line);
    rmv_buf_append_string(out, "\033[J\r");
    if (above > 0)
        rmv_buf_append_format(out, "\033[%zuA", above);
    rmv_buf_append_string(out, WRAP_ON);
}

/* Prints what is pending, with the lines below it, in one go. The mutex is held. */
static void refresh(struct rmv_live *live)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf frame = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};
    const bool is_hidden = is_in_background(live);
    const bool is_resized = look_at_window(live);

    if (is_hidden)
        live->drawn.size = 0;
    if (live->is_ripe && !live->is_paused && !live->is_closing && !live->is_bare && !is_hidden)
        compose(live, &frame);
    if (live->pending.size == 0 && !is_resized && frame.size == live->drawn.size &&
        (frame.size == 0 || memcmp(frame.data, live->drawn.data, frame.size) == 0))
        return;
    if (live->drawn.size > 0)
        rmv_buf_append_string(&out, live->pending.size > 0 || frame.size == 0 ? WIPE : "\r");
    if (live->pending.size > 0)
        rmv_buf_append(&out, live->pending.data, live->pending.size);
    if (frame.size > 0)
        append_lines(&frame, &out);
    write_whole(live->fd, out.data, out.size);
    live->pending.size = 0;
    live->written_ns = rmv_time_monotonic_ns();
    rmv_buf_swap(&live->drawn, &frame);
}

static void draw(void *context)
{
    struct rmv_live *live = context;
    pthread_mutex_lock(&live->mutex);
    live->is_ripe = true;
    refresh(live);
    pthread_mutex_unlock(&live->mutex);
}

/* ---- Opening and closing -------------------------------------------------------------------- */

static void row_free(struct rmv_live_row *row)
{
    rmv_str_free(&row->name);
    rmv_str_free(&row->doing);
}

static void live_free(struct rmv_live *live)
{
    pthread_mutex_destroy(&live->mutex);
    for (size_t i = 0; i < live->state.rows_count; i++)
        row_free(&live->state.rows[i]);
    free(live->state.rows);
    rmv_buf_free(&live->pending);
    rmv_buf_free(&live->drawn);
    free(live);
}

void rmv_live_open(int fd, const char *thing, struct rmv_live **live)
{
    *live = NULL;
    if (!isatty(fd))
        return;

    struct rmv_live *opened = rmv_calloc(1, sizeof(*opened));
    *opened = (struct rmv_live){.fd = fd, .state = {.thing = thing}};
    pthread_mutex_init(&opened->mutex, NULL);
    if (rmv_ticker_start(DRAW_EVERY_MS, draw, opened, &opened->drawer))
        *live = opened;
    else
        live_free(opened);
}

void rmv_live_close(struct rmv_live **live)
{
    struct rmv_live *closing = *live;
    if (!closing)
        return;
    rmv_ticker_stop(&closing->drawer);
    closing->is_closing = true;
    refresh(closing);
    live_free(closing);
    *live = NULL;
}

/* ---- What is shown -------------------------------------------------------------------------- */

static struct rmv_live_row *find_row(struct rmv_live *live, const char *name)
{
    for (size_t i = 0; i < live->state.rows_count; i++)
        if (strcmp(live->state.rows[i].name, name) == 0)
            return &live->state.rows[i];
    return NULL;
}

static void remove_row(struct rmv_live *live, const char *name)
{
    struct rmv_live_row *row = find_row(live, name);
    if (!row)
        return;
    row_free(row);
    const size_t at = (size_t)(row - live->state.rows);
    memmove(row, row + 1, (--live->state.rows_count - at) * sizeof(*row));
}

static struct rmv_live_row *add_row(struct rmv_live *live, const char *name)
{
    struct rmv_live_state *state = &live->state;
    state->rows =
        rmv_grow(state->rows, state->rows_count, &state->rows_capacity, sizeof(state->rows[0]));
    state->rows[state->rows_count] =
        (struct rmv_live_row){.name = rmv_str_copy(name), .started_ns = rmv_time_monotonic_ns()};
    return &state->rows[state->rows_count++];
}

static void show(struct rmv_live *live, const char *name, const char *doing, int64_t resume_ns,
                 bool is_new)
{
    if (!live)
        return;
    RMV_CLEANUP(rmv_str_free) char *safe_name = rmv_screen_safe(name);
    char *safe_doing = rmv_screen_safe(doing);

    pthread_mutex_lock(&live->mutex);
    if (is_new)
        remove_row(live, safe_name);
    struct rmv_live_row *row = find_row(live, safe_name);
    if (!row)
        row = add_row(live, safe_name);
    rmv_str_free(&row->doing);
    row->doing = safe_doing;
    row->resume_ns = resume_ns;
    pthread_mutex_unlock(&live->mutex);
}

void rmv_live_show(struct rmv_live *live, const char *name, const char *doing, int64_t resume_ns)
{
    show(live, name, doing, resume_ns, false);
}

void rmv_live_start(struct rmv_live *live, const char *name, const char *doing)
{
    show(live, name, doing, 0, true);
}

void rmv_live_end(struct rmv_live *live, const char *name)
{
    if (!live)
        return;
    RMV_CLEANUP(rmv_str_free) char *safe_name = rmv_screen_safe(name);
    pthread_mutex_lock(&live->mutex);
    remove_row(live, safe_name);
    pthread_mutex_unlock(&live->mutex);
}

void rmv_live_expect(struct rmv_live *live, size_t count)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->mutex);
    live->state.expected = count;
    pthread_mutex_unlock(&live->mutex);
}

void rmv_live_count(struct rmv_live *live)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->mutex);
    live->state.done++;
    pthread_mutex_unlock(&live->mutex);
}

void rmv_live_print(struct rmv_live *live, const char *bytes, size_t size)
{
    if (!live || size == 0)
        return;
    pthread_mutex_lock(&live->mutex);
    rmv_buf_append(&live->pending, bytes, size);
    live->is_bare = bytes[size - 1] != '\n';
    /* Soon enough for a person, and few writes where much is printed. */
    if (live->pending.size > PENDING_SIZE_MAX ||
        rmv_time_monotonic_ns() - live->written_ns > DRAW_EVERY_NS)
        refresh(live);
    pthread_mutex_unlock(&live->mutex);
}

static void set_paused(struct rmv_live *live, bool is_paused)
{
    if (!live)
        return;
    pthread_mutex_lock(&live->mutex);
    live->is_paused = is_paused;
    refresh(live);
    pthread_mutex_unlock(&live->mutex);
}

void rmv_live_pause(struct rmv_live *live)
{
    set_paused(live, true);
}

void rmv_live_resume(struct rmv_live *live)
{
    set_paused(live, false);
}
