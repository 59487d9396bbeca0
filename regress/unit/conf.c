/* SPDX-License-Identifier: ISC */
/*
 * The configuration: what is read from a text, what an error says, limits,
 * files that include files, and the canonical form.
 */
#include <sys/mman.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/conf.h"
#include "shared/hex.h"
#include "unit.h"

#define PATH	"/etc/warren.conf"
#define K1	"xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define K2	"HIgo9xNzJMWLKASShiTqIybxZ0U3wGLiUeJ1PKf8ykw="
#define BROKEN	"regress/conf/broken.txt"

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

/* --- files that are texts */

struct file {
	const char	*path;
	const char	*text;
};

/* arg: files, the last one without a path. */
static int
open_text(void *arg, const char *path)
{
	const struct file *f;
	int fd;

	for (f = arg; f->path != NULL; f++)
		if (strcmp(f->path, path) == 0)
			break;
	if (f->path == NULL) {
		errno = ENOENT;
		return -1;
	}
	fd = memfd_create("conf", MFD_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, f->text, strlen(f->text)),
	    (ssize_t)strlen(f->text));
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static struct conf *
must_read_len(const char *text, size_t len, struct file *files)
{
	struct conf_errors e;
	struct conf *c;

	c = conf_read_text(PATH, text, len, open_text, files, &e);
	ck_assert_msg(c != NULL, "%s", e.kept > 0 ? e.line[0] : "no line");
	ck_assert_uint_eq(e.n, 0);
	conf_errors_clear(&e);
	return c;
}

static struct conf *
must_read(const char *text)
{
	static struct file none[] = { { NULL, NULL } };

	return must_read_len(text, strlen(text), none);
}

/* The text is wrong, and this is all that is said. */
static void
must_fail_files(const char *text, size_t len, struct file *files,
    const char *lines)
{
	struct conf_errors e;
	char all[16384] = "";
	size_t i;

	ck_assert_ptr_null(conf_read_text(PATH, text, len, open_text, files,
	    &e));
	ck_assert_uint_gt(e.n, 0);
	for (i = 0; i < e.kept; i++) {
		strlcat(all, e.line[i], sizeof(all));
		strlcat(all, "\n", sizeof(all));
	}
	ck_assert_str_eq(all, lines);
	conf_errors_clear(&e);
	ck_assert_uint_eq(e.n + e.kept, 0);
}

static void
must_fail(const char *text, const char *lines)
{
	static struct file none[] = { { NULL, NULL } };

	must_fail_files(text, strlen(text), none, lines);
}

static char *
print(const struct conf *c)
{
	char *text;
	size_t len;
	FILE *fp;

	fp = open_memstream(&text, &len);
	ck_assert_ptr_nonnull(fp);
	conf_print(c, fp);
	ck_assert_int_eq(fclose(fp), 0);
	return text;
}

/* What is printed is read again and printed the same. */
static void
must_round(const struct conf *c)
{
	struct conf *d;
	char *text = print(c), *again;

	d = must_read(text);
	again = print(d);
	ck_assert_str_eq(text, again);
	ck_assert_uint_eq(c->npeers, d->npeers);
	ck_assert_ptr_null(conf_needs_restart(c, d));
	conf_free(d);
	free(text);
	free(again);
}

static void
must_print(const char *text, const char *canonical)
{
	struct conf *c = must_read(text);
	char *p = print(c);

	ck_assert_str_eq(p, canonical);
	must_round(c);
	free(p);
	conf_free(c);
}

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
	    "fd00::1 }\n listen port 1\n mtu 65535\n fwmark 0XfFfFfFfF\n"
	    " private-key file k\n routes table 4294967295 }\n"
	    "peer b@x { public-key \"" K1 "\" }\n"
	    "peer 9 {\n public-key \"" K2 "\"\n endpoint 2001:DB8::1 port "
	    "65535\n keepalive 65535\n preshared-key file \"x/a \\\"\\\\\"\n"
	    " allowed-ips 10.1.2.3/16\n allowed-ips { }\n"
	    " allowed-ips { 0.0.0.0/0 ::/0, fd00::5/127, }\n}\n",
	    "interface a.b-c_9 {\n\taddress 10.0.0.1/8\n\taddress 10.0.0.2/32"
	    "\n\taddress fd00::1/128\n\tlisten port 1\n\tmtu 65535\n"
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
	static struct file none[] = { { NULL, NULL } };
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

START_TEST(macro_limits)
{
	char *text = malloc(1 << 20), *p;
	static struct file none[] = { { NULL, NULL } };
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

/* --- files */

START_TEST(includes)
{
	struct file files[] = {
		{ "/etc/warren/a.conf", "include \"b.conf\"\ninclude "
		    "\"/x/c.conf\"\n$iface" },
		{ "/etc/warren/b.conf", "port = 5" },
		{ "/x/c.conf", "iface = \"nothing\"" },
		{ "/x/d.conf", "peer a {\n\tpublic-key \"" K1
		    "\"\n\tpreshared-key file ../k\n}" },
		{ "/x/empty", "" },
		{ NULL, NULL }
	};
	const char *text = "include \"warren/a.conf\"\n";
	struct conf_file *f;
	struct conf *c;

	/* In its place among the lines, as if it were written there. */
	must_fail_files(text, strlen(text), files, "/etc/warren/a.conf:3: "
	    "\"nothing\" is not known in a configuration: wanted interface, "
	    "peer or include\n");
	text = "include \"warren/b.conf\"\ninterface w { listen port $port }\n"
	    "include /x/empty\ninclude /x/empty\ninclude /x/d.conf";
	c = must_read_len(text, strlen(text), files);
	ck_assert_uint_eq(c->port, 5);
	ck_assert_uint_eq(c->npeers, 1);
	ck_assert_str_eq(TAILQ_FIRST(&c->peers)->psk_file, "/x/../k");
	ck_assert_str_eq(TAILQ_FIRST(&c->peers)->where.file, "/x/d.conf");
	ck_assert_uint_eq(TAILQ_FIRST(&c->peers)->where.line, 1);
	f = STAILQ_NEXT(STAILQ_FIRST(&c->files), entry);
	ck_assert_str_eq(f->path, "/etc/warren/b.conf");
	ck_assert_str_eq(STAILQ_LAST(&c->files, conf_file, entry)->path,
	    "/x/d.conf");
	must_round(c);
	conf_free(c);
}
END_TEST

START_TEST(wrong_includes)
{
	struct file files[] = {
		{ "/etc/a", "include b" },
		{ "/etc/b", "\ninclude a\ninclude \"/etc/warren.conf\"" },
		{ "/etc/open", "peer a {\n\tkeepalive 5\n" },
		{ "/etc/list", "peer a {\n\tallowed-ips { 10.0.0.1\n" },
		{ "/etc/half", "peer a" },
		{ "/etc/bytes", "\n\n\001" },
		{ NULL, NULL }
	};
	const char *text;

	text = "interface w { }\ninclude a\n";
	must_fail_files(text, strlen(text), files,
	    "/etc/b:2: include /etc/a: it includes itself\n"
	    "/etc/b:3: include /etc/warren.conf: it includes itself\n");
	/* What an included file leaves open does not swallow the rest. */
	text = "interface w { }\ninclude open\nmtu\n";
	must_fail_files(text, strlen(text), files,
	    "/etc/open:3: the file ends within the peer of line 1: \"}\" is "
	    "missing\n" PATH ":3: \"mtu\" is not known in a configuration: "
	    "wanted interface, peer or include\n");
	text = "include list\ninterface w { mtu 5 }";
	must_fail_files(text, strlen(text), files,
	    "/etc/list:3: the file ends within the peer of line 1: \"}\" is "
	    "missing\n" PATH ":2: \"5\" is no MTU: 576 to 65535\n");
	text = "include half\n{\n}\n";
	must_fail_files(text, strlen(text), files,
	    "/etc/half:1: the line ends too early: wanted peer NAME { ... }\n"
	    PATH ":2: \"{\" is not known in a configuration: wanted "
	    "interface, peer or include\n");
	text = "include bytes\ninclude nothing\n";
	must_fail_files(text, strlen(text), files,
	    "/etc/bytes:3: byte 0x01 is not text (UTF-8 without control "
	    "characters)\n" PATH ":2: include /etc/nothing: No such file or "
	    "directory\n");
}
END_TEST

/* /0 includes /1, and so on; at last there is a peer. */
START_TEST(deep_includes)
{
	struct file files[CONF_INCLUDE_MAX + 2];
	char path[CONF_INCLUDE_MAX + 2][16], line[CONF_INCLUDE_MAX + 2][32];
	const char *text = "include \"/0\"\ninterface w { }\n";
	int i, last;

	for (last = CONF_INCLUDE_MAX - 1; last <= CONF_INCLUDE_MAX; last++) {
		for (i = 0; i <= last; i++) {
			snprintf(path[i], sizeof(path[i]), "/%d", i);
			snprintf(line[i], sizeof(line[i]), i < last ?
			    "include \"/%d\"" : "a = %d", i + 1);
			files[i].path = path[i];
			files[i].text = line[i];
		}
		files[i].path = NULL;
		if (last < CONF_INCLUDE_MAX)
			conf_free(must_read_len(text, strlen(text), files));
		else
			must_fail_files(text, strlen(text), files, "/15:1: "
			    "include /16: files include files too deep\n");
	}
}
END_TEST

/* From the disk; relative paths begin where the first file is. */
START_TEST(from_disk)
{
	char dir[] = "/tmp/warren-conf.XXXXXX", want[256];
	struct conf_errors e;
	struct conf *c;
	FILE *fp;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	fp = fopen("w.conf", "w");
	ck_assert_ptr_nonnull(fp);
	fputs("interface w { private-key file k }\n", fp);
	fclose(fp);
	c = conf_read("w.conf", NULL, NULL, &e);
	ck_assert_ptr_nonnull(c);
	snprintf(want, sizeof(want), "%s/w.conf", dir);
	ck_assert_str_eq(c->path, want);
	snprintf(want, sizeof(want), "%s/k", dir);
	ck_assert_str_eq(c->key_file, want);
	conf_free(c);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_ptr_null(conf_read("fifo", NULL, NULL, &e));
	snprintf(want, sizeof(want), "%s/fifo: not a regular file", dir);
	ck_assert_str_eq(e.line[0], want);
	conf_errors_clear(&e);
	ck_assert_ptr_null(conf_read("gone", NULL, NULL, &e));
	snprintf(want, sizeof(want), "%s/gone: No such file or directory",
	    dir);
	ck_assert_str_eq(e.line[0], want);
	conf_errors_clear(&e);
	ck_assert_ptr_null(conf_read("", NULL, NULL, &e));
	ck_assert_uint_eq(e.kept, 1);
	conf_errors_clear(&e);
	unlink("w.conf");
	unlink("fifo");
	ck_assert_int_eq(rmdir(dir), 0);
}
END_TEST

START_TEST(too_large)
{
	static struct file none[] = { { NULL, NULL } };
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

/* --- many */

static void
put_peer(FILE *fp, unsigned i)
{
	uint8_t bytes[BASE64_KEYLEN] = { 1 };
	char key[BASE64_KEY_SIZE];

	memcpy(bytes + 1, &i, sizeof(i));
	base64_key_encode(key, bytes);
	fprintf(fp, "peer p%u {\n\tpublic-key \"%s\"\n\tpreshared-key file "
	    "psk/%u\n\tendpoint 198.51.%u.%u port %u\n\tallowed-ips { "
	    "10.%u.%u.%u, fd00:1::%x/128, 172.%u.%u.%u/32 }\n}\n", i, key, i,
	    i >> 8 & 255, i & 255, 1 + i % 65535, i >> 16, i >> 8 & 255,
	    i & 255, i, 16 + (i >> 16), i >> 8 & 255, i & 255);
}

static char *
many_peers(unsigned n, size_t *len)
{
	char *text;
	FILE *fp = open_memstream(&text, len);
	unsigned i;

	ck_assert_ptr_nonnull(fp);
	fputs("interface w { address 192.0.2.1/24 }\n", fp);
	for (i = 0; i < n; i++)
		put_peer(fp, i);
	fclose(fp);
	return text;
}

/* Far above what it takes, far below what a square would. */
START_TEST(many)
{
	static struct file none[] = { { NULL, NULL } };
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

/* --- the canonical form of anything */

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
	static struct file none[] = { { NULL, NULL } };
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

/* --- errors */

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
	Suite *s = suite_create("conf");
	TCase *t = tcase_create("conf");

	tcase_add_test(t, the_example);
	tcase_add_test(t, defaults);
	tcase_add_test(t, every_keyword);
	tcase_add_test(t, other_ways);
	tcase_add_test(t, doubles_go);
	tcase_add_test(t, restart);
	tcase_add_test(t, blanks_and_comments);
	tcase_add_test(t, macros);
	tcase_add_test(t, no_text);
	tcase_add_test(t, long_words);
	tcase_add_test(t, long_lines);
	tcase_add_test(t, macro_limits);
	tcase_add_test(t, includes);
	tcase_add_test(t, wrong_includes);
	tcase_add_test(t, deep_includes);
	tcase_add_test(t, from_disk);
	tcase_add_test(t, too_large);
	tcase_add_test(t, many);
	tcase_add_test(t, canonical);
	tcase_add_test(t, pieces);
	tcase_add_test(t, broken);
	tcase_add_test(t, many_errors);
	tcase_add_test(t, again_and_again);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run("conf", suite());
}
