/* SPDX-License-Identifier: ISC */
/*
 * The configuration: what is read from a text, its keywords, words, comments
 * and macros.
 */
#include <string.h>

#include "conf_text.h"
#include "shared/hex.h"
#include "unit.h"

/* The example of the manual, letter for letter. */
static const char example[] =
    "mesh_port = 51820\n"
    "interface warren0 {\n"
    "	address 10.66.0.1/24\n"
    "	address fd66::1/64\n"
    "	listen port $mesh_port		"
    "# default: a random port, kept over restarts\n"
    "	mtu 1420\n"
    "	private-key file \"/etc/warren/warren0.key\"	"
    "# default: a slot of the state directory; made on first start\n"
    "	routes table main			"
    "# or: routes none | routes table 51\n"
    "}\n"
    "peer \"alice\" {\n"
    "	public-key \"" K1 "\"\n"
    "	preshared-key file \"/etc/warren/alice.psk\"\n"
    "	endpoint alice.example.net port 51820\n"
    "	allowed-ips { 10.66.0.2/32, fd66::2/128, 192.0.2.0/24 }\n"
    "	keepalive 25\n"
    "}\n";

/* --- what is read */

/* Is some allowed IP 0.0.0.0/0 (AF_INET) or ::/0 (AF_INET6)? */
static bool
has_default(const struct conf *c, int family)
{
	const struct conf_peer *p;
	size_t i;

	TAILQ_FOREACH(p, &c->peers, entry)
		for (i = 0; i < p->allowed.n; i++)
			if (p->allowed.at[i].family == family &&
			    p->allowed.at[i].cidr == 0)
				return true;
	return false;
}

START_TEST(the_example)
{
	struct conf *c = must_read(example);
	const struct conf_peer *p = TAILQ_FIRST(&c->peers);
	char key[BASE64_KEY_SIZE];

	ck_assert_str_eq(c->path, PATH);
	ck_assert_str_eq(STAILQ_FIRST(&c->files)->path, PATH);
	ck_assert_str_eq(c->name, "warren0");
	ck_assert_uint_eq(c->where.line, 2);
	ck_assert_uint_eq(c->address.n, 2);
	ck_assert_uint_eq(c->address.at[0].addr[3], 1);
	ck_assert_uint_eq(c->address.at[1].cidr, 64);
	ck_assert_uint_eq(c->port, 51820);
	ck_assert_uint_eq(c->mtu, 1420);
	ck_assert(!c->has_fwmark && c->routes == CONF_ROUTES_MAIN);
	ck_assert_str_eq(c->key_file, "/etc/warren/warren0.key");
	ck_assert_uint_eq(c->key_where.line, 7);
	ck_assert_uint_eq(c->npeers, 1);
	ck_assert_str_eq(p->name, "alice");
	ck_assert_uint_eq(p->where.line, 10);
	base64_key_encode(key, p->public_key);
	ck_assert_str_eq(key, K1);
	ck_assert_str_eq(p->psk_file, "/etc/warren/alice.psk");
	ck_assert_uint_eq(p->psk_where.line, 12);
	ck_assert_str_eq(p->psk_where.file, PATH);
	ck_assert_str_eq(p->host, "alice.example.net");
	ck_assert_uint_eq(p->endpoint.family, 0);
	ck_assert_uint_eq(p->port, 51820);
	ck_assert_uint_eq(p->keepalive, 25);
	ck_assert_uint_eq(p->allowed.n, 3);
	must_round(c);
	conf_free(c);
}
END_TEST

START_TEST(defaults)
{
	struct conf *c = must_read("interface warren0 { }");

	ck_assert_uint_eq(c->mtu, CONF_MTU_DEFAULT);
	ck_assert_uint_eq(c->port, 0);
	ck_assert_uint_eq(c->npeers + c->address.n, 0);
	ck_assert_ptr_null(c->key_file);
	ck_assert(c->routes == CONF_ROUTES_MAIN && !c->has_fwmark);
	ck_assert(!has_default(c, AF_INET));
	must_round(c);
	conf_free(c);
}
END_TEST

START_TEST(every_keyword)
{
	must_print("interface a.b-c_9 {\n address { 10.0.0.1/8, 10.0.0.2\n"
	    "fd00::1 }\n listen port 1\n mtu 65447\n fwmark 0XfFfFfFfF\n"
	    " private-key file k\n routes table 4294967295 }\n"
	    "peer b@x { public-key \"" K1 "\" }\n"
	    "peer 9 {\n public-key \"" K2 "\"\n endpoint 2001:DB8::1 port "
	    "65535\n keepalive 65535\n preshared-key file \"x/a \\\"\\\\\"\n"
	    " allowed-ips 10.1.2.3/16\n allowed-ips { }\n"
	    " allowed-ips { 0.0.0.0/0 ::/0, fd00::5/127, }\n}\n",
	    "interface a.b-c_9 {\n\taddress 10.0.0.1/8\n\taddress 10.0.0.2/32"
	    "\n\taddress fd00::1/128\n\tlisten port 1\n\tmtu 65447\n"
	    "\tfwmark 0xffffffff\n\tprivate-key file \"/etc/k\"\n"
	    "\troutes table 4294967295\n}\n\n"
	    "peer \"b@x\" {\n\tpublic-key \"" K1 "\"\n}\n\n"
	    "peer \"9\" {\n\tpublic-key \"" K2 "\"\n"
	    "\tpreshared-key file \"/etc/x/a \\\"\\\\\"\n"
	    "\tendpoint 2001:db8::1 port 65535\n\tallowed-ips 10.1.0.0/16\n"
	    "\tallowed-ips 0.0.0.0/0\n\tallowed-ips ::/0\n"
	    "\tallowed-ips fd00::4/127\n\tkeepalive 65535\n}\n");
}
END_TEST

START_TEST(other_ways)
{
	/* 254 is main, 0 is off, a default is fine where no route is made. */
	must_print("interface w\n\n{ routes table 254\n}\npeer a\n{\n"
	    "public-key \"" K1 "\"\nkeepalive 0\nendpoint \"PORT\" port 5\n}",
	    "interface w {\n\tmtu 1420\n\troutes table main\n}\n\n"
	    "peer \"a\" {\n\tpublic-key \"" K1 "\"\n"
	    "\tendpoint \"port\" port 5\n}\n");
	must_print("interface w { routes none }\npeer a { public-key \"" K1
	    "\"\nkeepalive off\nendpoint A.B.C. port 5\n"
	    "allowed-ips { ::/0, 10.0.0.0/8 }\n}\n",
	    "interface w {\n\tmtu 1420\n\troutes none\n}\n\n"
	    "peer \"a\" {\n\tpublic-key \"" K1 "\"\n\tendpoint a.b.c. port 5\n"
	    "\tallowed-ips ::/0\n\tallowed-ips 10.0.0.0/8\n}\n");
	must_print("interface w { }\npeer a { public-key \"" K1 "\"\n"
	    "endpoint fe80::1%4294967295 port 5 }\n",
	    "interface w {\n\tmtu 1420\n\troutes table main\n}\n\n"
	    "peer \"a\" {\n\tpublic-key \"" K1 "\"\n"
	    "\tendpoint fe80::1%4294967295 port 5\n}\n");
	/* An endpoint may lie in a default route and in what no route has. */
	conf_free(must_read("interface w { fwmark 5 }\npeer a { public-key \""
	    K1 "\"\nendpoint 192.0.2.1 port 5\nallowed-ips 0.0.0.0/0 }\n"));
	conf_free(must_read("interface w { routes none }\npeer a { public-key "
	    "\"" K1 "\"\nendpoint 192.0.2.1 port 5\n"
	    "allowed-ips 192.0.2.0/24 }\n"));
	conf_free(must_read("interface w { mtu 576\naddress 10.0.0.1 }\n"));
}
END_TEST

/* The same allowed IP twice in one peer is there once. */
START_TEST(doubles_go)
{
	struct conf *c = must_read("interface w { fwmark 5 }\npeer a {\n"
	    "public-key \"" K1 "\"\nallowed-ips { 10.0.0.1/24 fd00::1, "
	    "10.0.0.0/24, ::/0, 10.0.0.2/24 ::/0\n10.0.0.2/32 } }\n");
	const struct conf_peer *p = TAILQ_FIRST(&c->peers);

	ck_assert_uint_eq(p->allowed.n, 4);
	ck_assert_uint_eq(p->allowed.at[0].addr[3], 0);
	ck_assert_uint_eq(p->allowed.at[3].cidr, 32);
	ck_assert(has_default(c, AF_INET6));
	ck_assert(!has_default(c, AF_INET));
	must_round(c);
	conf_free(c);
}
END_TEST

START_TEST(restart)
{
	struct conf *a = must_read("interface w0 { mtu 1400 }");
	struct conf *b = must_read("interface w0 { fwmark 5 }");
	struct conf *c = must_read("interface w1 { mtu 1400 }");
	struct conf *d = must_read("interface w0 { aead ipsec-mb }");
	struct conf *e = must_read("interface w0 { aead auto }");

	ck_assert_ptr_null(conf_needs_restart(a, b));
	ck_assert_ptr_null(conf_needs_restart(a, e));
	ck_assert_str_eq(conf_needs_restart(a, d), "aead has changed: this "
	    "needs a restart");
	ck_assert_ptr_nonnull(conf_needs_restart(d, e));
	must_round(d);
	ck_assert_str_eq(conf_needs_restart(a, c), "the name of the interface "
	    "has changed: this needs a restart");
	conf_free(a);
	conf_free(b);
	conf_free(c);
	conf_free(d);
	conf_free(e);
	conf_free(NULL);
}
END_TEST

/* A reload gives the kernel no other order than a start. */
static const struct {
	const char	*old, *new;
	bool		 same;
} orders[] = {
	{ "10.1.0.1/24", "10.1.0.1/24", true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.2.0.1/24, 10.1.0.1/24", false },
	{ "10.1.0.1/24, 10.1.0.2/24", "10.1.0.2/24, 10.1.0.1/24", false },
	/* New ones come last. */
	{ "10.1.0.1/24", "10.1.0.1/24, 10.2.0.1/24, 10.3.0.1/24", true },
	{ "10.1.0.1/24", "10.2.0.1/24, 10.1.0.1/24", false },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.1/24, 10.3.0.1/24, 10.2.0.1/24",
	    false },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.3.0.1/24, 10.4.0.1/24", true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.3.0.1/24, 10.2.0.1/24", false },
	/* But for one that another of its network is before. */
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.1/24, 10.1.0.2/24, 10.2.0.1/24",
	    true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.2/24, 10.1.0.1/24, 10.2.0.1/24",
	    false },
	{ "10.1.0.1/24, 10.1.0.2/24", "10.1.0.1/24, 10.1.0.3/24, 10.1.0.2/24",
	    false },
	{ "10.1.0.1/24, 10.1.0.2/24, 10.2.0.1/24",
	    "10.1.0.1/24, 10.2.0.1/24, 10.1.0.2/24", true },
	/* The first one goes. */
	{ "10.1.0.1/24, 10.2.0.1/24", "10.2.0.1/24", true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.2.0.1/24, 10.3.0.1/24", true },
	{ "10.1.0.1/24, 10.1.0.2/24", "10.1.0.2/24", true },
	{ "10.1.0.1/24, 10.1.0.2/24, 10.1.0.3/24", "10.1.0.2/24, 10.1.0.3/24",
	    true },
	{ "10.1.0.1/24, 10.1.0.2/24, 10.1.0.3/24", "10.1.0.3/24, 10.1.0.2/24",
	    false },
	/* And with it goes its network's place. */
	{ "10.1.0.1/24, 10.1.0.2/24, 10.2.0.1/24", "10.1.0.2/24, 10.2.0.1/24",
	    false },
	{ "10.1.0.1/24, 10.1.0.2/24, 10.2.0.1/24", "10.2.0.1/24, 10.1.0.2/24",
	    true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.2/24, 10.2.0.1/24", false },
	{ "10.1.0.1/24, 10.1.0.2/24", "10.1.0.2/24, 10.3.0.1/24", false },
	{ "10.1.0.1/24, 10.1.0.2/24", "10.3.0.1/24, 10.1.0.2/24", true },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.2/24, 10.2.0.2/24", false },
	/* One address of two networks. */
	{ "10.1.0.1/24, 10.2.0.1/24", "10.1.0.1/16, 10.2.0.1/24", false },
	{ "10.1.0.1/24, 10.2.0.1/24", "10.2.0.1/24, 10.1.0.1/16", true },
	{ "10.1.0.1", "10.1.0.2, 10.1.0.1", false },
	{ "128.0.0.1/1, 1.0.0.1/1", "128.0.0.1/1, 129.0.0.1/1, 1.0.0.1/1",
	    true },
	/* IPv6 chooses by other rules. */
	{ "10.1.0.1/24, fd00::1/64", "fd00::1/64, 10.1.0.1/24", true },
	{ "fd00::1/64, fd01::1/64", "fd01::1/64, fd02::1/64, fd00::1/64",
	    true },
	{ "fd00::1/64", "10.1.0.1/24, fd00::1/64", true },
	{ "a00::1/8, 10.1.0.1/8", "10.2.0.1/8, a00::1/8", true },
};

START_TEST(order_of_addresses)
{
	char text[2][128];
	struct conf *old, *new;
	const char *why;

	snprintf(text[0], sizeof(text[0]), "interface w0 { address { %s } }",
	    orders[_i].old);
	snprintf(text[1], sizeof(text[1]), "interface w0 { address { %s } }",
	    orders[_i].new);
	old = must_read(text[0]);
	new = must_read(text[1]);
	why = conf_needs_restart(old, new);
	if (orders[_i].same)
		ck_assert_ptr_null(why);
	else
		ck_assert_str_eq(why, "the IPv4 addresses would not be in "
		    "this order: put new ones last, or this needs a restart");
	conf_free(old);
	conf_free(new);
	/* From none and to none. */
	old = must_read("interface w0 { mtu 1400 }");
	new = must_read(text[0]);
	ck_assert_ptr_null(conf_needs_restart(old, new));
	ck_assert_ptr_null(conf_needs_restart(new, old));
	conf_free(old);
	conf_free(new);
}
END_TEST

/* --- words */

START_TEST(blanks_and_comments)
{
	must_print("# \303\244 {\n\n  interface \\\n\tw#x{\n{#}\n\t# mtu 5\n"
	    "mtu\\\n1300#\n\n}#\n#",
	    "interface w {\n\tmtu 1300\n\troutes table main\n}\n");
	/* A comment ends at its line, whatever its last character. */
	must_print("# \\\ninterface w { }\n",
	    "interface w {\n\tmtu 1420\n\troutes table main\n}\n");
}
END_TEST

START_TEST(macros)
{
	must_print("n = w0\na = 10.0.0.1/24 \\\n fd00::1\n"
	    "list = { $a, 10.0.0.2 }\nport = 5 # five\nline = mtu 1300\n"
	    "k = \"a b\"\ninterface $n {\n$line\naddress $list\n"
	    "listen port $port\nprivate-key file $k\n}\n",
	    "interface w0 {\n\taddress 10.0.0.1/24\n\taddress fd00::1/128\n"
	    "\taddress 10.0.0.2/32\n\tlisten port 5\n\tmtu 1300\n"
	    "\tprivate-key file \"/etc/a b\"\n\troutes table main\n}\n");
	/* Not within strings; the names of keywords are free. */
	must_print("mtu = 1300\ninterface w { mtu $mtu\n"
	    "private-key file \"$mtu\" }\n", "interface w {\n\tmtu 1300\n"
	    "\tprivate-key file \"/etc/$mtu\"\n\troutes table main\n}\n");
}
END_TEST

START_TEST(no_text)
{
	static const struct {
		const char	*bytes;
		size_t		 len;
		unsigned	 byte;
	} bad[] = {
		{ "\0", 1, 0x00 },	{ "\033", 1, 0x1b },
		{ "\177", 1, 0x7f },	{ "\200", 1, 0x80 },
		{ "\377", 1, 0xff },	{ "\302", 1, 0xc2 },
		{ "\303(", 2, 0xc3 },	{ "\300\257", 2, 0xc0 },
		{ "\302\205", 2, 0xc2 },	{ "\355\240\200", 3, 0xed },
		{ "\340\200\200", 3, 0xe0 },	{ "\342\202", 2, 0xe2 },
		{ "\364\220\200\200", 4, 0xf4 },
		{ "\370\210\200\200\200", 5, 0xf8 },
		{ "\r", 1, 0x0d }
	};
	char text[64], want[128];
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		n = (size_t)snprintf(text, sizeof(text), "interface w { }\n# ");
		memcpy(text + n, bad[i].bytes, bad[i].len);
		snprintf(want, sizeof(want), PATH ":2: byte 0x%02x is not "
		    "text (UTF-8 without control characters)\n", bad[i].byte);
		must_fail_files(text, n + bad[i].len, none, want);
	}
	must_fail("interface w { }\r\n", PATH ":1: the line ends in a "
	    "carriage return: lines end in a newline alone\n");
	conf_free(must_read("interface w { }\n# \302\240\342\202\254\360\237"
	    "\230\200\364\217\277\277\n"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("conf");
	TCase *tc = tcase_create("conf");

	tcase_add_test(tc, the_example);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, every_keyword);
	tcase_add_test(tc, other_ways);
	tcase_add_test(tc, doubles_go);
	tcase_add_test(tc, restart);
	tcase_add_loop_test(tc, order_of_addresses, 0,
	    sizeof(orders) / sizeof(orders[0]));
	tcase_add_test(tc, blanks_and_comments);
	tcase_add_test(tc, macros);
	tcase_add_test(tc, no_text);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("conf", suite());
}
