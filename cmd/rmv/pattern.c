#include "rmv/pattern.h"

#include <glob.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/ignore.h"

/* Files that say what is data count as ignored. */
static bool is_data(const char *path)
{
    const char *name = rmv_path_name(path);
    return !rmv_path_has_suffix(name, ".rmv") && strcmp(name, "rmv.yaml") != 0 &&
           strcmp(name, "rmv.lock") != 0;
}

/* False if there is nothing. */
static bool match(const char *pattern, int flags, struct rmv_strings *typed)
{
    glob_t found;
    const bool is_any = glob(pattern, flags, NULL, &found) == 0;
    for (size_t i = 0; is_any && i < found.gl_pathc; i++)
        rmv_strings_add(typed, found.gl_pathv[i]);
    globfree(&found);
    return is_any;
}

/* The first component that is "**", or NULL. */
static const char *find_stars(const char *pattern)
{
    for (const char *at = pattern; (at = strstr(at, "**")); at += 2)
        if ((at == pattern || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
            return at;
    return NULL;
}

/* One more folder in place of the stars each time, until there are none so deep. */
static void match_deep(const char *pattern, const char *stars, struct rmv_strings *typed)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf folders = {0};
    const char *rest = stars[2] == '/' ? stars + 3 : "*";
    bool is_any = true;

    rmv_buf_append(&folders, pattern, (size_t)(stars - pattern));
    while (is_any) {
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings deeper = {0};
        RMV_CLEANUP(rmv_str_free)
        char *whole = rmv_str_format("%s%s", rmv_buf_string(&folders), rest);
        match(whole, 0, typed);
        rmv_buf_append_string(&folders, "*/");
        is_any = match(rmv_buf_string(&folders), GLOB_ONLYDIR, &deeper);
    }
}

static const struct rmv_error *take(const struct rmv_workspace *workspace, const char *typed,
                                    struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_ignore_verdict_free) struct rmv_ignore_verdict verdict = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    if (!is_data(typed))
        return NULL;
    const struct rmv_error *err = rmv_workspace_path(workspace, typed, &path);
    if (!err)
        err = rmv_ignore_check(workspace, path, &verdict);
    if (!err && !verdict.is_ignored)
        rmv_strings_add(paths, path);
    return err;
}

const struct rmv_error *cli_pattern_expand(const struct rmv_workspace *workspace,
                                           const char *pattern, struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(pattern);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings typed = {0};
    const struct rmv_error *err = NULL;
    const size_t before = paths->count;
    const char *stars = find_stars(pattern);

    if (stars && find_stars(stars + 2))
        return rmv_error(RMV_ERR_UNSUPPORTED, "more than one '**' in the pattern '%s'", quoted);
    if (stars)
        match_deep(pattern, stars, &typed);
    else
        match(pattern, 0, &typed);
    for (size_t i = 0; !err && i < typed.count; i++)
        err = take(workspace, typed.items[i], paths);
    if (err || paths->count > before)
        return err;
    return rmv_error(RMV_ERR_NOT_FOUND, "nothing%s matches the pattern '%s'",
                     typed.count > 0 ? " that is not ignored" : "", quoted);
}
