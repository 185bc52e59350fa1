#include "recomart/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    ":root{--ink:#1d2733;--soft:#5b6875;--line:#e1e6eb;--paper:#fff;--ground:#f4f6f8;"
    "--good:#1a7f4b;--warn:#a15c00;--bad:#b3261e;--brand:#235a97}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--ground);color:var(--ink);"
    "font:15px/1.5 system-ui,\"Segoe UI\",\"DejaVu Sans\",sans-serif}"
    "main{max-width:1180px;margin:0 auto;padding:32px 24px 64px}"
    "header{border-bottom:3px solid var(--brand);margin-bottom:24px;padding-bottom:12px}"
    "h1{font-size:28px;margin:0}h2{font-size:20px;margin:36px 0 12px}"
    "p{margin:4px 0;color:var(--soft)}"
    ".tiles{display:flex;flex-wrap:wrap;gap:14px;margin:20px 0}"
    ".tile{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "padding:14px 20px;min-width:140px}"
    ".tile b{display:block;font-size:26px;line-height:1.2}"
    ".tile span{color:var(--soft);font-size:13px}"
    ".card{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "overflow-x:auto;margin:12px 0}"
    "table{border-collapse:collapse;width:100%;font-size:14px}"
    "th,td{padding:8px 9px;text-align:left;border-bottom:1px solid var(--line);"
    "vertical-align:top}"
    "tr:last-child td{border-bottom:0}"
    "th{background:#f9fafb;font-size:13px;color:var(--soft);font-weight:600;vertical-align:bottom}"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}td.n{white-space:nowrap}"
    "code{font:13px/1.4 \"DejaVu Sans Mono\",ui-monospace,monospace;overflow-wrap:anywhere}"
    "td:not(.wrap) code{white-space:nowrap}td.good,td.bad,td.warn{white-space:nowrap}"
    ".good{color:var(--good);font-weight:600}.warn{color:var(--warn);font-weight:600}"
    ".bad{color:var(--bad);font-weight:600}.soft{color:var(--soft)}"
    "details{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "margin:8px 0}"
    "summary{cursor:pointer;padding:10px 14px}details .card{border:0;border-top:1px solid "
    "var(--line);border-radius:0;margin:0}"
    "figure{background:var(--paper);border:1px solid var(--line);border-radius:8px;"
    "margin:16px 0;padding:12px}figure img{display:block;max-width:100%;margin:0 auto}"
    "figcaption{color:var(--soft);padding:8px 8px 0}"
    "@media print{body{background:#fff}details{break-inside:avoid}}";

void rmv_html_start(struct rmv_buf *out, const char *title, const char *subtitle)
{
    rmv_buf_append_string(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta "
                               "charset=\"utf-8\">\n<meta name=\"viewport\" "
                               "content=\"width=device-width,initial-scale=1\">\n<title>");
    rmv_html_text(out, title);
    rmv_buf_append_format(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<header><h1>",
                          style);
    rmv_html_text(out, title);
    rmv_buf_append_string(out, "</h1><p>");
    rmv_html_text(out, subtitle);
    rmv_buf_append_string(out, "</p></header>\n");
}

void rmv_html_end(struct rmv_buf *out)
{
    rmv_buf_append_string(out, "</main>\n</body>\n</html>\n");
}

void rmv_html_tile(struct rmv_buf *out, const char *label, const char *format, ...)
{
    char figure[100];
    va_list args;
    va_start(args, format);
    vsnprintf(figure, sizeof(figure), format, args);
    va_end(args);
    rmv_buf_append_string(out, "<div class=\"tile\"><b>");
    rmv_html_text(out, figure);
    rmv_buf_append_string(out, "</b><span>");
    rmv_html_text(out, label);
    rmv_buf_append_string(out, "</span></div>\n");
}

void rmv_html_count(struct rmv_buf *out, unsigned long long count)
{
    char digits[24];
    const int size = snprintf(digits, sizeof(digits), "%llu", count);
    for (int i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0)
            rmv_buf_append(out, ",", 1);
        rmv_buf_append(out, &digits[i], 1);
    }
}
