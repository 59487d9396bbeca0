/* SPDX-License-Identifier: ISC */
/*
 * The configuration when it is wrong: what is said about each mistake, how
 * much at most, and nothing of it to the next reading.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"
#include "unit.h"

#define BROKEN	"regress/conf/broken.txt"

/* A wrong text and what is said about it, from the file of cases. */
static void
broken_case(const char *name, const char *text, const char *lines)
{
	struct conf_errors e;
	struct conf *c;
	char *said;
	size_t i, len;
	FILE *fp = open_memstream(&said, &len);

	ck_assert_ptr_nonnull(fp);
	c = conf_read_text("/broken.conf", text, strlen(text), NULL, NULL,
	    &e);
	ck_assert_msg(c == NULL, "%s: accepted", name);
	for (i = 0; i < e.kept; i++)
		fprintf(fp, "%s\n", e.line[i]);
	fclose(fp);
	ck_assert_msg(strcmp(said, lines) == 0, "%s: %s", name, said);
	conf_errors_clear(&e);
	free(said);
}

/* "broken.conf" is "/broken.conf" here. */
static void
append(char *buf, size_t size, const char *line, bool is_error)
{
	const char *p;

	while (is_error && (p = strstr(line, "broken.conf")) != NULL) {
		snprintf(buf + strlen(buf), size - strlen(buf), "%.*s/%s",
		    (int)(p - line), line, "broken.conf");
		line = p + strlen("broken.conf");
	}
	strlcat(buf, line, size);
}

START_TEST(broken)
{
	static char text[65536], lines[65536], name[256];
	char line[8192];
	bool is_error = false;
	unsigned n = 0;
	FILE *fp = fopen(BROKEN, "r");

	ck_assert_msg(fp != NULL, "%s: %s", BROKEN, strerror(errno));
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (strncmp(line, "=== ", 4) == 0) {
			if (n++ > 0)
				broken_case(name, text, lines);
			text[0] = lines[0] = '\0';
			is_error = false;
			strlcpy(name, line + 4, sizeof(name));
		} else if (strcmp(line, "---\n") == 0)
			is_error = true;
		else
			append(is_error ? lines : text, sizeof(text), line,
			    is_error);
	}
	fclose(fp);
	ck_assert_uint_ge(n, 200);
	broken_case(name, text, lines);
}
END_TEST

START_TEST(many_errors)
{
	struct conf_errors e;
	char *text;
	size_t i, len;
	FILE *fp = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(fp);
	fputs("interface w { }\n", fp);
	for (i = 0; i < 100; i++)
		fprintf(fp, "peer a { public-key \"" K1 "\" }\n");
	fclose(fp);
	ck_assert_ptr_null(conf_read_text(PATH, text, len, NULL, NULL, &e));
	ck_assert_uint_eq(e.n, 2 * 99);
	ck_assert_uint_eq(e.kept, CONF_ERRORS_MAX);
	for (i = 0; i < e.kept; i++)
		ck_assert_ptr_nonnull(strstr(e.line[i], "is there twice"));
	conf_errors_clear(&e);
	conf_errors_clear(&e);
	free(text);
}
END_TEST

/* One reading leaves nothing for the next, whatever its end. */
START_TEST(again_and_again)
{
	int i;

	for (i = 0; i < 3; i++) {
		must_fail("a = 5\ninterface w {\n\taddress { 10.0.0.1",
		    PATH ":3: the file ends within the interface of line 2: "
		    "\"}\" is missing\n");
		must_print("a = w\ninterface $a { }\n", "interface w {\n"
		    "\tmtu 1420\n\troutes table main\n}\n");
		must_fail("$a", PATH ":1: macro \"a\" is not defined above\n");
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf_errors");
	TCase *tc = tcase_create("conf_errors");

	tcase_add_test(tc, broken);
	tcase_add_test(tc, many_errors);
	tcase_add_test(tc, again_and_again);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("conf_errors", suite());
}
