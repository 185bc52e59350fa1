#include <stdio.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/assessment.h"

static struct recomart_options option;
static const char *option_protocol;
static int64_t option_k = RECOMART_K_UNSET;
static bool option_no_tracking;

static const struct cli_option options[] = {
    RECOMART_OPTIONS(option),
    {.name = "protocol",
     .text = &option_protocol,
     .argument = "NAME",
     .help = "leave-last-out or customer, instead of what params.yaml says"},
    {.name = "top",
     .letter = 'k',
     .number = &option_k,
     .argument = "K",
     .help = "length of the lists, instead of what params.yaml says"},
    {.name = "no-tracking", .flag = &option_no_tracking, .help = "record no run in mlruns/"},
    {0},
};

static void print_figures(const struct rmv_evaluation *evaluation)
{
    const struct rmv_mean *metrics = evaluation->model.metrics;
    printf("Precision@%zu: %.4f\n", evaluation->k, metrics[RMV_METRIC_PRECISION].mean);
    printf("Recall@%zu: %.4f\n", evaluation->k, metrics[RMV_METRIC_RECALL].mean);
}

static void print_table(const struct rmv_assessment *assessment)
{
    const struct rmv_evaluation *honest = &assessment->leave_last_out;
    printf("\n%-14s leave-last-out                       customer's *\n", "");
    printf("%-14s model             popularity  item-kNN  model\n", "");
    for (int m = 0; m < RMV_METRIC_COUNT; m++) {
        RMV_CLEANUP(rmv_str_free)
        char *title = rmv_str_format("%s@%zu", rmv_metric_title(m), honest->k);
        printf("%-14s %.4f ± %.4f   %.4f      %.4f    %.4f\n", title, honest->model.metrics[m].mean,
               honest->model.metrics[m].margin, honest->popularity.metrics[m].mean,
               honest->item_knn.metrics[m].mean, assessment->customer.model.metrics[m].mean);
    }
    printf("%-14s %.4f            %.4f      %.4f    %.4f\n", "Coverage", honest->model.coverage,
           honest->popularity.coverage, honest->item_knn.coverage,
           assessment->customer.model.coverage);
    printf("%-14s %-38zu%zu\n", "Test users", honest->users, assessment->customer.users);
    printf("* It leaks: each test item was in training. For comparison only.\n");
}

static void print_warnings(const struct rmv_assessment *assessment)
{
    const struct rmv_evaluation *honest = &assessment->leave_last_out;
    if (honest->users < RMV_EVALUATE_USERS_MIN)
        printf("\n%zu test users are too few for a claim (±%.2f on recall); take %d or more.\n",
               honest->users, honest->model.metrics[RMV_METRIC_RECALL].margin,
               RMV_EVALUATE_USERS_MIN);
    if (honest->ties.users > 0)
        printf(
            "\nFor %zu of %zu users the held-out product has the same score as others at the end\n"
            "of the list: recall is %.4f on average over the orders of equals, between %.4f and\n"
            "%.4f at the extremes.\n",
            honest->ties.users, honest->users, honest->ties.average, honest->ties.worst,
            honest->ties.best);
    if (assessment->features_differ)
        rmv_log_write(cli_log(), RMV_LOG_WARNING,
                      "the model was trained on other features than there are now; train again");
}

static const struct rmv_error *choose(const struct recomart_stage *stage,
                                      struct rmv_assessment_options *chosen)
{
    const struct rmv_error *err = rmv_assessment_options_read(&stage->settings, chosen);
    if (!err && option_protocol)
        err = rmv_protocol_parse(option_protocol, &chosen->protocol);
    if (!err && option_k != RECOMART_K_UNSET && option_k < 1)
        err = rmv_error(RMV_ERR_USAGE, "-k must be positive");
    if (!err && option_k > 0)
        chosen->k = (size_t)option_k;
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    struct rmv_tracking *tracked = NULL;
    struct rmv_assessment assessment = {.features_differ = false};
    struct rmv_assessment_options chosen;
    (void)argv;
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'evaluate' takes no arguments");
    const struct rmv_error *err = recomart_stage_open("evaluation", &option, &stage);
    if (err)
        return err;

    if (!option_no_tracking)
        rmv_tracking_start(NULL, "recomart evaluate", &tracked);
    err = choose(&stage, &chosen);
    if (!err)
        err = rmv_assess(&stage.settings, &chosen, tracked, &assessment);
    err = recomart_tracking_end(&stage, &tracked, err);
    if (err)
        return recomart_stage_failed(&stage, err);
    rmv_log_write(stage.log, RMV_LOG_INFO, "Evaluated by %s", rmv_protocol_name(chosen.protocol));
    if (!cli_quiet) {
        print_figures(chosen.protocol == RMV_PROTOCOL_CUSTOMER ? &assessment.customer
                                                               : &assessment.leave_last_out);
        print_table(&assessment);
        print_warnings(&assessment);
    }
    return NULL;
}

const struct cli_command recomart_evaluate = {
    .name = "evaluate",
    .arguments = "",
    .summary = "measure the recommendations of the model",
    .help =
        "Measures precision, recall, NDCG, hit rate, MAP, MRR and coverage of the model's lists "
        "and\n"
        "writes them to metrics/evaluation.json, with 95 % confidence intervals.\n\n"
        "leave-last-out, the default, is honest: the product of each user's last event is held\n"
        "out, a model with the same parameters is trained on the rest, and products known from "
        "the\n"
        "rest are not recommended. Popularity and item-kNN stand beside it. customer is the\n"
        "protocol of the customer's own evaluation: the model as it is, each user's product with\n"
        "the highest number as the test item, known products recommended too. The test item was\n"
        "in training, so its figures are for comparison only. Both are always computed; "
        "--protocol\n"
        "or section evaluate of params.yaml says which one comes first.\n\n"
        "Scores that differ by less than 1e-9 are equal; of equals the product with the higher\n"
        "number comes first. Where such ties decide the result, that is said.",
    .examples = "recomart evaluate\n"
                "recomart evaluate --protocol customer  # the customer's figures",
    .options = options,
    .run = run,
};
