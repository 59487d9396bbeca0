/* SPDX-License-Identifier: ISC */
/*
 * The undo journal: see journal.h.
 */
#include <sys/socket.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "parent/journal.h"

#define CHECK		8		/* hex digits */

static const char *const rule_name[] = {
	[JOURNAL_RULE_MARK] = "mark",
	[JOURNAL_RULE_MAIN] = "main",
	[JOURNAL_RULE_DEFAULT] = "default",
};

/* FNV-1a: against torn lines and editors, not against an enemy. */
static uint32_t
check_of(const char *p, size_t len)
{
	uint32_t h = 2166136261U;

	for (; len > 0; len--)
		h = (h ^ (uint8_t)*p++) * 16777619U;
	return h;
}

static size_t
finish(char line[JOURNAL_LINE], int n)
{
	size_t len = n > 0 ? (size_t)n : 0;

	if (len > JOURNAL_LINE - CHECK - 3)
		len = JOURNAL_LINE - CHECK - 3;
	snprintf(line + len, JOURNAL_LINE - len, " %08" PRIx32 "\n",
	    check_of(line, len));
	return len + CHECK + 2;
}

size_t
journal_head(char line[JOURNAL_LINE], const char *instance)
{
	return finish(line, snprintf(line, JOURNAL_LINE, "warren-undo 1 %s",
	    instance));
}

size_t
journal_line(char line[JOURNAL_LINE], bool made, const struct journal_deed *d)
{
	char sign = made ? '+' : '-';
	int n;

	switch (d->what) {
	case JOURNAL_TABLE:
		n = snprintf(line, JOURNAL_LINE, "%c table 0x%" PRIx32, sign,
		    d->table);
		break;
	case JOURNAL_SRC_MARK:
		n = snprintf(line, JOURNAL_LINE, "%c src_valid_mark %" PRIu32,
		    sign, d->value);
		break;
	default:
		n = snprintf(line, JOURNAL_LINE, "%c rule %s %s 0x%" PRIx32
		    " 0x%" PRIx32, sign, rule_name[d->what],
		    d->family == AF_INET6 ? "inet6" : "inet", d->mark,
		    d->table);
		break;
	}
	return finish(line, n);
}

size_t
journal_line_netns(char line[JOURNAL_LINE], const struct journal_netns *n)
{
	return finish(line, snprintf(line, JOURNAL_LINE, "= netns %" PRIu64
	    " %" PRIu64, n->dev, n->ino));
}

static size_t
line_begin(char line[JOURNAL_LINE])
{
	return finish(line, snprintf(line, JOURNAL_LINE, "= begin"));
}

static size_t
line_end(char line[JOURNAL_LINE], size_t n)
{
	return finish(line, snprintf(line, JOURNAL_LINE, "= end %zu", n));
}

size_t
journal_lines(char text[JOURNAL_EXTRACT], const struct journal *j)
{
	size_t i, len = 0;

	for (i = 0; i < j->n; i++)
		len += journal_line(text + len, true, &j->open[i]);
	return len;
}

size_t
journal_extract(char text[JOURNAL_EXTRACT], const struct journal *j)
{
	size_t len;

	len = line_begin(text);
	len += journal_lines(text + len, j);
	return len + line_end(text + len, j->n);
}

bool
journal_same(const struct journal_deed *a, const struct journal_deed *b)
{
	return a->what == b->what && a->family == b->family &&
	    a->mark == b->mark && a->table == b->table &&
	    a->value == b->value;
}

/*
 * There is one way to write a deed.  So what sscanf takes from a line is
 * written again, and the line counts only if it is that, byte by byte.
 */
static bool
parse_rule(const char *line, char *sign, struct journal_deed *d)
{
	char kind[8], family[8];
	unsigned i;

	if (sscanf(line, "%c rule %7s %7s 0x%8" SCNx32 " 0x%8" SCNx32, sign,
	    kind, family, &d->mark, &d->table) != 5)
		return false;
	d->family = strcmp(family, "inet6") == 0 ? AF_INET6 : AF_INET;
	for (i = JOURNAL_RULE_MARK; i <= JOURNAL_RULE_DEFAULT; i++)
		if (strcmp(kind, rule_name[i]) == 0) {
			d->what = i;
			return true;
		}
	return false;
}

static bool
parse(const char *line, size_t len, bool *made, struct journal_deed *d)
{
	char again[JOURNAL_LINE], sign;

	memset(d, 0, sizeof(*d));
	if (sscanf(line, "%c table 0x%8" SCNx32, &sign, &d->table) == 2)
		d->what = JOURNAL_TABLE;
	else if (sscanf(line, "%c src_valid_mark %1" SCNu32, &sign,
	    &d->value) == 2)
		d->what = JOURNAL_SRC_MARK;
	else if (!parse_rule(line, &sign, d))
		return false;
	*made = sign == '+';
	return journal_line(again, *made, d) == len &&
	    memcmp(again, line, len) == 0;
}

size_t
journal_find(const struct journal *j, const struct journal_deed *d)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (journal_same(&j->open[i], d))
			break;
	return i;
}

static void
undo(struct journal *j, const struct journal_deed *d)
{
	size_t i = journal_find(j, d);

	if (i == j->n)
		return;
	j->n--;
	memmove(&j->open[i], &j->open[i + 1], (j->n - i) *
	    sizeof(j->open[0]));
}

static void
do_again(struct journal *j, const struct journal_deed *d)
{
	if (journal_find(j, d) < j->n)
		return;
	if (j->n == JOURNAL_OPEN)
		j->damaged++;
	else
		j->open[j->n++] = *d;
}

/* A deed counts at once, and again at the end of the extract it is in. */
static void
take_deed(struct journal *j, bool made, const struct journal_deed *d)
{
	if (!made || j->nfresh == JOURNAL_OPEN)
		j->extract = false;
	else if (j->extract)
		j->fresh[j->nfresh++] = *d;
	if (made)
		do_again(j, d);
	else
		undo(j, d);
}

/* All that came before is void. */
static void
take_extract(struct journal *j)
{
	size_t i;

	j->n = 0;
	for (i = 0; i < j->nfresh; i++)
		do_again(j, &j->fresh[i]);
	j->damaged = 0;
}

/* "= ..."; false if it is none of ours. */
static bool
take_mark(struct journal *j, const char *line, size_t len)
{
	char again[JOURNAL_LINE];
	struct journal_netns ns;

	if (len == line_begin(again) && memcmp(line, again, len) == 0) {
		j->extract = true;
		j->nfresh = 0;
		return true;
	}
	if (len == line_end(again, j->nfresh) &&
	    memcmp(line, again, len) == 0 && j->extract) {
		take_extract(j);
		j->extract = false;
		return true;
	}
	if (sscanf(line, "= netns %20" SCNu64 " %20" SCNu64, &ns.dev,
	    &ns.ino) != 2 || journal_line_netns(again, &ns) != len ||
	    memcmp(line, again, len) != 0)
		return false;
	j->netns = ns;
	return true;
}

static void
take_damaged(struct journal *j)
{
	j->damaged++;
	j->extract = false;
}

static void
take_line(struct journal *j, const char *text, size_t len)
{
	char line[JOURNAL_LINE];
	struct journal_deed d;
	bool made;

	if (len >= sizeof(line)) {
		take_damaged(j);
		return;
	}
	memcpy(line, text, len);
	line[len] = '\0';
	if (parse(line, len, &made, &d))
		take_deed(j, made, &d);
	else if (!take_mark(j, line, len))
		take_damaged(j);
}

int
journal_read(struct journal *j, const char *instance, const char *text,
    size_t len)
{
	char head[JOURNAL_LINE];
	const char *nl;
	size_t n;

	memset(j, 0, sizeof(*j));
	/* Killed before the head was whole: nothing had been done. */
	n = journal_head(head, instance);
	if (len == 0 || (len < n && memcmp(text, head, len) == 0))
		return 0;
	if (len > JOURNAL_MAX || len < n || memcmp(text, head, n) != 0) {
		errno = EBADMSG;
		return -1;
	}
	for (text += n, len -= n; len > 0; text += n, len -= n) {
		nl = memchr(text, '\n', len);
		if (nl == NULL) {
			j->damaged++;
			break;
		}
		n = (size_t)(nl - text) + 1;
		take_line(j, text, n);
	}
	return 0;
}
