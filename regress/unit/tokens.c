/* SPDX-License-Identifier: ISC */
/*
 * Words and prefixes of warrenctl's commands.
 */
#include <string.h>

#include "ctl/tokens.h"
#include "unit.h"

static const struct token inner[] = {
	{ "memory",	NULL, 10, "" },
	{ "mess",	NULL, 11, "" },
	{ "message",	NULL, 12, "" },
	{ NULL,		NULL, 0, NULL }
};

static const struct token outer[] = {
	{ "show",	inner, 0, "" },
	{ "status",	NULL, 1, "" },
	{ "log",	inner, 2, "" },
	{ NULL,		NULL, 0, NULL }
};

static struct tokens_result
match(const char *a, const char *b, const char *c)
{
	static char w[3][32];
	char *words[3] = { w[0], w[1], w[2] };
	const char *in[3] = { a, b, c };
	struct tokens_result r;
	size_t n;

	for (n = 0; n < 3 && in[n] != NULL; n++) {
		ck_assert_uint_lt(strlen(in[n]), sizeof(w[n]));
		memcpy(w[n], in[n], strlen(in[n]) + 1);
	}
	memset(&r, 0xff, sizeof(r));
	tokens_match(outer, n, words, &r);
	return r;
}

static void
good(const char *a, const char *b, int action)
{
	struct tokens_result r = match(a, b, NULL);

	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_int_eq(r.action, action);
}

static void
bad(const char *a, const char *b, const char *c, enum tokens_verdict v)
{
	struct tokens_result r = match(a, b, c);

	ck_assert_msg(r.verdict == v, "%s %s: verdict %d, not %d",
	    a != NULL ? a : "", b != NULL ? b : "", r.verdict, v);
	ck_assert_int_eq(r.action, 0);
}

START_TEST(prefixes)
{
	good("status", NULL, 1);
	good("st", NULL, 1);
	good("sh", "mem", 10);
	good("show", "memory", 10);
	good("l", NULL, 2);		/* a word may follow, but need not */
	good("l", "memor", 10);
	bad("s", NULL, NULL, TOKENS_AMBIGUOUS);
	bad("sh", "m", NULL, TOKENS_AMBIGUOUS);
	bad("x", NULL, NULL, TOKENS_UNKNOWN);
	bad("statuses", NULL, NULL, TOKENS_UNKNOWN);
	bad("Status", NULL, NULL, TOKENS_UNKNOWN);
}
END_TEST

/* A word that is another's prefix can be said; what is between cannot. */
START_TEST(exact)
{
	good("show", "mess", 11);
	good("show", "messa", 12);
	good("show", "message", 12);
	bad("show", "mes", NULL, TOKENS_AMBIGUOUS);
}
END_TEST

/* "" begins every word, but means none. */
START_TEST(empty)
{
	bad("", NULL, NULL, TOKENS_UNKNOWN);
	bad("show", "", NULL, TOKENS_UNKNOWN);
	bad(NULL, NULL, NULL, TOKENS_INCOMPLETE);
	bad("show", NULL, NULL, TOKENS_INCOMPLETE);
}
END_TEST

START_TEST(extra)
{
	bad("status", "x", NULL, TOKENS_EXTRA);
	bad("status", "", NULL, TOKENS_EXTRA);
	bad("show", "memory", "x", TOKENS_EXTRA);
}
END_TEST

/* What is needed to print the words that are valid. */
START_TEST(where)
{
	struct tokens_result r;

	r = match("show", "zzz", NULL);
	ck_assert_ptr_eq(r.table, inner);
	ck_assert_ptr_eq(r.last, &outer[0]);
	ck_assert_str_eq(r.word, "zzz");
	r = match("zzz", NULL, NULL);
	ck_assert_ptr_eq(r.table, outer);
	ck_assert_ptr_null(r.last);
	r = match("show", NULL, NULL);
	ck_assert_ptr_eq(r.table, inner);
	ck_assert_ptr_null(r.word);
	r = match("status", "x", NULL);
	ck_assert_ptr_null(r.table);
	ck_assert(tokens_begins(&inner[1], "me"));
	ck_assert(tokens_begins(&inner[1], NULL));
	ck_assert(!tokens_begins(&inner[1], "memo"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("tokens");
	TCase *tc = tcase_create("tokens");

	tcase_add_test(tc, prefixes);
	tcase_add_test(tc, exact);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, extra);
	tcase_add_test(tc, where);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("tokens", suite());
}
