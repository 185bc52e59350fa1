#include "recomart/eda.h"

#include <stdlib.h>
#include <string.h>

#include "recomart/chart.h"
#include "recomart/html.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define TOP_PRODUCTS 10
#define HOURS 24
#define SHARES_MAX 12 /* bars of a chart of shares */

/* What the plots are made from, and the page they go to. */
struct eda {
    const char *folder;
    const struct rmv_interactions *interactions;
    const struct rmv_prepare_options *options;
    struct rmv_buf page;
};

static void eda_free(struct eda *eda)
{
    rmv_buf_free(&eda->page);
}

/* Writes a plot as a file and into the page. */
static const struct rmv_error *publish(struct eda *eda, const char *name,
                                       const struct rmv_chart *chart, const struct rmv_buf *png)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s.png", eda->folder, name);
    rmv_buf_append_string(&eda->page, "<figure><img alt=\"");
    rmv_html_text(&eda->page, chart->title);
    rmv_buf_append_string(&eda->page, "\" src=\"data:image/png;base64,");
    rmv_html_base64(&eda->page, png->data, png->size);
    rmv_buf_append_string(&eda->page, "\"><figcaption>");
    rmv_buf_append_format(&eda->page, "%s.png</figcaption></figure>\n", name);
    return rmv_fs_write_atomic(path, png->data, png->size);
}

/* ---- bars of counts ---- */

struct counted {
    const char *label;
    uint64_t count;
};

/* The largest first; of equal ones the shorter label, then bytewise, so that 2 comes before 10. */
static int compare_counted(const void *a, const void *b)
{
    const struct counted *left = a, *right = b;
    if (left->count != right->count)
        return left->count < right->count ? 1 : -1;
    const size_t left_size = strlen(left->label), right_size = strlen(right->label);
    if (left_size != right_size)
        return left_size < right_size ? -1 : 1;
    return strcmp(left->label, right->label);
}

/* Bars with their counts and shares as notes. */
struct bars {
    struct rmv_bar *items;
    size_t count;
    struct rmv_strings texts;
};

static void bars_free(struct bars *bars)
{
    free(bars->items);
    rmv_strings_free(&bars->texts);
}

/* "1,107 (37.8 %)"; without a total, "1,107". */
static char *note_of(uint64_t count, uint64_t total)
{
    struct rmv_buf note = {0};
    rmv_html_count(&note, count);
    if (total > 0)
        rmv_buf_append_format(&note, " (%.1f %%)", 100 * (double)count / (double)total);
    return rmv_buf_take(&note);
}

static void bars_make(struct bars *bars, const struct counted *counted, size_t count,
                      uint64_t total)
{
    bars->items = rmv_calloc(count, sizeof(*bars->items));
    for (size_t i = 0; i < count; i++) {
        rmv_strings_take(&bars->texts, note_of(counted[i].count, total));
        bars->items[bars->count++] = (struct rmv_bar){
            .label = counted[i].label,
            .value = (double)counted[i].count,
            .note = bars->texts.items[bars->texts.count - 1],
            .colour = rmv_chart_colour(0),
        };
    }
}

static const struct rmv_error *plot_types(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(bars_free) struct bars bars = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};
    struct counted counted[RMV_EVENTS] = {0};
    uint64_t counts[RMV_EVENTS] = {0};
    size_t kinds = 0;
    for (size_t i = 0; i < interactions->count; i++)
        counts[interactions->items[i].event]++;
    for (enum rmv_event event = 0; event < RMV_EVENTS; event++)
        if (counts[event] > 0)
            counted[kinds++] = (struct counted){rmv_event_name(event), counts[event]};
    bars_make(&bars, counted, kinds, interactions->count);
    for (size_t i = 0; i < kinds; i++)
        bars.items[i].colour = rmv_chart_colour(i);

    RMV_CLEANUP(rmv_str_free)
    char *total = note_of(interactions->count, 0);
    RMV_CLEANUP(rmv_str_free) char *subtitle = rmv_str_format("%s interactions by type", total);
    const struct rmv_chart chart = {"Interaction distribution", subtitle, "Type of interaction",
                                    "Interactions"};
    const struct rmv_error *err = rmv_chart_columns(&chart, bars.items, bars.count, &png);
    return err ? err : publish(eda, "interaction_distribution", &chart, &png);
}

/* Interactions per product, by its index. */
static struct counted *count_products(const struct rmv_interactions *interactions)
{
    struct counted *counted = rmv_calloc(interactions->products.count, sizeof(*counted));
    for (uint32_t i = 0; i < interactions->products.count; i++)
        counted[i].label = rmv_intern_text(&interactions->products, i);
    for (size_t i = 0; i < interactions->count; i++)
        counted[interactions->items[i].product].count++;
    return counted;
}

static const struct rmv_error *plot_top_products(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    const size_t products = interactions->products.count;
    RMV_CLEANUP(rmv_free) struct counted *counted = count_products(interactions);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings titles = {0};
    RMV_CLEANUP(bars_free) struct bars bars = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};

    qsort(counted, products, sizeof(*counted), compare_counted);
    const size_t shown = products < TOP_PRODUCTS ? products : TOP_PRODUCTS;
    for (size_t i = 0; i < shown; i++) {
        const struct rmv_product *product =
            rmv_catalogue_find(&interactions->catalogue, counted[i].label);
        const char *title = product && product->title ? product->title : "Product";
        rmv_strings_take(&titles, rmv_str_format("%s (%s)", title, counted[i].label));
        counted[i].label = titles.items[i];
    }
    bars_make(&bars, counted, shown, interactions->count);
    RMV_CLEANUP(rmv_str_free)
    char *subtitle =
        rmv_str_format("The %zu of %zu products with the most interactions", shown, products);
    const struct rmv_chart chart = {"Top products", subtitle, "Interactions (share of all)", NULL};
    const struct rmv_error *err = rmv_chart_rows(&chart, bars.items, bars.count, &png);
    return err ? err : publish(eda, "top_products", &chart, &png);
}

static const struct rmv_error *plot_hours(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};
    struct rmv_bar bars[HOURS];
    char labels[HOURS][4];
    for (size_t i = 0; i < HOURS; i++) {
        labels[i][0] = (char)('0' + i / 10);
        labels[i][1] = (char)('0' + i % 10);
        labels[i][2] = '\0';
        bars[i] = (struct rmv_bar){.label = labels[i], .colour = rmv_chart_colour(0)};
    }
    for (size_t i = 0; i < interactions->count; i++)
        bars[rmv_interaction_hour(&interactions->items[i])].value++;
    const struct rmv_chart chart = {"Activity by hour", "Interactions by the hour of the day, UTC",
                                    "Hour of the day (UTC)", "Interactions"};
    const struct rmv_error *err = rmv_chart_columns(&chart, bars, HOURS, &png);
    return err ? err : publish(eda, "activity_by_hour", &chart, &png);
}

/* ---- how many have how many ---- */

static int compare_counts(const void *a, const void *b)
{
    uint64_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

/* Points (n, how many of `counts` are n); sorts `counts`. The caller frees them. */
static struct rmv_point *frequencies(uint64_t *counts, size_t count, size_t *points_count)
{
    struct rmv_point *points = rmv_calloc(count, sizeof(*points));
    size_t used = 0;
    qsort(counts, count, sizeof(*counts), compare_counts);
    for (size_t i = 0; i < count; i++) {
        if (counts[i] == 0)
            continue;
        if (used == 0 || points[used - 1].x < (double)counts[i])
            points[used++].x = (double)counts[i];
        points[used - 1].y++;
    }
    *points_count = used;
    return points;
}

static const struct rmv_error *plot_frequencies(struct eda *eda, const char *name,
                                                const struct rmv_chart *chart, uint64_t *counts,
                                                size_t count)
{
    size_t points_count;
    RMV_CLEANUP(rmv_free) struct rmv_point *points = frequencies(counts, count, &points_count);
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};
    const struct rmv_error *err = rmv_chart_points(chart, points, points_count, &png);
    return err ? err : publish(eda, name, chart, &png);
}

static const struct rmv_error *plot_per_user(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(rmv_free)
    uint64_t *counts = rmv_calloc(interactions->users.count, sizeof(*counts));
    for (size_t i = 0; i < interactions->count; i++)
        counts[interactions->items[i].user]++;
    static const struct rmv_chart chart = {"Interactions per user",
                                           "How many users have how many interactions, both axes "
                                           "logarithmic",
                                           "Interactions of a user", "Users"};
    return plot_frequencies(eda, "events_per_user", &chart, counts, interactions->users.count);
}

static const struct rmv_error *plot_per_item(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(rmv_free)
    uint64_t *counts = rmv_calloc(interactions->products.count, sizeof(*counts));
    for (size_t i = 0; i < interactions->count; i++)
        counts[interactions->items[i].product]++;
    static const struct rmv_chart chart = {"Interactions per product",
                                           "How many products have how many interactions, both "
                                           "axes logarithmic",
                                           "Interactions with a product", "Products"};
    return plot_frequencies(eda, "events_per_item", &chart, counts, interactions->products.count);
}

/* ---- shares ---- */

/* Plots counts per text of `kinds`; the smallest ones together where there are many. */
static const struct rmv_error *plot_shares(struct eda *eda, const char *name,
                                           const struct rmv_chart *chart,
                                           const struct rmv_intern *kinds, const uint64_t *counts)
{
    RMV_CLEANUP(rmv_free)
    struct counted *counted = rmv_calloc(kinds->count, sizeof(*counted));
    RMV_CLEANUP(bars_free) struct bars bars = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};
    uint64_t total = 0;
    size_t shown = 0;
    for (uint32_t i = 0; i < kinds->count; i++) {
        const char *text = rmv_intern_text(kinds, i);
        if (counts[i] > 0)
            counted[shown++] = (struct counted){*text ? text : "(none)", counts[i]};
        total += counts[i];
    }
    if (shown == 0)
        return NULL;
    qsort(counted, shown, sizeof(*counted), compare_counted);
    for (size_t i = SHARES_MAX; i < shown; i++) {
        counted[SHARES_MAX - 1].label = "all others";
        counted[SHARES_MAX - 1].count += counted[i].count;
    }
    bars_make(&bars, counted, shown < SHARES_MAX ? shown : SHARES_MAX, total);
    for (size_t i = 0; i < bars.count; i++)
        bars.items[i].colour = rmv_chart_colour(i);
    const struct rmv_error *err = rmv_chart_rows(chart, bars.items, bars.count, &png);
    return err ? err : publish(eda, name, chart, &png);
}

static const struct rmv_error *plot_categories(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(rmv_intern_free) struct rmv_intern categories = {0};
    RMV_CLEANUP(rmv_free) struct counted *products = count_products(interactions);
    RMV_CLEANUP(rmv_free)
    uint64_t *counts = rmv_calloc(interactions->products.count, sizeof(*counts));
    for (uint32_t i = 0; i < interactions->products.count; i++) {
        const char *category = rmv_interactions_category(interactions, i, eda->options);
        counts[rmv_intern_add(&categories, category, strlen(category))] += products[i].count;
    }
    static const struct rmv_chart chart = {"Categories",
                                           "Interactions by the category of their product",
                                           "Interactions (share of all)", NULL};
    return plot_shares(eda, "category_share", &chart, &categories, counts);
}

static const struct rmv_error *plot_devices(struct eda *eda)
{
    const struct rmv_interactions *interactions = eda->interactions;
    RMV_CLEANUP(rmv_free)
    uint64_t *counts = rmv_calloc(interactions->devices.count, sizeof(*counts));
    for (size_t i = 0; i < interactions->count; i++)
        if (interactions->items[i].event <= RMV_EVENT_ADD_TO_CART)
            counts[interactions->items[i].mark]++;
    static const struct rmv_chart chart = {"Devices",
                                           "Clickstream events by the device they came from",
                                           "Events (share of all)", NULL};
    return plot_shares(eda, "device_share", &chart, &interactions->devices, counts);
}

/* ---- sparsity ---- */

/* The place of each index when the most frequent comes first. */
static uint32_t *ranks_of(const uint64_t *counts, const struct rmv_intern *names)
{
    const size_t count = names->count;
    struct counted *sorted = rmv_calloc(count, sizeof(*sorted));
    uint32_t *ranks = rmv_calloc(count, sizeof(*ranks));
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = (struct counted){rmv_intern_text(names, i), counts[i]};
    qsort(sorted, count, sizeof(*sorted), compare_counted);
    for (uint32_t i = 0; i < count; i++)
        ranks[rmv_intern_find(names, sorted[i].label, strlen(sorted[i].label))] = i;
    rmv_free(&sorted);
    return ranks;
}

/* How busy each cell is, at most 1. */
static void fill_matrix(const struct rmv_interactions *interactions,
                        const struct rmv_chart_matrix *matrix, double *shares)
{
    RMV_CLEANUP(rmv_free) uint64_t *users = rmv_calloc(matrix->rows, sizeof(*users));
    RMV_CLEANUP(rmv_free) uint64_t *products = rmv_calloc(matrix->columns, sizeof(*products));
    for (size_t i = 0; i < interactions->count; i++) {
        users[interactions->items[i].user]++;
        products[interactions->items[i].product]++;
    }
    RMV_CLEANUP(rmv_free) uint32_t *user_ranks = ranks_of(users, &interactions->users);
    RMV_CLEANUP(rmv_free) uint32_t *product_ranks = ranks_of(products, &interactions->products);
    for (size_t i = 0; i < interactions->count; i++) {
        const struct rmv_interaction *item = &interactions->items[i];
        const size_t row = user_ranks[item->user] * matrix->rows_count / matrix->rows;
        const size_t column =
            product_ranks[item->product] * matrix->columns_count / matrix->columns;
        shares[row * matrix->columns_count + column]++;
    }
    /* Where each cell is one pair, four interactions are as dark as it gets. */
    const bool is_one_by_one =
        matrix->rows == matrix->rows_count && matrix->columns == matrix->columns_count;
    double darkest = is_one_by_one ? 4 : 1;
    const size_t cells = matrix->rows_count * matrix->columns_count;
    for (size_t i = 0; i < cells && !is_one_by_one; i++)
        darkest = shares[i] > darkest ? shares[i] : darkest;
    for (size_t i = 0; i < cells; i++)
        shares[i] /= darkest;
}

static size_t at_most(size_t count, size_t max)
{
    return count < max ? count : max;
}

static const struct rmv_error *plot_sparsity(struct eda *eda)
{
    const struct rmv_prepare_summary *summary = &eda->interactions->summary;
    struct rmv_chart_matrix matrix = {
        .rows_count = at_most(summary->users, RMV_CHART_CELLS_MAX / 2),
        .columns_count = at_most(summary->products, RMV_CHART_CELLS_MAX),
        .rows = summary->users,
        .columns = summary->products,
    };
    RMV_CLEANUP(rmv_free)
    double *shares = rmv_calloc(matrix.rows_count * matrix.columns_count, sizeof(*shares));
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf png = {0};
    const double cells = (double)summary->users * (double)summary->products;

    fill_matrix(eda->interactions, &matrix, shares);
    matrix.shares = shares;
    RMV_CLEANUP(rmv_str_free) char *pairs = note_of(summary->pairs, 0);
    RMV_CLEANUP(rmv_str_free) char *all = note_of((uint64_t)summary->users * summary->products, 0);
    RMV_CLEANUP(rmv_str_free) char *users = note_of(summary->users, 0);
    RMV_CLEANUP(rmv_str_free) char *products = note_of(summary->products, 0);
    RMV_CLEANUP(rmv_str_free)
    char *subtitle =
        rmv_str_format("Sparsity %.4g = 1 \u2212 %s/%s: pairs with an interaction, of "
                       "%s users \u00d7 %s products",
                       1 - (double)summary->pairs / cells, pairs, all, users, products);
    const struct rmv_chart chart = {"Who touched what", subtitle, "Products, most popular first",
                                    "Users, most active first"};
    const struct rmv_error *err = rmv_chart_cells(&chart, &matrix, &png);
    return err ? err : publish(eda, "sparsity", &chart, &png);
}

/* ---- the page ---- */

static void append_tile(struct rmv_buf *out, const char *label, uint64_t count)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_html_count(&text, count);
    rmv_html_tile(out, label, "%s", rmv_buf_string(&text));
}

static void start_page(struct eda *eda)
{
    const struct rmv_prepare_summary *summary = &eda->interactions->summary;
    rmv_html_start(&eda->page, "RecoMart interactions at a glance",
                   "What the prepared data looks like before features are made of it.");
    rmv_buf_append_string(&eda->page, "<div class=\"tiles\">\n");
    append_tile(&eda->page, "interactions", summary->rows);
    append_tile(&eda->page, "users", summary->users);
    append_tile(&eda->page, "products", summary->products);
    append_tile(&eda->page, "pairs of user and product", summary->pairs);
    rmv_html_tile(&eda->page, "sparsity", "%.4g",
                  1 - (double)summary->pairs /
                          ((double)summary->users * (double)summary->products));
    append_tile(&eda->page, "exact duplicates dropped", summary->duplicates);
    rmv_buf_append_string(&eda->page, "</div>\n");
}

const struct rmv_error *rmv_eda_write(const char *folder,
                                      const struct rmv_interactions *interactions,
                                      const struct rmv_prepare_options *options)
{
    static const struct rmv_error *(*const plots[])(struct eda *) = {
        plot_types,    plot_top_products, plot_hours,   plot_per_user,
        plot_per_item, plot_categories,   plot_devices, plot_sparsity};
    RMV_CLEANUP(eda_free)
    struct eda eda = {.folder = folder, .interactions = interactions, .options = options};
    RMV_CLEANUP(rmv_str_free) char *page = rmv_path_join(folder, "eda.html");

    start_page(&eda);
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < sizeof(plots) / sizeof(plots[0]); i++)
        err = plots[i](&eda);
    rmv_canvas_forget_fonts();
    if (err)
        return err;
    rmv_html_end(&eda.page);
    return rmv_fs_write_atomic(page, eda.page.data, eda.page.size);
}
