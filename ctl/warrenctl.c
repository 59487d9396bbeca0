/* SPDX-License-Identifier: ISC */
/*
 * warrenctl: operates a running warrend over its control socket.  It asks,
 * waits for the result and prints it; it holds no state, and knows no table
 * of the daemon but those that "status" draws.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/completion.h"
#include "ctl/exit.h"
#include "ctl/import.h"
#include "ctl/keys.h"
#include "ctl/request.h"
#include "shared/decimal.h"
#include "shared/version.h"

__attribute__((noreturn)) static void
usage(void)
{
	fprintf(stderr,
	    "usage: warrenctl [-j] [-i instance | -p pid | -s socket] "
	    "command\n");
	exit(EXIT_USAGE);
}

static int
version(struct output *o, bool json)
{
	uint8_t buf[128];
	struct row row;
	struct wbuf w;

	if (!json) {
		fprintf(o->fp, "warrenctl %s\n", warren_version());
		return EXIT_DONE;
	}
	row_begin(&w, buf, sizeof(buf), "version");
	row_str(&w, "program", "warrenctl");
	row_str(&w, "version", warren_version());
	if (w.fail || row_parse(&row, w.p, w.len) == -1)
		return EXIT_REFUSED;
	o->format->begin(o, command_name(DO_VERSION));
	o->format->row(o, &row);
	o->rows++;
	o->format->end(o);
	return EXIT_DONE;
}

static const struct format *
format_of(enum action a, bool json)
{
	if (json)
		return a == DO_MONITOR ? &format_json_lines : &format_json;
	switch (a) {
	case DO_STATUS:
	case DO_PEER:
	case DO_INTERFACE:
	case DO_HEALTH:
		return &format_status;
	case DO_PEERS:
		return &format_peers;
	case DO_CONFIG:
	case DO_METRICS:
		return &format_text;
	case DO_MONITOR:
		return &format_events;
	default:
		return &format_table;
	}
}

static int
run(const struct tokens_result *r, const struct request *q)
{
	struct output o;

	memset(&o, 0, sizeof(o));
	o.format = format_of(q->action, q->json);
	o.fp = stdout;
	switch (q->action) {
	case DO_GENKEY:
		return keys_genkey();
	case DO_PUBKEY:
		return keys_pubkey();
	case DO_GENPSK:
		return keys_genpsk();
	case DO_IMPORT:
		return import_run(q->arg, r->flag[FLAG_KEYS], stdout);
	case DO_COMPLETION:
		completion_bash(stdout, commands, common_flags);
		return EXIT_DONE;
	case DO_VERSION:
		return version(&o, q->json);
	case DO_STATUS:
		if (r->flag[FLAG_CHECK] != NULL)
			return check_run(q, &o);
		return request_run(q, &o);
	default:
		return request_run(q, &o);
	}
}

/*
 * A socket that took the place of a closed standard output would be printed
 * to.  What is put there instead cannot be written to, which is an error.
 */
static void
hold_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd != -1 && fd <= STDERR_FILENO);
	if (fd == -1)
		exit(EXIT_REFUSED);
	close(fd);
}

/* Has all of it been written?  Who only wanted the beginning knows. */
static int
flush(int status)
{
	if (fflush(stdout) != EOF && ferror(stdout) == 0)
		return status;
	if (errno != EPIPE)
		warn("standard output");
	return EXIT_REFUSED;
}

static pid_t
pid_of(const char *text)
{
	uint64_t v;

	if (decimal_parse(text, INT_MAX, &v) == -1 || v == 0)
		usage();
	return (pid_t)v;
}

/* The options of all commands; the same before the command and behind it. */
static void
take_option(struct request *q, enum flag f, const char *value)
{
	if (f == FLAG_INSTANCE)
		q->target.instance = value;
	else if (f == FLAG_JSON)
		q->json = true;
	else if (f == FLAG_PID)
		q->target.pid = pid_of(value);
	else if (f == FLAG_SOCKET)
		q->target.socket = value;
}

static void
take_options(struct request *q, int argc, char **argv)
{
	int ch;

	/* Those behind the command are for tokens_match(). */
	while ((ch = getopt(argc, argv, "+i:jp:s:")) != -1) {
		switch (ch) {
		case 'i':
			take_option(q, FLAG_INSTANCE, optarg);
			break;
		case 'j':
			take_option(q, FLAG_JSON, NULL);
			break;
		case 'p':
			take_option(q, FLAG_PID, optarg);
			break;
		case 's':
			take_option(q, FLAG_SOCKET, optarg);
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
}

int
main(int argc, char **argv)
{
	struct tokens_result r;
	struct request q;
	size_t i;

	hold_standard_fds();
	memset(&q, 0, sizeof(q));
	take_options(&q, argc, argv);
	tokens_match(commands, common_flags, (size_t)(argc - optind),
	    argv + optind, &r);
	if (r.verdict != TOKENS_OK) {
		command_wrong(&r);
		return EXIT_USAGE;
	}
	for (i = 0; i < TOKENS_FLAGS; i++)
		if (r.flag[i] != NULL)
			take_option(&q, i, r.flag[i]);
	if ((q.target.instance != NULL) + (q.target.socket != NULL) +
	    (q.target.pid != 0) > 1)
		usage();
	q.action = r.action;
	q.arg = r.nargs > 0 ? r.arg[0] : NULL;
	signal(SIGPIPE, SIG_IGN);
	return flush(run(&r, &q));
}
