/* SPDX-License-Identifier: ISC */
/*
 * Rows as a table with aligned columns.  The columns are the keys of all rows:
 * a key that not every row has stands behind the one that it follows in its
 * own row, so that the order is always the same, whoever's row is first.  The
 * last column is not padded.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/output.h"
#include "shared/log.h"

#define COLUMNS_MAX	ROW_FIELDS_MAX
#define LINES_MAX	4096	/* at once: a daemon may send without end */

struct line {
	char	*cell[COLUMNS_MAX];	/* escaped; NULL: empty */
};

struct table {
	char		 name[ROW_NAME_MAX];
	size_t		 columns;
	char		 key[COLUMNS_MAX][ROW_NAME_MAX];
	int		 right[COLUMNS_MAX];	/* a number */
	size_t		 width[COLUMNS_MAX];
	size_t		 lines;
	size_t		 room;
	struct line	*line;
};

static void
text_begin(struct output *o, const char *command)
{
	(void)command;
	o->state = output_alloc(NULL, sizeof(struct table));
	memset(o->state, 0, sizeof(struct table));
}

static char *
cell_text(const struct row_field *f)
{
	char num[24], *p;
	size_t n;

	if (f->kind == ROW_STR) {
		n = 4 * strlen(f->str) + 1;
		p = output_alloc(NULL, n);
		log_escape(p, n, f->str, strlen(f->str));
		if (*p == '\0') {
			free(p);
			return strdup("-");
		}
		return p;
	}
	if (f->kind == ROW_BOOL)
		return strdup(f->num != 0 ? "yes" : "no");
	snprintf(num, sizeof(num), "%llu", (unsigned long long)f->num);
	return strdup(num);
}

#define SHIFT(a, i, n) \
	memmove(&(a)[(i) + 1], &(a)[i], ((n) - (i)) * sizeof((a)[0]))

/* A new column at i, in all lines there are. */
static void
column_insert(struct table *t, size_t i, const struct row_field *f)
{
	size_t j;

	SHIFT(t->key, i, t->columns);
	SHIFT(t->width, i, t->columns);
	SHIFT(t->right, i, t->columns);
	for (j = 0; j < t->lines; j++) {
		SHIFT(t->line[j].cell, i, t->columns);
		t->line[j].cell[i] = NULL;
	}
	memcpy(t->key[i], f->key, ROW_NAME_MAX);
	t->width[i] = strlen(f->key);
	t->right[i] = f->kind == ROW_U64;
	t->columns++;
}

/* The column of a key; one that is new comes to stand at `next`. */
static size_t
column_of(struct table *t, const struct row_field *f, size_t next)
{
	size_t i;

	for (i = 0; i < t->columns; i++)
		if (strcmp(t->key[i], f->key) == 0)
			return i;
	if (i == COLUMNS_MAX)
		return i;
	column_insert(t, next, f);
	return next;
}

static void
print_cell(struct output *o, const struct table *t, size_t i, const char *s)
{
	int pad = (int)t->width[i];

	if (i > 0)
		fputs("  ", o->fp);
	if (t->right[i])
		fprintf(o->fp, "%*s", pad, s);
	else if (i == t->columns - 1)
		fputs(s, o->fp);
	else
		fprintf(o->fp, "%-*s", pad, s);
}

static void
print_table(struct output *o, struct table *t)
{
	char upper[ROW_NAME_MAX];
	size_t i, k, j;

	for (i = 0; i < t->columns; i++) {
		for (k = 0; t->key[i][k] != '\0'; k++)
			upper[k] = (char)toupper((unsigned char)t->key[i][k]);
		upper[k] = '\0';
		print_cell(o, t, i, upper);
	}
	if (t->columns > 0)
		putc('\n', o->fp);
	for (j = 0; j < t->lines; j++) {
		for (i = 0; i < t->columns; i++) {
			print_cell(o, t, i, t->line[j].cell[i] != NULL ?
			    t->line[j].cell[i] : "-");
			free(t->line[j].cell[i]);
		}
		putc('\n', o->fp);
	}
	free(t->line);
	memset(t, 0, sizeof(*t));
}

static void
text_row(struct output *o, const struct row *row)
{
	struct table *t = o->state;
	struct line *l;
	size_t i, c, n, next = 0;

	if (t->lines == LINES_MAX ||
	    (t->columns > 0 && strcmp(t->name, row->table) != 0)) {
		print_table(o, t);
		putc('\n', o->fp);
	}
	memcpy(t->name, row->table, sizeof(t->name));
	if (t->lines == t->room) {
		t->room = t->room == 0 ? 64 : 2 * t->room;
		t->line = output_alloc(t->line, t->room * sizeof(*t->line));
	}
	l = &t->line[t->lines++];
	memset(l, 0, sizeof(*l));
	for (i = 0; i < row->n; i++) {
		c = column_of(t, &row->field[i], next);
		if (c == COLUMNS_MAX || l->cell[c] != NULL)
			continue;
		next = c + 1;
		l->cell[c] = cell_text(&row->field[i]);
		n = l->cell[c] != NULL ? strlen(l->cell[c]) : 0;
		if (n > t->width[c])
			t->width[c] = n;
	}
}

static void
text_end(struct output *o)
{
	print_table(o, o->state);
	free(o->state);
	o->state = NULL;
}

const struct format format_table = {
	.begin = text_begin,
	.row = text_row,
	.end = text_end,
};
