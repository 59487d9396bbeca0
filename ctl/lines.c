/* SPDX-License-Identifier: ISC */
/*
 * Answers that are text already (the configuration, metrics), and events,
 * which are printed as they come: the reader may be a pipe that waits.
 */
#include <string.h>
#include <time.h>

#include "ctl/output.h"

static void
lines_begin(struct output *o, const char *command)
{
	(void)o;
	(void)command;
}

static void
lines_end(struct output *o)
{
	(void)o;
}

/* A piece is whole lines, so none is cut here. */
static void
text_piece(struct output *o, const struct row *row)
{
	output_lines(o->fp, field_str(row, "text"));
}

const struct format format_text = {
	.begin = lines_begin,
	.row = text_piece,
	.end = lines_end,
};

/* In quotes if a reader could not tell where it ends. */
static void
event_value(FILE *fp, const char *s)
{
	if (*s != '\0' && strpbrk(s, " \"=") == NULL) {
		output_text(fp, s);
		return;
	}
	putc('"', fp);
	for (; *s != '\0'; s++) {
		char one[2] = { *s, '\0' };

		if (*s == '"')
			fputs("\\\"", fp);
		else
			output_text(fp, one);
	}
	putc('"', fp);
}

static void
event_field(FILE *fp, const struct row_field *f)
{
	fprintf(fp, " %s=", f->key);
	if (f->kind == ROW_STR)
		event_value(fp, f->str);
	else if (f->kind == ROW_BOOL)
		fputs(f->num != 0 ? "yes" : "no", fp);
	else
		fprintf(fp, "%llu", (unsigned long long)f->num);
}

/* "2026-11-22T10:11:12+0100": local time, and how far that is from UTC. */
static void
event_time(struct output *o, const struct row *row)
{
	const struct row_field *f = row_get(row, "time");
	char buf[64];
	struct tm tm;
	time_t t;

	t = f != NULL && f->kind == ROW_U64 ? (time_t)f->num : time(NULL);
	if (localtime_r(&t, &tm) == NULL ||
	    strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S%z", &tm) == 0)
		snprintf(buf, sizeof(buf), "-");
	fputs(buf, o->fp);
}

static void
event_row(struct output *o, const struct row *row)
{
	static const char *const first[] = { "process", "peer", "what" };
	const char *value;
	size_t i, k;

	event_time(o, row);
	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		value = field_str(row, first[i]);
		putc(' ', o->fp);
		if (*value == '\0')
			putc('-', o->fp);
		else
			event_value(o->fp, value);
	}
	for (i = 0; i < row->n; i++) {
		for (k = 0; k < sizeof(first) / sizeof(first[0]); k++)
			if (strcmp(row->field[i].key, first[k]) == 0)
				break;
		if (k == sizeof(first) / sizeof(first[0]) &&
		    strcmp(row->field[i].key, "time") != 0)
			event_field(o->fp, &row->field[i]);
	}
	putc('\n', o->fp);
	fflush(o->fp);
}

const struct format format_events = {
	.begin = lines_begin,
	.row = event_row,
	.end = lines_end,
};
