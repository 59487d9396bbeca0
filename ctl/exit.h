/* SPDX-License-Identifier: ISC */
/*
 * What warrenctl's exit status means.
 */
#ifndef CTL_EXIT_H
#define CTL_EXIT_H

#define EXIT_DONE		0
#define EXIT_REFUSED		1	/* refused or failed */
#define EXIT_USAGE		2
#define EXIT_UNREACHABLE	3	/* no daemon, or it does not answer */
/* Of "status --check": what it found. */
#define EXIT_WARNINGS		4
#define EXIT_ERRORS		5

#endif /* CTL_EXIT_H */
