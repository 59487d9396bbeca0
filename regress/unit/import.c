/* SPDX-License-Identifier: ISC */
/*
 * wg-quick's files become warren.conf, and keys go to files of their own.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import_play.h"

START_TEST(whole)
{
	gives("[Interface]\n"
	    "PrivateKey = " KEY_A "\n"
	    "Address = 10.66.0.1/24, fd66::1/64\n"
	    "ListenPort = 51820\n"
	    "MTU = 1380\n"
	    "FwMark = 0x10\n"
	    "Table = 51\n"
	    "DNS = 10.66.0.53\n"
	    "\n"
	    "[Peer]\n"
	    "# Name = alice\n"
	    "PublicKey = " KEY_B "\n"
	    "PresharedKey = " KEY_C "\n"
	    "AllowedIPs = 10.66.0.2/32, 192.0.2.99/24\n"
	    "AllowedIPs = fd66::2\n"
	    "Endpoint = alice.example.net:51821\n"
	    "PersistentKeepalive = 25\n",
	    HEAD
	    "\taddress 10.66.0.1/24\n"
	    "\taddress fd66::1/64\n"
	    "\tlisten port 51820\n"
	    "\tmtu 1380\n"
	    "\tfwmark 16\n"
	    "\tprivate-key file \"/k/wg0.key\"\n"
	    "\troutes table 51\n"
	    "\t# not imported: DNS = 10.66.0.53\n"
	    "}\n"
	    "\n"
	    "peer \"alice\" {\n"
	    "\tpublic-key \"" KEY_B "\"\n"
	    "\tpreshared-key file \"/k/wg0-alice.psk\"\n"
	    "\tendpoint alice.example.net port 51821\n"
	    "\tallowed-ips { 10.66.0.2/32, 192.0.2.0/24, fd66::2/128 }\n"
	    "\tkeepalive 25\n"
	    "}\n");
	gives("", HEAD NO_KEY "}\n");
}
END_TEST

/* Case, blanks, CRLF, comments behind values, no newline at the end. */
START_TEST(layout)
{
	has("\t[INTERFACE] # us\r\n  listenport=7#x\r\n", "listen port 7\n");
	has("[interface]\nLISTENPORT\t=\t7", "listen port 7\n");
	has("[Interface]\nListenPort = 7\nListenPort = 8\n",
	    "listen port 8\n");
	has("[Interface]\nAddress = 10.0.0.1\nAddress = 10.0.0.2/8\n",
	    "\taddress 10.0.0.1/32\n\taddress 10.0.0.2/8\n");
	has("[Interface]\nAddress = ,10.0.0.1,,\n", "10.0.0.1/32\n");
	/* Sections may come in any order, and in pieces. */
	has(PEER(KEY_A) "[Interface]\nMTU=1280\n[Interface]\nListenPort=7\n",
	    "\tlisten port 7\n\tmtu 1280\n");
}
END_TEST

/* What wg(8) prints for nothing. */
START_TEST(nothing)
{
	has("[Interface]\nPrivateKey = (none)\nFwMark = off\nListenPort = 0\n"
	    "Table = auto\n" PEER(KEY_A) "PresharedKey = (none)\n"
	    "Endpoint = (none)\nAllowedIPs = (none)\n"
	    "PersistentKeepalive = off\n",
	    HEAD NO_KEY "}\n\npeer \"peer1\" {\n\tpublic-key \"" KEY_A
	    "\"\n}\n");
	has_not(PEER(KEY_A) "PresharedKey = " KEY_0 "\n", "preshared-key");
	has(PEER(KEY_A) "AllowedIPs =\n", "}\n");
	/* The last one counts. */
	has_not(PEER(KEY_A) "PresharedKey = " KEY_B "\nPresharedKey=(none)\n"
	    "Endpoint = h:1\nEndpoint = (none)\n", "endpoint");
}
END_TEST

START_TEST(routes)
{
	has("[Interface]\nTable = off\n", "\troutes none\n");
	has_not("[Interface]\nTable = auto\n", "routes");
	has_not("[Interface]\nTable = 51\nTable = main\n", "routes");
	has_not("[Interface]\nTable = 254\n", "routes");
	has("[Interface]\nTable = 0x10\n", "\troutes table 16\n");
	fails("[Interface]\nTable = vpn\n", "f.conf:2: Table: this is not "
	    "off, auto, main or the number of a table");
	fails("[Interface]\nTable = 0\n", "f.conf:2: Table: this is not "
	    "off, auto, main or the number of a table");
}
END_TEST

/* A default route needs a mark, which wg-quick chooses by itself. */
START_TEST(mark)
{
	has("[Interface]\n" PEER(KEY_A) "AllowedIPs = 0.0.0.0/0\n",
	    "\tfwmark 51820\n");
	has("[Interface]\n" PEER(KEY_A) "AllowedIPs = ::/0\n",
	    "\tfwmark 51820\n");
	has("[Interface]\nFwMark = 7\n" PEER(KEY_A) "AllowedIPs = ::/0\n",
	    "\tfwmark 7\n");
	has_not("[Interface]\n" PEER(KEY_A) "AllowedIPs = 0.0.0.0/1\n",
	    "fwmark");
}
END_TEST

START_TEST(names)
{
	has("# alice\n" PEER(KEY_A), "peer \"alice\" {");
	has("[Peer]\n# alice\nPublicKey = " KEY_A "\n", "peer \"alice\" {");
	has("[Peer] # alice\nPublicKey = " KEY_A "\n", "peer \"alice\" {");
	has(PEER(KEY_A) "# alice", "peer \"alice\" {");
	has(PEER(KEY_A) "\n## Name: Alice's phone (new)\n",
	    "peer \"Alice-s-phone-new\" {");
	has("#friendly_name=alice\n" PEER(KEY_A), "peer \"alice\" {");
	/* "Name = " counts more than another comment. */
	has("# the first one\n" PEER(KEY_A) "# Name = alice\n",
	    "peer \"alice\" {");
	has(PEER(KEY_A) "# Name = alice\n\n# bob\n", "peer \"alice\" {");
	has("# alice\n# a phone\n" PEER(KEY_A), "peer \"alice\" {");
	/* What scripts write there. */
	has("### begin alice ###\n" PEER(KEY_A) "### end alice ###\n"
	    PEER(KEY_B), "peer \"alice\" {\n\tpublic-key \"" KEY_A
	    "\"\n}\n\npeer \"peer1\" {");
	has("### Client alice\n" PEER(KEY_A), "peer \"alice\" {");
	has("# end\n" PEER(KEY_A), "peer \"end\" {");
	/* An empty line parts it from what is below. */
	has("# notes\n\n" PEER(KEY_A), "peer \"peer1\" {");
	has("[Interface]\n# us\nMTU = 1280\n" PEER(KEY_A),
	    "peer \"peer1\" {");
	/* Just above the next one, and not of this one. */
	has(PEER(KEY_A) "# bob\n" PEER(KEY_B), "peer \"peer1\" {\n"
	    "\tpublic-key \"" KEY_A "\"\n}\n\npeer \"bob\" {");
	/* No names: settings, keys, sentences, nothing. */
	has("# Endpoint = bob\n" PEER(KEY_A), "peer \"peer1\" {");
	has("# " KEY_B "\n" PEER(KEY_A), "peer \"peer1\" {");
	has("# this is what he asked for\n" PEER(KEY_A), "\"peer1\" {");
	has("# ---\n" PEER(KEY_A), "peer \"peer1\" {");
	has("# Name = \n" PEER(KEY_A), "peer \"peer1\" {");
	has("# \303\244\n" PEER(KEY_A), "peer \"peer1\" {");
}
END_TEST

/* A peer that has this name, and who stands before it. */
#define NAMED(name, key) "}\n\npeer \"" name "\" {\n" \
			 "\tpublic-key \"" key "\"\n"

/* Between empty lines it is nobody's, and least of all the peer's before. */
START_TEST(nobodys_names)
{
	has("# alice\n\n" PEER(KEY_A) "\n# bob\n\n" PEER(KEY_B),
	    NAMED("peer1", KEY_A) NAMED("peer2", KEY_B));
	has(PEER(KEY_A) "\n# Name = bob\n\n" PEER(KEY_B),
	    NAMED("peer1", KEY_A) NAMED("peer2", KEY_B));
	has(PEER(KEY_A) "\n# bob\n\n# carol\n" PEER(KEY_B),
	    NAMED("peer1", KEY_A) NAMED("carol", KEY_B));
	has(PEER(KEY_A) "\n# bob\n\n", NAMED("peer1", KEY_A));
	has(PEER(KEY_A) "\n# the end\n", NAMED("peer1", KEY_A));
	/* But in the midst of a section, or at the end of one. */
	has("[Peer]\n\n# alice\nPublicKey = " KEY_A "\n", "\"alice\" {");
	has("[Peer]\n# alice\n\nPublicKey = " KEY_A "\n", "\"alice\" {");
	has(PEER(KEY_A) "# alice\n\n# bob\n\n" PEER(KEY_B),
	    NAMED("alice", KEY_A) NAMED("peer1", KEY_B));
}
END_TEST

/* A peer that was taken out, with its name. */
START_TEST(taken_out)
{
	has(PEER(KEY_A) "#[Peer]\n#PublicKey = " KEY_C "\n",
	    NAMED("peer1", KEY_A));
	has(PEER(KEY_A) "\n## [Peer] # carol\n# PublicKey = " KEY_C "\n\n"
	    PEER(KEY_B), NAMED("peer1", KEY_A) NAMED("peer2", KEY_B));
	has(PEER(KEY_A) "# carol\n# [Peer]\n# # Name = carol\n" PEER(KEY_B),
	    NAMED("peer1", KEY_A) NAMED("peer2", KEY_B));
	has("#[Peer]\n# Name = carol\n" PEER(KEY_A), NAMED("peer1", KEY_A));
	/* Who comes after it may have one. */
	has("#[Peer]\n# carol\n\n# alice\n" PEER(KEY_A), "\"alice\" {");
	has("#[Peer]\n# carol\n[Peer] # alice\nPublicKey = " KEY_A "\n",
	    "\"alice\" {");
	has("[Peer] # [2]\n# alice\nPublicKey = " KEY_A "\n", "\"alice\" {");
	has("[Peer]\n#[Peer]\nPublicKey = " KEY_A "\n# alice\n",
	    "\"alice\" {");
}
END_TEST

START_TEST(unique_names)
{
	has("# a\n" PEER(KEY_A) "# a\n" PEER(KEY_B) "# a-2\n" PEER(KEY_C)
	    "# a\n" PEER(KEY_D), "peer \"a\" {\n\tpublic-key \"" KEY_A
	    "\"\n}\n\npeer \"a-3\" {\n\tpublic-key \"" KEY_B
	    "\"\n}\n\npeer \"a-2\" {\n\tpublic-key \"" KEY_C
	    "\"\n}\n\npeer \"a-4\" {");
	has(PEER(KEY_A) "# peer1\n" PEER(KEY_B) PEER(KEY_C),
	    "peer \"peer2\" {\n\tpublic-key \"" KEY_A
	    "\"\n}\n\npeer \"peer1\" {\n\tpublic-key \"" KEY_B
	    "\"\n}\n\npeer \"peer3\" {");
}
END_TEST

START_TEST(made_names)
{
	static const struct {
		const char	*text;
		const char	*name;
	} t[] = {
		{ "", "" }, { "a", "a" }, { "-a-", "a" }, { "a b", "a-b" },
		{ "../etc/passwd", "..-etc-passwd" }, { "a\nb", "a-b" },
		{ "a@b_c.d-e", "a@b_c.d-e" }, { "\"}", "" },
	};
	char name[IMPORT_NAME], big[200];
	size_t i;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		import_name(name, t[i].text, strlen(t[i].text));
		ck_assert_str_eq(name, t[i].name);
	}
	memset(big, 'x', sizeof(big));
	import_name(name, big, sizeof(big));
	ck_assert_uint_eq(strlen(name), IMPORT_NAME - 1);
	ck_assert(import_is_ifname("wg0"));
	ck_assert(import_is_ifname("a.b_c-d01234567"));
	ck_assert(!import_is_ifname("a.b_c-d012345678"));
	ck_assert(!import_is_ifname(""));
	ck_assert(!import_is_ifname("-a"));
	ck_assert(!import_is_ifname(".."));
	ck_assert(!import_is_ifname("all"));
	ck_assert(!import_is_ifname("a b"));
	ck_assert(!import_is_ifname("a/b"));
	ck_assert(!import_is_ifname("a=b"));
}
END_TEST

/* The longest that is one, twice; anything longer may be a key. */
START_TEST(long_names)
{
	char name[44], text[1024], want[128];

	memset(name, 'x', 42);
	name[42] = '\0';
	snprintf(text, sizeof(text), "# %s\n" PEER(KEY_A) "# %s\n"
	    PEER(KEY_B), name, name);
	snprintf(want, sizeof(want), "peer \"%s-2\" {", name);
	has(text, want);
	name[42] = 'x';
	name[43] = '\0';
	snprintf(text, sizeof(text), "# %s\n" PEER(KEY_A), name);
	has(text, "peer \"peer1\" {");
}
END_TEST

/* As in the kernel, who comes later has it. */
START_TEST(shared_ips)
{
	gives("# a\n" PEER(KEY_A) "AllowedIPs = 10.0.0.1/8, 10.1.0.0/16\n"
	    "# b\n" PEER(KEY_B) "AllowedIPs = 10.9.9.9/8, 10.0.0.0/8\n",
	    HEAD NO_KEY "}\n"
	    "\npeer \"a\" {\n\tpublic-key \"" KEY_A "\"\n"
	    "\tallowed-ips { 10.1.0.0/16 }\n"
	    "\t# not imported: AllowedIPs = 10.0.0.0/8, which peer \"b\" has, "
	    "too\n}\n"
	    "\npeer \"b\" {\n\tpublic-key \"" KEY_B "\"\n"
	    "\tallowed-ips { 10.0.0.0/8 }\n}\n");
	has(PEER(KEY_A) "AllowedIPs=1.0.0.0/32,2.0.0.0,3.0.0.0,4.0.0.0,"
	    "5.0.0.0,6.0.0.0,7.0.0.0\n", "5.0.0.0/32,\n\t    6.0.0.0/32");
}
END_TEST

/* Hooks are told, but neither their keys nor bytes for the terminal. */
START_TEST(left_out)
{
	has("[Interface]\nPostUp = iptables -A FORWARD; echo $X\n",
	    "\t# not imported: PostUp = iptables -A FORWARD; echo $X\n");
	has("[Interface]\npredown = wg set %i peer " KEY_B " x\n",
	    "\t# not imported: PreDown = wg set %i peer (a key) x\n");
	has("[Interface]\nPreUp = x" KEY_B "y\n", "PreUp = (a key)y\n");
	has("[Interface]\nPostDown = a\033[2J\tb\377\n",
	    "PostDown = a?[2J?b?\n");
	has("[Interface]\nSaveConfig = true\n", "SaveConfig = true\n");
	has_not("[Interface]\nSaveConfig = false\n", "SaveConfig");
	has_not("# PresharedKey = " KEY_B "\n" PEER(KEY_A), "BBBB");
	has_not("[Interface]\nPrivateKey = " KEY_C "\n" PEER(KEY_A)
	    "PresharedKey = " KEY_C "\n", "CCCC");
}
END_TEST

/* --- key files */

static char	dir[] = "/tmp/warren-import-XXXXXX";

static struct import *
parsed(const char *text)
{
	struct import *im;

	im = import_parse("f.conf", "wg0", text, strlen(text), why);
	ck_assert_ptr_nonnull(im);
	return im;
}

static void
holds(const char *name, const char *want)
{
	char path[128], text[128];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW);
	if (want == NULL) {
		ck_assert_int_eq(fd, -1);
		return;
	}
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	n = read(fd, text, sizeof(text) - 1);
	ck_assert_int_ge((int)n, 0);
	text[n] = '\0';
	ck_assert_str_eq(text, want);
	close(fd);
}

static void
put(const char *name, const char *text)
{
	char path[128];
	FILE *fp;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fp = fopen(path, "w");
	ck_assert_ptr_nonnull(fp);
	fputs(text, fp);
	fclose(fp);
	ck_assert_int_eq(chmod(path, 0600), 0);
}

static void
gone(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	ck_assert_int_eq(unlink(path), 0);
}

#define TWO_KEYS "[Interface]\nPrivateKey = " KEY_A "\n# a\n" PEER(KEY_B) \
		 "PresharedKey = " KEY_C "\n"

START_TEST(key_files)
{
	struct import *im = parsed(TWO_KEYS);
	mode_t old = umask(0);

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(import_write_keys(im, dir, why), 0);
	holds("wg0.key", KEY_A "\n");
	holds("wg0-a.psk", KEY_C "\n");
	/* Once more: they are the same. */
	ck_assert_int_eq(import_write_keys(im, dir, why), 0);
	put("wg0.key", KEY_A);
	ck_assert_int_eq(import_write_keys(im, dir, why), 0);
	holds("wg0.key", KEY_A);
	/* Another key is kept, and nothing new stays. */
	gone("wg0.key");
	put("wg0-a.psk", KEY_D "\n");
	ck_assert_int_eq(import_write_keys(im, dir, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "wg0-a.psk: is there already"));
	holds("wg0-a.psk", KEY_D "\n");
	holds("wg0.key", NULL);
	put("wg0-a.psk", KEY_C "\nmore");
	ck_assert_int_eq(import_write_keys(im, dir, why), -1);
	/* What leads elsewhere is not followed. */
	gone("wg0-a.psk");
	ck_assert_int_eq(chdir(dir), 0);
	ck_assert_int_eq(symlink("elsewhere", "wg0.key"), 0);
	ck_assert_int_eq(import_write_keys(im, dir, why), -1);
	holds("elsewhere", NULL);
	ck_assert_int_eq(mkfifo("wg0-a.psk", 0600), 0);
	gone("wg0.key");
	ck_assert_int_eq(import_write_keys(im, dir, why), -1);
	gone("wg0-a.psk");
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	ck_assert_int_eq(import_write_keys(im, dir, why), -1);
	ck_assert_ptr_nonnull(strstr(why, "No such file"));
	umask(old);
	import_free(im);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("import");
	TCase *tc = tcase_create("import");

	tcase_add_test(tc, whole);
	tcase_add_test(tc, layout);
	tcase_add_test(tc, nothing);
	tcase_add_test(tc, routes);
	tcase_add_test(tc, mark);
	tcase_add_test(tc, names);
	tcase_add_test(tc, nobodys_names);
	tcase_add_test(tc, taken_out);
	tcase_add_test(tc, unique_names);
	tcase_add_test(tc, made_names);
	tcase_add_test(tc, long_names);
	tcase_add_test(tc, shared_ips);
	tcase_add_test(tc, left_out);
	tcase_add_test(tc, key_files);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("import", suite());
}
