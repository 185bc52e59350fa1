/* The customer's 61 events, and their prepared interactions. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "test.h"

/* User, then product number and v for view, c for click, a for add_to_cart. */
static const char golden_events[] =
    "U1 1v 1c 2v 2a 3v U2 3v 3c 4v 5v U3 2v 2c 5v 6v U4 1v 1c 3v 7v U5 4v 4a 2v 8v U6 5v 5c 9v "
    "U7 3v 3c 10v U8 1v 2v 11v U9 4v 4c 12v U10 5v 13v U11 6v 6c 14v U12 7v 15v U13 8v 8c 16v "
    "U14 9v 17v U15 10v 10a 18v U16 11v 19v U17 12v 12c 20v U18 13v 14v U19 15v 16v "
    "U20 17v 18v 19v 20v ";

static const char *const golden_ratings[] = {"3.9", "4.1", "4.7", "2.1", "4.6", "3.9", "3",
                                             "1.9", "3.3", "2.9", "4.8", "4.8", "2.9", "2.2",
                                             "2.6", "2.9", "3.8", "4.7", "4.5", "3.6"};

/* Writes prepared interactions with the columns that features, training and evaluation use, in the
 * order of time: one event a minute from 2025-01-01 08:00 on. */
static inline void golden_write_prepared(const char *path)
{
    struct rmv_buf text = {0};
    rmv_buf_append_string(&text,
                          "user_id,product_id,event_type,timestamp,rating.rate,event_score\n");
    char user[8] = "";
    int minute = 0;
    const char *at = golden_events;
    while (*at) {
        const char *end = strchr(at, ' ');
        if (*at == 'U') {
            snprintf(user, sizeof(user), "%.*s", (int)(end - at), at);
        } else {
            const long product = strtol(at, NULL, 10);
            const char kind = end[-1];
            rmv_buf_append_format(&text, "%s,%ld,%s,2025-01-01 %02d:%02d:00,%s,%d\n", user, product,
                                  kind == 'v'   ? "view"
                                  : kind == 'c' ? "click"
                                                : "add_to_cart",
                                  8 + minute / 60, minute % 60, golden_ratings[product - 1],
                                  kind == 'v'   ? 1
                                  : kind == 'c' ? 2
                                                : 3);
            minute++;
        }
        at = end + 1;
    }
    test_write(path, rmv_buf_string(&text));
    rmv_buf_free(&text);
}
