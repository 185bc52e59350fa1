#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/template.h"
#include "rmv/base/mem.h"

const struct rmv_error *rmv_template_count(struct rmv_template *template,
                                           const struct rmv_value *at, size_t size)
{
    if (size > RMV_TEMPLATE_BYTES_MAX - template->size)
        return rmv_value_error_as(RMV_ERR_LIMIT, template->file, at,
                                  "templates make more than %zu MiB of this file",
                                  RMV_TEMPLATE_BYTES_MAX >> 20);
    template->size += size;
    return NULL;
}

/* ---- Where templates are -------------------------------------------------------------------- */

/* One `${…}`: it starts at `start`; `name` is between the braces. */
struct placeholder {
    const char *start, *name;
    size_t name_size;
};

/* The first one at or after `text` that no backslash escapes; it ends on the line it starts on, or
 * it is none. `first` is where the whole string starts. */
static bool find_placeholder(const char *first, const char *text, struct placeholder *found)
{
    for (const char *c = strstr(text, "${"); c; c = strstr(c + 2, "${")) {
        if (c > first && c[-1] == '\\')
            continue;
        const size_t size = strcspn(c + 2, "}\n");
        if (c[2 + size] != '}')
            continue;
        *found = (struct placeholder){.start = c, .name = c + 2, .name_size = size};
        return true;
    }
    return false;
}

static bool text_has_template(const char *text, bool or_escaped)
{
    struct placeholder found;
    return or_escaped ? strstr(text, "${") != NULL : find_placeholder(text, text, &found);
}

bool rmv_template_is_in(const struct rmv_value *from, bool or_escaped)
{
    if (from->kind == RMV_VALUE_STRING)
        return text_has_template(from->text, or_escaped);
    if (from->kind == RMV_VALUE_LIST)
        for (size_t i = 0; i < from->list.count; i++)
            if (rmv_template_is_in(&from->list.items[i], or_escaped))
                return true;
    if (from->kind == RMV_VALUE_MAP)
        for (size_t i = 0; i < from->map.count; i++)
            if (text_has_template(from->map.members[i].key, or_escaped) ||
                rmv_template_is_in(&from->map.members[i].value, or_escaped))
                return true;
    return false;
}

/* ---- What a name stands for ----------------------------------------------------------------- */

/* Takes the next step of "a.b[0].c" off `*rest`: without blanks around it; NULL if there is none or
 * it is malformed. The caller frees it. */
static char *next_step(const char **rest, bool is_first)
{
    const char *start = *rest;
    const bool is_index = *start == '[';
    if (!is_first && !is_index && *start != '.')
        return NULL;
    if (!is_first)
        start++;
    const size_t size = strcspn(start, ".[]");
    const bool is_closed = start[size] == ']';
    if (size == 0 || is_closed != (is_index && !is_first))
        return NULL;
    *rest = start + size + (is_closed ? 1 : 0);

    const size_t skipped = strspn(start, " \t");
    if (skipped >= size)
        return NULL;
    size_t end = size;
    while (start[end - 1] == ' ' || start[end - 1] == '\t')
        end--;
    return rmv_str_copy_n(start + skipped, end - skipped);
}

/* An item of a list, counted from the end if negative. */
static const struct rmv_value *find_item(const struct rmv_value *list, const char *index)
{
    char *end;
    const long long number = strtoll(index, &end, 10);
    const long long count = (long long)list->list.count;
    if (*end || number >= count || number < -count)
        return NULL;
    return &list->list.items[number < 0 ? number + count : number];
}

static const struct rmv_value *find_first(const struct rmv_template_scope *scope, const char *name)
{
    if (scope->item && strcmp(name, "item") == 0)
        return scope->item;
    if (scope->key && strcmp(name, "key") == 0)
        return scope->key;
    return rmv_value_find(scope->vars, name);
}

static const struct rmv_error *no_such_value(const struct rmv_template *template,
                                             const struct rmv_value *at, const char *name)
{
    return rmv_error_hint(rmv_value_error_as(RMV_ERR_NOT_FOUND, template->file, at,
                                             "there is no value for ${%s}", name),
                          "put it into %s or 'vars'; write \\${%s} for a variable of the shell",
                          RMV_PARAMS_FILE_NAME, name);
}

static const struct rmv_error *find_value(const struct rmv_template *template,
                                          const struct rmv_template_scope *scope,
                                          const struct rmv_value *at, const char *name,
                                          const struct rmv_value **value)
{
    const struct rmv_value *found = NULL;
    const char *rest = name;

    do {
        RMV_CLEANUP(rmv_str_free) char *step = next_step(&rest, rest == name);
        if (!step)
            return rmv_error_hint(
                rmv_value_error(template->file, at, "'${%s}' is no template", name),
                "write ${name}, ${name.part} or ${name[0]}; \\${ for a plain ${");
        if (!found)
            found = find_first(scope, step);
        else if (found->kind == RMV_VALUE_LIST)
            found = find_item(found, step);
        else
            found = rmv_value_find(found, step);
        if (!found)
            return no_such_value(template, at, name);
    } while (*rest);
    *value = found;
    return NULL;
}

/* ---- Values as text ------------------------------------------------------------------------- */

/* Python's repr() of a float: positional between 1e-4 and 1e16. */
static void append_double(double number, struct rmv_buf *out)
{
    char digits[32];
    int precision = 1;
    do
        (void)snprintf(digits, sizeof(digits), "%.*e", precision - 1, number);
    while (strtod(digits, NULL) != number && ++precision <= 17);
    const char *e = strchr(digits, 'e');
    const long exponent = e ? strtol(e + 1, NULL, 10) : 0;
    if (!e || exponent < -4 || exponent >= 16)
        rmv_buf_append_string(out, digits);
    else
        rmv_buf_append_format(
            out, "%.*f", (int)(precision - 1 > exponent ? precision - 1 - exponent : 1), number);
}

void rmv_template_format_scalar(const struct rmv_value *value, struct rmv_buf *out)
{
    if (value->kind == RMV_VALUE_NULL)
        rmv_buf_append_string(out, "None");
    else if (value->kind == RMV_VALUE_BOOL)
        rmv_buf_append_string(out, value->boolean ? "true" : "false");
    else if (value->kind == RMV_VALUE_INT)
        rmv_buf_append_format(out, "%lld", (long long)value->integer);
    else if (value->kind == RMV_VALUE_DOUBLE)
        append_double(value->number, out);
    else if (value->kind == RMV_VALUE_STRING)
        rmv_buf_append_string(out, value->text);
}

/* A word of the shell; quoted where it has to be. */
static void append_word(const struct rmv_value *value, struct rmv_buf *out)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
    if (value->kind != RMV_VALUE_STRING) {
        rmv_template_format_scalar(value, out);
        return;
    }
    if (*value->text && value->text[strspn(value->text, plain)] == '\0') {
        rmv_buf_append_string(out, value->text);
        return;
    }
    rmv_buf_append_string(out, "'");
    for (const char *c = value->text; *c; c++)
        if (*c == '\'')
            rmv_buf_append_string(out, "'\"'\"'");
        else
            rmv_buf_append(out, c, 1);
    rmv_buf_append_string(out, "'");
}

static const struct rmv_error *append_list_option(const struct rmv_template *template,
                                                  const struct rmv_value *at, const char *name,
                                                  const struct rmv_value *list, struct rmv_buf *out)
{
    const bool repeats = template->reader && template->reader->repeats_options;
    for (size_t i = 0; i < list->list.count; i++) {
        const struct rmv_value *item = &list->list.items[i];
        if (item->kind == RMV_VALUE_LIST || item->kind == RMV_VALUE_MAP)
            return rmv_value_error(template->file, at,
                                   "'%s' is a list that holds %s, and no option can be", name,
                                   rmv_value_kind_name(item->kind));
        if (i == 0 || repeats)
            rmv_buf_append_format(out, " --%s", name);
        rmv_buf_append_string(out, " ");
        append_word(item, out);
    }
    return NULL;
}

/* {a: 1, b: {c: x}, d: true} → " --a 1 --b.c x --d". */
static const struct rmv_error *append_options(const struct rmv_template *template,
                                              const struct rmv_value *at, const char *prefix,
                                              const struct rmv_value *map, struct rmv_buf *out)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < map->map.count; i++) {
        const struct rmv_member *member = &map->map.members[i];
        const struct rmv_value *value = &member->value;
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_format("%s%s", prefix, member->key);
        if (value->kind == RMV_VALUE_MAP) {
            RMV_CLEANUP(rmv_str_free) char *inner = rmv_str_format("%s.", name);
            err = append_options(template, at, inner, value, out);
        } else if (value->kind == RMV_VALUE_LIST) {
            err = append_list_option(template, at, name, value, out);
        } else if (value->kind == RMV_VALUE_BOOL) {
            if (value->boolean)
                rmv_buf_append_format(out, " --%s", name);
            else if (template->reader && template->reader->negates_options)
                rmv_buf_append_format(out, " --no-%s", name);
        } else {
            rmv_buf_append_format(out, " --%s ", name);
            append_word(value, out);
        }
    }
    return err;
}

/* ---- Resolving ------------------------------------------------------------------------------ */

struct resolver {
    struct rmv_template *template;
    const struct rmv_template_scope *scope;
    bool is_command;
};

static const struct rmv_error *append_value(const struct resolver *resolver,
                                            const struct rmv_value *at, const char *name,
                                            struct rmv_buf *out)
{
    const struct rmv_value *value = NULL;
    const struct rmv_error *err = find_value(resolver->template, resolver->scope, at, name, &value);
    if (err)
        return err;
    assert(value);
    if (value->kind == RMV_VALUE_MAP && resolver->is_command) {
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf options = {0};
        err = append_options(resolver->template, at, "", value, &options);
        if (!err && options.size)
            rmv_buf_append(out, options.data + 1, options.size - 1);
        return err;
    }
    if (value->kind == RMV_VALUE_MAP || value->kind == RMV_VALUE_LIST)
        return rmv_value_error(resolver->template->file, at,
                               "${%s} is %s and cannot be part of a string", name,
                               rmv_value_kind_name(value->kind));
    rmv_template_format_scalar(value, out);
    return NULL;
}

/* Appends [from, to) with each `\${` as `${`. */
static void append_plain(const char *from, const char *to, struct rmv_buf *out)
{
    while (from < to) {
        const char *escaped = strstr(from, "\\${");
        if (!escaped || escaped >= to)
            escaped = to;
        rmv_buf_append(out, from, (size_t)(escaped - from));
        from = escaped < to ? escaped + 1 : to;
        if (escaped < to) {
            rmv_buf_append_string(out, "${");
            from += 2;
        }
    }
}

static const struct rmv_error *resolve_text(const struct resolver *resolver,
                                            const struct rmv_value *at, const char *text,
                                            struct rmv_buf *out)
{
    struct placeholder found;
    const char *rest = text;
    while (find_placeholder(text, rest, &found)) {
        const size_t before = out->size;
        append_plain(rest, found.start, out);
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(found.name, found.name_size);
        const struct rmv_error *err = append_value(resolver, at, name, out);
        if (!err)
            err = rmv_template_count(resolver->template, at, out->size - before);
        if (err)
            return err;
        rest = found.name + found.name_size + 1;
    }
    const size_t before = out->size;
    append_plain(rest, rest + strlen(rest), out);
    return rmv_template_count(resolver->template, at, out->size - before);
}

/* Messages about what came from elsewhere name the template that brought it. */
static void set_place(struct rmv_value *value, const struct rmv_value *at)
{
    value->line = at->line;
    value->column = at->column;
    if (value->kind == RMV_VALUE_LIST)
        for (size_t i = 0; i < value->list.count; i++)
            set_place(&value->list.items[i], at);
    if (value->kind == RMV_VALUE_MAP)
        for (size_t i = 0; i < value->map.count; i++) {
            value->map.members[i].line = at->line;
            value->map.members[i].column = at->column;
            set_place(&value->map.members[i].value, at);
        }
}

static size_t size_of(const struct rmv_value *value)
{
    size_t size = sizeof(*value);
    if (value->kind == RMV_VALUE_STRING)
        size += strlen(value->text);
    if (value->kind == RMV_VALUE_LIST)
        for (size_t i = 0; i < value->list.count; i++)
            size += size_of(&value->list.items[i]);
    if (value->kind == RMV_VALUE_MAP)
        for (size_t i = 0; i < value->map.count; i++)
            size += sizeof(struct rmv_member) + strlen(value->map.members[i].key) +
                    size_of(&value->map.members[i].value);
    return size;
}

static const struct rmv_error *resolve_string(const struct resolver *resolver,
                                              const struct rmv_value *from, struct rmv_value *out)
{
    struct placeholder found;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err;

    /* A template that is the whole string stands for the value as it is. */
    if (find_placeholder(from->text, from->text, &found) && found.start == from->text &&
        found.name[found.name_size + 1] == '\0') {
        const struct rmv_value *value = NULL;
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(found.name, found.name_size);
        err = find_value(resolver->template, resolver->scope, from, name, &value);
        if (err)
            return err;
        assert(value);
        if (value->kind != RMV_VALUE_MAP || !resolver->is_command) {
            err = rmv_template_count(resolver->template, from, size_of(value));
            if (!err)
                rmv_value_copy(out, value);
            set_place(out, from);
            return err;
        }
    }
    err = resolve_text(resolver, from, from->text, &text);
    if (err)
        return err;
    rmv_value_set_text(out, rmv_buf_string(&text));
    out->line = from->line;
    out->column = from->column;
    return NULL;
}

static const struct rmv_error *resolve(const struct resolver *resolver,
                                       const struct rmv_value *from, struct rmv_value *out);

static const struct rmv_error *resolve_map(const struct resolver *resolver,
                                           const struct rmv_value *from, struct rmv_value *out)
{
    rmv_value_set_map(out);
    for (size_t i = 0; i < from->map.count; i++) {
        const struct rmv_member *member = &from->map.members[i];
        const struct rmv_value place = rmv_value_place_of(member);
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf key = {0};
        const struct rmv_error *err = resolve_text(resolver, &place, member->key, &key);
        if (err)
            return err;
        if (rmv_value_find(out, rmv_buf_string(&key)))
            return rmv_value_error(resolver->template->file, &place, "'%s' is there twice",
                                   rmv_buf_string(&key));
        struct rmv_value *value = rmv_value_add(out, rmv_buf_string(&key));
        err = resolve(resolver, &member->value, value);
        if (err)
            return err;
        out->map.members[i].line = member->line;
        out->map.members[i].column = member->column;
    }
    return NULL;
}

static const struct rmv_error *resolve(const struct resolver *resolver,
                                       const struct rmv_value *from, struct rmv_value *out)
{
    const struct rmv_error *err = rmv_template_count(resolver->template, from, sizeof(*from));
    if (err)
        return err;
    if (from->kind == RMV_VALUE_STRING)
        return resolve_string(resolver, from, out);
    if (from->kind == RMV_VALUE_MAP) {
        err = resolve_map(resolver, from, out);
    } else if (from->kind == RMV_VALUE_LIST) {
        rmv_value_set_list(out);
        for (size_t i = 0; !err && i < from->list.count; i++)
            err = resolve(resolver, &from->list.items[i], rmv_value_append(out));
    } else {
        rmv_value_copy(out, from);
    }
    out->line = from->line;
    out->column = from->column;
    return err;
}

const struct rmv_error *rmv_template_resolve(struct rmv_template *template,
                                             const struct rmv_template_scope *scope,
                                             const struct rmv_value *from, bool is_command,
                                             struct rmv_value *out)
{
    const struct resolver resolver = {
        .template = template, .scope = scope, .is_command = is_command};
    return resolve(&resolver, from, out);
}
