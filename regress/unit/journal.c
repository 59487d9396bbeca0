/* SPDX-License-Identifier: ISC */
/*
 * The undo journal: what is written is read, and whatever was torn, changed,
 * repeated or is another's takes nothing else with it.
 */
#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "parent/journal.h"
#include "unit.h"

static const struct journal_deed deeds[] = {
	{ .what = JOURNAL_TABLE, .table = 0x776abcde },
	{ .what = JOURNAL_RULE_MARK, .family = AF_INET, .mark = 1,
	    .table = 0x776abcde },
	{ .what = JOURNAL_RULE_MARK, .family = AF_INET6, .mark = 0xffffffff,
	    .table = 0x776abcde },
	{ .what = JOURNAL_SRC_MARK, .value = 0 },
	{ .what = JOURNAL_RULE_MAIN, .family = AF_INET, .mark = 42,
	    .table = 254 },
	{ .what = JOURNAL_RULE_DEFAULT, .family = AF_INET6, .mark = 42,
	    .table = 0x777abcde },
};
#define DEEDS	(sizeof(deeds) / sizeof(deeds[0]))

static char text[JOURNAL_LINE * 2000];
static size_t len;
static struct journal j;

static void
head(const char *instance)
{
	len = journal_head(text, instance);
}

static void
line(bool made, const struct journal_deed *d)
{
	len += journal_line(text + len, made, d);
}

static int
get(const char *instance)
{
	return journal_read(&j, instance, text, len);
}

static void
all_of_them(void)
{
	size_t i;

	head("warren0");
	for (i = 0; i < DEEDS; i++)
		line(true, &deeds[i]);
}

START_TEST(round_trip)
{
	size_t i;

	all_of_them();
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, DEEDS);
	ck_assert_uint_eq(j.damaged, 0);
	for (i = 0; i < DEEDS; i++)
		ck_assert(journal_same(&j.open[i], &deeds[i]));
	for (i = 0; i < DEEDS; i++) {
		line(false, &deeds[i]);
		ck_assert_int_eq(get("warren0"), 0);
		ck_assert_uint_eq(j.n, DEEDS - 1 - i);
	}
	line(true, &deeds[2]);
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, 1);
	ck_assert(journal_same(&j.open[0], &deeds[2]));
}
END_TEST

/* Killed in the middle of any write. */
START_TEST(torn)
{
	size_t i, n, whole, lines;

	all_of_them();
	whole = len;
	for (i = 0; i <= whole; i++) {
		len = i;
		ck_assert_int_eq(get("warren0"), 0);
		for (n = 0, lines = 0; n < i; n++)
			lines += text[n] == '\n';
		ck_assert_uint_eq(j.n, lines > 0 ? lines - 1 : 0);
	}
}
END_TEST

/* Any changed byte costs the line that it is in, and no other. */
START_TEST(changed)
{
	char other[JOURNAL_LINE], c;
	size_t first, i;

	all_of_them();
	first = journal_head(other, "warren0");
	for (i = 0; i < len; i++) {
		c = text[i];
		text[i] ^= 0x04;
		if (i < first)
			ck_assert_int_eq(get("warren0"), -1);
		else {
			ck_assert_int_eq(get("warren0"), 0);
			ck_assert_uint_ge(j.n, DEEDS - 2);
			ck_assert_uint_lt(j.n, DEEDS);
			ck_assert_uint_ge(j.damaged, 1);
		}
		text[i] = c;
	}
}
END_TEST

/* Lines whose check is right, and which we would not write. */
START_TEST(strict)
{
	static const char *const bad[] = {
		"+ table 0x0776abcde", "+ table 0X776abcde", "+  table 0x1",
		"+ table 0x1 ", "* table 0x1", "+ table -1", "+ table",
		"+ rule mark inet5 0x1 0x1", "+ rule any inet 0x1 0x1",
		"+ rule mark inet 0x1", "+ rule mark inet 0x100000000 0x1",
		"+ src_valid_mark", "+ src_valid_mark -1",
		"+ src_valid_mark 10", "+ table 0x1\r", "", "+",
	};
	char want[JOURNAL_LINE];
	uint32_t h;
	const char *p;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		head("warren0");
		for (h = 2166136261U, p = bad[i]; *p != '\0'; p++)
			h = (h ^ (uint8_t)*p) * 16777619U;
		len += (size_t)sprintf(text + len, "%s %08x\n", bad[i], h);
		line(true, &deeds[0]);
		ck_assert_int_eq(get("warren0"), 0);
		ck_assert_msg(j.n == 1 && j.damaged == 1, "%s", bad[i]);
	}
	/* That the check above is the right one. */
	head("warren0");
	journal_line(want, true, &deeds[0]);
	for (h = 2166136261U, p = "+ table 0x776abcde"; *p != '\0'; p++)
		h = (h ^ (uint8_t)*p) * 16777619U;
	sprintf(text, "+ table 0x776abcde %08x\n", h);
	ck_assert_str_eq(text, want);
}
END_TEST

START_TEST(of_another)
{
	all_of_them();
	ck_assert_int_eq(get("warren1"), -1);
	ck_assert_int_eq(errno, EBADMSG);
	ck_assert_uint_eq(j.n, 0);
	ck_assert_int_eq(get("warren"), -1);
	ck_assert_int_eq(journal_read(&j, "warren0", "", 0), 0);
	ck_assert_int_eq(journal_read(&j, "warren0", "\n", 1), -1);
	ck_assert_int_eq(journal_read(&j, "warren0", "x", 1), -1);
	/* One without a newline, and longer than any line. */
	memset(text + len, 'x', 3 * JOURNAL_LINE);
	len += 3 * JOURNAL_LINE;
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, DEEDS);
	text[len++] = '\n';
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, DEEDS);
	ck_assert_uint_eq(j.damaged, 1);
}
END_TEST

START_TEST(many)
{
	struct journal_deed d = deeds[1];
	uint32_t i;

	head("warren0");
	for (i = 0; i < 1000; i++) {
		d.mark = i + 1;
		line(true, &d);
		line(true, &d);
		line(false, &d);
		line(false, &d);
	}
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, 0);
	head("warren0");
	for (i = 0; i < JOURNAL_OPEN + 3; i++) {
		d.mark = i + 1;
		line(true, &d);
	}
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, JOURNAL_OPEN);
	ck_assert_uint_eq(j.damaged, 3);
	ck_assert_int_eq(journal_read(&j, "warren0", text, JOURNAL_MAX + 1),
	    -1);
}
END_TEST

static void
extract(void)
{
	len += journal_extract(text + len, &j);
}

static void
expect_all(void)
{
	size_t i;

	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, DEEDS);
	for (i = 0; i < DEEDS; i++)
		ck_assert(journal_same(&j.open[i], &deeds[i]));
}

/*
 * A journal is made short in three steps.  Killed at any byte of any of them
 * it says the same.
 */
START_TEST(made_short)
{
	struct journal_netns ns = { 4, 4026531840U };
	static char front[sizeof(text)], old[sizeof(text)];
	struct journal_deed d = deeds[1];
	size_t i, nfront, size, whole;

	head("warren0");
	len += journal_line_netns(text + len, &ns);
	for (i = 0; i < 300; i++) {
		d.mark = (uint32_t)i + 100;
		line(true, &d);
		line(false, &d);
	}
	for (i = 0; i < DEEDS; i++)
		line(true, &deeds[i]);
	size = len;
	expect_all();
	/* The extract comes to the end. */
	extract();
	whole = len;
	for (i = size; i <= whole; i++) {
		len = i;
		expect_all();
	}
	ck_assert_uint_eq(j.damaged, 0);
	/* The front is written over. */
	memcpy(old, text, whole);
	head("warren0");
	len += journal_line_netns(text + len, &ns);
	len += journal_lines(text + len, &j);
	nfront = len;
	memcpy(front, text, nfront);
	ck_assert_uint_lt(nfront, size);
	for (i = 0; i <= nfront; i++) {
		memcpy(text, old, whole);
		memcpy(text, front, i);
		len = whole;
		expect_all();
		ck_assert_uint_eq(j.damaged, 0);
		ck_assert_uint_eq(j.netns.ino, ns.ino);
	}
	/* What is behind it is cut off at once. */
	len = nfront;
	expect_all();
	ck_assert_uint_eq(j.netns.dev, ns.dev);
	ck_assert_uint_eq(j.netns.ino, ns.ino);
	/* And the same again, without anything open. */
	j.n = 0;
	extract();
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, 0);
}
END_TEST

/* An extract that is not whole makes nothing void. */
START_TEST(bad_extract)
{
	struct journal_deed d = deeds[1];
	size_t from, i, start;

	all_of_them();
	start = len;
	ck_assert_int_eq(get("warren0"), 0);
	j.n = 2;
	extract();
	ck_assert_int_eq(get("warren0"), 0);
	ck_assert_uint_eq(j.n, 2);
	for (i = start; i < len; i++) {
		text[i] ^= 0x04;
		ck_assert_int_eq(get("warren0"), 0);
		ck_assert_msg(j.n == DEEDS && j.damaged > 0, "byte %zu", i);
		text[i] ^= 0x04;
	}
	/* Something else in it, an end without a beginning, two beginnings. */
	for (i = 0; i < 3; i++) {
		all_of_them();
		ck_assert_int_eq(get("warren0"), 0);
		j.n = 0;
		start = len;
		extract();
		from = start + 17;		/* "= begin 01234567\n" */
		ck_assert_int_eq(text[from - 1], '\n');
		if (i == 0) {
			char end[JOURNAL_LINE];
			size_t n = len - from;

			memcpy(end, text + from, n);
			len = from;
			line(false, &d);
			memcpy(text + len, end, n);
			len += n;
		} else if (i == 1) {
			memmove(text + start, text + from, len - from);
			len -= 17;
		} else {
			memmove(text + from, text + start, len - start);
			len += 17;
		}
		ck_assert_int_eq(get("warren0"), 0);
		ck_assert_uint_eq(j.n, i == 0 ? DEEDS - 1 : i == 1 ? DEEDS :
		    0);
	}
}
END_TEST

/* The longest of each fits, and a name that is too long is cut. */
START_TEST(sizes)
{
	char out[JOURNAL_LINE], name[200];
	struct journal_deed d = {
		.what = JOURNAL_RULE_DEFAULT, .family = AF_INET6,
		.mark = 0xffffffff, .table = 0xffffffff
	};
	const struct journal_netns most = { UINT64_MAX, UINT64_MAX };

	ck_assert_uint_lt(journal_line(out, false, &d), JOURNAL_LINE);
	ck_assert_uint_eq(strlen(out), journal_line(out, false, &d));
	memset(name, 'a', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_uint_lt(journal_head(out, name), JOURNAL_LINE);
	ck_assert_int_eq(out[strlen(out) - 1], '\n');
	ck_assert_uint_eq(strlen(out), journal_head(out, name));
	ck_assert_uint_lt(journal_line_netns(out, &most), JOURNAL_LINE);
	ck_assert_uint_eq(strlen(out), journal_line_netns(out, &most));
	for (j.n = 0; j.n < JOURNAL_OPEN; j.n++)
		j.open[j.n] = d;
	ck_assert_uint_lt(journal_extract(text, &j), JOURNAL_EXTRACT);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("journal");
	TCase *tc = tcase_create("journal");

	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, torn);
	tcase_add_test(tc, changed);
	tcase_add_test(tc, strict);
	tcase_add_test(tc, of_another);
	tcase_add_test(tc, many);
	tcase_add_test(tc, made_short);
	tcase_add_test(tc, bad_extract);
	tcase_add_test(tc, sizes);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("journal", suite());
}
