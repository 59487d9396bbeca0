/* SPDX-License-Identifier: ISC */
/*
 * Words and prefixes of warrenctl's commands.
 */
#include <string.h>

#include "ctl/tokens.h"
#include "unit.h"

#define WORD(word, next, action) { word, next, action, "", TOKEN_WORD, NULL }
#define END	{ NULL, NULL, 0, NULL, TOKEN_WORD, NULL }

static const struct token inner[] = {
	WORD("memory", NULL, 10),
	WORD("mess", NULL, 11),
	WORD("message", NULL, 12),
	END
};

enum { COMMON, CHECK, DIR, NO_ID = TOKENS_FLAGS };

static const struct token_flag common[] = {
	{ "-j", NULL, COMMON, "" },
	{ NULL, NULL, 0, NULL }
};
static const struct token_flag check_flag[] = {
	{ "--check", NULL, CHECK, "" },
	{ "-x", NULL, NO_ID, "" },
	{ NULL, NULL, 0, NULL }
};
static const struct token_flag dir_flag[] = {
	{ "-k", "DIR", DIR, "" },
	{ NULL, NULL, 0, NULL }
};

static const struct token file[] = {
	{ "FILE", NULL, 20, "", TOKEN_FILE, NULL },
	END
};
static const struct token three[] = {
	{ "NAME", NULL, 32, "", TOKEN_NAME, NULL },
	END
};
static const struct token two[] = {
	{ "NAME", three, 31, "", TOKEN_NAME, NULL },
	END
};
static const struct token one[] = {
	{ "NAME", two, 30, "", TOKEN_NAME, NULL },
	WORD("all", NULL, 33),
	END
};

static const struct token outer[] = {
	WORD("show", inner, 0),
	{ "status", NULL, 1, "", TOKEN_WORD, check_flag },
	WORD("log", inner, 2),
	{ "import", file, 0, "", TOKEN_WORD, dir_flag },
	WORD("peers", one, 3),
	END
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
	tokens_match(outer, common, n, words, &r);
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

/* An argument takes what no word takes. */
START_TEST(arguments)
{
	struct tokens_result r;

	r = match("peers", "alice", NULL);
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_int_eq(r.action, 30);
	ck_assert_uint_eq(r.nargs, 1);
	ck_assert_str_eq(r.arg[0], "alice");
	r = match("peers", "al", NULL);
	ck_assert_int_eq(r.action, 33);
	ck_assert_uint_eq(r.nargs, 0);
	r = match("peers", "a", "b");
	ck_assert_int_eq(r.verdict, TOKENS_EXTRA);
	r = match("peers", "x", "y");
	ck_assert_int_eq(r.action, 31);
	ck_assert_uint_eq(r.nargs, 2);
	ck_assert_str_eq(r.arg[1], "y");
	bad("peers", "", NULL, TOKENS_UNKNOWN);
	bad("import", NULL, NULL, TOKENS_INCOMPLETE);
	bad("import", "a", "b", TOKENS_EXTRA);
	/* A minus alone is a file. */
	r = match("import", "-", NULL);
	ck_assert_int_eq(r.action, 20);
	ck_assert_str_eq(r.arg[0], "-");
}
END_TEST

START_TEST(too_many_arguments)
{
	char w[] = "peers", x[] = "x";
	char *words[] = { w, x, x, x };
	struct tokens_result r;

	ck_assert_uint_eq(TOKENS_ARGS, 2);
	tokens_match(outer, NULL, 4, words, &r);
	ck_assert_int_eq(r.verdict, TOKENS_EXTRA);
}
END_TEST

START_TEST(options)
{
	struct tokens_result r;

	r = match("status", "--check", "-j");
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_int_eq(r.action, 1);
	ck_assert_str_eq(r.flag[CHECK], "");
	ck_assert_str_eq(r.flag[COMMON], "");
	ck_assert_ptr_null(r.flag[DIR]);
	/* Also before the first word, but only those of all commands. */
	r = match("-j", "sta", NULL);
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	bad("--check", "status", NULL, TOKENS_FLAG);
	bad("status", "--chec", NULL, TOKENS_FLAG);
	bad("status", "--checks", NULL, TOKENS_FLAG);
	bad("show", "-k", NULL, TOKENS_FLAG);
	bad("status", "-jx", NULL, TOKENS_FLAG);
	/* An option that has no place in the result. */
	bad("status", "-x", NULL, TOKENS_FLAG);
	/* It does not make a command complete. */
	bad("show", "-j", NULL, TOKENS_INCOMPLETE);
}
END_TEST

START_TEST(values)
{
	char w[] = "import", f[] = "f", k[] = "-k", d[] = "d", kd[] = "-kdd";
	char *before[] = { w, k, d, f }, *behind[] = { w, f, kd };
	char *minus[] = { w, k, k, f };
	struct tokens_result r;

	tokens_match(outer, common, 4, before, &r);
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_str_eq(r.flag[DIR], "d");
	ck_assert_str_eq(r.arg[0], "f");
	tokens_match(outer, NULL, 3, behind, &r);
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_str_eq(r.flag[DIR], "dd");
	/* A value may look like an option. */
	tokens_match(outer, NULL, 4, minus, &r);
	ck_assert_str_eq(r.flag[DIR], "-k");
	bad("import", "f", "-k", TOKENS_VALUE);
}
END_TEST

/* After "--" everything is a word. */
START_TEST(no_options)
{
	struct tokens_result r;

	r = match("peers", "--", "-j");
	ck_assert_int_eq(r.verdict, TOKENS_OK);
	ck_assert_str_eq(r.arg[0], "-j");
	ck_assert_ptr_null(r.flag[COMMON]);
	r = match("--", "status", NULL);
	ck_assert_int_eq(r.action, 1);
	bad("status", "--", "--", TOKENS_EXTRA);
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
	tcase_add_test(tc, arguments);
	tcase_add_test(tc, too_many_arguments);
	tcase_add_test(tc, options);
	tcase_add_test(tc, values);
	tcase_add_test(tc, no_options);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("tokens", suite());
}
