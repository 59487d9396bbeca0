/* SPDX-License-Identifier: ISC */
/*
 * One request to the daemon, and what is printed of its answer.
 */
#ifndef CTL_REQUEST_H
#define CTL_REQUEST_H

#include "ctl/commands.h"
#include "ctl/instance.h"
#include "ctl/output.h"

struct request {
	struct target	 target;
	enum action	 action;
	const char	*arg;		/* of the command, or NULL */
	bool		 json;
};

/* Asks and prints; says what is wrong; the exit status. */
int	 request_run(const struct request *, struct output *);
/* "status --check": prints one line, whatever happens; the exit status. */
int	 check_run(const struct request *, struct output *);

#endif /* CTL_REQUEST_H */
