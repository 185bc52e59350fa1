#include "base/live_frame.h"

#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/base/screen.h"

#define NS_PER_SECOND INT64_C(1000000000)
#define TIME_SIZE 32
#define GAP 2

/* Columns for names, for what is done, and for the time. */
struct widths {
    size_t name, doing, time;
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void format_time(int64_t ns, char text[TIME_SIZE])
{
    const long long seconds = ns > 0 ? ns / NS_PER_SECOND : 0;
    if (seconds < 3600)
        snprintf(text, TIME_SIZE, "%lld:%02lld", seconds / 60, seconds % 60);
    else
        snprintf(text, TIME_SIZE, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60,
                 seconds % 60);
}

/* The caller frees it. */
static char *doing_of(const struct rmv_live_row *row, int64_t now_ns)
{
    const int64_t left_ns = row->resume_ns - now_ns;
    if (left_ns <= 0)
        return rmv_str_copy(row->doing);
    return rmv_str_format("%s in %lld s", row->doing,
                          (long long)((left_ns + NS_PER_SECOND - 1) / NS_PER_SECOND));
}

static struct widths widths_of(const struct rmv_live_state *state, size_t rows, size_t columns,
                               int64_t now_ns)
{
    struct widths widths = {0};
    for (size_t i = 0; i < rows; i++) {
        char time[TIME_SIZE];
        RMV_CLEANUP(rmv_str_free) char *doing = doing_of(&state->rows[i], now_ns);
        format_time(now_ns - state->rows[i].started_ns, time);
        widths.name = larger(widths.name, rmv_screen_columns_of(state->rows[i].name));
        widths.doing = larger(widths.doing, rmv_screen_columns_of(doing));
        widths.time = larger(widths.time, rmv_screen_columns_of(time));
    }
    /* Where there is too little room, a half for the names, or more if the rest needs less. */
    const size_t fixed = widths.time + (size_t)2 * GAP;
    const size_t room = columns > fixed ? columns - fixed : 0;
    if (widths.name + widths.doing > room) {
        widths.doing = smaller(widths.doing, larger(room / 2, room - smaller(room, widths.name)));
        widths.name = smaller(widths.name, room - widths.doing);
    }
    return widths;
}

static void append_field(const char *text, size_t width, struct rmv_buf *line)
{
    const size_t start = line->size;
    rmv_screen_append_cut(text, width, line);
    const size_t taken = rmv_screen_columns_of(rmv_buf_string(line) + start);
    rmv_buf_append_format(line, "%*s", (int)(width - smaller(width, taken) + GAP), "");
}

static void append_row(const struct rmv_live_row *row, const struct widths *widths, size_t columns,
                       int64_t now_ns, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    RMV_CLEANUP(rmv_str_free) char *doing = doing_of(row, now_ns);
    char time[TIME_SIZE];

    format_time(now_ns - row->started_ns, time);
    append_field(row->name, widths->name, &line);
    append_field(doing, widths->doing, &line);
    rmv_buf_append_format(&line, "%*s", (int)widths->time, time);
    rmv_screen_append_cut(rmv_buf_string(&line), columns, out);
    rmv_buf_append(out, "\n", 1);
}

static void append_count(const struct rmv_live_state *state, size_t columns, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf line = {0};
    rmv_buf_append_format(&line, "%zu", state->done);
    if (state->expected > 0)
        rmv_buf_append_format(&line, " of %zu", state->expected);
    const size_t all = state->expected > 0 ? state->expected : state->done;
    rmv_buf_append_format(&line, " %s%s done", state->thing, all == 1 ? "" : "s");
    if (state->rows_count > 0)
        rmv_buf_append_format(&line, ", %zu running", state->rows_count);
    rmv_screen_append_cut(rmv_buf_string(&line), columns, out);
}

void rmv_live_frame(const struct rmv_live_state *state, size_t columns, size_t lines,
                    int64_t now_ns, struct rmv_buf *out)
{
    size_t shown = state->rows_count;
    if (shown + 1 > lines)
        shown = lines > 2 ? lines - 2 : 0;
    const struct widths widths = widths_of(state, shown, columns, now_ns);

    for (size_t i = 0; i < shown; i++)
        append_row(&state->rows[i], &widths, columns, now_ns, out);
    if (shown < state->rows_count && lines > 1) {
        RMV_CLEANUP(rmv_str_free)
        char *more = rmv_str_format("and %zu more", state->rows_count - shown);
        rmv_screen_append_cut(more, columns, out);
        rmv_buf_append(out, "\n", 1);
    }
    append_count(state, columns, out);
}
