/* SPDX-License-Identifier: ISC */
/*
 * The command "import": see import.h.  The text of the file has keys in it: it
 * is read past stdio, kept in locked memory, and wiped.
 */
#include <sys/stat.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/exit.h"
#include "ctl/import.h"
#include "ctl/keys.h"
#include "ctl/output.h"
#include "shared/paths.h"
#include "shared/utf8.h"

#define STDIN_NAME	"warren0"	/* of an interface, without a file's */

/* sodium_malloc() aligns the end, so growing it means a new one. */
struct buffer {
	char	*p;
	size_t	 len;
	size_t	 room;
};

static int
buffer_grow(struct buffer *b)
{
	size_t room = b->room == 0 ? 64 * 1024 : 2 * b->room;
	char *p;

	if (room > 2 * IMPORT_FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	/* What cannot be locked is wiped all the same. */
	p = sodium_malloc(room);
	if (p == NULL)
		return -1;
	if (b->len > 0)
		memcpy(p, b->p, b->len);
	sodium_free(b->p);
	b->p = p;
	b->room = room;
	return 0;
}

static int
read_file(int fd, struct buffer *b)
{
	ssize_t n = 1;

	while (n != 0) {
		if (b->len == b->room && buffer_grow(b) == -1)
			return -1;
		n = read(fd, b->p + b->len, b->room - b->len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			b->len += (size_t)n;
		if (b->len > IMPORT_FILE_MAX) {
			errno = EFBIG;
			return -1;
		}
	}
	return 0;
}

/* For people; names of files come from anywhere. */
static int
fail(const char *text)
{
	fprintf(stderr, "warrenctl: ");
	output_lines(stderr, text);
	return EXIT_REFUSED;
}

static int
fail_errno(const char *file)
{
	char text[PATH_MAX + 128];

	snprintf(text, sizeof(text), "%s: %s", file, strerror(errno));
	return fail(text);
}

/* wg0 of /etc/wireguard/wg0.conf; 0, or -1. */
static int
ifname_of(const char *file, char name[IFNAMSIZ])
{
	static const char suffix[] = ".conf";
	const char *base = strrchr(file, '/');
	size_t n;

	if (strcmp(file, "-") == 0) {
		snprintf(name, IFNAMSIZ, "%s", STDIN_NAME);
		return 0;
	}
	base = base != NULL ? base + 1 : file;
	n = strlen(base);
	if (n > strlen(suffix) &&
	    strcmp(base + n - strlen(suffix), suffix) == 0)
		n -= strlen(suffix);
	if (n >= IFNAMSIZ)
		return -1;
	memcpy(name, base, n);
	name[n] = '\0';
	return import_is_ifname(name) ? 0 : -1;
}

/* Key files are named by absolute paths, which strings of the file can hold. */
static int
directory(const char *dir, char path[PATH_MAX])
{
	const uint8_t *p = (const uint8_t *)path;
	size_t n;

	if (realpath(dir, path) == NULL)
		return fail_errno(dir);
	for (; *p != '\0'; p += n)
		if ((n = utf8_len(p, strlen((const char *)p))) == 0 ||
		    *p < ' ' || *p == 0x7f)
			return fail("the directory's path has bytes that "
			    "warren.conf cannot name; choose another by -k");
	/* The configuration's limit, less the name of the file. */
	if (strlen(path) + IMPORT_KEYFILE >= 1023)
		return fail("the directory's path is too long");
	return EXIT_DONE;
}

/* What the user should know beside what is printed. */
static void
tell(const struct import *im)
{
	const struct import_peer *p;
	bool keys = im->key != NULL;

	TAILQ_FOREACH(p, &im->peers, entry)
		keys = keys || p->psk != NULL;
	if (import_left_out(im) > 0)
		warnx("%zu setting%s not imported: see the comments",
		    import_left_out(im),
		    import_left_out(im) == 1 ? " was" : "s were");
	if (keys && geteuid() != 0)
		warnx("the key files must belong to root before warrend "
		    "takes them");
}

static int
translate(const char *file, const char *dir, const struct buffer *b, FILE *fp)
{
	char ifname[IFNAMSIZ], path[PATH_MAX], why[IMPORT_WHY];
	struct import *im;
	int status;

	if (ifname_of(file, ifname) == -1)
		return fail("the name of the file, without .conf, is that of "
		    "the interface, and this one cannot be");
	status = directory(dir, path);
	if (status != EXIT_DONE)
		return status;
	im = import_parse(strcmp(file, "-") == 0 ? "(standard input)" : file,
	    ifname, b->len > 0 ? b->p : "", b->len, why);
	if (im == NULL)
		return fail(why);
	if (import_write_keys(im, path, why) == -1)
		status = fail(why);
	else {
		import_print(im, strcmp(file, "-") == 0 ? "standard input" :
		    file, path, fp);
		tell(im);
	}
	import_free(im);
	return status;
}

int
import_run(const char *file, const char *dir, FILE *fp)
{
	struct buffer b = { NULL, 0, 0 };
	int fd, status;

	keys_begin();
	fd = strcmp(file, "-") == 0 ? STDIN_FILENO :
	    open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		return fail_errno(file);
	if (read_file(fd, &b) == -1)
		status = errno == EFBIG ? fail("the file is larger than "
		    "16 MiB") : fail_errno(file);
	else
		status = translate(file, dir != NULL ? dir : PATH_CONF_DIR,
		    &b, fp);
	sodium_free(b.p);
	if (fd != STDIN_FILENO)
		close(fd);
	return status;
}
