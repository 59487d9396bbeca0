/* SPDX-License-Identifier: ISC */
/*
 * Rows as JSON: {"version":1,"command":"...","rows":[{"table":"...",...}]}, or,
 * where there is no end, a line {"version":1,"table":"...",...} for each.
 * A byte of a string that is no printable ASCII becomes \u00XX, so that the
 * output is always valid, whatever came.
 */
#include "ctl/output.h"

static void
json_string(FILE *fp, const char *s)
{
	putc('"', fp);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(fp, "\\%c", *s);
		else if (*s >= ' ' && *s <= '~')
			putc(*s, fp);
		else
			fprintf(fp, "\\u%04x", (unsigned char)*s);
	}
	putc('"', fp);
}

static void
json_begin(struct output *o, const char *command)
{
	fprintf(o->fp, "{\"version\":%d,\"command\":", OUTPUT_VERSION);
	json_string(o->fp, command);
	fprintf(o->fp, ",\"rows\":[");
}

/* The table and the fields, without brackets. */
static void
json_fields(struct output *o, const struct row *row)
{
	const struct row_field *f;
	size_t i;

	fprintf(o->fp, "\"table\":");
	json_string(o->fp, row->table);
	for (i = 0; i < row->n; i++) {
		f = &row->field[i];
		putc(',', o->fp);
		json_string(o->fp, f->key);
		putc(':', o->fp);
		if (f->kind == ROW_STR)
			json_string(o->fp, f->str);
		else if (f->kind == ROW_BOOL)
			fputs(f->num != 0 ? "true" : "false", o->fp);
		else
			fprintf(o->fp, "%llu", (unsigned long long)f->num);
	}
}

static void
json_row(struct output *o, const struct row *row)
{
	fprintf(o->fp, "%s\n{", o->rows > 0 ? "," : "");
	json_fields(o, row);
	putc('}', o->fp);
}

static void
json_end(struct output *o)
{
	fprintf(o->fp, "%s]}\n", o->rows > 0 ? "\n" : "");
}

const struct format format_json = {
	.begin = json_begin,
	.row = json_row,
	.end = json_end,
};

static void
line_begin(struct output *o, const char *command)
{
	(void)o;
	(void)command;
}

static void
line_row(struct output *o, const struct row *row)
{
	fprintf(o->fp, "{\"version\":%d,", OUTPUT_VERSION);
	json_fields(o, row);
	fprintf(o->fp, "}\n");
	fflush(o->fp);
}

static void
line_end(struct output *o)
{
	(void)o;
}

const struct format format_json_lines = {
	.begin = line_begin,
	.row = line_row,
	.end = line_end,
};
