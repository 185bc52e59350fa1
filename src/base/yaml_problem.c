#include "base/yaml_problem.h"

#include <string.h>

#include "base/utf8.h"
#include "rmv/base/mem.h"

/* What people do wrong most often, of which libyaml says only where it lost track. */
static const struct rmv_error *with_hint(const yaml_parser_t *parser, const struct rmv_error *err)
{
    const char *problem = parser->problem ? parser->problem : "";
    if (strstr(problem, "mapping values are not allowed"))
        return rmv_error_hint(err, "put a text with ': ' in it between quotes; or is this line "
                                   "indented deeper than the one before?");
    if (!strstr(problem, "cannot start any token"))
        return err;
    if (parser->buffer.pointer && *parser->buffer.pointer == '\t')
        return rmv_error_hint(err, "indent with spaces, not with tabs");
    return rmv_error_hint(err, "put a text that begins with this character between quotes");
}

const struct rmv_error *rmv_yaml_problem(const yaml_parser_t *parser, const char *name,
                                         const char *text, size_t size)
{
    const char *problem = parser->problem ? parser->problem : "not YAML";
    const yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_READER_ERROR) { /* it knows a byte, not a place */
        const size_t offset = parser->problem_offset;
        uint32_t line, column;
        rmv_utf8_place(text, offset < size ? offset : size, &line, &column);
        return rmv_error(RMV_ERR_CORRUPT, "%s:%u:%u: %s", name, line, column, problem);
    }
    if (!parser->context)
        return with_hint(parser, rmv_error(RMV_ERR_CORRUPT, "%s:%zu:%zu: %s", name, mark.line + 1,
                                           mark.column + 1, problem));
    return with_hint(parser, rmv_error(RMV_ERR_CORRUPT, "%s:%zu:%zu: %s %s (from line %zu)", name,
                                       mark.line + 1, mark.column + 1, problem, parser->context,
                                       parser->context_mark.line + 1));
}
