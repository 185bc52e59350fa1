#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/parse.h"
#include "rmv/base/mem.h"

/* Where a stage runs, and with what. */

#define COUNT_MAX 100000
#define MEMORY_MAX ((double)(UINT64_C(1) << 50))

void rmv_stage_executor_free(struct rmv_stage_executor *executor)
{
    rmv_str_free(&executor->partition);
    rmv_str_free(&executor->account);
    rmv_str_free(&executor->qos);
    rmv_str_free(&executor->gres);
    rmv_str_free(&executor->constraint);
    rmv_strings_free(&executor->options);
}

void rmv_stage_executor_copy(struct rmv_stage_executor *to, const struct rmv_stage_executor *from)
{
    rmv_stage_executor_free(to);
    *to = *from;
    to->partition = from->partition ? rmv_str_copy(from->partition) : NULL;
    to->account = from->account ? rmv_str_copy(from->account) : NULL;
    to->qos = from->qos ? rmv_str_copy(from->qos) : NULL;
    to->gres = from->gres ? rmv_str_copy(from->gres) : NULL;
    to->constraint = from->constraint ? rmv_str_copy(from->constraint) : NULL;
    to->options = (struct rmv_strings){0};
    for (size_t i = 0; i < from->options.count; i++)
        rmv_strings_add(&to->options, from->options.items[i]);
}

/* ---- Values --------------------------------------------------------------------------------- */

static const struct rmv_error *parse_count(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *value, const char *what,
                                           unsigned *count)
{
    if (value->kind != RMV_VALUE_INT || value->integer < 1 || value->integer > COUNT_MAX)
        return rmv_value_error(parser->file, value, "'%s' is a whole number from 1 to %d", what,
                               COUNT_MAX);
    *count = (unsigned)value->integer;
    return NULL;
}

/* "8G" and "8GiB" are powers of two, as Slurm has it, "8GB" is one of ten; 0 if it is none. */
static double parse_size(const char *text)
{
    static const char units[] = "bkmgtp"; /* each a step more than the one before */
    char *end = NULL;
    if (!isdigit((unsigned char)*text))
        return 0;
    double size = strtod(text, &end);
    const char *unit = *end ? strchr(units, *end | 0x20) : units;
    const char *rest = *end ? end + 1 : end;
    const bool is_decimal = unit > units && strcasecmp(rest, "B") == 0;
    if (!unit || (*rest && !is_decimal && (unit == units || strcasecmp(rest, "iB") != 0)))
        return 0;
    for (; unit > units; unit--)
        size *= is_decimal ? 1000 : 1024;
    return size;
}

static const struct rmv_error *parse_memory(const struct rmv_stage_parser *parser,
                                            const struct rmv_value *value, uint64_t *bytes)
{
    const double size = value->kind == RMV_VALUE_STRING ? parse_size(value->text)
                        : value->kind == RMV_VALUE_INT  ? (double)value->integer
                                                        : 0;
    if (!(size >= 1) || size > MEMORY_MAX)
        return rmv_error_hint(
            rmv_value_error(parser->file, value, "'memory' is a size of at most a pebibyte"),
            "write 512M, 8G or 8GiB; a plain number means bytes");
    *bytes = (uint64_t)size;
    return NULL;
}

/* It becomes part of an option of sbatch. */
static const struct rmv_error *parse_word(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *value, const char *what,
                                          char **word)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, value, RMV_VALUE_STRING, what);
    if (err)
        return err;
    if (!*value->text || strpbrk(value->text, "\n\r"))
        return rmv_value_error(parser->file, value, "'%s' is one line of text", what);
    rmv_str_set(word, value->text);
    return NULL;
}

/* Whatever would take the job out of our sight stays ours. */
static const struct rmv_error *check_option(const struct rmv_stage_parser *parser,
                                            const struct rmv_value *value)
{
    static const char *const ours[] = {"--array",      "--chdir",  "--dependency", "--error",
                                       "--job-name",   "--output", "--parsable",   "--requeue",
                                       "--test-only",  "--wrap",   "--input",      "--clusters",
                                       "--no-requeue", "--wait",   "--open-mode",  NULL};
    const size_t size = strcspn(value->text, "=");
    if (strncmp(value->text, "--", 2) != 0 || size < 3)
        return rmv_error_hint(
            rmv_value_error(parser->file, value, "'%s' is no long option of sbatch", value->text),
            "write it as --name or --name=value");
    for (size_t i = 0; ours[i]; i++) /* sbatch takes abbreviations */
        if (strncmp(ours[i], value->text, size) == 0)
            return rmv_value_error(parser->file, value, "'%.*s' is not for a stage to set",
                                   (int)size, value->text);
    return NULL;
}

static const struct rmv_error *parse_options(const struct rmv_stage_parser *parser,
                                             const struct rmv_value *list,
                                             struct rmv_strings *options)
{
    const struct rmv_error *err = rmv_value_expect(parser->file, list, RMV_VALUE_LIST, "'options'");
    rmv_strings_free(options);
    for (size_t i = 0; !err && i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        err = rmv_value_expect(parser->file, item, RMV_VALUE_STRING, "an option");
        if (!err)
            err = check_option(parser, item);
        if (!err)
            rmv_strings_add(options, item->text);
    }
    return err;
}

/* ---- Kinds ---------------------------------------------------------------------------------- */

static const struct rmv_error *parse_slurm(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *map,
                                           struct rmv_stage_executor *executor)
{
    static const char *const known[] = {"partition", "account", "qos",        "cpus",    "memory",
                                        "time",      "gres",    "constraint", "options", NULL};
    const struct {
        const char *key;
        char **word;
    } words[] = {{"partition", &executor->partition},
                 {"account", &executor->account},
                 {"qos", &executor->qos},
                 {"gres", &executor->gres},
                 {"constraint", &executor->constraint}};

    if (map->kind == RMV_VALUE_NULL)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "'slurm'");
    if (!err)
        err = rmv_value_check_keys(parser->file, map, known, NULL);
    for (size_t i = 0; !err && i < sizeof(words) / sizeof(words[0]); i++) {
        const struct rmv_value *value = rmv_value_find(map, words[i].key);
        if (value)
            err = parse_word(parser, value, words[i].key, words[i].word);
    }
    const struct rmv_value *cpus = err ? NULL : rmv_value_find(map, "cpus");
    if (cpus)
        err = parse_count(parser, cpus, "cpus", &executor->cpus);
    const struct rmv_value *memory = err ? NULL : rmv_value_find(map, "memory");
    if (memory)
        err = parse_memory(parser, memory, &executor->job_memory_bytes);
    const struct rmv_value *time = err ? NULL : rmv_value_find(map, "time");
    if (time)
        err = rmv_parse_duration(parser, time, "'time'", &executor->time_ms);
    const struct rmv_value *options = err ? NULL : rmv_value_find(map, "options");
    return options ? parse_options(parser, options, &executor->options) : err;
}

static const struct rmv_error *parse_local(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *map,
                                           struct rmv_stage_executor *executor,
                                           struct rmv_pipeline *limits)
{
    static const char *const known[] = {"memory", NULL};
    static const char *const known_of_all[] = {"jobs", "memory", NULL};
    unsigned jobs = 0;
    uint64_t memory_bytes = 0;

    if (map->kind == RMV_VALUE_NULL)
        return NULL;
    const struct rmv_error *err = rmv_value_expect(parser->file, map, RMV_VALUE_MAP, "'local'");
    if (!err)
        err = rmv_value_check_keys(parser->file, map, limits ? known_of_all : known, NULL);
    const struct rmv_value *value = err ? NULL : rmv_value_find(map, "jobs");
    if (value)
        err = parse_count(parser, value, "jobs", &jobs);
    value = err ? NULL : rmv_value_find(map, "memory");
    if (value)
        err = parse_memory(parser, value, &memory_bytes);
    if (err)
        return err;
    if (!limits) {
        executor->memory_bytes = memory_bytes;
        return NULL;
    }
    if (jobs && (!limits->jobs_max || jobs < limits->jobs_max))
        limits->jobs_max = jobs;
    if (memory_bytes && (!limits->memory_max_bytes || memory_bytes < limits->memory_max_bytes))
        limits->memory_max_bytes = memory_bytes;
    return NULL;
}

static const struct rmv_error *parse_kind(const struct rmv_stage_parser *parser,
                                          const struct rmv_value *value, const char *name,
                                          enum rmv_executor_kind *kind)
{
    if (strcmp(name, "local") == 0)
        *kind = RMV_EXECUTOR_LOCAL;
    else if (strcmp(name, "slurm") == 0)
        *kind = RMV_EXECUTOR_SLURM;
    else
        return rmv_error_hint(rmv_value_error(parser->file, value, "no executor '%s'", name),
                              "there are local and slurm");
    return NULL;
}

static const struct rmv_error *parse(const struct rmv_stage_parser *parser,
                                     const struct rmv_value *value,
                                     struct rmv_stage_executor *executor,
                                     struct rmv_pipeline *limits)
{
    if (value->kind == RMV_VALUE_STRING)
        return parse_kind(parser, value, value->text, &executor->kind);
    const struct rmv_error *err =
        rmv_value_expect(parser->file, value, RMV_VALUE_MAP, "'executor'");
    if (!err && value->map.count == 0)
        err = rmv_value_error(parser->file, value, "'executor' names no executor");
    for (size_t i = 0; !err && i < value->map.count; i++) {
        const struct rmv_member *member = &value->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        enum rmv_executor_kind kind = RMV_EXECUTOR_NONE;
        err = parse_kind(parser, &place, member->key, &kind);
        if (!err && i == 0) /* the others are there for whoever asks for them */
            executor->kind = kind;
        if (!err && kind == RMV_EXECUTOR_SLURM)
            err = parse_slurm(parser, &member->value, executor);
        else if (!err)
            err = parse_local(parser, &member->value, executor, limits);
    }
    return err;
}

const struct rmv_error *rmv_parse_executor(const struct rmv_stage_parser *parser,
                                           const struct rmv_value *value,
                                           struct rmv_stage_executor *executor)
{
    return parse(parser, value, executor, NULL);
}

const struct rmv_error *rmv_parse_default_executor(const struct rmv_stage_parser *parser,
                                                   const struct rmv_value *value,
                                                   struct rmv_pipeline *pipeline,
                                                   struct rmv_stage_executor *executor)
{
    return parse(parser, value, executor, pipeline);
}
