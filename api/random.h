/* Bytes nobody can guess, from the kernel. */
#pragma once

#include <stddef.h>

void random_bytes(void *out, size_t n);
