/* Reading the entries of a stage: paths, outputs and parameters. Private to the parser. */
#pragma once

#include "rmv/pipeline/pipeline.h"

struct rmv_stage_parser {
    const char *file;        /* the rmv.yaml, for messages */
    const char *folder;      /* it is in, relative to the workspace */
    const char *root;        /* of the workspace; or NULL */
    struct rmv_stage *stage; /* NULL at the top level */
    struct rmv_pipeline *pipeline;
    const struct rmv_value *loops; /* name of a stage → the loop it is of; null if there is none */
    struct rmv_value env;          /* of all stages: name → text; null if there is none */
    const struct rmv_stage_executor *executor; /* of stages that say nothing; or NULL */
};

/* Takes the boolean or the text that is `key` of `map`, if it is there. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_flag(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *map, const char *key, bool *flag);
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_text(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *map, const char *key, char **text);

/* Sets `*path` to where `text`, a path seen from `folder`, leads: relative to the workspace, or,
 * and then it returns false, to the outside, as struct rmv_stage has it. The caller frees it. */
bool rmv_parse_locate(const struct rmv_stage_parser *parser, const char *folder, const char *text,
                      char **path);

/* `text`, a path seen from `folder`, as one relative to the workspace. Errors: DENIED (it leads to
 * the outside), and USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_path(const struct rmv_stage_parser *parser, const char *folder,
                                       const struct rmv_value *at, const char *text, char **path);

RMV_MUST_CHECK
const struct rmv_error *rmv_parse_deps(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list);
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_outs(const struct rmv_stage_parser *parser,
                                       const struct rmv_value *list, enum rmv_stage_out_kind kind);
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_params(const struct rmv_stage_parser *parser,
                                         const struct rmv_value *list);

/* `desc`, `type`, `labels` and `meta` of a map that may hold more. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_annotation(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *map,
                                             struct rmv_annotation *annotation);

/* Adds the plot that an output of a stage is; `options` may be NULL. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_out_plot(const struct rmv_stage_parser *parser,
                                           const struct rmv_stage_out *out,
                                           const struct rmv_value *options);

/* The other members of a document than `stages`; nothing else is done with `vars`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_part(const struct rmv_stage_parser *parser,
                                       const struct rmv_member *part);

/* Adds the variables of `map`, {NAME: scalar}, to `env`, with values as text. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_env(const struct rmv_stage_parser *parser,
                                      const struct rmv_value *map, struct rmv_value *env);

/* "1h30m" in milliseconds; NAN if it is no such text. */
double rmv_parse_units(const char *text);

/* Seconds as a number, or "90s", "1h30m", "2d" and the like. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_duration(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *value, const char *what,
                                           int64_t *duration_ms);

/* A number of attempts, or a map with `attempts`, `delay`, `backoff` and `max_delay`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_retry(const struct rmv_stage_parser *parser,
                                        const struct rmv_value *value,
                                        struct rmv_stage_retry *retry);

/* "local" or "slurm", or a map of them. `executor` keeps what `value` does not mention. At the top
 * of a file it is for all stages there, and limits what runs here at once, in `pipeline`. */
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_executor(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *value,
                                           struct rmv_stage_executor *executor);
RMV_MUST_CHECK
const struct rmv_error *rmv_parse_default_executor(const struct rmv_stage_parser *parser,
                                                   const struct rmv_value *value,
                                                   struct rmv_pipeline *pipeline,
                                                   struct rmv_stage_executor *executor);
void rmv_stage_executor_copy(struct rmv_stage_executor *to, const struct rmv_stage_executor *from);
void rmv_stage_executor_free(struct rmv_stage_executor *executor);
