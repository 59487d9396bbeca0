/* SPDX-License-Identifier: ISC */
/*
 * "status --check": what a monitoring system wants to know, in one line and in
 * the exit status.
 */
#include <err.h>
#include <string.h>

#include "ctl/exit.h"
#include "ctl/request.h"

#define TEXT_MAX	1024	/* bytes of the line's text */

struct check {
	char		 text[TEXT_MAX];	/* what is wrong */
	size_t		 len;
	size_t		 cut;			/* problems that did not fit */
	uint64_t	 peers;
	char		 instance[64];
};

/* Errors, then warnings, in the order in which they are told. */
static struct check found[2];

static void
check_begin(struct output *o, const char *command)
{
	(void)o;
	(void)command;
	memset(found, 0, sizeof(found));
}

static void
add(struct check *c, const struct row *row)
{
	const char *peer = field_str(row, "peer");
	char one[TEXT_MAX];
	int n;

	n = snprintf(one, sizeof(one), "%s%s%s%s", c->len > 0 ? "; " : "",
	    peer, *peer != '\0' ? ": " : "", field_str(row, "problem"));
	if (n < 0 || (size_t)n >= sizeof(c->text) / 2 - c->len) {
		c->cut++;
		return;
	}
	memcpy(c->text + c->len, one, (size_t)n + 1);
	c->len += (size_t)n;
}

static void
check_row(struct output *o, const struct row *row)
{
	size_t errors = o->errors, warnings = o->warnings;

	output_judge(o, row);
	if (o->errors > errors)
		add(&found[0], row);
	else if (o->warnings > warnings)
		add(&found[1], row);
	if (strcmp(row->table, "interface") == 0) {
		found[0].peers = field_num(row, "peers");
		snprintf(found[0].instance, sizeof(found[0].instance), "%s",
		    field_str(row, "instance"));
	}
}

static void
check_end(struct output *o)
{
	(void)o;
}

static const struct format format_check = {
	.begin = check_begin,
	.row = check_row,
	.end = check_end,
};

static const char *const words[] = {
	[EXIT_DONE] = "OK",
	[EXIT_REFUSED] = "UNKNOWN",
	[EXIT_USAGE] = "UNKNOWN",
	[EXIT_UNREACHABLE] = "UNKNOWN",
	[EXIT_WARNINGS] = "WARNING",
	[EXIT_ERRORS] = "CRITICAL",
};

static void
check_text(const struct output *o, int status, char *text, size_t size)
{
	size_t cut = found[0].cut + found[1].cut;
	char more[48] = "";

	if (status == EXIT_DONE)
		snprintf(text, size, "%s: %llu peer%s", found[0].instance,
		    (unsigned long long)found[0].peers,
		    found[0].peers == 1 ? "" : "s");
	else if (status != EXIT_WARNINGS && status != EXIT_ERRORS)
		snprintf(text, size, "the daemon could not be asked");
	else {
		if (cut > 0)
			snprintf(more, sizeof(more), "; %zu more", cut);
		snprintf(text, size, "%s: %s%s%s%s", found[0].instance,
		    found[0].text, o->errors > 0 && found[1].len > 0 ? "; " :
		    "", found[1].text, more);
	}
}

static void
print(struct output *o, const struct request *q, int status)
{
	char text[3 * TEXT_MAX];
	static struct row row;
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	check_text(o, status, text, sizeof(text));
	if (!q->json) {
		fprintf(o->fp, "%s - ", words[status]);
		output_text(o->fp, text);
		putc('\n', o->fp);
		return;
	}
	row_begin(&w, buf, sizeof(buf), "check");
	row_str(&w, "state", words[status]);
	row_u64(&w, "errors", o->errors);
	row_u64(&w, "warnings", o->warnings);
	row_str(&w, "text", text);
	if (w.fail || row_parse(&row, w.p, w.len) == -1)
		return;
	o->rows = 0;
	format_json.begin(o, "status --check");
	format_json.row(o, &row);
	o->rows++;
	format_json.end(o);
}

int
check_run(const struct request *q, struct output *o)
{
	int status;

	o->format = &format_check;
	status = request_run(q, o);
	if (status == EXIT_DONE && !o->judged) {
		warnx("this daemon is older and does not judge its health");
		status = EXIT_REFUSED;
	}
	if (status == EXIT_DONE && o->errors > 0)
		status = EXIT_ERRORS;
	else if (status == EXIT_DONE && o->warnings > 0)
		status = EXIT_WARNINGS;
	print(o, q, status);
	return status;
}
