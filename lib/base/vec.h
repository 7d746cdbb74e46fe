/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_VEC_H
#define WEFT_BASE_VEC_H

/* What: a growing array of any type: VEC(int) v = {0}; vec_push(&v, 3); v.d[i] for i < v.n.
 * Owns: 'd', freed by vec_fini().  Pointers into 'd' die at the next vec_push(). */

#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

#define VEC(TYPE) struct { TYPE *d; size_t n; size_t capacity; }
#define VEC_DEFINE(NAME, TYPE) struct NAME { TYPE *d; size_t n; size_t capacity; }

#define vec_push(V, ...)                                                                            \
    (((V)->n == (V)->capacity ? (void) ((V)->d = xgrow((V)->d, &(V)->capacity, sizeof *(V)->d)) : (void) 0), \
     (V)->d[(V)->n++] = (__VA_ARGS__))
#define vec_fini(V) (free((V)->d), (V)->d = NULL, (V)->n = (V)->capacity = 0)
#define vec_clear(V) ((V)->n = 0)
#define vec_last(V) ((V)->d[(V)->n - 1])
#define vec_pop(V) ((V)->d[--(V)->n])
/* Removes element 'I' by moving the last one into its place. */
#define vec_remove_fast(V, I) ((V)->d[I] = (V)->d[--(V)->n])

#endif
