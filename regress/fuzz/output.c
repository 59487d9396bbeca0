/* SPDX-License-Identifier: ISC */
/*
 * What warrenctl prints of rows from anywhere: nothing but printable ASCII
 * and newlines (tabs and harmless UTF-8, where text is meant to be parsed)
 * reaches the terminal, and the JSON is JSON.  The input is a byte, then rows,
 * each after its length in 16 bits.
 */
#include "ctl/output.h"
#include "input.h"
#include "shared/utf8.h"

#define ROWS	8

/* Minimal RFC 8259: p is moved over one value; 0 if there is none. */
static int	json_value(const char **p, int depth);

static int
json_take(const char **p, char c)
{
	while (**p == ' ' || **p == '\n')
		(*p)++;
	if (**p != c)
		return 0;
	(*p)++;
	return 1;
}

static int
json_string(const char **p)
{
	size_t i;

	if (!json_take(p, '"'))
		return 0;
	for (; **p != '"'; (*p)++) {
		if (**p == '\0' || (unsigned char)**p < ' ')
			return 0;
		if (**p != '\\')
			continue;
		(*p)++;
		if (**p == '\0' || strchr("\"\\/bfnrtu", **p) == NULL)
			return 0;
		if (**p != 'u')
			continue;
		for (i = 0; i < 4; i++)
			if (strchr("0123456789abcdefABCDEF", *++*p) == NULL ||
			    **p == '\0')
				return 0;
	}
	(*p)++;
	return 1;
}

static int
json_members(const char **p, char end, int depth)
{
	if (json_take(p, end))
		return 1;
	do {
		if (end == '}' && (!json_string(p) || !json_take(p, ':')))
			return 0;
		if (!json_value(p, depth - 1))
			return 0;
	} while (json_take(p, ','));
	return json_take(p, end);
}

static int
json_value(const char **p, int depth)
{
	size_t n;

	if (depth == 0)
		return 0;
	if (json_take(p, '{'))
		return json_members(p, '}', depth);
	if (json_take(p, '['))
		return json_members(p, ']', depth);
	while (**p == ' ' || **p == '\n')
		(*p)++;
	if (**p == '"')
		return json_string(p);
	if (strncmp(*p, "true", 4) == 0 || strncmp(*p, "false", 5) == 0) {
		*p += **p == 't' ? 4 : 5;
		return 1;
	}
	n = strspn(*p, "0123456789");
	*p += n;
	return n > 0;
}

/* The bytes of a character that neither controls nor turns anything, or 0. */
static size_t
harmless(const char *s, size_t left, const struct format *format)
{
	uint32_t c = (uint8_t)*s;
	size_t i, n;

	if (c == '\n' || (c >= ' ' && c <= '~') ||
	    (c == '\t' && format == &format_text))
		return 1;
	if (c < 0x80 || format != &format_text)
		return 0;
	n = utf8_len((const uint8_t *)s, left);
	c &= n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07;
	for (i = 1; i < n; i++)
		c = c << 6 | ((uint8_t)s[i] & 0x3f);
	return c < 0xa0 || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) ? 0 : n;
}

static void
print(const struct format *format, const struct row *rows, size_t n)
{
	struct output o = { .format = format, .now = 1700000000,
	    .judged = true };
	const char *p;
	char *text = NULL;
	size_t size = 0, i, len;

	o.fp = open_memstream(&text, &size);
	MUST(o.fp != NULL);
	format->begin(&o, "a command");
	for (i = 0; i < n; i++) {
		format->row(&o, &rows[i]);
		o.rows++;
	}
	format->end(&o);
	fclose(o.fp);
	for (i = 0; i < size; i += len)
		MUST((len = harmless(text + i, size - i, format)) > 0);
	p = text;
	if (format == &format_json)
		MUST(json_value(&p, 5) && strcmp(p, "\n") == 0);
	/* Exactly one line for each row, also if a row has many. */
	if (format == &format_json_lines)
		for (i = 0; i < n; i++)
			MUST(json_value(&p, 5) && *p == '\n');
	if (format == &format_events) {
		for (i = 0; (p = strchr(p, '\n')) != NULL; i++)
			p++;
		MUST(i == n);
	}
	free(text);
}

/* Numbers for people fit what is given for them, however small. */
static void
numbers(struct input *in)
{
	uint64_t now, then, n;
	char *buf;
	size_t size;

	size = 1 + input_u8(in) % 96;
	now = input_int(in, 8);
	then = input_int(in, 8);
	n = input_int(in, 8);
	MUST((buf = malloc(size)) != NULL);
	human_age(buf, size, now, then);
	MUST(strlen(buf) < size);
	MUST(size < 96 || then == 0 || then >= now ||
	    strcmp(buf + strlen(buf) - 4, " ago") == 0);
	human_bytes(buf, size, n);
	MUST(strlen(buf) < size);
	free(buf);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct row rows[ROWS];
	struct input in = { data, size };
	size_t n = 0, len;
	uint8_t *p, what = input_u8(&in);

	if (what == 0) {
		numbers(&in);
		return 0;
	}
	while (n < ROWS && in.left > 0) {
		len = input_int(&in, 2);
		if (len > in.left)
			len = in.left;
		p = input_dup(in.p, len);
		n += row_parse(&rows[n], p, len) == 0;
		free(p);
		in.p += len;
		in.left -= len;
	}
	print(&format_table, rows, n);
	print(&format_status, rows, n);
	print(&format_json, rows, n);
	print(&format_json_lines, rows, n);
	print(&format_peers, rows, n);
	print(&format_events, rows, n);
	print(&format_text, rows, n);
	return 0;
}
