/* One value of a row. Texts in w's arena. */
#pragma once

#include "print.h"

#define PRINT_MAX (256 << 20) /* bytes of what is printed at once */

bool print_is_null(const struct sql_value *v, const void *row);
/* As people read it, fit for a terminal; empty for NULL. */
str print_text(struct work *w, const struct sql_value *v, const void *row);
