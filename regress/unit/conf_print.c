/* SPDX-License-Identifier: ISC */
/*
 * The canonical form of the configuration: of anything, and in pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "conf_text.h"
#include "shared/hex.h"
#include "unit.h"

/* Each quote and backslash doubles, and the line is still one piece. */
START_TEST(long_lines)
{
	struct conf_cursor at = { 0, NULL, 0 };
	char text[4096] = "interface w { private-key file \"/", *p;
	char piece[CONF_LINE_MAX];
	struct conf *c;
	size_t i, n, all = 0;

	for (p = text + strlen(text), i = 0; i < 1022; i++) {
		*p++ = '\\';
		*p++ = i % 2 == 0 ? '"' : '\\';
	}
	strlcpy(p, "\" }\n", 8);
	c = must_read(text);
	ck_assert_uint_eq(strlen(c->key_file), 1023);
	must_round(c);
	while ((n = conf_print_piece(c, &at, piece, sizeof(piece))) > 0)
		all += n;
	ck_assert_uint_gt(all, 2 * 1022);
	conf_free(c);
}
END_TEST

/* Any word of a list, or another number. */
#define PICK(a)	(a)[arc4random_uniform(sizeof(a) / sizeof((a)[0]))]

static void
random_peer(FILE *fp, unsigned i)
{
	static const char *const hosts[] = {
		"a.example.net", "\"port\"", "198.51.100.7", "2001:db8::5",
		"fe80::5%3", "X.y-z.9a", "localhost"
	};
	uint8_t bytes[BASE64_KEYLEN];
	char key[BASE64_KEY_SIZE];
	unsigned n;

	arc4random_buf(bytes, sizeof(bytes));
	base64_key_encode(key, bytes);
	fprintf(fp, "peer \"p%u\" {\n\tpublic-key \"%s\"\n", i, key);
	if (arc4random_uniform(2) != 0)
		fprintf(fp, "\tendpoint %s port %u\n", PICK(hosts),
		    1 + arc4random_uniform(65535));
	if (arc4random_uniform(2) != 0)
		fprintf(fp, "\tpreshared-key file \"%u/\\\"\\\\ {#$\"\n", i);
	if (arc4random_uniform(2) != 0)
		fprintf(fp, "\tkeepalive %u\n", arc4random_uniform(65536));
	fputs("\tallowed-ips {\n", fp);
	for (n = arc4random_uniform(5); n > 0; n--)
		fprintf(fp, arc4random_uniform(2) != 0 ?
		    "10.%u.%u.1/%u\n" : "fd%02x:%x::1/%u\n", i,
		    n, 24 + arc4random_uniform(9));
	fputs("\t}\n}\n", fp);
}

START_TEST(canonical)
{
	static const char *const routes[] = {
		"main", "51", "254", "4294967295"
	};
	struct conf *c;
	char *text;
	size_t len;
	unsigned turn, i;
	FILE *fp;

	for (turn = 0; turn < 200; turn++) {
		fp = open_memstream(&text, &len);
		ck_assert_ptr_nonnull(fp);
		fprintf(fp, "m = %u\ninterface w%u {\n\taddress 192.0.2.%u/%u\n"
		    "\taddress 2001:db8:1::%x/%u\n\tmtu $m\n\troutes table "
		    "%s\n", 1280 + arc4random_uniform(64000), turn,
		    1 + arc4random_uniform(254), 24 + arc4random_uniform(9),
		    1 + arc4random_uniform(9999), 48 + arc4random_uniform(81),
		    PICK(routes));
		if (arc4random_uniform(2) != 0)
			fprintf(fp, "\tfwmark %u\n\tlisten port %u\n",
			    1 + arc4random_uniform(UINT32_MAX),
			    1 + arc4random_uniform(65535));
		fputs("}\n", fp);
		for (i = arc4random_uniform(20); i > 0; i--)
			random_peer(fp, i);
		fclose(fp);
		c = must_read(text);
		must_round(c);
		conf_free(c);
		free(text);
	}
}
END_TEST

/* Pieces of the smallest size are the whole, and each ends with a line. */
START_TEST(pieces)
{
	struct conf_cursor at = { 0, NULL, 0 };
	char piece[CONF_LINE_MAX], *text, *all;
	struct conf *c;
	size_t len, n, done = 0;
	int count = 0;

	text = many_peers(100, &len);
	c = must_read_len(text, len, none);
	all = print(c);
	while ((n = conf_print_piece(c, &at, piece, sizeof(piece))) > 0) {
		ck_assert(n <= sizeof(piece) && piece[n - 1] == '\n');
		ck_assert(strncmp(all + done, piece, n) == 0);
		done += n;
		count++;
	}
	ck_assert_uint_eq(done, strlen(all));
	ck_assert_int_gt(count, 5);
	ck_assert_uint_eq(conf_print_piece(c, &at, piece, sizeof(piece)), 0);
	conf_free(c);
	free(all);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf_print");
	TCase *tc = tcase_create("conf_print");

	tcase_add_test(tc, long_lines);
	tcase_add_test(tc, canonical);
	tcase_add_test(tc, pieces);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("conf_print", suite());
}
