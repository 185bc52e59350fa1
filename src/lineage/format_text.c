#include <string.h>

#include "lineage/words.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

#define DEPTH_MAX 500
#define PARAMS_MAX 6    /* shown unless all are asked for */
#define COMMAND_MAX 100 /* characters, likewise */

struct printer {
    const struct rmv_lineage *lineage;
    const struct rmv_lineage_style *style;
    struct rmv_buf *out;
    struct rmv_buf prefix; /* of the line being written */
    bool *artifacts_shown, *runs_shown;
    size_t depth;
};

/* ---- Pieces --------------------------------------------------------------------------------- */

static const char *glyph(const struct printer *printer, const char *drawn, const char *ascii)
{
    return printer->style->ascii ? ascii : drawn;
}

static void append_status(struct printer *printer, enum rmv_lineage_status status)
{
    const char *color = status == RMV_LINEAGE_VERIFIED ? "32" : "31";
    if (status == RMV_LINEAGE_DIRTY)
        color = "33";
    if (printer->style->colors)
        rmv_buf_append_format(printer->out, "\033[%sm%s\033[0m", color,
                              rmv_lineage_status_name(status));
    else
        rmv_buf_append_string(printer->out, rmv_lineage_status_name(status));
}

static void append_bold(struct printer *printer, const char *text)
{
    if (printer->style->colors)
        rmv_buf_append_format(printer->out, "\033[1m%s\033[0m", text);
    else
        rmv_buf_append_string(printer->out, text);
}

/* Starts a line below the current node: what it is about, in a column, then the text. */
static void append_detail(struct printer *printer, const char *rail, const char *label)
{
    rmv_buf_append(printer->out, printer->prefix.data, printer->prefix.size);
    rmv_buf_append_format(printer->out, "%s%-8s ", rail, label);
}

static void append_sentences(struct printer *printer, const char *rail,
                             const struct rmv_strings *sentences, const char *label)
{
    for (size_t i = 0; i < sentences->count; i++) {
        append_detail(printer, rail, label);
        /* A sentence of another layer may have a hint on a line of its own. */
        const size_t size = strcspn(sentences->items[i], "\n");
        rmv_buf_append(printer->out, sentences->items[i], size);
        rmv_buf_append_string(printer->out, "\n");
    }
}

/* ---- Runs ----------------------------------------------------------------------------------- */

static void append_text_line(struct printer *printer, const char *text)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(text);
    size_t size = strlen(quoted);

    if (size > COMMAND_MAX && !printer->style->all) {
        size = COMMAND_MAX;
        while (size > 0 && ((unsigned char)quoted[size] & 0xc0) == 0x80)
            size--;
        rmv_buf_append(printer->out, quoted, size);
        rmv_buf_append_string(printer->out, glyph(printer, "…", "..."));
    } else {
        rmv_buf_append(printer->out, quoted, size);
    }
    rmv_buf_append_string(printer->out, "\n");
}

static void append_command(struct printer *printer, const char *rail, const struct rmv_value *cmd)
{
    if (cmd->kind == RMV_VALUE_STRING) {
        append_detail(printer, rail, "command");
        append_text_line(printer, cmd->text);
    }
    for (size_t i = 0; cmd->kind == RMV_VALUE_LIST && i < cmd->list.count; i++) {
        append_detail(printer, rail, i == 0 ? "command" : "");
        append_text_line(printer, cmd->list.items[i].text);
    }
}

/* What is among the parameters: those of a file, or a dependency outside the workspace. */
static const char *label_of(const char *file, const struct rmv_value *values)
{
    const bool is_path = *file == '/' || strncmp(file, "../", 3) == 0;
    if (strstr(file, "://"))
        return "url";
    return is_path && rmv_value_find(values, "sha256") ? "outside" : "params";
}

static void append_params(struct printer *printer, const char *rail, const char *file,
                          const struct rmv_value *values)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(file);

    append_detail(printer, rail, label_of(file, values));
    rmv_buf_append_format(printer->out, "%s:", quoted);
    for (size_t i = 0; i < values->map.count; i++) {
        if (i == PARAMS_MAX && !printer->style->all && values->map.count > PARAMS_MAX + 1) {
            rmv_buf_append_format(printer->out, " and %zu more", values->map.count - i);
            break;
        }
        rmv_buf_append_format(printer->out, "%s %s=", i ? "," : "", values->map.members[i].key);
        rmv_json_format(&values->map.members[i].value, false, printer->out);
    }
    rmv_buf_append_string(printer->out, "\n");
}

static void append_commit(struct printer *printer, const char *rail,
                          const struct rmv_lineage_run *run)
{
    const struct rmv_record *record = &run->record;

    if (*run->bound_to.id) {
        append_detail(printer, rail, "commit");
        RMV_CLEANUP(rmv_str_free) char *summary = rmv_path_quote(run->bound_to.summary);
        rmv_buf_append_format(printer->out, "%.10s %s\n", run->bound_to.id, summary);
    }
    if (record->git_commit && strcmp(record->git_commit, run->bound_to.id) != 0) {
        append_detail(printer, rail, "ran on");
        rmv_buf_append_format(printer->out, "%.10s%s%s%s\n", record->git_commit,
                              record->git_branch ? " of " : "",
                              record->git_branch ? record->git_branch : "",
                              record->git_dirty ? ", with changes" : "");
    }
}

static void append_when(struct printer *printer, const char *rail, const struct rmv_record *record)
{
    char time[RMV_TIME_TEXT_SIZE];

    rmv_time_format(record->started_ns, false, time);
    append_detail(printer, rail, "when");
    rmv_buf_append_format(printer->out, "%.10s %.8s UTC", time, time + 11);
    RMV_CLEANUP(rmv_str_free)
    char *duration = rmv_words_of_duration(record->ended_ns - record->started_ns);
    rmv_buf_append_format(printer->out, ", %s", duration);
    if (record->user && record->host) {
        RMV_CLEANUP(rmv_str_free) char *user = rmv_path_quote(record->user);
        RMV_CLEANUP(rmv_str_free) char *host = rmv_path_quote(record->host);
        rmv_buf_append_format(printer->out, ", %s on %s", user, host);
    }
    if (record->tool_version)
        rmv_buf_append_format(printer->out, ", rmv %s", record->tool_version);
    rmv_buf_append_string(printer->out, "\n");
}

static void append_run_title(struct printer *printer, const struct rmv_lineage_run *run)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&run->id, hex);
    if (*run->stage || (run->is_readable && run->record.kind == RMV_RECORD_STAGE)) {
        RMV_CLEANUP(rmv_str_free) char *title = rmv_words_of_run(run);
        append_bold(printer, title);
    } else if (run->is_readable) {
        RMV_CLEANUP(rmv_str_free) char *source = rmv_path_quote(run->record.source);
        rmv_buf_append_format(printer->out, "%s from ",
                              run->record.kind == RMV_RECORD_IMPORT ? "imported" : "added");
        append_bold(printer, source);
    } else {
        rmv_buf_append_string(printer->out, "added");
    }
    rmv_buf_append_format(printer->out, "  record %.12s  ", hex);
    append_status(printer, run->status);
    rmv_buf_append_string(printer->out, "\n");
}

static void print_artifact(struct printer *printer, size_t index, bool is_last);

static void print_children(struct printer *printer, const struct rmv_lineage_indexes *children)
{
    for (size_t i = 0; i < children->count; i++)
        print_artifact(printer, children->items[i], i + 1 == children->count);
}

static void print_run(struct printer *printer, size_t index)
{
    const struct rmv_lineage_run *run = &printer->lineage->runs[index];
    const size_t size = printer->prefix.size;
    const char *rail = run->deps.count > 0 ? glyph(printer, "│  ", "|  ") : "   ";

    rmv_buf_append(printer->out, printer->prefix.data, printer->prefix.size);
    rmv_buf_append_string(printer->out, glyph(printer, "└─ ", "`- "));
    if (printer->runs_shown[index]) {
        RMV_CLEANUP(rmv_str_free) char *title = rmv_words_of_run(run);
        rmv_buf_append_format(printer->out, "%s, see above\n", title);
        return;
    }
    printer->runs_shown[index] = true;
    append_run_title(printer, run);

    rmv_buf_append_string(&printer->prefix, "   ");
    append_sentences(printer, rail, &run->problems, "problem");
    if (run->is_readable) {
        append_command(printer, rail, &run->record.cmd);
        const struct rmv_value *params = &run->record.params;
        for (size_t i = 0; params->kind == RMV_VALUE_MAP && i < params->map.count; i++)
            append_params(printer, rail, params->map.members[i].key, &params->map.members[i].value);
        append_commit(printer, rail, run);
        append_when(printer, rail, &run->record);
    }
    append_sentences(printer, rail, &run->notes, "note");
    print_children(printer, &run->deps);
    printer->prefix.size = size;
}

/* ---- Artifacts ------------------------------------------------------------------------------ */

static void append_artifact_title(struct printer *printer,
                                  const struct rmv_lineage_artifact *artifact)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(artifact->path);
    RMV_CLEANUP(rmv_str_free) char *size = rmv_words_of_size(artifact);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&artifact->id, hex);
    append_bold(printer, quoted);
    rmv_buf_append_format(printer->out, "  %.12s  %s", hex, size);
    if (artifact->is_older)
        rmv_buf_append_string(printer->out, "  older version");
    if (artifact->origin == RMV_LINEAGE_BY_GIT && artifact->commit)
        rmv_buf_append_format(printer->out, "  Git %.10s", artifact->commit);
    else if (artifact->origin == RMV_LINEAGE_BY_GIT)
        rmv_buf_append_string(printer->out, "  Git");
    rmv_buf_append_string(printer->out, "  ");
    append_status(printer, artifact->status);
}

/* What is said about an artifact below its title, and where it comes from. */
static void print_artifact_body(struct printer *printer, size_t index)
{
    const struct rmv_lineage_artifact *artifact = &printer->lineage->artifacts[index];
    const bool has_run = artifact->run != RMV_LINEAGE_NONE;
    const char *rail = has_run || artifact->parts.count > 0 ? glyph(printer, "│  ", "|  ") : "   ";

    append_sentences(printer, rail, &artifact->problems, "problem");
    if (artifact->within) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(artifact->within);
        append_detail(printer, rail, "part of");
        rmv_buf_append_format(printer->out, "%s\n", quoted);
    }
    append_sentences(printer, rail, &artifact->notes, "note");
    if (printer->depth >= DEPTH_MAX && (has_run || artifact->parts.count > 0)) {
        append_detail(printer, rail, "note");
        rmv_buf_append_string(printer->out, "the chain goes on; --json shows all of it\n");
        return;
    }
    printer->depth++;
    if (has_run)
        print_run(printer, artifact->run);
    print_children(printer, &artifact->parts);
    printer->depth--;
}

static void print_artifact(struct printer *printer, size_t index, bool is_last)
{
    const size_t size = printer->prefix.size;
    const struct rmv_lineage_artifact *artifact = &printer->lineage->artifacts[index];

    rmv_buf_append(printer->out, printer->prefix.data, printer->prefix.size);
    rmv_buf_append_string(printer->out,
                          is_last ? glyph(printer, "└─ ", "`- ") : glyph(printer, "├─ ", "|- "));
    append_artifact_title(printer, artifact);
    const bool goes_on = artifact->run != RMV_LINEAGE_NONE || artifact->parts.count > 0;
    if (printer->artifacts_shown[index] && goes_on) {
        rmv_buf_append_string(printer->out, ", see above\n");
        return;
    }
    rmv_buf_append_string(printer->out, "\n");
    printer->artifacts_shown[index] = true;
    rmv_buf_append_string(&printer->prefix, is_last ? "   " : glyph(printer, "│  ", "|  "));
    print_artifact_body(printer, index);
    printer->prefix.size = size;
}

/* ---- The end of it -------------------------------------------------------------------------- */

static void print_problems(struct printer *printer)
{
    const struct rmv_lineage *lineage = printer->lineage;

    for (size_t i = 0; i < lineage->artifacts_count; i++) {
        const struct rmv_lineage_artifact *artifact = &lineage->artifacts[i];
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(artifact->path);
        for (size_t k = 0; k < artifact->problems.count; k++)
            rmv_buf_append_format(printer->out, "  %s: %s\n", quoted, artifact->problems.items[k]);
    }
    for (size_t i = 0; i < lineage->runs_count; i++) {
        RMV_CLEANUP(rmv_str_free) char *title = rmv_words_of_run(&lineage->runs[i]);
        for (size_t k = 0; k < lineage->runs[i].problems.count; k++)
            rmv_buf_append_format(printer->out, "  %s: %s\n", title,
                                  lineage->runs[i].problems.items[k]);
    }
}

static void print_summary(struct printer *printer)
{
    const struct rmv_lineage *lineage = printer->lineage;
    const enum rmv_lineage_status status = rmv_lineage_status_of(lineage);
    RMV_CLEANUP(rmv_str_free) char *checked = rmv_words_of_checks(lineage);

    rmv_buf_append_string(printer->out, "\n");
    if (status > RMV_LINEAGE_DIRTY) {
        rmv_buf_append_string(printer->out, "The chain does not hold:\n");
        print_problems(printer);
    } else if (status == RMV_LINEAGE_DIRTY) {
        rmv_buf_append_string(printer->out, "The chain holds, but not all of it is committed.\n");
    } else {
        rmv_buf_append_string(printer->out, "The chain holds.\n");
    }
    rmv_buf_append_format(printer->out, "Checked: %s.\n", checked);
}

void rmv_lineage_format_text(const struct rmv_lineage *lineage,
                             const struct rmv_lineage_style *style, struct rmv_buf *out)
{
    struct printer printer = {.lineage = lineage, .style = style, .out = out};

    printer.artifacts_shown = rmv_calloc(lineage->artifacts_count + 1, sizeof(bool));
    printer.runs_shown = rmv_calloc(lineage->runs_count + 1, sizeof(bool));
    append_artifact_title(&printer, &lineage->artifacts[0]);
    rmv_buf_append_string(out, "\n");
    printer.artifacts_shown[0] = true;
    print_artifact_body(&printer, 0);
    print_summary(&printer);
    rmv_buf_free(&printer.prefix);
    rmv_free(&printer.artifacts_shown);
    rmv_free(&printer.runs_shown);
}
