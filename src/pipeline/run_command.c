#include "pipeline/run_command.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/pipeline/run.h"

enum subject { SUBJECT_INPUTS, SUBJECT_OUTPUTS, SUBJECT_FOLDER, SUBJECT_ROOT, SUBJECTS_COUNT };

static const char *const subject_names[SUBJECTS_COUNT] = {"inputs", "outputs", "pwd", "dspath"};

#define INDEX_DIGITS_MAX 9

struct placeholder {
    enum subject subject;
    bool has_index;
    size_t index;
    size_t size; /* of its text */
};

/* Is there a placeholder at `text`? */
static bool find_placeholder(const char *text, struct placeholder *placeholder)
{
    if (*text != '{')
        return false;
    for (int i = 0; i < SUBJECTS_COUNT; i++) {
        const size_t name_size = strlen(subject_names[i]);
        const char *rest = text + 1 + name_size;
        if (strncmp(text + 1, subject_names[i], name_size) != 0)
            continue;
        *placeholder = (struct placeholder){.subject = (enum subject)i};
        const size_t digits = *rest == '[' ? strspn(rest + 1, "0123456789") : 0;
        if (i <= SUBJECT_OUTPUTS && digits > 0 && digits <= INDEX_DIGITS_MAX &&
            rest[1 + digits] == ']') {
            placeholder->has_index = true;
            placeholder->index = strtoul(rest + 1, NULL, 10);
            rest += digits + 2;
        }
        placeholder->size = (size_t)(rest + 1 - text);
        return *rest == '}';
    }
    return false;
}

/* `${inputs}` is a variable of the shell. */
static bool has_placeholder(const char *text)
{
    struct placeholder placeholder;
    for (const char *c = text; *c; c++)
        if ((c == text || c[-1] != '$') && find_placeholder(c, &placeholder))
            return true;
    return false;
}

/* ---- Putting paths in their place ----------------------------------------------------------- */

static void append_path(const char *folder, const char *path, struct rmv_buf *out)
{
    RMV_CLEANUP(rmv_str_free) char *relative = rmv_path_relative(folder, path);
    rmv_process_quote(relative, out);
}

static const struct rmv_error *append_paths(const struct rmv_run_record *record,
                                            const struct placeholder *placeholder,
                                            struct rmv_buf *out)
{
    const struct rmv_strings *paths =
        placeholder->subject == SUBJECT_INPUTS ? &record->inputs : &record->outputs;
    const size_t first = placeholder->has_index ? placeholder->index : 0;
    const size_t end = placeholder->has_index ? first + 1 : paths->count;

    if (placeholder->has_index && placeholder->index >= paths->count)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "there is no {%s[%zu]} in '%s'",
                                        subject_names[placeholder->subject], placeholder->index,
                                        record->cmd),
                              "there are %zu of them, counted from 0", paths->count);
    for (size_t i = first; i < end; i++) {
        rmv_buf_append_string(out, i > first ? " " : "");
        append_path(record->folder, paths->items[i], out);
    }
    return NULL;
}

static const struct rmv_error *append_subject(const char *root, const struct rmv_run_record *record,
                                              const struct placeholder *placeholder,
                                              struct rmv_buf *out)
{
    if (placeholder->subject <= SUBJECT_OUTPUTS)
        return append_paths(record, placeholder, out);
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(root, record->folder);
    rmv_process_quote(placeholder->subject == SUBJECT_ROOT ? root : folder, out);
    return NULL;
}

static const struct rmv_error *stray_brace(const struct rmv_run_record *record, char brace)
{
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "a '%c' in the command is of no placeholder: %s",
                                    brace, record->cmd),
                          "beside {inputs}, {outputs}, {pwd} and {dspath}, write {{ and }} for "
                          "braces");
}

const struct rmv_error *rmv_run_record_expand(const char *root, const struct rmv_run_record *record,
                                              char **cmd)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf out = {0};

    if (!has_placeholder(record->cmd)) {
        *cmd = rmv_str_copy(record->cmd);
        return NULL;
    }
    for (const char *c = record->cmd; *c;) {
        struct placeholder placeholder;
        const struct rmv_error *err = NULL;
        size_t size = 1;
        if ((*c == '{' || *c == '}') && c[1] == *c) {
            rmv_buf_append(&out, c, 1);
            size = 2;
        } else if (*c == '$' && c[1] == '{' && c[2] != '{') {
            size = strcspn(c, "}") + (strchr(c, '}') != NULL);
            rmv_buf_append(&out, c, size);
        } else if (find_placeholder(c, &placeholder)) {
            err = append_subject(root, record, &placeholder, &out);
            size = placeholder.size;
        } else if (*c == '{' || *c == '}') {
            err = stray_brace(record, *c);
        } else {
            rmv_buf_append(&out, c, 1);
        }
        if (err)
            return err;
        c += size;
    }
    (void)rmv_buf_string(&out);
    *cmd = rmv_buf_take(&out);
    return NULL;
}

char *rmv_run_command_of_datalad(const char *cmd)
{
    struct rmv_buf out = {0};

    if (has_placeholder(cmd))
        return rmv_str_copy(cmd);
    for (const char *c = cmd; *c; c++) {
        rmv_buf_append(&out, c, 1);
        if ((*c == '{' || *c == '}') && c[1] == *c)
            c++;
    }
    (void)rmv_buf_string(&out);
    return rmv_buf_take(&out);
}

/* ---- Command lines -------------------------------------------------------------------------- */

/* Quotes what is between the placeholders of a word; they bring quotes of their own. */
static void append_word(const char *word, struct rmv_buf *line)
{
    const char *start = word;
    struct placeholder placeholder;

    for (const char *c = word; *c;) {
        if ((c > word && c[-1] == '{') || !find_placeholder(c, &placeholder)) {
            c++;
            continue;
        }
        if (c > start) {
            RMV_CLEANUP(rmv_str_free) char *before = rmv_str_copy_n(start, (size_t)(c - start));
            rmv_process_quote(before, line);
        }
        rmv_buf_append(line, c, placeholder.size);
        c += placeholder.size;
        start = c;
    }
    if (*start || start == word)
        rmv_process_quote(start, line);
}

char *rmv_run_command_line(int argc, char *const *argv)
{
    struct rmv_buf line = {0};

    if (argc == 1)
        return rmv_str_copy(argv[0]);
    for (int i = 0; i < argc; i++) {
        rmv_buf_append_string(&line, i ? " " : "");
        append_word(argv[i], &line);
    }
    (void)rmv_buf_string(&line);
    return rmv_buf_take(&line);
}
