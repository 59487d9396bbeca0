/* SPDX-License-Identifier: ISC */
/*
 * Prints the permission table as the mdoc table of warren-imsg(7), so that
 * the manual cannot say anything else than the check does.
 */
#include <stdio.h>

#include "shared/msg_table.h"

static void
print_procs(unsigned mask)
{
	const char *sep = "";
	int p;

	for (p = 0; p < PROC_COUNT; p++)
		if ((mask & PROC_BIT(p)) != 0) {
			printf("%s%s", sep, proc_name(p));
			sep = ", ";
		}
}

static const char *
phase_text(unsigned mask)
{
	if (mask == PHASE_ANY)
		return "any phase";
	return mask == PHASE_BIT(PHASE_SETUP) ? "setup" : "run";
}

static void
print_row(const struct msg_row *r)
{
	printf(".It Dv %s Pq 0x%04x\n", r->name, r->type);
	print_procs(r->from);
	printf(" to ");
	print_procs(r->to);
	printf("; %s; ", phase_text(r->phase));
	if (r->mode != MODE_ANY)
		printf("%s mode; ", r->mode == MODE_BIT(MODE_BARE) ? "bare" :
		    "configured");
	if (r->min == r->max)
		printf("%u byte%s; ", r->min, r->min == 1 ? "" : "s");
	else
		printf("%u to %u bytes; ", r->min, r->max);
	if (r->fd != FD_NONE)
		printf("one descriptor of kind %s; ", fd_kind_name(r->fd));
	printf("queue %u, then %s.\n.br\n", r->queue, overflow_name(r->over));
	printf("%s.\n", r->what);
}

int
main(void)
{
	const struct msg_row *rows;
	size_t i, n;

	rows = msg_rows(&n);
	for (i = 0; i < n; i++)
		print_row(&rows[i]);
	return ferror(stdout) || fflush(stdout) == EOF;
}
