/* SPDX-License-Identifier: ISC */
/*
 * The configuration at its limits: the longest words and macros, the largest
 * file, the most peers, and the time that these take.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conf_text.h"
#include "unit.h"

START_TEST(long_words)
{
	char text[4096], want[128];
	struct conf *c;
	size_t n;
	int len;

	/* As long as a word may be; as long as a path may be. */
	for (n = 1017; n <= 1024; n++) {
		len = snprintf(text, sizeof(text),
		    "interface w { private-key file %0*d }\n", (int)n, 0);
		ck_assert_int_gt(len, 0);
		if (n <= 1018) {
			c = must_read(text);
			ck_assert_uint_eq(strlen(c->key_file), n + 5);
			must_round(c);
			conf_free(c);
			continue;
		}
		snprintf(want, sizeof(want), n <= 1023 ?
		    PATH ":1: \"%064d...\" is too long for the path of a "
		    "file\n" : PATH ":1: a word of more than 1023 bytes\n", 0);
		must_fail(text, want);
	}
}
END_TEST

START_TEST(macro_limits)
{
	char *text = malloc(1 << 20), *p;
	int i;

	p = text + sprintf(text, "m =");
	for (i = 0; i < 4096; i++)
		p += sprintf(p, " x");
	sprintf(p, "\ninterface w { }\n");
	conf_free(must_read(text));
	sprintf(p, " x\ninterface w { }\n");
	must_fail(text, PATH ":1: a macro of more than 4096 words\n");
	/* Many macros of many words end, too. */
	p = text + sprintf(text, "m =");
	for (i = 0; i < 4096; i++)
		p += sprintf(p, " 10.0.0.1");
	p += sprintf(p, "\ninterface w { }\npeer a { public-key \"" K1
	    "\"\nallowed-ips {");
	for (i = 0; i < 15; i++)
		p += sprintf(p, " $m");
	i = sprintf(p, " } }\n");
	conf_free(must_read(text));
	p += sprintf(p, " $m $m }\n}\n");
	{
		struct conf_errors e;

		ck_assert_ptr_null(conf_read_text(PATH, text,
		    (size_t)(p - text), open_text, none, &e));
		ck_assert_uint_ge(e.kept, 1);
		ck_assert_str_eq(e.line[0], PATH ":4: \"10.0.0.1\" is one "
		    "allowed IP too many: a peer has at most 65536");
		conf_errors_clear(&e);
	}
	free(text);
}
END_TEST

START_TEST(too_large)
{
	char *text = malloc(CONF_FILE_MAX + 1);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', CONF_FILE_MAX + 1);
	memcpy(text, "interface w { }", 15);
	conf_free(must_read_len(text, CONF_FILE_MAX, none));
	must_fail_files(text, CONF_FILE_MAX + 1, none, PATH ": the "
	    "configuration is larger than 64 MiB\n");
	free(text);
}
END_TEST

/* Far above what it takes, far below what a square would. */
START_TEST(many)
{
	static const unsigned number[] = { 10000, CONF_PEERS_MAX };
	struct timespec from, to;
	struct conf *c;
	char *text;
	size_t i, len;
	double s;

	for (i = 0; i < 2; i++) {
		text = many_peers(number[i], &len);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
		c = must_read_len(text, len, none);
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
		s = (double)(to.tv_sec - from.tv_sec) +
		    (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		printf("# %u peers: %.3f s\n", number[i], s);
		ck_assert_uint_eq(c->npeers, number[i]);
		ck_assert(s < 5);
		must_round(c);
		conf_free(c);
		free(text);
	}
	text = many_peers(CONF_PEERS_MAX + 1, &len);
	must_fail_files(text, len, none, PATH ":393218: \"p65536\" is one peer "
	    "too many: at most 65536\n");
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf_limits");
	TCase *tc = tcase_create("conf_limits");

	tcase_add_test(tc, long_words);
	tcase_add_test(tc, macro_limits);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, many);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("conf_limits", suite());
}
