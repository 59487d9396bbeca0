/* SPDX-License-Identifier: ISC */
/*
 * The undo journal as a file, and undoing what a killed instance left.
 *
 * The file is opened before privileges are given up and appended to.  A
 * reload writes to it only if rules change, so it stays small; one that grew
 * nevertheless is made short.  No fsync: it must outlive the process, not the
 * kernel, since rules and routes do not outlive that either.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/kernel_state.h"
#include "shared/paths.h"

#define COMPACT		65536		/* bytes; then it is written anew */
#define SRC_MARK	"/proc/sys/net/ipv4/conf/all/src_valid_mark"

static int
put_text(struct undo *u, const char *text, size_t len)
{
	ssize_t n;

	if (u->size + len > JOURNAL_MAX) {
		errno = EFBIG;
		return -1;
	}
	n = pwrite(u->fd, text, len, (off_t)u->size);
	if (n == (ssize_t)len) {
		u->size += len;
		return 0;
	}
	/* Half a line would spoil the next one. */
	if (n >= 0) {
		if (ftruncate(u->fd, (off_t)u->size) == -1)
			return -1;
		errno = ENOSPC;
	}
	return -1;
}

/* What it begins with, always the same. */
static size_t
put_head(const struct undo *u, char *text)
{
	size_t len;

	len = journal_head(text, u->instance);
	return len + journal_line_netns(text + len, &u->here);
}

/*
 * We may be killed at any moment, and each leaves a journal that says the
 * same: an extract at the end makes all before it void; then it can be
 * written to the front, piece by piece; then what is behind that can go.
 */
static int
make_short(struct undo *u)
{
	char text[JOURNAL_LINE * 2 + JOURNAL_EXTRACT];
	size_t len;

	len = journal_extract(text, &u->now);
	if (put_text(u, text, len) == -1)
		return -1;
	len = put_head(u, text);
	len += journal_lines(text + len, &u->now);
	if (pwrite(u->fd, text, len, 0) != (ssize_t)len ||
	    ftruncate(u->fd, (off_t)len) == -1)
		return -1;
	u->size = len;
	return 0;
}

int
undo_reset(struct undo *u)
{
	char text[JOURNAL_LINE * 2];

	/* There is nothing in the kernel that it could speak of. */
	u->now.n = 0;
	if (ftruncate(u->fd, 0) == -1)
		return -1;
	u->size = 0;
	return put_text(u, text, put_head(u, text));
}

int
undo_note(struct undo *u, bool made, const struct journal_deed *d)
{
	char line[JOURNAL_LINE];
	size_t i, len;

	i = journal_find(&u->now, d);
	if (made == (i < u->now.n))
		return 0;
	if (made && u->now.n == JOURNAL_OPEN) {
		errno = ENOSPC;
		return -1;
	}
	len = journal_line(line, made, d);
	if (put_text(u, line, len) == -1)
		return -1;
	if (made)
		u->now.open[u->now.n++] = *d;
	else
		memmove(&u->now.open[i], &u->now.open[i + 1],
		    (--u->now.n - i) * sizeof(*d));
	/* The note stands, even if it does not become shorter. */
	if (u->size > COMPACT)
		(void)make_short(u);
	return 0;
}

void
undo_deed(struct journal_deed *d, const struct item *it)
{
	memset(d, 0, sizeof(*d));
	d->what = it->kind == ITEM_RULE_MARK ? JOURNAL_RULE_MARK :
	    it->kind == ITEM_RULE_MAIN ? JOURNAL_RULE_MAIN :
	    JOURNAL_RULE_DEFAULT;
	d->family = it->prefix.family;
	d->mark = it->mark;
	d->table = it->table;
}

/* The whole file; malloc'd. */
static char *
slurp(int fd, size_t *len)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) == -1)
		return NULL;
	if (!S_ISREG(st.st_mode) || st.st_size > JOURNAL_MAX) {
		errno = EFBIG;
		return NULL;
	}
	text = malloc((size_t)st.st_size + 1);
	if (text == NULL)
		return NULL;
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n == -1) {
		free(text);
		return NULL;
	}
	*len = (size_t)n;
	return text;
}

static int
read_journal(struct undo *u)
{
	size_t len = 0;
	char *text;
	int rc;

	text = slurp(u->fd, &len);
	if (text == NULL && errno != EFBIG) {
		log_warn("%s/%s", PATH_RUN, u->name);
		return -1;
	}
	rc = text == NULL ? -1 :
	    journal_read(&u->now, u->instance, text, len);
	if (rc == -1)
		log_warnx("%s/%s: not a journal of %s; look at \"ip rule\" "
		    "and remove the file", PATH_RUN, u->name, u->instance);
	else if (u->now.damaged > 1)
		log_warnx("%s/%s: %zu lines are damaged; look at \"ip rule\"",
		    PATH_RUN, u->name, u->now.damaged);
	free(text);
	return rc;
}

static int
look_around(struct undo *u)
{
	struct stat st;

	u->fd = -1;
	if (stat("/proc/self/ns/net", &st) == -1) {
		log_warn("/proc/self/ns/net");
		return -1;
	}
	u->here.dev = st.st_dev;
	u->here.ino = st.st_ino;
	return 0;
}

/* The journal with the name that u has; an fd of -1 if there is none. */
static int
open_file(struct undo *u, bool make)
{
	memset(&u->now, 0, sizeof(u->now));
	u->size = 0;
	u->fd = openat(u->dir, u->name, O_RDWR | O_NOFOLLOW | O_CLOEXEC |
	    (make ? O_CREAT : 0), 0600);
	if (u->fd == -1) {
		if (!make && errno == ENOENT)
			return 0;
		log_warn("cannot open %s/%s", PATH_RUN, u->name);
		return -1;
	}
	if (read_journal(u) == 0)
		return 0;
	close(u->fd);
	u->fd = -1;
	return -1;
}

static int
begin(struct undo *u, int dir, const char *instance)
{
	memset(u, 0, sizeof(*u));
	u->dir = dir;
	snprintf(u->instance, sizeof(u->instance), "%s", instance);
	snprintf(u->name, sizeof(u->name), "%s.undo", instance);
	return look_around(u);
}

static void
name_kept(const struct undo *u, const struct journal_netns *n,
    char name[sizeof(u->name)])
{
	snprintf(name, sizeof(u->name), "%s.undo.%" PRIu64, u->instance,
	    n->ino);
}

static bool
is_here(const struct undo *u)
{
	return u->now.netns.dev == u->here.dev &&
	    u->now.netns.ino == u->here.ino;
}

bool
undo_is_elsewhere(const struct undo *u)
{
	return u->now.n > 0 && u->now.netns.ino != 0 && !is_here(u);
}

int
undo_open(struct undo *u, int dir, const char *instance, bool make)
{
	return begin(u, dir, instance) == -1 ? -1 : open_file(u, make);
}

int
undo_put_by(struct undo *u)
{
	char name[sizeof(u->name)];

	name_kept(u, &u->now.netns, name);
	if (renameat(u->dir, u->name, u->dir, name) == -1) {
		log_warn("cannot rename %s/%s to %s", PATH_RUN, u->name, name);
		return -1;
	}
	close(u->fd);
	return open_file(u, true);
}

void
undo_close(struct undo *u, bool remove_it)
{
	if (u->fd == -1)
		return;
	close(u->fd);
	u->fd = -1;
	if (remove_it && unlinkat(u->dir, u->name, 0) == -1 &&
	    errno != ENOENT)
		log_warn("cannot remove %s/%s", PATH_RUN, u->name);
}

/* Undoing. */

struct sweep {
	struct items	 found;
	bool		 failed;
};

static void
on_found(void *arg, const struct item *it)
{
	struct sweep *s = arg;

	if (it->kind == ITEM_UNREACHABLE && items_add(&s->found, it) == -1)
		s->failed = true;
}

static void
on_failed(void *arg, size_t tag, int error, const char *text)
{
	struct sweep *s = arg;
	char what[ITEM_TEXT];

	if (error == ENOENT || error == ESRCH || nlr_no_family(error))
		return;
	item_print(&s->found.at[tag], what);
	log_warnx("cannot remove %s: %s%s%s", what, strerror(error),
	    text[0] != '\0' ? ": " : "", text);
	s->failed = true;
}

static int
sweep(struct sweep *s, int requests)
{
	struct nlr_batch *b;
	size_t i;
	int rc = 0;

	b = malloc(sizeof(*b));
	if (b == NULL)
		return -1;
	nlr_begin(b, requests, 0, on_failed, s);
	for (i = 0; i < s->found.n && rc == 0; i++)
		rc = nlr_del(b, &s->found.at[i], i);
	if (rc == 0)
		rc = nlr_end(b);
	free(b);
	return s->failed ? -1 : rc;
}

/* What is not seen is not undone; only a kernel without IPv6 has none of it. */
static int
undo_family(struct sweep *s, int requests, uint8_t family, uint32_t table)
{
	size_t n = s->found.n;
	int tries;

	for (tries = 0; tries < KERNEL_TRIES; tries++) {
		s->found.n = n;
		if (nlr_dump_routes(requests, 0, family, table, false,
		    on_found, s) == 0)
			return 0;
		if (errno != EINTR)
			break;
	}
	return family == AF_INET6 && nlr_no_family(errno) ? 0 : -1;
}

static int
undo_table(struct sweep *s, int requests, uint32_t table)
{
	if (undo_family(s, requests, AF_INET, table) == -1)
		return -1;
	return undo_family(s, requests, AF_INET6, table);
}

static int
undo_rule(struct sweep *s, const struct undo *u, int requests,
    const struct journal_deed *d)
{
	struct item it;
	int rc;

	memset(&it, 0, sizeof(it));
	it.kind = d->what == JOURNAL_RULE_MARK ? ITEM_RULE_MARK :
	    d->what == JOURNAL_RULE_MAIN ? ITEM_RULE_MAIN : ITEM_RULE_DEFAULT;
	it.prefix.family = d->family;
	it.mark = d->mark;
	it.table = d->table;
	rc = kernel_is_anothers(requests, u->instance, &it);
	return rc != 0 ? -(rc == -1) : items_add(&s->found, &it);
}

static bool
src_mark_is(uint32_t value)
{
	char now;
	bool is;
	int fd;

	fd = open(SRC_MARK, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return false;
	is = pread(fd, &now, 1, 0) == 1 && (now != '0') == (value != 0);
	close(fd);
	return is;
}

static int
undo_src_mark(uint32_t value)
{
	int fd, rc;

	/* /proc/sys may be read-only by now. */
	if (src_mark_is(value))
		return 0;
	fd = open(SRC_MARK, O_WRONLY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	rc = pwrite(fd, value != 0 ? "1" : "0", 1, 0) == 1 ? 0 : -1;
	close(fd);
	return rc;
}

/* A journal can only name what an instance of this name makes. */
static bool
is_ours(const struct undo *u, const struct journal_deed *d)
{
	switch (d->what) {
	case JOURNAL_TABLE:
	case JOURNAL_RULE_MARK:
		return d->table == item_table(u->instance);
	case JOURNAL_RULE_DEFAULT:
		return d->table == item_table_default(u->instance);
	case JOURNAL_RULE_MAIN:
		return d->table == ITEM_TABLE_MAIN;
	default:
		return true;
	}
}

static int
undo_deed_of(struct sweep *s, const struct undo *u, int requests,
    const struct journal_deed *d)
{
	switch (d->what) {
	case JOURNAL_TABLE:
		return undo_table(s, requests, d->table);
	case JOURNAL_SRC_MARK:
		return undo_src_mark(d->value);
	default:
		return undo_rule(s, u, requests, d);
	}
}

int
undo_all(struct undo *u, int requests)
{
	struct sweep s;
	size_t i;
	int rc = 0;

	if (u->now.n == 0)
		return 0;
	memset(&s, 0, sizeof(s));
	/* The last deed goes first: the table after the rules that use it. */
	for (i = u->now.n; i-- > 0; ) {
		if (!is_ours(u, &u->now.open[i])) {
			log_warnx("the undo journal of %s names what is not "
			    "ours; that stays", u->instance);
			continue;
		}
		if (undo_deed_of(&s, u, requests, &u->now.open[i]) == -1) {
			log_warn("cannot undo what %s left", u->instance);
			rc = -1;
		}
	}
	if (sweep(&s, requests) == -1)
		rc = -1;
	if (rc == 0)
		log_info("undone what a killed instance of %s left: %zu "
		    "rules and routes", u->instance, s.found.n);
	items_free(&s.found);
	return rc;
}

/*
 * Linux gives the number of a namespace that is gone to another one, soon.
 * What was put by for the former says nothing of the latter, where the same
 * rule or setting may be somebody else's.
 */
int
undo_kept(int dir, const char *instance, int requests)
{
	struct undo u;
	int rc;

	if (begin(&u, dir, instance) == -1)
		return -1;
	name_kept(&u, &u.here, u.name);
	if (open_file(&u, false) == -1)
		return -1;
	if (u.fd == -1)
		return 0;
	if (is_here(&u) && kernel_has_ours(requests, instance))
		rc = undo_all(&u, requests);
	else {
		rc = 0;
		log_info("%s/%s: that namespace is gone", PATH_RUN, u.name);
	}
	undo_close(&u, rc == 0);
	return rc;
}

static int
clean_up(int run_dir, const char *instance, int requests)
{
	struct undo u;
	int rc;

	if (undo_kept(run_dir, instance, requests) == -1 ||
	    undo_open(&u, run_dir, instance, false) == -1)
		return -1;
	if (u.fd == -1)
		return 0;
	if (undo_is_elsewhere(&u)) {
		log_warnx("%s left rules and routes in another network "
		    "namespace (inode %" PRIu64 "): run this in that one; if "
		    "it is gone, so are they: remove %s/%s.undo", instance,
		    u.now.netns.ino, PATH_RUN, instance);
		undo_close(&u, false);
		return -1;
	}
	rc = undo_all(&u, requests);
	undo_close(&u, rc == 0);
	return rc;
}

int
kernel_cleanup(int run_dir, const char *instance)
{
	uint32_t pid;
	int fd, rc;

	fd = nlr_open(&pid);
	if (fd == -1) {
		log_warn("cannot open a netlink socket");
		return -1;
	}
	rc = clean_up(run_dir, instance, fd);
	close(fd);
	return rc;
}
