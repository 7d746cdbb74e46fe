/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEFT_BASE_CHECK_H
#define WEFT_BASE_CHECK_H

/* What: assertions, and the few compiler attributes and helpers used everywhere.
 *
 * Why: CHECK() stays on in release builds, because a controller that goes on with a broken invariant
 * does more harm than one that restarts.  CHECK() judges our own code, never input: what a peer, a
 * file or a user sends is answered with a 'struct err' (err.h). */

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(FMT, ARGS) __attribute__((format(printf, FMT, ARGS)))
#define UNUSED __attribute__((unused))
#define NO_RETURN __attribute__((noreturn))

#define ARRAY_SIZE(A) (sizeof(A) / sizeof((A)[0]))
#define MIN(A, B) ((A) < (B) ? (A) : (B))
#define MAX(A, B) ((A) > (B) ? (A) : (B))
#define DIV_ROUND_UP(N, D) (((N) + (D) - 1) / (D))
#define ROUND_UP(N, D) (DIV_ROUND_UP(N, D) * (D))

/* The structure of type 'TYPE' whose 'MEMBER' is at 'PTR'. */
#define CONTAINER_OF(PTR, TYPE, MEMBER) ((TYPE *) (void *) ((char *) (PTR) - offsetof(TYPE, MEMBER)))

/* Aborts the process, naming the place, unless 'COND' holds.  'COND' has no side effects. */
#define CHECK(COND) ((COND) ? (void) 0 : check_failed(#COND, __FILE__, __LINE__, __func__))

NO_RETURN void check_failed(const char *condition, const char *file, int line, const char *function);

#endif
