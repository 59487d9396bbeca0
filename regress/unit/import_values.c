/* SPDX-License-Identifier: ISC */
/*
 * Values in wg-quick's files: what is translated, what becomes a comment, and
 * what is refused.
 */
#include <string.h>

#include "import_play.h"

START_TEST(endpoints)
{
	has(PEER(KEY_A) "Endpoint = 192.0.2.1:7\n",
	    "endpoint 192.0.2.1 port 7\n");
	has(PEER(KEY_A) "Endpoint = [2001:db8::1]:7\n",
	    "endpoint 2001:db8::1 port 7\n");
	has(PEER(KEY_A) "Endpoint = [fe80::1%2]:7\n",
	    "endpoint fe80::1%2 port 7\n");
	has(PEER(KEY_A) "Endpoint = h.example.net:65535\n",
	    "endpoint h.example.net port 65535\n");
	has(PEER(KEY_A) "Endpoint = 7.example.net:1\n",
	    "endpoint 7.example.net port 1\n");
	has(PEER(KEY_A) "Endpoint = 1.2.3.4a:1\n",
	    "endpoint 1.2.3.4a port 1\n");
	has(PEER(KEY_A) "Endpoint = h.example.:7\n",
	    "endpoint h.example. port 7\n");
	has(PEER(KEY_A) "Endpoint = [::ffff:192.0.2.1]:7\n",
	    "endpoint 192.0.2.1 port 7\n");
	has(PEER(KEY_A) "Endpoint = [::1]:7\n", "endpoint ::1 port 7\n");
	has(PEER(KEY_A) "Endpoint = 240.0.0.1:7\n",
	    "endpoint 240.0.0.1 port 7\n");
	/* The number of an interface that every host has. */
	has(PEER(KEY_A) "Endpoint = [FE80::1%lo]:7\n",
	    "endpoint fe80::1%1 port 7\n");
}
END_TEST

/* What warren.conf(5) cannot say, though wg(8) takes it. */
START_TEST(not_said)
{
	static const char *const hosts[] = { "[fe80::1%no-such]",
	    "[fe80::1]", "[fe80::1%0]", "[2001:db8::1%2]", "[::]",
	    "[ff02::1]", "[::ffff:0.0.0.0]", "0.0.0.0", "255.255.255.255" };
	char text[256], want[128];
	size_t i;

	for (i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(text, sizeof(text), PEER(KEY_A)
		    "Endpoint = h:1\nEndpoint = %s:7\n", hosts[i]);
		snprintf(want, sizeof(want), "\"\n\t# not imported: "
		    "Endpoint = %s:7\n}\n", hosts[i]);
		has(text, want);
	}
	has("[Interface]\nAddress = 127.0.0.1, 10.0.0.1, 10.0.0.1/8\n",
	    "\taddress 10.0.0.1/32\n" NO_KEY
	    "\t# not imported: Address = 127.0.0.1\n"
	    "\t# not imported: Address = 10.0.0.1/8\n}");
	has("[Interface]\nTable = 255\n",
	    "\troutes none\n\t# not imported: Table = 255\n}");
	has("[Interface]\nMTU = 65448\n",
	    NO_KEY "\t# not imported: MTU = 65448\n}");
	has("[Interface]\nMTU = 1279\nAddress = fd00::1, fd00::2\n",
	    "fd00::2/128\n" NO_KEY "\t# not imported: MTU = 1279\n}");
	has("[Interface]\nMTU = 1279\nAddress = 10.0.0.1\n", "mtu 1279\n");
}
END_TEST

/* Endpoints that would be looked for in the tunnel. */
START_TEST(carried)
{
	static const char ours[] = "[Interface]\nAddress = 10.0.0.1/24\n";
	static const char peer[] = PEER(KEY_A) "AllowedIPs = 0.0.0.0/0, "
	    "192.0.2.0/24, 192.0.2.128/25\nEndpoint = ";
	char text[512];

	snprintf(text, sizeof(text), "%s%s192.0.2.129:7\n", ours, peer);
	has(text, "\t# not imported: Endpoint = 192.0.2.129 port 7, which "
	    "lies in 192.0.2.128/25 and would be looked for in the tunnel\n");
	has_not(text, "\tendpoint");
	snprintf(text, sizeof(text), "%sTable = off\n%s192.0.2.129:7\n",
	    ours, peer);
	has(text, "endpoint 192.0.2.129 port 7\n");
	snprintf(text, sizeof(text), "%sTable = off\n%s10.0.0.255:7\n", ours,
	    peer);
	has(text, "port 7, which lies in 10.0.0.0/24 and");
	snprintf(text, sizeof(text), "%s%s198.51.100.1:7\n", ours, peer);
	has(text, "endpoint 198.51.100.1 port 7\n");
	/* What is never sent to, whatever the routes. */
	has("[Interface]\nTable = off\n" PEER(KEY_A)
	    "Endpoint = 169.254.1.2:7\n", "\t# not imported: Endpoint = "
	    "169.254.1.2 port 7, which lies in 169.254.0.0/16, which is kept "
	    "from the tunnel's packets\n");
	has(PEER(KEY_A) "Endpoint = 169.253.1.2:7\n",
	    "endpoint 169.253.1.2 port 7\n");
	has(PEER(KEY_A) "Endpoint = 169.254.example.net:7\n",
	    "endpoint 169.254.example.net port 7\n");
	/* The same bits of the other family. */
	has(PEER(KEY_A) "AllowedIPs = c000::/4\nEndpoint = 192.0.2.1:7\n",
	    "endpoint 192.0.2.1 port 7\n");
	has(PEER(KEY_A) "Endpoint = [2001:db8::1]:7\n" PEER(KEY_B)
	    "AllowedIPs = 2001:db8::/32\n", "lies in 2001:db8::/32 and");
}
END_TEST

/* A text, and why it is refused: what follows "f.conf:". */
struct wrong {
	const char	*text;
	const char	*why;
};

/* Sections and settings that are unknown, missing or there twice. */
static const struct wrong wrong_lines[] = {
	{ "MTU = 1400\n", "1: a setting before the first section" },
	{ "[Interface\n", "1: unknown section" },
	{ "[Peers]\n", "1: unknown section" },
	{ "[Interface]\nhello\n",
	    "2: neither a section nor SETTING = VALUE" },
	{ "[Interface]\nJc = 1\n",
	    "2: unknown setting of [Interface]" },
	{ "[Interface]\n = 1\n", "2: unknown setting of [Interface]" },
	{ "[Interface]\nPublicKey = " KEY_A "\n",
	    "2: unknown setting of [Interface]" },
	{ PEER(KEY_A) "ListenPort = 1\n",
	    "3: unknown setting of [Peer]" },
	{ "\n[Peer]\n\n", "2: this [Peer] has no PublicKey" },
	{ "[Peer]\n" PEER(KEY_A), "1: this [Peer] has no PublicKey" },
	{ PEER(KEY_A) PEER(KEY_B) PEER(KEY_A), "5: this PublicKey is "
	    "that of the [Peer] in line 1, too" },
};

static const struct wrong wrong_numbers[] = {
	{ "[Interface]\nListenPort = 65536\n",
	    "2: ListenPort: this is not a port from 0 to 65535" },
	{ "[Interface]\nListenPort =\n",
	    "2: ListenPort: this is not a port from 0 to 65535" },
	{ "[Interface]\nListenPort = 0x\n",
	    "2: ListenPort: this is not a port from 0 to 65535" },
	{ "[Interface]\nListenPort = 99999999999999999999999\n",
	    "2: ListenPort: this is not a port from 0 to 65535" },
	{ "[Interface]\nMTU = 100\n",
	    "2: MTU: this is not a number from 576 to 65535" },
	{ "[Interface]\nFwMark = 0x100000000\n",
	    "2: FwMark: this is not a 32-bit number or off" },
	{ PEER(KEY_A) "PersistentKeepalive = -1\n",
	    "3: PersistentKeepalive: this is not off or seconds from "
	    "0 to 65535" },
};

static const struct wrong wrong_addresses[] = {
	{ "[Interface]\nAddress = 10.0.0.1/33\n",
	    "2: Address: this is not an address" },
	{ "[Interface]\nAddress = fd00::1/129\n",
	    "2: Address: this is not an address" },
	{ "[Interface]\nAddress = 10.0.0\n",
	    "2: Address: this is not an address" },
	{ PEER(KEY_A) "AllowedIPs = 10.0.0.0/8 10.1.0.0/8\n",
	    "3: AllowedIPs: this is not an IP prefix" },
};

static const struct wrong wrong_keys[] = {
	{ "[Interface]\nPrivateKey = secret\n",
	    "2: PrivateKey: this is not a key in base64" },
	{ PEER(KEY_A) "PresharedKey = " KEY_B "A\n",
	    "3: PresharedKey: this is not a key in base64" },
	{ "[Peer]\nPublicKey = " KEY_A KEY_A "\n",
	    "2: PublicKey: this is not a key in base64" },
	{ PEER(KEY_0),
	    "2: PublicKey: this is not a peer's key: it is all zero" },
};

#define NO_ENDPOINT	"3: Endpoint: this is not HOST:PORT or [IPV6]:PORT"
#define NO_HOST		"3: Endpoint: this is not an address with four " \
			"numbers, nor a name"

static const struct wrong wrong_endpoints[] = {
	{ PEER(KEY_A) "Endpoint = host\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = 1.2.3:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = 1.2.3.4.5:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = 1.2.3.256:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = 7:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = 0x7f000001:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = h.example.7:77\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = ::1:5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = h:0\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = :5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = a\"b:5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = a}:5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = a%1:5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = [a:b]:5\n", NO_ENDPOINT },
	{ PEER(KEY_A) "Endpoint = a..b:5\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = .:5\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = a.-b:5\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = a-:5\n", NO_HOST },
	{ PEER(KEY_A) "Endpoint = 1.2.3.4.:5\n", NO_HOST },
};

static void
all_fail(const struct wrong *t, size_t n)
{
	char want[IMPORT_WHY];

	for (; n > 0; n--, t++) {
		snprintf(want, sizeof(want), "f.conf:%s", t->why);
		fails(t->text, want);
	}
}

#define ALL_FAIL(t)	all_fail((t), sizeof(t) / sizeof((t)[0]))

START_TEST(broken)
{
	struct import *im;

	ALL_FAIL(wrong_lines);
	ALL_FAIL(wrong_numbers);
	ALL_FAIL(wrong_addresses);
	ALL_FAIL(wrong_keys);
	ALL_FAIL(wrong_endpoints);
	im = import_parse("f.conf", "wg0", "[Inter\0face]", 12, why);
	ck_assert_ptr_null(im);
	ck_assert_str_eq(why, "f.conf:1: a NUL byte: this is no text");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("import_values");
	TCase *tc = tcase_create("import_values");

	tcase_add_test(tc, endpoints);
	tcase_add_test(tc, not_said);
	tcase_add_test(tc, carried);
	tcase_add_test(tc, broken);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("import_values", suite());
}
