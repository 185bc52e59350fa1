/* Numbers as text, the same in YAML and JSON. */
#pragma once

#define RMV_NUMBER_TEXT_SIZE 48

/* The fewest digits that read back as the same double, always with a '.' so that it cannot be taken
 * for a whole number: "1.0", "0.1", "1.0e+20". The number must be finite. */
void rmv_number_format(double number, char text[RMV_NUMBER_TEXT_SIZE]);
