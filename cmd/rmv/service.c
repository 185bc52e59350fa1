#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/pipeline/timetable.h"
#include "rmv/shared.h"

#define PATH_SIZE 4096
#define FOLDER "~/.config/systemd/user"

static bool option_json;
static const char *option_every = "1d", *option_at;

static const struct cli_option options[] = {
    {.name = "every",
     .text = &option_every,
     .argument = "TIME",
     .help = "how often: 90s, 15m, 1h30m, 2d; 1d if not given"},
    {.name = "at",
     .text = &option_at,
     .argument = "HH:MM",
     .help = "for whole days: at this local time"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* ---- What systemd reads (systemd.service(5), systemd.syntax(7), systemd.unit(5)) ---------------
 */

/* One word of a command line: C escapes in double quotes; % and $ stand for themselves doubled. */
static void append_word(struct rmv_buf *line, const char *word)
{
    rmv_buf_append_string(line, line->size ? " \"" : "\"");
    for (; *word; word++) {
        const unsigned char byte = (unsigned char)*word;
        if (byte == '%' || byte == '$')
            rmv_buf_append_format(line, "%c%c", byte, byte);
        else if (byte == '"' || byte == '\\')
            rmv_buf_append_format(line, "\\%c", byte);
        else if (byte < ' ' || byte == 127)
            rmv_buf_append_format(line, "\\x%02x", byte);
        else
            rmv_buf_append(line, word, 1);
    }
    rmv_buf_append_string(line, "\"");
}

/* A path that is all the rest of a line, or a text: only % means anything. */
static char *escape_rest(const char *text)
{
    struct rmv_buf escaped = {0};
    rmv_buf_append_string(&escaped, "");
    for (; *text; text++)
        rmv_buf_append(&escaped, *text == '%' ? "%%" : text, *text == '%' ? 2 : 1);
    return rmv_buf_take(&escaped);
}

static const struct rmv_error *check_word(const char *what, const char *word)
{
    if (!rmv_path_is_utf8(word))
        return rmv_error(RMV_ERR_UNSUPPORTED, "%s is not UTF-8, which systemd needs: '%s'", what,
                         word);
    return NULL;
}

/* WorkingDirectory= knows no quotes. */
static const struct rmv_error *check_folder(const char *folder)
{
    const size_t size = strlen(folder);
    for (const char *c = folder; *c; c++)
        if ((unsigned char)*c < ' ')
            return rmv_error(RMV_ERR_UNSUPPORTED,
                             "a unit of systemd cannot name a folder with a control character");
    if (size && strchr(" \\", folder[size - 1]))
        return rmv_error(RMV_ERR_UNSUPPORTED,
                         "a unit of systemd cannot name the folder '%s', because of its end",
                         folder);
    return check_word("the folder", folder);
}

/* ---- The unit ------------------------------------------------------------------------------- */

static const struct rmv_error *find_program(char path[PATH_SIZE])
{
    const ssize_t size = readlink("/proc/self/exe", path, PATH_SIZE - 1);
    if (size < 0)
        return rmv_error_errno("cannot find this program");
    path[size] = '\0';
    /* systemd takes no program with such a character, quoted or not. */
    return check_word("the path of this program", path);
}

static const struct rmv_error *format_command(int argc, char **argv, struct rmv_buf *line)
{
    char program[PATH_SIZE];
    const struct rmv_error *err = find_program(program);
    if (err)
        return err;
    append_word(line, program);
    append_word(line, "repro");
    append_word(line, "--every");
    append_word(line, option_every);
    if (option_at) {
        append_word(line, "--at");
        append_word(line, option_at);
    }
    for (int i = 0; !err && i < argc; i++) {
        err = check_word("an argument", argv[i]);
        append_word(line, argv[i]);
    }
    return err;
}

/* "rmv-NAME.service", of what a name of a unit may have. */
static char *name_of(const char *folder)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789_.-";
    char *name = rmv_str_format("rmv-%.100s.service", strrchr(folder, '/') + 1);
    for (char *c = name; *c; c++)
        if (!strchr(allowed, *c))
            *c = '_';
    return name;
}

static char *format_unit(const char *folder, const char *name, const char *command)
{
    RMV_CLEANUP(rmv_str_free) char *escaped = escape_rest(folder);
    return rmv_str_format("# " FOLDER "/%s\n"
                          "[Unit]\n"
                          "Description=rmv repro in %s\n"
                          "\n"
                          "[Service]\n"
                          "Type=exec\n"
                          "WorkingDirectory=%s\n"
                          "ExecStart=%s\n"
                          "# how it ends when it is told to stop\n"
                          "SuccessExitStatus=130\n"
                          "Restart=on-failure\n"
                          "RestartSec=30\n"
                          "# a request that makes no sense\n"
                          "RestartPreventExitStatus=2\n"
                          "# rmv stops the stages itself, and has time for that\n"
                          "KillMode=mixed\n"
                          "TimeoutStopSec=60\n"
                          "OOMPolicy=continue\n"
                          "NoNewPrivileges=yes\n"
                          "RestrictSUIDSGID=yes\n"
                          "LockPersonality=yes\n"
                          "\n"
                          "[Install]\n"
                          "WantedBy=default.target\n",
                          name, escaped, escaped, command);
}

static void print_json(const char *name, const char *unit)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value map = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format(FOLDER "/%s", name);
    rmv_value_set_map(&map);
    cli_set_text(&map, "unit", name);
    cli_set_text(&map, "path", path);
    cli_set_text(&map, "text", unit);
    cli_print_json(&map);
}

/* What `rmv repro` would refuse at its start is refused here. */
static const struct rmv_error *check(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_free) char **copy = rmv_calloc((size_t)argc + 1, sizeof(*copy));
    struct rmv_timetable timetable;

    const struct rmv_error *err = rmv_timetable_parse(option_every, option_at, &timetable);
    for (int i = 0; i < argc; i++)
        copy[i] = argv[i];
    if (!err)
        err = cli_options_parse(&rmv_command_repro, &argc, copy);
    return err ? err : cli_open_workspace(&workspace);
}

static const struct rmv_error *service_print(int argc, char **argv)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf command = {0};
    char folder[PATH_SIZE];

    const struct rmv_error *err = check(argc, argv);
    if (!err && !getcwd(folder, sizeof(folder)))
        err = rmv_error_errno("cannot tell the current folder");
    if (!err)
        err = check_folder(folder);
    if (!err)
        err = format_command(argc, argv, &command);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *name = name_of(folder);
    RMV_CLEANUP(rmv_str_free) char *unit = format_unit(folder, name, rmv_buf_string(&command));
    if (option_json)
        print_json(name, unit);
    else
        fputs(unit, stdout);
    return NULL;
}

const struct cli_command rmv_command_service_print = {
    .name = "service print",
    .arguments = "[-- OPTION... TARGET...]",
    .summary = "print a unit of systemd that runs `rmv repro --every`",
    .help = "Prints a service for the user's own systemd, which keeps `rmv repro --every TIME`\n"
            "running in the current folder: write it to the file that its first line names. What\n"
            "stands behind -- are options and targets of `rmv repro`. What it prints goes to the\n"
            "journal, and `rmv runs` lists what became of the runs.",
    .examples = "rmv service print --every 1d --at 02:00 >" FOLDER "/rmv-shop.service\n"
                "systemctl --user daemon-reload\n"
                "systemctl --user enable --now rmv-shop\n"
                "loginctl enable-linger     # it runs while nobody is logged in, too\n"
                "rmv service print --every 15m -- -j 4 --keep-going train\n",
    .options = options,
    .run = service_print,
};
