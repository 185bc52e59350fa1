/* Scalars as text that are the same in several languages. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/value.h"

#define RMV_NUMBER_TEXT_SIZE 48

/* The fewest digits that read back as the same double, always with a '.' so that it cannot be taken
 * for a whole number: "1.0", "0.1", "1.0e+20". The number must be finite. */
void rmv_number_format(double number, char text[RMV_NUMBER_TEXT_SIZE]);

/* Appends null, a truth value or a number; false for what languages write in different ways: texts,
 * lists, maps, and numbers that are not finite. */
bool rmv_scalar_format(const struct rmv_value *value, struct rmv_buf *out);

/* Appends the run of digits, with single underscores between them that go, at the start of `text`.
 * Returns what is behind it; NULL if there is none. */
const char *rmv_number_take_digits(const char *text, const char *digits, struct rmv_buf *out);
