/* SPDX-License-Identifier: ISC */
/*
 * Rows: what is accepted is printable by its promises and, written again, is
 * the same bytes.
 */
#include "input.h"
#include "shared/row.h"

static void
name(const char *s)
{
	MUST(*s != '\0' && strlen(s) < ROW_NAME_MAX);
	MUST(strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(s));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct row row;
	static uint8_t buf[ROW_MAX];
	const struct row_field *f;
	struct wbuf w;
	size_t i;

	memset(&row, 0xa5, sizeof(row));
	if (row_parse(&row, data, size) == -1)
		return 0;
	MUST(size <= ROW_MAX && row.n <= ROW_FIELDS_MAX);
	name(row.table);
	row_begin(&w, buf, sizeof(buf), row.table);
	for (i = 0; i < row.n; i++) {
		f = &row.field[i];
		name(f->key);
		MUST(row_get(&row, f->key) != NULL &&
		    row_get(&row, f->key) <= f);
		switch (f->kind) {
		case ROW_U64:
			MUST(f->str == NULL);
			row_u64(&w, f->key, f->num);
			break;
		case ROW_BOOL:
			MUST(f->num <= 1);
			row_bool(&w, f->key, f->num != 0);
			break;
		case ROW_STR:
			MUST(f->str >= row.text && f->str + strlen(f->str) <
			    row.text + sizeof(row.text));
			row_str(&w, f->key, f->str);
			break;
		default:
			MUST(!"a kind that is none");
		}
	}
	MUST(!w.fail && w.len == size && memcmp(buf, data, size) == 0);
	return 0;
}
