/* SPDX-License-Identifier: ISC */
/*
 * What the parts of a reload need of one another, and nobody else: reload.c
 * begins one and may give it up, reload_commit.c takes the answers and ends
 * it, reload_report.c has the words.
 */
#ifndef PARENT_RELOAD_STATE_H
#define PARENT_RELOAD_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "parent/reload.h"

/* reload.c */

/* The child at the other end, or NULL: it is none of the three. */
struct reload_child	*reload_child_of(struct reload *, const struct link *);
/* There is one under way. */
bool	 reload_is_busy(const struct reload *);
/* The children have so long to answer. */
void	 reload_set_timer(struct reload *, unsigned ms);
/*
 * Gives up the one under way, of which nothing is in force yet; the text has
 * a line for each thing that is wrong.  The first one's end is the suite's.
 */
void	 reload_fail(struct reload *, int error, const char *text);
/* It is over, well (0) or not; who asked meanwhile gets a turn. */
void	 reload_over(struct reload *, int error, const char *text);

/* reload_report.c */

/* Errors as one text of lines; those that do not fit are counted. */
void	 reload_join(const struct conf_errors *, char *buf, size_t size);
/* What a child says is shown to people: one line, no control characters. */
void	 reload_tame(char *text);
/* Warns of each line, with these words before it. */
void	 reload_log(const char *before, const char *text);
/* How it went, for all who want to know; the asker is told and forgotten. */
void	 reload_report(struct reload *, int error, const char *text);

#endif /* PARENT_RELOAD_STATE_H */
