/* A display for a person who waits for several things at once: what is printed scrolls by, and
 * below it is a line for each of those that go on, and one that counts. It is drawn ten times a
 * second at the most, in one write() each time, with what was printed meanwhile, and is gone when
 * it is closed. Between two writes the cursor stands where the display begins: what somebody else
 * prints, a change of the terminal's size, or a kill leave nothing worse than a line.
 *
 * Names and texts may hold anything: no control character of theirs reaches the terminal. All
 * functions are thread-safe and accept NULL, which is no display. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rmv_live;

/* Draws on the terminal `fd`; `*live` is NULL if it is none. `thing` is what is counted:
 * "stage". */
void rmv_live_open(int fd, const char *thing, struct rmv_live **live);
void rmv_live_close(struct rmv_live **live); /* prints what has not been, wipes the rest */

/* How many there are in all; 0 if that is not known. */
void rmv_live_expect(struct rmv_live *live, size_t count);

/* From now on `name` has a line, if it has none; `doing` is what it does. Until `resume_ns` on
 * rmv_time_monotonic_ns(), if that is not past, the seconds left follow: "attempt 2 in 5 s". */
void rmv_live_show(struct rmv_live *live, const char *name, const char *doing, int64_t resume_ns);
/* The same, its time starting anew. */
void rmv_live_start(struct rmv_live *live, const char *name, const char *doing);
/* It has its line no more, if it had one. */
void rmv_live_end(struct rmv_live *live, const char *name);
/* One more is done. */
void rmv_live_count(struct rmv_live *live);

/* Prints `bytes` as they are, within a tenth of a second. */
void rmv_live_print(struct rmv_live *live, const char *bytes, size_t size);

/* Wipes the lines and draws none until rmv_live_resume(): for a question. */
void rmv_live_pause(struct rmv_live *live);
void rmv_live_resume(struct rmv_live *live);
