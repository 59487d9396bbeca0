/* SPDX-License-Identifier: ISC */
/*
 * warrend --cleanup: undoes what a parent that was killed could not undo.
 * Starting the instance again does the same; this is for one that will not be
 * started again.
 */
#include <unistd.h>

#include "parent/parent.h"
#include "shared/paths.h"

int
cleanup(struct parent *p)
{
	int rc = 0;

	if (geteuid() != 0) {
		log_warnx("must be started by root");
		return 1;
	}
	if (runtime_dirs(&p->run) == -1 ||
	    runtime_lock(&p->run, p->instance, NULL) == -1)
		return 1;
	/* Only the lock knows who was killed, and what its interface was
	 * called: it stays as it was until all of this is done. */
	runtime_wait(&p->run, p->run.left);
	if (kernel_cleanup(p->run.run_dir, p->instance) == -1 ||
	    runtime_clear_leftovers(&p->run, p->instance) == -1) {
		rc = 1;
		runtime_give_back(&p->run);
	}
	runtime_clear(&p->run);
	return rc;
}
