#include "pipeline/plot_thin.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/plot_frame.h"
#include "pipeline/plot_names.h"
#include "pipeline/plot_series.h"
#include "pipeline/plot_smooth.h"
#include "rmv/base/mem.h"
#include "test.h"

#define COUNT 50000
#define PIXELS 640

static void drawing_free(struct rmv_plot_drawing *drawing)
{
    for (size_t i = 0; i < drawing->series_count; i++)
        rmv_plot_series_free(&drawing->series[i]);
    free(drawing->series);
    rmv_plot_names_free(&drawing->x_names);
    rmv_plot_names_free(&drawing->y_names);
}

/* From 0 to 1, the same every time. */
static double random_of(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* One series of points without order, in clumps and with gaps. */
static void fill(struct rmv_plot_drawing *drawing, enum rmv_plot_template template, size_t count)
{
    uint64_t state = 7;
    *drawing = (struct rmv_plot_drawing){.template = template, .series_count = 1};
    drawing->series = rmv_calloc(1, sizeof(*drawing->series));
    struct rmv_plot_series *series = drawing->series;
    series->points = rmv_calloc(count + 1, sizeof(*series->points));
    series->count = series->total = count;
    for (size_t i = 0; i < count; i++) {
        const double x = random_of(&state);
        series->points[i] = (struct rmv_plot_point){x < 0.5 ? x * x : x, random_of(&state) - x};
    }
}

/* What a column of pixels shows of a line: where it comes in, how far it reaches, where it leaves.
 */
struct column {
    double first_x, first, last_x, last, least, greatest;
    size_t count;
};

static struct column *columns_of(const struct rmv_plot_series *series, double min, double max)
{
    struct column *columns = rmv_calloc(PIXELS, sizeof(*columns));
    for (size_t i = 0; i < series->count; i++) {
        const struct rmv_plot_point *point = &series->points[i];
        const size_t at = (size_t)((point->x - min) / (max - min) * (PIXELS - 1e-9));
        struct column *column = &columns[at];
        if (!column->count++)
            *column = (struct column){INFINITY, 0, -INFINITY, 0, INFINITY, -INFINITY, 1};
        if (point->x < column->first_x) {
            column->first_x = point->x;
            column->first = point->y;
        }
        if (point->x >= column->last_x) {
            column->last_x = point->x;
            column->last = point->y;
        }
        column->least = fmin(column->least, point->y);
        column->greatest = fmax(column->greatest, point->y);
    }
    return columns;
}

static void a_thinned_line_looks_the_same(void **state)
{
    (void)state;
    RMV_CLEANUP(drawing_free) struct rmv_plot_drawing drawing = {0};
    fill(&drawing, RMV_PLOT_SIMPLE, COUNT);
    const struct rmv_plot_frame frame = rmv_plot_frame_of(&drawing);
    RMV_CLEANUP(rmv_free)
    struct column *before = columns_of(drawing.series, frame.x_min, frame.x_max);

    rmv_plot_thin(&drawing);
    assert_true(drawing.series->count < (size_t)4 * PIXELS);
    assert_int_equal(drawing.series->total, COUNT);
    const struct rmv_plot_frame after_frame = rmv_plot_frame_of(&drawing);
    assert_memory_equal(&frame, &after_frame, sizeof(frame));
    RMV_CLEANUP(rmv_free)
    struct column *after = columns_of(drawing.series, frame.x_min, frame.x_max);
    for (size_t i = 0; i < PIXELS; i++) {
        assert_int_equal(before[i].count > 0, after[i].count > 0);
        before[i].count = after[i].count = 0;
        assert_memory_equal(&before[i], &after[i], sizeof(before[i]));
    }
}

static void thinned_dots_cover_the_same_spots(void **state)
{
    (void)state;
    RMV_CLEANUP(drawing_free) struct rmv_plot_drawing all = {0};
    RMV_CLEANUP(drawing_free) struct rmv_plot_drawing thin = {0};
    fill(&all, RMV_PLOT_SCATTER, COUNT);
    fill(&thin, RMV_PLOT_SCATTER, COUNT);
    rmv_plot_thin(&thin);
    assert_true(thin.series->count < COUNT / 2);

    const struct rmv_plot_frame frame = rmv_plot_frame_of(&all);
    for (size_t i = 0; i < COUNT; i += 97) { /* each has a dot that overlaps its own */
        double nearest = INFINITY;
        for (size_t k = 0; k < thin.series->count; k++) {
            const struct rmv_plot_point *a = &all.series->points[i], *b = &thin.series->points[k];
            const double x = rmv_plot_frame_x(&frame, a->x) - rmv_plot_frame_x(&frame, b->x);
            const double y = rmv_plot_frame_y(&frame, a->y) - rmv_plot_frame_y(&frame, b->y);
            nearest = fmin(nearest, hypot(x, y));
        }
        assert_true(nearest < 6);
    }
}

static void few_points_stay_as_they_are(void **state)
{
    (void)state;
    for (int template = 0; template <= RMV_PLOT_SMOOTH; template ++) {
        RMV_CLEANUP(drawing_free) struct rmv_plot_drawing drawing = {0};
        fill(&drawing, (enum rmv_plot_template) template, RMV_PLOT_POINTS_SHOWN);
        rmv_plot_thin(&drawing);
        assert_int_equal(drawing.series->count, RMV_PLOT_POINTS_SHOWN);
        assert_int_equal(drawing.series->means_count, 0);
    }
}

static void averages_of_stretches_weigh_what_they_stand_for(void **state)
{
    (void)state;
    RMV_CLEANUP(drawing_free) struct rmv_plot_drawing drawing = {0};
    double weight = 0, sum = 0, mean = 0;
    fill(&drawing, RMV_PLOT_SMOOTH, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        sum += drawing.series->points[i].y / COUNT;
    rmv_plot_thin(&drawing);
    for (size_t i = 0; i < drawing.series->means_count; i++) {
        assert_true(i == 0 || drawing.series->means[i].x > drawing.series->means[i - 1].x);
        weight += drawing.series->means_weights[i];
        mean += drawing.series->means[i].y * drawing.series->means_weights[i] / COUNT;
    }
    assert_true(fabs(weight - COUNT) < 0.5 && fabs(mean - sum) < 1e-9);
}

static void a_point_of_weight_three_smooths_like_three_points(void **state)
{
    (void)state;
    struct rmv_plot_point apart[30], together[10];
    double weights[10];
    uint64_t seed = 3;

    for (size_t i = 0; i < 10; i++) {
        together[i] = (struct rmv_plot_point){(double)i, random_of(&seed)};
        weights[i] = 3;
        for (size_t k = 0; k < 3; k++)
            apart[3 * i + k] = together[i];
    }
    rmv_plot_smooth(apart, NULL, 30);
    rmv_plot_smooth(together, weights, 10);
    for (size_t i = 1; i < 9; i++) /* at the ends, ties are broken to one side */
        assert_true(fabs(apart[3 * i + 1].y - together[i].y) < 1e-9);
}

static void a_straight_line_stays_straight(void **state)
{
    (void)state;
    struct rmv_plot_point points[200];
    for (size_t i = 0; i < 200; i++)
        points[i] = (struct rmv_plot_point){(double)(i * i), 3 - 0.5 * (double)(i * i)};
    rmv_plot_smooth(points, NULL, 200);
    for (size_t i = 0; i < 200; i++)
        assert_true(fabs(points[i].y - (3 - 0.5 * points[i].x)) < 1e-6);
}

static void a_matrix_counts_all_of_its_pairs(void **state)
{
    (void)state;
    RMV_CLEANUP(drawing_free) struct rmv_plot_drawing drawing = {0};
    size_t index;
    double sum = 0;

    fill(&drawing, RMV_PLOT_CONFUSION, COUNT);
    CHECK_OK(rmv_plot_names_add(&drawing.x_names, "a", 1, &index));
    CHECK_OK(rmv_plot_names_add(&drawing.x_names, "b", 1, &index));
    for (size_t i = 0; i < COUNT; i++)
        drawing.series->points[i] = (struct rmv_plot_point){(double)(i % 2), (double)(i % 3 == 0)};
    rmv_plot_thin(&drawing);
    assert_int_equal(drawing.series->count, 4);
    for (size_t i = 0; i < 4; i++)
        sum += drawing.series->weights[i];
    assert_true(fabs(sum - COUNT) < 0.5);
    assert_true(fabs(drawing.series->weights[0] - 8334) < 0.5); /* those of 6 × i */
}

static void names_are_sorted_by_what_they_mean(void **state)
{
    (void)state;
    static const char *const texts[] = {"10", "b", "9", "", "a", "1e1", "-1"};
    static const char *const sorted[] = {"-1", "9", "10", "1e1", "", "a", "b"};
    RMV_CLEANUP(rmv_free) uint32_t *places = NULL;
    struct rmv_plot_names names = {0};
    size_t index;

    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 7; i++) {
            CHECK_OK(rmv_plot_names_add(&names, texts[i], strlen(texts[i]), &index));
            assert_int_equal(index, i);
        }
    rmv_plot_names_sort(&names, &places);
    assert_int_equal(names.count, 7);
    for (size_t i = 0; i < 7; i++) {
        assert_string_equal(rmv_plot_name(&names, i), sorted[i]);
        assert_string_equal(rmv_plot_name(&names, places[i]), texts[i]);
    }
    rmv_plot_names_free(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_thinned_line_looks_the_same),
        TEST(thinned_dots_cover_the_same_spots),
        TEST(few_points_stay_as_they_are),
        TEST(averages_of_stretches_weigh_what_they_stand_for),
        TEST(a_point_of_weight_three_smooths_like_three_points),
        TEST(a_straight_line_stays_straight),
        TEST(a_matrix_counts_all_of_its_pairs),
        TEST(names_are_sorted_by_what_they_mean),
    };
    return RUN_TESTS(tests);
}
