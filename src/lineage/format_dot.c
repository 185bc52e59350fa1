#include <string.h>

#include "lineage/words.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

/* Quoted strings of DOT (https://graphviz.org/doc/info/lang.html): only '"' needs a backslash, and
 * a backslash another, so that it does not start one of the escapes of labels. */
static void append_escaped(struct rmv_buf *out, const char *text)
{
    RMV_CLEANUP(rmv_str_free) char *plain = rmv_path_quote(text);

    for (const char *rest = plain; *rest; rest++) {
        if (*rest == '"' || *rest == '\\')
            rmv_buf_append(out, "\\", 1);
        rmv_buf_append(out, rest, 1);
    }
}

static const char *color_of(enum rmv_lineage_status status)
{
    if (status == RMV_LINEAGE_VERIFIED)
        return "#2e7d32";
    return status == RMV_LINEAGE_DIRTY ? "#b26a00" : "#c62828";
}

static void append_artifact(struct rmv_buf *out, const struct rmv_lineage_artifact *artifact,
                            size_t index)
{
    RMV_CLEANUP(rmv_str_free) char *size = rmv_words_of_size(artifact);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&artifact->id, hex);
    rmv_buf_append_format(out, "  artifact%zu [shape=%s, color=\"%s\", label=\"", index,
                          artifact->is_tree ? "folder" : "note", color_of(artifact->status));
    append_escaped(out, artifact->path);
    rmv_buf_append_format(out, "\\n%.12s\\n%s\\n%s\"];\n", hex, size,
                          rmv_lineage_status_name(artifact->status));
}

static void append_run(struct rmv_buf *out, const struct rmv_lineage_run *run, size_t index)
{
    RMV_CLEANUP(rmv_str_free) char *title = rmv_words_of_run(run);
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&run->id, hex);
    rmv_buf_append_format(out, "  run%zu [shape=box, style=rounded, color=\"%s\", label=\"", index,
                          color_of(run->status));
    append_escaped(out, title);
    if (run->is_readable && run->record.source) {
        rmv_buf_append_string(out, "\\nfrom ");
        append_escaped(out, run->record.source);
    }
    rmv_buf_append_format(out, "\\n%.12s\\n%s\"];\n", hex, rmv_lineage_status_name(run->status));
    for (size_t i = 0; i < run->deps.count; i++)
        rmv_buf_append_format(out, "  artifact%zu -> run%zu;\n", run->deps.items[i], index);
}

void rmv_lineage_format_dot(const struct rmv_lineage *lineage, struct rmv_buf *out)
{
    rmv_buf_append_string(out, "digraph lineage {\n  rankdir=LR;\n  node [fontname=\"sans\"];\n");
    for (size_t i = 0; i < lineage->artifacts_count; i++) {
        const struct rmv_lineage_artifact *artifact = &lineage->artifacts[i];
        append_artifact(out, artifact, i);
        if (artifact->run != RMV_LINEAGE_NONE)
            rmv_buf_append_format(out, "  run%zu -> artifact%zu;\n", artifact->run, i);
        for (size_t k = 0; k < artifact->parts.count; k++)
            rmv_buf_append_format(out, "  artifact%zu -> artifact%zu;\n", artifact->parts.items[k],
                                  i);
    }
    for (size_t i = 0; i < lineage->runs_count; i++)
        append_run(out, &lineage->runs[i], i);
    rmv_buf_append_string(out, "}\n");
}
