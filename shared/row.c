/* SPDX-License-Identifier: ISC */
/*
 * Rows of answers: see row.h.  On the wire: table name, then for each field
 * a kind byte, its key and its value, until the end.
 */
#include <string.h>

#include "shared/row.h"

void
row_begin(struct wbuf *w, void *buf, size_t size, const char *table)
{
	wbuf_init(w, buf, size < ROW_MAX ? size : ROW_MAX);
	put_str(w, table);
}

void
row_u64(struct wbuf *w, const char *key, uint64_t v)
{
	put_u8(w, ROW_U64);
	put_str(w, key);
	put_u64(w, v);
}

void
row_str(struct wbuf *w, const char *key, const char *v)
{
	put_u8(w, ROW_STR);
	put_str(w, key);
	put_str(w, v);
}

void
row_bool(struct wbuf *w, const char *key, bool v)
{
	put_u8(w, ROW_BOOL);
	put_str(w, key);
	put_u8(w, v);
}

static void
get_name(struct rbuf *r, char *dst)
{
	const char *p;

	get_str(r, dst, ROW_NAME_MAX);
	if (dst[0] == '\0')
		r->fail = true;
	for (p = dst; *p != '\0'; p++)
		if (!(*p >= 'a' && *p <= 'z') && !(*p >= '0' && *p <= '9') &&
		    *p != '_' && *p != '-')
			r->fail = true;
}

static void
get_field(struct rbuf *r, struct row *row, size_t *used)
{
	struct row_field *f = &row->field[row->n];
	uint8_t kind = get_u8(r);

	get_name(r, f->key);
	/* "table" is what JSON calls the row's table. */
	if (strcmp(f->key, "table") == 0 || row_get(row, f->key) != NULL)
		r->fail = true;
	f->kind = kind;
	f->num = 0;
	f->str = NULL;
	switch (kind) {
	case ROW_U64:
		f->num = get_u64(r);
		break;
	case ROW_BOOL:
		f->num = get_bool(r);
		break;
	case ROW_STR:
		get_str(r, row->text + *used, sizeof(row->text) - *used);
		f->str = row->text + *used;
		*used += strlen(f->str) + 1;
		break;
	default:
		r->fail = true;
	}
	row->n++;
}

int
row_parse(struct row *row, const void *p, size_t len)
{
	struct rbuf r;
	size_t used = 0;

	row->n = 0;
	rbuf_init(&r, p, len);
	if (len > ROW_MAX)
		r.fail = true;
	get_name(&r, row->table);
	while (!r.fail && r.left > 0) {
		if (row->n == ROW_FIELDS_MAX)
			r.fail = true;
		else
			get_field(&r, row, &used);
	}
	return rbuf_end(&r);
}

const struct row_field *
row_get(const struct row *row, const char *key)
{
	size_t i;

	for (i = 0; i < row->n; i++)
		if (strcmp(row->field[i].key, key) == 0)
			return &row->field[i];
	return NULL;
}
