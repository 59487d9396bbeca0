/* SPDX-License-Identifier: ISC */
/*
 * Numbers and strings for people: see output.h.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"
#include "shared/log.h"

void *
output_alloc(void *p, size_t n)
{
	p = realloc(p, n);
	if (p == NULL)
		err(1, NULL);
	return p;
}

void
output_text(FILE *fp, const char *s)
{
	char buf[4 * ROW_MAX + 1];

	log_escape(buf, sizeof(buf), s, strlen(s));
	fputs(buf, fp);
}

void
output_lines(FILE *fp, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	int last = '\n';

	for (; *p != '\0'; p++) {
		last = *p;
		if ((*p >= ' ' && *p <= '~') || *p == '\n' || *p == '\t')
			putc(*p, fp);
		else
			fprintf(fp, "\\%03o", *p);
	}
	if (last != '\n')
		putc('\n', fp);
}

uint64_t
field_num(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind != ROW_STR ? f->num : 0;
}

const char *
field_str(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind == ROW_STR ? f->str : "";
}

void
output_judge(struct output *o, const struct row *row)
{
	const char *severity = field_str(row, "severity");

	if (strcmp(row->table, "health") != 0)
		return;
	if (strcmp(severity, "error") == 0)
		o->errors++;
	else if (strcmp(severity, "warning") == 0)
		o->warnings++;
}

void
human_age(char *buf, size_t size, uint64_t now, uint64_t then)
{
	static const struct {
		uint64_t	 seconds;
		const char	*name;
	} units[] = {
		{ 31536000, "year" }, { 86400, "day" }, { 3600, "hour" },
		{ 60, "minute" }, { 1, "second" },
	};
	size_t i, off = 0, said = 0;
	uint64_t age, n;

	if (then == 0 || then > now || now - then == 0) {
		snprintf(buf, size, "%s", then == 0 ? "never" :
		    then > now ? "in the future: the clock was set back" :
		    "now");
		return;
	}
	age = now - then;
	for (i = 0; i < sizeof(units) / sizeof(units[0]) && said < 2; i++) {
		n = age / units[i].seconds;
		if (n == 0)
			continue;
		age -= n * units[i].seconds;
		off += (size_t)snprintf(buf + off, size - off, "%s%llu %s%s",
		    said > 0 ? ", " : "", (unsigned long long)n,
		    units[i].name, n == 1 ? "" : "s");
		if (off >= size)
			return;
		said++;
	}
	snprintf(buf + off, size - off, " ago");
}

void
human_bytes(char *buf, size_t size, uint64_t n)
{
	static const char *const units[] = { "KiB", "MiB", "GiB", "TiB",
	    "PiB", "EiB" };
	double v = (double)n / 1024;
	size_t i;

	if (n < 1024) {
		snprintf(buf, size, "%llu B", (unsigned long long)n);
		return;
	}
	for (i = 0; v >= 1024 && i < 5; i++)
		v /= 1024;
	snprintf(buf, size, "%.2f %s", v, units[i]);
}
