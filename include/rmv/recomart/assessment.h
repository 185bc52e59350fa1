/* The stage `evaluate`: both protocols over the trained model and the prepared interactions,
 * written as METRICS/evaluation.json. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "rmv/recomart/evaluate.h"
#include "rmv/recomart/settings.h"
#include "rmv/recomart/tracking.h"

enum rmv_protocol { RMV_PROTOCOL_LEAVE_LAST_OUT, RMV_PROTOCOL_CUSTOMER };

/* "leave-last-out", "customer", and back. Errors: USAGE. */
const char *rmv_protocol_name(enum rmv_protocol protocol);
RMV_MUST_CHECK
const struct rmv_error *rmv_protocol_parse(const char *name, enum rmv_protocol *protocol);

/* Section `evaluate` of params.yaml: k, protocol. */
struct rmv_assessment_options {
    size_t k;
    enum rmv_protocol protocol; /* the one whose figures count; both are computed */
};
RMV_MUST_CHECK
const struct rmv_error *rmv_assessment_options_read(const struct rmv_settings *settings,
                                                    struct rmv_assessment_options *options);

struct rmv_assessment {
    struct rmv_assessment_options options;
    struct rmv_evaluation leave_last_out, customer;
    bool features_differ; /* the model was trained on other features than there are now */
};

/* Evaluates and writes the metrics. `run` (may be NULL) gets parameters and the metrics of the
 * chosen protocol. Errors: those of reading model and interactions, FAILED (nobody to test on). */
RMV_MUST_CHECK
const struct rmv_error *rmv_assess(const struct rmv_settings *settings,
                                   const struct rmv_assessment_options *options,
                                   struct rmv_tracking *run, struct rmv_assessment *assessment);
