/* SPDX-License-Identifier: ISC */
/*
 * Files of the configuration as texts in memory.
 */
#ifndef PARENT_LEX_FILE_H
#define PARENT_LEX_FILE_H

#include "parent/conf.h"

/*
 * All of a file, to be freed; not NUL-terminated.  NULL with errno: EFBIG if
 * it has more than max bytes, EPERM if it is not a regular file.
 */
char	*lex_read_file(const char *path, conf_open *open_file, void *arg,
	    size_t max, size_t *len);
/*
 * Is it UTF-8 without control characters but tab and newline?  0, or -1 and
 * the first byte that is not is told.
 */
int	 lex_check_text(const char *path, const char *text, size_t len,
	    struct conf_errors *errors);

#endif /* PARENT_LEX_FILE_H */
