/* SPDX-License-Identifier: ISC */
/*
 * Texts that are translated: see import_play.h.
 */
#include <stdlib.h>
#include <string.h>

#include "import_play.h"

char	why[IMPORT_WHY];

/* What is printed of a file; "" and why if it is wrong.  To be freed. */
static char *
translate(const char *text)
{
	struct import *im;
	char *out = NULL, *exact;
	size_t n = 0, len = strlen(text);
	FILE *fp;

	/* Without a NUL behind it, so that ASan sees who reads on. */
	exact = malloc(len > 0 ? len : 1);
	ck_assert_ptr_nonnull(exact);
	memcpy(exact, text, len);
	memset(why, 0, sizeof(why));
	im = import_parse("f.conf", "wg0", exact, len, why);
	fp = open_memstream(&out, &n);
	ck_assert_ptr_nonnull(fp);
	if (im != NULL)
		import_print(im, "f.conf", "/k", fp);
	fclose(fp);
	import_free(im);
	free(exact);
	return out;
}

void
gives(const char *text, const char *want)
{
	char *out = translate(text);

	ck_assert_str_eq(why, "");
	ck_assert_str_eq(out, want);
	free(out);
}

void
has(const char *text, const char *want)
{
	char *out = translate(text);

	ck_assert_str_eq(why, "");
	ck_assert_msg(strstr(out, want) != NULL, "no \"%s\" in: %s", want,
	    out);
	free(out);
}

void
has_not(const char *text, const char *what)
{
	char *out = translate(text);

	ck_assert_str_eq(why, "");
	ck_assert_msg(strstr(out, what) == NULL, "\"%s\" is in: %s", what,
	    out);
	free(out);
}

void
fails(const char *text, const char *want)
{
	char *out = translate(text);

	ck_assert_str_eq(out, "");
	ck_assert_str_eq(why, want);
	free(out);
}
