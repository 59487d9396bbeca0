/* SPDX-License-Identifier: ISC */
/*
 * warrenctl: operates a running warrend over its control socket.  It asks,
 * waits for the result and prints it; it holds no state, and knows no table
 * of the daemon but the two that "status" draws.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/conn.h"
#include "ctl/exit.h"
#include "ctl/instance.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "ctl/tokens.h"
#include "shared/version.h"

enum action {
	DO_STATUS = 1,
	DO_PROCESSES,
	DO_SANDBOX,
	DO_IMSG,
	DO_MEMORY,
	DO_COUNTERS,
	DO_CRYPTO,
	DO_VERBOSE,
	DO_BRIEF,
	DO_GENKEY,
	DO_PUBKEY,
	DO_GENPSK,
	DO_VERSION
};

static const struct token show_words[] = {
	{ "processes",	NULL, DO_PROCESSES, "the processes and their users" },
	{ "sandbox",	NULL, DO_SANDBOX, "what confines each process" },
	{ "imsg",	NULL, DO_IMSG, "messages between the processes" },
	{ "memory",	NULL, DO_MEMORY, "locked memory, rings, buffers" },
	{ "counters",	NULL, DO_COUNTERS, "what each process counts" },
	{ "crypto",	NULL, DO_CRYPTO, "ciphers and handshakes" },
	{ NULL,		NULL, 0, NULL }
};

static const struct token log_words[] = {
	{ "verbose",	NULL, DO_VERBOSE, "log for debugging, too" },
	{ "brief",	NULL, DO_BRIEF, "log what matters" },
	{ NULL,		NULL, 0, NULL }
};

static const struct token commands[] = {
	{ "status",	NULL, DO_STATUS, "the interface and its peers" },
	{ "show",	show_words, 0, "the inside of the daemon" },
	{ "log",	log_words, 0, "how much is logged" },
	{ "genkey",	NULL, DO_GENKEY, "make a private key" },
	{ "pubkey",	NULL, DO_PUBKEY, "the public key of a private one" },
	{ "genpsk",	NULL, DO_GENPSK, "make a preshared key" },
	{ "version",	NULL, DO_VERSION, "the version of warrenctl" },
	{ NULL,		NULL, 0, NULL }
};

__attribute__((noreturn)) static void
usage(void)
{
	fprintf(stderr, "usage: warrenctl [-j] [-i instance] command\n");
	exit(EXIT_USAGE);
}

/* Prints the words that could have been meant. */
__attribute__((noreturn)) static void
wrong_word(const struct tokens_result *r)
{
	const char *why = "incomplete command";
	const struct token *t;

	if (r->verdict == TOKENS_UNKNOWN)
		why = "unknown word";
	else if (r->verdict == TOKENS_AMBIGUOUS)
		why = "ambiguous word";
	else if (r->verdict == TOKENS_EXTRA)
		why = "nothing may follow here";
	fprintf(stderr, "warrenctl: %s", why);
	if (r->word != NULL) {
		fprintf(stderr, ": ");
		output_text(stderr, r->word);
	}
	fprintf(stderr, "\n");
	if (r->table != NULL) {
		fprintf(stderr, "valid %s%s%s:\n", r->last != NULL ?
		    "after \"" : "commands", r->last != NULL ?
		    r->last->word : "", r->last != NULL ? "\"" : "");
		for (t = r->table; t->word != NULL; t++)
			if (r->verdict != TOKENS_AMBIGUOUS ||
			    tokens_begins(t, r->word))
				fprintf(stderr, "  %-10s %s\n", t->word,
				    t->help);
	}
	exit(EXIT_USAGE);
}

static const char *
action_name(enum action a)
{
	static const char *const names[] = {
		[DO_STATUS] = "status",
		[DO_PROCESSES] = "show processes",
		[DO_SANDBOX] = "show sandbox",
		[DO_IMSG] = "show imsg",
		[DO_MEMORY] = "show memory",
		[DO_COUNTERS] = "show counters",
		[DO_CRYPTO] = "show crypto",
		[DO_VERBOSE] = "log verbose",
		[DO_BRIEF] = "log brief",
		[DO_VERSION] = "version",
	};

	return names[a];
}

static void
ask(struct wbuf *w, enum action a, uint32_t id)
{
	static const enum show_topic topics[] = {
		[DO_STATUS] = SHOW_STATUS,
		[DO_PROCESSES] = SHOW_PROCESSES,
		[DO_SANDBOX] = SHOW_SANDBOX,
		[DO_IMSG] = SHOW_IMSG,
		[DO_MEMORY] = SHOW_MEMORY,
		[DO_COUNTERS] = SHOW_COUNTERS,
		[DO_CRYPTO] = SHOW_CRYPTO,
	};

	if (a == DO_VERBOSE || a == DO_BRIEF)
		ctl_log_write(w, id, a == DO_VERBOSE);
	else
		ctl_show_write(w, id, topics[a]);
}

/* The daemon does not speak, or not as it should. */
static int
lost(void)
{
	if (errno == ETIMEDOUT)
		warnx("the daemon has not answered for %d seconds",
		    CONN_TIMEOUT / 1000);
	else if (errno == EBADMSG)
		warnx("the daemon's answer is malformed");
	else if (errno == ECONNRESET || errno == EPIPE)
		warnx("the daemon closed the connection");
	else
		warn("connection to the daemon");
	return EXIT_UNREACHABLE;
}

static int
refused(const struct ctl_done *d)
{
	fprintf(stderr, "warrenctl: ");
	output_text(stderr, d->text[0] != '\0' ? d->text :
	    strerror((int)d->error));
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

static int
print_row(struct output *o, const struct ctl_frame *f)
{
	struct row row;

	if (row_parse(&row, f->data, f->len) == -1)
		return -1;
	o->format->row(o, &row);
	o->rows++;
	return 0;
}

/* Prints rows until the answer's end; returns the exit status. */
static int
answer(struct conn *c, struct output *o, uint32_t id)
{
	struct ctl_frame f;
	struct ctl_done d;

	for (;;) {
		if (conn_next(c, &f) == -1)
			return lost();
		errno = EBADMSG;
		if (f.id != id)
			return lost();
		if (f.type == CTL_ROW) {
			if (print_row(o, &f) == -1)
				return lost();
			continue;
		}
		if (ctl_done_read(&f, &d) == -1)
			return lost();
		return d.error == 0 ? EXIT_DONE : refused(&d);
	}
}

static int
request(const char *instance, enum action a, struct output *o)
{
	static struct conn c;
	uint8_t buf[64];
	struct ctl_done why;
	struct wbuf w;
	int fd, status;

	fd = instance_connect(instance, &status);
	if (fd == -1)
		return status;
	if (conn_greet(&c, fd, &why) == -1)
		return errno == EPROTONOSUPPORT ? refused(&why) : lost();
	wbuf_init(&w, buf, sizeof(buf));
	ask(&w, a, 1);
	if (conn_send(&c, &w) == -1)
		return lost();
	o->format->begin(o, action_name(a));
	status = answer(&c, o, 1);
	o->format->end(o);
	conn_close(&c);
	return status;
}

static int
version(struct output *o, int json)
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
	o->format->begin(o, action_name(DO_VERSION));
	o->format->row(o, &row);
	o->rows++;
	o->format->end(o);
	return EXIT_DONE;
}

static int
run(enum action a, const char *instance, int json)
{
	struct output o;

	memset(&o, 0, sizeof(o));
	o.format = json ? &format_json : a == DO_STATUS ? &format_status :
	    &format_table;
	o.fp = stdout;
	o.now = (uint64_t)time(NULL);
	switch (a) {
	case DO_GENKEY:
		return keys_genkey();
	case DO_PUBKEY:
		return keys_pubkey();
	case DO_GENPSK:
		return keys_genpsk();
	case DO_VERSION:
		return version(&o, json);
	default:
		return request(instance, a, &o);
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

int
main(int argc, char **argv)
{
	const char *instance = NULL;
	struct tokens_result r;
	int ch, json = 0;

	hold_standard_fds();
	while ((ch = getopt(argc, argv, "i:j")) != -1) {
		switch (ch) {
		case 'i':
			instance = optarg;
			break;
		case 'j':
			json = 1;
			break;
		default:
			usage();
		}
	}
	if (optind == argc)
		usage();
	tokens_match(commands, (size_t)(argc - optind), argv + optind, &r);
	if (r.verdict != TOKENS_OK)
		wrong_word(&r);
	signal(SIGPIPE, SIG_IGN);
	return flush(run(r.action, instance, json));
}
