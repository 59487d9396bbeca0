/* SPDX-License-Identifier: ISC */
/*
 * The frame of a unit test program: runs one Check suite and says the result
 * of each test in the form that regress/run counts.
 */
#ifndef REGRESS_UNIT_UNIT_H
#define REGRESS_UNIT_UNIT_H

#include <check.h>

/*
 * Run the suite and print "ok NAME/TEST", "not ok NAME/TEST: why" for each
 * of its tests.  Returns the exit status: 0, or 1 if any failed.
 */
int	unit_run(const char *, Suite *);

/*
 * Say that a test, or a part of it, could not be done, and why.  It returns;
 * a test that called it directly and did not fail counts as skipped, not
 * as passed.
 */
#define unit_skip(what, why)	unit_skip_in(__func__, (what), (why))
void	unit_skip_in(const char *, const char *, const char *);

#endif /* REGRESS_UNIT_UNIT_H */
