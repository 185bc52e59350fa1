#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "cli/command.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/plots.h"

#define FOLDER "rmv_plots"
#define PAGE "index.html"
#define OPENER "xdg-open"

static void write_stdout(void *context, const char *bytes, size_t size)
{
    (void)context;
    fwrite(bytes, 1, size, stdout);
}

const struct rmv_plots_sink cli_plots_stdout = {.write = write_stdout};

/* An .html file as it is; anything else is the folder that the page goes into. */
static const struct rmv_error *find_page(const char *asked, char **path)
{
    const char *out = asked ? asked : FOLDER;
    struct stat status;

    if (rmv_path_has_suffix(out, ".html") || rmv_path_has_suffix(out, ".htm")) {
        *path = rmv_str_copy(out);
        return NULL;
    }
    /* Nobody named it, so it may be a clone's. */
    if (!asked && lstat(out, &status) == 0 && S_ISLNK(status.st_mode))
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'" FOLDER "' is a symbolic link, and is not written to"),
            "--out '" FOLDER "' writes to where it leads");
    *path = rmv_path_join(out, PAGE);
    return rmv_fs_mkdir_p(out);
}

static const struct rmv_error *format(const struct rmv_plots *plots,
                                      const struct cli_plots_page *page, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf template = {0};

    if (!page->template) {
        rmv_plots_format_html(plots, page->title, text);
        return NULL;
    }
    const struct rmv_error *err = rmv_fs_read(page->template, RMV_PLOTS_PAGE_SIZE_MAX, &template);
    return err ? err : rmv_plots_fill_html(plots, page->template, &template, text);
}

/* ---- In a browser --------------------------------------------------------------------------- */

#define LOOKS 10
#define LOOK_NS 50000000

/* What opens pages ends at once or, where it is the browser itself, much later: so it is given half
 * a second to fail. */
static const struct rmv_error *watch(pid_t pid, const char *path)
{
    int status = 0;
    for (int i = 0; i < LOOKS; i++) {
        const pid_t ended = waitpid(pid, &status, WNOHANG);
        if (ended == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            return NULL;
        if (ended == pid) {
            RMV_CLEANUP(rmv_str_free) char *how = rmv_process_describe(status);
            return rmv_error(RMV_ERR_IO, OPENER " cannot open '%s': %s", path, how);
        }
        nanosleep(&(struct timespec){.tv_nsec = LOOK_NS}, NULL);
    }
    return NULL;
}

static const struct rmv_error *open_page(const char *path)
{
    RMV_CLEANUP(rmv_free) char *absolute = realpath(path, NULL); /* nothing like an option */
    const char *argv[] = {OPENER, absolute, NULL};
    const struct rmv_process_options options = {.argv = argv, .new_group = true};
    pid_t pid = 0;

    if (!absolute)
        return rmv_error_errno("cannot find '%s'", path);
    fflush(stdout);
    const struct rmv_error *err = rmv_process_start(&options, &pid);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND, "there is no " OPENER " to open '%s'", path),
            "open it in a browser, or install xdg-utils");
    return err ? err : watch(pid, path);
}

const struct rmv_error *cli_plots_write_page(const struct rmv_plots *plots,
                                             const struct cli_plots_page *page)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err = format(plots, page, &text);
    if (!err)
        err = find_page(page->out, &path);
    if (!err)
        err = rmv_fs_write_atomic(path, text.data, text.size);
    if (err)
        return err;
    if (!cli_quiet)
        puts(path);
    return page->opens ? open_page(path) : NULL;
}
