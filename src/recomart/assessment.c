#include "rmv/recomart/assessment.h"

#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/fs.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/recomart/feature_files.h"
#include "rmv/recomart/training.h"

#define K_DEFAULT 5

static const char *const protocol_names[] = {
    [RMV_PROTOCOL_LEAVE_LAST_OUT] = "leave-last-out", [RMV_PROTOCOL_CUSTOMER] = "customer"};

const char *rmv_protocol_name(enum rmv_protocol protocol)
{
    return protocol_names[protocol];
}

const struct rmv_error *rmv_protocol_parse(const char *name, enum rmv_protocol *protocol)
{
    for (int i = RMV_PROTOCOL_LEAVE_LAST_OUT; i <= RMV_PROTOCOL_CUSTOMER; i++)
        if (strcmp(name, protocol_names[i]) == 0) {
            *protocol = i;
            return NULL;
        }
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "unknown protocol '%s'", name),
                          "use leave-last-out or customer");
}

const struct rmv_error *rmv_assessment_options_read(const struct rmv_settings *settings,
                                                    struct rmv_assessment_options *options)
{
    static const char *const known[] = {"k", "protocol", NULL};
    static const double k_range[] = {1, RMV_RANKING_K_MAX};
    const struct rmv_value *section = NULL;
    const char *protocol = protocol_names[RMV_PROTOCOL_LEAVE_LAST_OUT];
    double k = K_DEFAULT;
    const struct rmv_error *err = rmv_settings_section(settings, "evaluate", known, &section);
    if (!err)
        err = rmv_settings_number(settings, section, "k", k_range, &k);
    if (!err)
        err = rmv_settings_text(settings, section, "protocol", &protocol);
    if (err)
        return err;
    options->k = (size_t)k;
    err = rmv_protocol_parse(protocol, &options->protocol);
    return err ? rmv_error_context(err, "%s: evaluate", settings->params_path) : NULL;
}

/* ---- Writing ----------------------------------------------------------------------------------
 */

static void set_double(struct rmv_value *map, const char *key, double number)
{
    rmv_value_set_double(rmv_value_add(map, key), number);
}

/* The keys that MLflow's users know: precision_at_5. Those without a list length keep their name.
 */
static char *metric_name(enum rmv_metric metric, size_t k)
{
    return rmv_str_format("%s_at_%zu", rmv_metric_key(metric), k);
}

static void describe_scores(const struct rmv_scores *scores, size_t k, struct rmv_value *out)
{
    rmv_value_set_map(out);
    for (int m = 0; m < RMV_METRIC_COUNT; m++) {
        RMV_CLEANUP(rmv_str_free) char *name = metric_name(m, k);
        RMV_CLEANUP(rmv_str_free) char *margin = rmv_str_format("%s_margin", name);
        set_double(out, name, scores->metrics[m].mean);
        set_double(out, margin, scores->metrics[m].margin);
    }
    set_double(out, "coverage", scores->coverage);
}

static void describe(const struct rmv_evaluation *evaluation, bool has_baselines,
                     struct rmv_value *out)
{
    rmv_value_set_map(out);
    rmv_value_set_int(rmv_value_add(out, "test_users"), (int64_t)evaluation->users);
    describe_scores(&evaluation->model, evaluation->k, rmv_value_add(out, "model"));
    if (has_baselines) {
        describe_scores(&evaluation->popularity, evaluation->k, rmv_value_add(out, "popularity"));
        describe_scores(&evaluation->item_knn, evaluation->k, rmv_value_add(out, "item_knn"));
    }
    struct rmv_value *ties = rmv_value_add(out, "ties");
    rmv_value_set_map(ties);
    rmv_value_set_int(rmv_value_add(ties, "test_users"), (int64_t)evaluation->ties.users);
    set_double(ties, "recall_worst", evaluation->ties.worst);
    set_double(ties, "recall_average", evaluation->ties.average);
    set_double(ties, "recall_best", evaluation->ties.best);
}

static const struct rmv_evaluation *chosen(const struct rmv_assessment *assessment)
{
    return assessment->options.protocol == RMV_PROTOCOL_CUSTOMER ? &assessment->customer
                                                                 : &assessment->leave_last_out;
}

/* The chosen protocol's model at the top, where `rmv metrics` compares it, and everything below. */
static const struct rmv_error *write_metrics(const struct rmv_settings *settings,
                                             const struct rmv_assessment *assessment)
{
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_path_join(settings->metrics, "evaluation.json");
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_evaluation *main_one = chosen(assessment);
    describe_scores(&main_one->model, main_one->k, &document);
    rmv_value_set_text(rmv_value_add(&document, "protocol"),
                       rmv_protocol_name(assessment->options.protocol));
    rmv_value_set_int(rmv_value_add(&document, "test_users"), (int64_t)main_one->users);
    describe(&assessment->leave_last_out, true, rmv_value_add(&document, "leave_last_out"));
    struct rmv_value *customer = rmv_value_add(&document, "customer");
    describe(&assessment->customer, false, customer);
    rmv_value_set_text(rmv_value_add(customer, "warning"),
                       "leaks: the test items were in training");
    rmv_json_format(&document, true, &text);
    return rmv_fs_write_atomic(path, text.data, text.size);
}

static void track(struct rmv_tracking *run, const struct rmv_model *model,
                  const struct rmv_assessment *assessment)
{
    if (!run)
        return;
    const struct rmv_evaluation *evaluation = chosen(assessment);
    RMV_CLEANUP(rmv_str_free) char *rank = rmv_str_format("%zu", model->rank);
    RMV_CLEANUP(rmv_str_free) char *k = rmv_str_format("%zu", evaluation->k);
    rmv_tracking_param(run, "model", "TruncatedSVD");
    rmv_tracking_param(run, "n_components", rank);
    rmv_tracking_param(run, "weighting", rmv_model_weighting_name(model->options.weighting));
    rmv_tracking_param(run, "features_version", model->features_version);
    rmv_tracking_param(run, "protocol", rmv_protocol_name(assessment->options.protocol));
    rmv_tracking_param(run, "k", k);
    for (int m = 0; m < RMV_METRIC_COUNT; m++) {
        RMV_CLEANUP(rmv_str_free) char *name = metric_name(m, evaluation->k);
        rmv_tracking_metric(run, name, evaluation->model.metrics[m].mean);
    }
    rmv_tracking_metric(run, "coverage", evaluation->model.coverage);
}

/* ---- Running ----------------------------------------------------------------------------------
 */

/* Missing features are no trouble here: the model carries what it needs. */
static bool differs_from_features(const struct rmv_settings *settings,
                                  const struct rmv_model *model)
{
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    const struct rmv_error *err = rmv_feature_files_open(settings->features, &files);
    return !err && memcmp(files.id, model->features_id, sizeof(files.id)) != 0;
}

const struct rmv_error *rmv_assess(const struct rmv_settings *settings,
                                   const struct rmv_assessment_options *options,
                                   struct rmv_tracking *run, struct rmv_assessment *assessment)
{
    RMV_CLEANUP(rmv_str_free) char *model_path = rmv_model_path(settings);
    RMV_CLEANUP(rmv_str_free)
    char *prepared_path = rmv_path_join(settings->processed, RMV_PREPARED_FILE);
    RMV_CLEANUP(rmv_model_close) struct rmv_model model = {0};
    RMV_CLEANUP(rmv_events_free) struct rmv_events events = {0};
    struct rmv_assessment result = {.options = *options};

    const struct rmv_error *err = rmv_model_open(model_path, &model);
    if (!err)
        err = rmv_events_read(prepared_path, &events);
    if (!err)
        err = rmv_evaluate_leave_last_out(&events, &model.options, options->k,
                                          &result.leave_last_out);
    if (!err)
        err = rmv_evaluate_customer(&model, options->k, &result.customer);
    if (err)
        return err;
    result.features_differ = differs_from_features(settings, &model);
    err = write_metrics(settings, &result);
    if (err)
        return err;
    track(run, &model, &result);
    *assessment = result;
    return NULL;
}
