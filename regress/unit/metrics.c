/* SPDX-License-Identifier: ISC */
/*
 * The leaves of metrics: requests of a collector, and texts that nothing can
 * break.
 */
#include <stdio.h>
#include <string.h>

#include "ctld/http.h"
#include "ctld/prom.h"
#include "unit.h"

static const struct {
	const char		*text;
	enum http_request	 want;
} requests[] = {
	{ "", HTTP_MORE },
	{ "G", HTTP_MORE },
	{ "GET", HTTP_MORE },
	{ "GET ", HTTP_MORE },
	{ "GET /metrics HTTP/1.1\r\n", HTTP_MORE },
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r", HTTP_MORE },
	{ "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", HTTP_GET },
	{ "GET /metrics HTTP/1.1\nHost: x\n\n", HTTP_GET },
	{ "GET /metrics HTTP/1.0\r\n\r\n", HTTP_GET },
	{ "GET /\n\r\n", HTTP_GET },
	{ "GET \n\nmore", HTTP_GET },
	{ "\n", HTTP_BAD },
	{ "\r\n\r\n", HTTP_BAD },
	{ " GET /\r\n\r\n", HTTP_BAD },
	{ "get / HTTP/1.0\r\n\r\n", HTTP_BAD },
	{ "GETT", HTTP_BAD },
	{ "GET\t/", HTTP_BAD },
	{ "POST /metrics HTTP/1.0\r\n", HTTP_BAD },
	{ "HEAD / HTTP/1.0\r\n\r\n", HTTP_BAD },
};

START_TEST(request)
{
	const char *text = requests[_i].text;

	ck_assert_int_eq(http_request((const uint8_t *)text, strlen(text)),
	    requests[_i].want);
}
END_TEST

START_TEST(long_request)
{
	uint8_t buf[2 * HTTP_REQUEST_MAX];

	memset(buf, 'x', sizeof(buf));
	memcpy(buf, "GET ", 4);
	ck_assert_int_eq(http_request(buf, HTTP_REQUEST_MAX - 1), HTTP_MORE);
	ck_assert_int_eq(http_request(buf, HTTP_REQUEST_MAX), HTTP_BAD);
	memcpy(buf + HTTP_REQUEST_MAX - 2, "\n\n", 2);
	ck_assert_int_eq(http_request(buf, HTTP_REQUEST_MAX), HTTP_GET);
	ck_assert_int_eq(http_request(buf, sizeof(buf)), HTTP_GET);
	/* Its empty line is past the limit. */
	memcpy(buf + HTTP_REQUEST_MAX - 2, "x\n\n", 3);
	ck_assert_int_eq(http_request(buf, sizeof(buf)), HTTP_BAD);
	ck_assert_int_eq(http_request((const uint8_t *)"GET /\0\r\n\r\n", 10),
	    HTTP_BAD);
}
END_TEST

static const struct {
	const char	*text;
	const char	*label;
	const char	*help;		/* NULL: as the label */
} texts[] = {
	{ "", "", NULL },
	{ "alice", "alice", NULL },
	{ "a\"b", "a\\\"b", "a\"b" },
	{ "a\\b", "a\\\\b", NULL },
	{ "a\nb", "a\\nb", NULL },
	{ "\"} 1\nwarren_up 7", "\\\"} 1\\nwarren_up 7",
	    "\"} 1\\nwarren_up 7" },
	{ "\r\t\033[2J\177", "???[2J?", NULL },
	{ "b\xc3\xbcro", "b\xc3\xbcro", NULL },
	{ "\xe2\x82\xac\xf0\x9f\x90\x87", "\xe2\x82\xac\xf0\x9f\x90\x87",
	    NULL },
	{ "b\xfcro", "b?ro", NULL },
	{ "\xc3", "?", NULL },
	{ "\xe2\x82", "??", NULL },
	{ "\xc0\xaf", "??", NULL },		/* a slash, too long */
	{ "\xe0\x80\xaf", "???", NULL },
	{ "\xed\xa0\x80", "???", NULL },	/* a surrogate */
	{ "\xf4\x90\x80\x80", "????", NULL },	/* past the last plane */
	{ "\xff\xfe", "??", NULL },
};

START_TEST(text)
{
	char buf[64];

	prom_label(buf, sizeof(buf), texts[_i].text);
	ck_assert_str_eq(buf, texts[_i].label);
	prom_help(buf, sizeof(buf), texts[_i].text);
	ck_assert_str_eq(buf, texts[_i].help != NULL ? texts[_i].help :
	    texts[_i].label);
}
END_TEST

/* Neither an escape nor a character is cut in half. */
START_TEST(cut)
{
	char buf[8];

	prom_label(buf, 3, "abc");
	ck_assert_str_eq(buf, "ab");
	prom_label(buf, 3, "a\"b");
	ck_assert_str_eq(buf, "a");
	prom_label(buf, 4, "a\xe2\x82\xac");
	ck_assert_str_eq(buf, "a");
	prom_label(buf, 1, "abc");
	ck_assert_str_eq(buf, "");
}
END_TEST

START_TEST(name)
{
	ck_assert(prom_is_name("rx_bytes2"));
	ck_assert(!prom_is_name(""));
	ck_assert(!prom_is_name("a-b"));
	ck_assert(!prom_is_name("a b"));
	ck_assert(!prom_is_name("A"));
	ck_assert(!prom_is_name("a\n"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("metrics");
	TCase *tc = tcase_create("metrics");

	tcase_add_loop_test(tc, request, 0,
	    sizeof(requests) / sizeof(requests[0]));
	tcase_add_test(tc, long_request);
	tcase_add_loop_test(tc, text, 0, sizeof(texts) / sizeof(texts[0]));
	tcase_add_test(tc, cut);
	tcase_add_test(tc, name);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("metrics", suite());
}
