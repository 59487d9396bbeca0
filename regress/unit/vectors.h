/* SPDX-License-Identifier: ISC */
/*
 * Reads known answers: lines of columns parted by blanks, "#" comments.
 * Whatever is wrong with a carried file fails the test that reads it.
 */
#ifndef REGRESS_UNIT_VECTORS_H
#define REGRESS_UNIT_VECTORS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define VECTORS_COLS	12

struct vectors {
	FILE	*fp;
	char	 path[512];
	char	*line;
	size_t	 linesize;
	int	 lineno;
	int	 ncols;
	char	*col[VECTORS_COLS];
};

/*
 * Open a carried file: in $REGRESS_VECTORS, or in regress/vectors as seen
 * from the working directory or from the program.
 */
void	vectors_open(struct vectors *, const char *name);
/*
 * Open a file that is not carried, in $VECTORS.  -1 if the variable is not
 * set or the file is not there: the test is to be skipped.
 */
int	vectors_open_external(struct vectors *, const char *name);
/* The next row, of at least mincols columns: 1; or 0 and closed at the end. */
int	vectors_next(struct vectors *, int mincols);
/* Decode a column of the row; returns its length.  "-" is empty. */
size_t	vectors_hex(const struct vectors *, int col, void *buf, size_t size);
uint64_t vectors_number(const struct vectors *, int col);

/* The value of key in a carried "key hex" file; returns its length. */
size_t	vectors_find(const char *name, const char *key, void *buf,
	    size_t size);
/* The same, for a value of exactly size bytes. */
void	vectors_get(const char *name, const char *key, void *buf,
	    size_t size);

#endif /* REGRESS_UNIT_VECTORS_H */
