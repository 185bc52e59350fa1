#include "rmv/base/pattern.h"

#include <stddef.h>
#include <string.h>

/* ---- Sets in brackets ------------------------------------------------------------------------ */

static bool is_between(unsigned char c, unsigned char low, unsigned char high)
{
    return low <= c && c <= high;
}

/* 1 if the class has the character, 0 if not, -1 if there is no such class. */
static int class_holds(const char *name, size_t size, unsigned char c)
{
    static const char *const names[] = {"alnum", "alpha", "blank", "cntrl", "digit", "graph",
                                        "lower", "print", "punct", "space", "upper", "xdigit"};
    const bool lower = is_between(c, 'a', 'z');
    const bool upper = is_between(c, 'A', 'Z');
    const bool digit = is_between(c, '0', '9');
    const bool graph = is_between(c, '!', '~');
    const bool holds[] = {
        lower || upper || digit,
        lower || upper,
        c == ' ' || c == '\t',
        c < ' ' || c == 0x7f,
        digit,
        graph,
        lower,
        graph || c == ' ',
        graph && !lower && !upper && !digit,
        c == ' ' || is_between(c, '\t', '\r'),
        upper,
        digit || is_between(c, 'a', 'f') || is_between(c, 'A', 'F'),
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
            return holds[i];
    return -1;
}

/* One character of a set, perhaps behind a backslash; moves `*at` behind it. 0 where the text ends.
 */
static unsigned char take_character(const char **at)
{
    if (**at == '\\')
        ++*at;
    const char c = **at;
    *at += c != '\0';
    return (unsigned char)c;
}

/* An element of a set: a class, a range or a character; NULL where it is not well formed. */
static const char *match_element(const char *at, unsigned char c, bool *matches)
{
    const char *end = at[0] == '[' && at[1] == ':' ? strchr(at + 2, ']') : NULL;
    if (end && end > at + 2 && end[-1] == ':') {
        const int holds = class_holds(at + 2, (size_t)(end - at) - 3, c);
        *matches = *matches || holds > 0;
        return holds < 0 ? NULL : end + 1;
    }
    const unsigned char low = take_character(&at);
    if (!low)
        return NULL;
    unsigned char high = low;
    if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
        at++;
        high = take_character(&at);
    }
    *matches = *matches || is_between(c, low, high);
    return high ? at : NULL;
}

/* Does the set that `at` points behind the bracket of have `c`? Returns what is behind the set,
 * NULL if it does not end. */
static const char *match_set(const char *at, unsigned char c, bool *matches)
{
    const bool negated = *at == '!' || *at == '^';
    at += negated;
    *matches = false;
    /* A bracket that comes first is one of the set. */
    do
        at = match_element(at, c, matches);
    while (at && *at != ']' && *at != '\0');
    *matches = *matches != negated && c != '/';
    return at && *at == ']' ? at + 1 : NULL;
}

/* ---- Components ------------------------------------------------------------------------------ */

/* Where the character, wildcard or set at `at` ends; a set that does not end is a character. */
static const char *skip_one(const char *at)
{
    bool matches;
    const char *end = *at == '[' ? match_set(at + 1, 0, &matches) : NULL;
    if (end)
        return end;
    return at + (*at == '\\' && at[1] != '\0' ? 2 : 1);
}

/* A slash parts components with or without a backslash before it. */
static bool is_slash(const char *at)
{
    return *at == '/' || (*at == '\\' && at[1] == '/');
}

static const char *end_of_component(const char *at)
{
    while (*at && !is_slash(at))
        at = skip_one(at);
    return at;
}

static const char *next_component(const char *end)
{
    return end + (*end == '\0' ? 0 : *end == '\\' ? 2 : 1);
}

/* One character of the name against one element of the pattern. Returns what is behind the element,
 * NULL if they do not match. */
static const char *match_one(const char *at, unsigned char c)
{
    bool matches;
    switch (*at) {
    case '?':
        return at + 1;
    case '[':
        at = match_set(at + 1, c, &matches);
        return at && matches ? at : NULL;
    case '\\':
        at++;
        return (unsigned char)*at == c ? at + 1 : NULL;
    default:
        return (unsigned char)*at == c ? at + 1 : NULL;
    }
}

/* What the last `*` stands for is made longer until the rest matches; the ones before it need not
 * change, since what they gave up could only come back to the last one. */
static bool match_component(const char *at, const char *end, const char *name, const char *name_end)
{
    const char *star = NULL;
    const char *starred = NULL;

    while (name < name_end || at < end) {
        const char *next = NULL;
        if (at < end && *at == '*') {
            star = ++at;
            starred = name;
            continue;
        }
        if (at < end && name < name_end)
            next = match_one(at, (unsigned char)*name);
        if (next) {
            at = next;
            name++;
            continue;
        }
        if (!star || starred == name_end)
            return false;
        at = star;
        name = ++starred;
    }
    return true;
}

static bool is_any_folders(const char *at, const char *end)
{
    return end - at == 2 && at[0] == '*' && at[1] == '*';
}

/* The same one level up: `**` among components as `*` among characters. */
bool rmv_pattern_match(const char *pattern, const char *path)
{
    const char *star = NULL;
    const char *starred = NULL;

    while (*path || *pattern) {
        const char *end = end_of_component(pattern);
        const char *path_end = path + strcspn(path, "/");
        if (is_any_folders(pattern, end) && *end == '\0')
            return *path != '\0';
        if (is_any_folders(pattern, end)) {
            star = pattern = next_component(end);
            starred = path;
            continue;
        }
        if (*pattern && *path && match_component(pattern, end, path, path_end)) {
            /* A slash at the end asks for something behind it. */
            if (*end != '\0' && next_component(end)[0] == '\0')
                return false;
            pattern = next_component(end);
            path = path_end + (*path_end == '/');
            continue;
        }
        if (!star || *starred == '\0')
            return false;
        pattern = star;
        starred += strcspn(starred, "/");
        path = starred += *starred == '/';
    }
    return true;
}
