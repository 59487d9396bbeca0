/* SPDX-License-Identifier: ISC */
/*
 * Prometheus text format 0.0.4, piece by piece: names, help texts and values
 * of labels such that no name of a peer and no row of a sibling can break it.
 * A leaf.
 */
#ifndef CTLD_PROM_H
#define CTLD_PROM_H

#include <stdbool.h>
#include <stddef.h>

/* May this be a part of a metric's name: [a-z0-9_]+? */
bool	 prom_is_name(const char *);
/*
 * The value of a label between its quotes: \\, \" and \n are escaped, control
 * characters and what is not UTF-8 become '?'.  What does not fit is cut.
 */
void	 prom_label(char *dst, size_t size, const char *);
/* A help text: as a label, but quotes stay. */
void	 prom_help(char *dst, size_t size, const char *);

#endif /* CTLD_PROM_H */
