/* SPDX-License-Identifier: ISC */
/*
 * Opening key files for cryptod to read: only those that nobody but root can
 * read or replace by writing.  Nothing here reads one.
 */
#ifndef PARENT_KEYFILE_H
#define PARENT_KEYFILE_H

#include <sys/types.h>

#include <stddef.h>

#include "parent/conf.h"

#define KEYFILE_MAX	4096		/* bytes of a key file */
#define KEYFILE_WHY	1400		/* bytes of a reason, with its path */

/*
 * An fd to read a regular file of root's that is closed to group and others,
 * or -1 with errno and the reason in why: "FILE: what; how to mend it".  A
 * symbolic link is followed, what it leads to is checked.
 */
int	 keyfile_open(const char *path, char *why, size_t size);
/*
 * The same of a file that is ours, name in the directory dir: max bytes long
 * and no symbolic link.  path is for the reason only.
 */
int	 keyfile_open_own(int dir, const char *name, const char *path,
	    off_t max, char *why, size_t size);
/* -1, and why it could not be opened: for another file that is ours. */
int	 keyfile_cannot_open_own(int error, const char *path, char *why,
	    size_t size);
/* The same checks of an open file, max bytes long; 0 or -1. */
int	 keyfile_check(int fd, const char *path, off_t max, char *why,
	    size_t size);
/*
 * Every key file that conf names: adds a line "FILE:LINE: why" for each that
 * cannot be had.  For `warrend -n`, and to tell all that is wrong at once.
 */
void	 keyfile_check_conf(const struct conf *, struct conf_errors *);
/*
 * cryptod knows the content of a key file, and not its path: what it says of
 * one, with the path and the line of the configuration.  slot is the path of
 * the key that it made itself.  Other words stay as they are.
 */
void	 keyfile_explain(const struct conf *, const char *slot,
	    const char *why, char *text, size_t size);

#endif /* PARENT_KEYFILE_H */
