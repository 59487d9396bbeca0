/* SPDX-License-Identifier: ISC */
/*
 * The configuration as files: those that include files, and those on the disk.
 */
#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_text.h"
#include "unit.h"

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
	    "missing\n" PATH ":2: \"5\" is no MTU: 576 to 65447\n");
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

static Suite *
suite(void)
{
	Suite *s = suite_create("conf_files");
	TCase *tc = tcase_create("conf_files");

	tcase_add_test(tc, includes);
	tcase_add_test(tc, wrong_includes);
	tcase_add_test(tc, deep_includes);
	tcase_add_test(tc, from_disk);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run("conf_files", suite());
}
