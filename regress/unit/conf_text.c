/* SPDX-License-Identifier: ISC */
/*
 * Texts as configurations: see conf_text.h.
 */
#include <sys/mman.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf_text.h"
#include "shared/hex.h"
#include "unit.h"

struct file none[] = { { NULL, NULL } };

/* arg: files, the last one without a path. */
int
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

struct conf *
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

struct conf *
must_read(const char *text)
{
	return must_read_len(text, strlen(text), none);
}

void
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

void
must_fail(const char *text, const char *lines)
{
	must_fail_files(text, strlen(text), none, lines);
}

char *
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

void
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

void
must_print(const char *text, const char *canonical)
{
	struct conf *c = must_read(text);
	char *p = print(c);

	ck_assert_str_eq(p, canonical);
	must_round(c);
	free(p);
	conf_free(c);
}

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

char *
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
