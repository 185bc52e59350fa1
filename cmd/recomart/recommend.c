#include <math.h>
#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/recomart/catalogue.h"
#include "rmv/recomart/lake.h"
#include "rmv/recomart/recommendation.h"
#include "rmv/recomart/training.h"

#define K_DEFAULT 5

static struct recomart_options option;
static const char *option_database;
static const char *option_user;
static int64_t option_k = RECOMART_K_UNSET;
static bool option_include_known;
static bool option_exclude_known;
static bool option_json;

static const struct cli_option options[] = {
    {.name = "user", .letter = 'u', .text = &option_user, .argument = "ID", .help = "for whom"},
    {.name = "top",
     .letter = 'k',
     .number = &option_k,
     .argument = "K",
     .help = "how many (default 5, or what params.yaml says)"},
    {.name = "include-known",
     .flag = &option_include_known,
     .help = "also products that the user has interacted with"},
    {.name = "exclude-known",
     .flag = &option_exclude_known,
     .help = "only products that are new to the user (the default)"},
    {.name = "json", .flag = &option_json, .help = "print JSON"},
    RECOMART_OPTIONS(option),
    RECOMART_DATABASE_OPTION(option_database),
    {0},
};

static const struct rmv_error *choose(const struct recomart_stage *stage,
                                      struct rmv_recommend_options *chosen)
{
    static const char *const known[] = {"k", "include_known", NULL};
    static const double k_range[] = {1, RMV_RANKING_K_MAX};
    const struct rmv_value *section = NULL;
    double k = K_DEFAULT;
    if (!option_user || !*option_user)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "recommend to whom?"),
                              "recomart recommend --user U1");
    if (option_k != RECOMART_K_UNSET && option_k < 1)
        return rmv_error(RMV_ERR_USAGE, "-k must be positive");
    if (option_include_known && option_exclude_known)
        return rmv_error(RMV_ERR_USAGE,
                         "--include-known and --exclude-known contradict each other");
    const struct rmv_error *err =
        rmv_settings_section(&stage->settings, "recommend", known, &section);
    if (!err)
        err = rmv_settings_number(&stage->settings, section, "k", k_range, &k);
    if (err)
        return err;
    const struct rmv_value *include = section ? rmv_value_find(section, "include_known") : NULL;
    chosen->user = option_user;
    chosen->k = option_k > 0 ? (size_t)option_k : (size_t)k;
    chosen->include_known = include && include->kind == RMV_VALUE_BOOL && include->boolean;
    if (option_include_known || option_exclude_known)
        chosen->include_known = option_include_known;
    return NULL;
}

/* The newest catalogue there is; recommendations without titles are fine. */
static void read_catalogue(const struct rmv_settings *settings, struct rmv_catalogue *catalogue)
{
    const char *const folders[] = {settings->validated, settings->raw};
    for (size_t i = 0; i < 2 && catalogue->count == 0; i++) {
        RMV_CLEANUP(rmv_lake_partitions_free) struct rmv_lake_partitions found = {0};
        const struct rmv_error *err = rmv_lake_list(folders[i], RMV_LAKE_PRODUCTS, &found);
        if (!err && found.count > 0)
            err = rmv_catalogue_read(found.items[found.count - 1].path, catalogue);
        if (err)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "no titles: %s", err->message);
    }
}

static const char *title_of(const struct rmv_catalogue *catalogue, int64_t item)
{
    if (catalogue->count == 0)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *id = rmv_str_format("%lld", (long long)item);
    const struct rmv_product *product = rmv_catalogue_find(catalogue, id);
    return product ? product->title : NULL;
}

/* The list as the customer's script prints it, an array of numbers of one width. */
static void print_array(const struct rmv_recommendations *list)
{
    int width = 0;
    for (size_t i = 0; i < list->count; i++) {
        const int length = snprintf(NULL, 0, "%lld", (long long)list->items[i].item);
        width = length > width ? length : width;
    }
    printf("[");
    for (size_t i = 0; i < list->count; i++)
        printf("%s%*lld", i ? " " : "", width, (long long)list->items[i].item);
    printf("]\n");
}

static void print_text(const struct rmv_recommendations *list,
                       const struct rmv_catalogue *catalogue)
{
    printf("Recommendations for %s:\n", option_user);
    print_array(list);
    if (cli_quiet)
        return;
    if (list->is_fallback)
        printf("\nNothing is known about this user: these are the most popular products.\n");
    if (list->count == 0) {
        puts("\nThis user knows every product: --include-known recommends those too.");
        return;
    }
    printf("\nrank  product     score  title\n");
    for (size_t i = 0; i < list->count; i++) {
        const char *title = title_of(catalogue, list->items[i].item);
        printf("%4zu  %7lld  ", i + 1, (long long)list->items[i].item);
        if (list->is_fallback)
            printf("%8s", "-");
        else
            printf("%8.4f", list->items[i].score);
        printf("%s%s\n", title ? "  " : "", title ? title : "");
    }
}

static void print_json(const struct rmv_recommendations *list,
                       const struct rmv_catalogue *catalogue)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_value_set_text(rmv_value_add(&document, "user"), option_user);
    rmv_value_set_bool(rmv_value_add(&document, "fallback"), list->is_fallback);
    struct rmv_value *items = rmv_value_add(&document, "recommendations");
    rmv_value_set_list(items);
    for (size_t i = 0; i < list->count; i++) {
        struct rmv_value *item = rmv_value_append(items);
        const char *title = title_of(catalogue, list->items[i].item);
        rmv_value_set_int(rmv_value_add(item, "product_id"), list->items[i].item);
        if (!list->is_fallback)
            rmv_value_set_double(rmv_value_add(item, "score"), list->items[i].score);
        if (title)
            rmv_value_set_text(rmv_value_add(item, "title"), title);
    }
    rmv_json_format(&document, true, &text);
    fputs(rmv_buf_string(&text), stdout);
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    RMV_CLEANUP(rmv_feature_source_close) struct rmv_feature_source source = {.store = NULL};
    RMV_CLEANUP(rmv_catalogue_free) struct rmv_catalogue catalogue = {.count = 0};
    RMV_CLEANUP(rmv_recommendations_free) struct rmv_recommendations list = {0};
    struct rmv_recommend_options chosen = {.user = NULL};
    (void)argv;
    if (argc > 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'recommend' takes no arguments"),
                              "recomart recommend --user U1");
    const struct rmv_error *err = rmv_settings_read(option.config, option.params, &stage.settings);
    if (!err)
        err = choose(&stage, &chosen);
    RMV_CLEANUP(rmv_str_free) char *path = err ? NULL : rmv_model_path(&stage.settings);
    if (!err)
        err = rmv_model_open(path, &model);
    if (!err)
        err = rmv_feature_source_open(&stage.settings, option_database, NULL, &source);
    const int64_t before_ns = rmv_time_monotonic_ns();
    if (!err)
        err = rmv_recommend(&model, &source.files, source.store, &chosen, &list);
    if (err)
        return err;
    const int64_t after_ns = rmv_time_monotonic_ns();

    if (!cli_quiet)
        read_catalogue(&stage.settings, &catalogue);
    if (option_json)
        print_json(&list, &catalogue);
    else
        print_text(&list, &catalogue);
    rmv_log_write(cli_log(), RMV_LOG_INFO, "recommended in %.3f ms",
                  (double)(after_ns - before_ns) / 1e6);
    return NULL;
}

const struct cli_command recomart_recommend = {
    .name = "recommend",
    .arguments = "",
    .summary = "recommend products to a user",
    .help =
        "Prints the products that suit a user best, with their scores. The user's interactions\n"
        "come from the feature store as it is now, so a user who came after training, or did more\n"
        "since, needs no new model. A user without interactions gets the most popular products,\n"
        "and that is said.\n\n"
        "Products that the user has interacted with are left out unless --include-known asks for\n"
        "them. Of products with equal scores the one with the higher number comes first.",
    .examples =
        "recomart recommend --user U1 -k 5\n"
        "recomart recommend --user U1 -k 5 --include-known  # as the customer's script does\n"
        "recomart recommend --user U1 --json",
    .options = options,
    .run = run,
};
