/* SPDX-License-Identifier: ISC */
/*
 * Numbers and strings for people: see output.h.
 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"
#include "shared/log.h"
#include "shared/utf8.h"

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

/* U+2028 to U+202E, U+2066 to U+2069: they move what stands around them. */
static bool
moves_text(const uint8_t *p, size_t n)
{
	return n == 3 && p[0] == 0xe2 &&
	    ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

/* The bytes at p that may be shown as they are, or 0. */
static size_t
shown(const uint8_t *p, size_t left)
{
	size_t n = utf8_len(p, left);

	if ((*p < ' ' && *p != '\n' && *p != '\t') || *p == 0x7f ||
	    moves_text(p, n))
		return 0;
	return n;
}

void
output_lines(FILE *fp, const char *s)
{
	const uint8_t *p = (const uint8_t *)s;
	size_t n, left = strlen(s);
	int last = '\n';

	while (left > 0) {
		last = *p;
		n = shown(p, left);
		if (n > 0)
			fwrite(p, 1, n, fp);
		else
			fprintf(fp, "\\%03o", *p);
		n += n == 0;
		p += n;
		left -= n;
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
