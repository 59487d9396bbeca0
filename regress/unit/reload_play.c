/* SPDX-License-Identifier: ISC */
/*
 * The world of a configuration's transaction: see reload_play.h.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/row.h"
#include "reload_play.h"

struct parent parent;
struct play play = {
	.dir = "/tmp/warren-reload-XXXXXX",
	.psk_files = SIZE_MAX,
};

void
note(const char *what)
{
	ck_assert_uint_lt(strlen(play.trace) + strlen(what) + 1,
	    sizeof(play.trace));
	strlcat(play.trace, what, sizeof(play.trace));
	strlcat(play.trace, " ", sizeof(play.trace));
}

static void
keep(void *arg, int level, const char *text)
{
	(void)arg;
	if (level >= LOG_LEVEL_WARN)
		play.warnings++;
	snprintf(play.last_log, sizeof(play.last_log), "%s", text);
}

/* The rest of the parent. */

void
suite_started(struct parent *arg)
{
	ck_assert_ptr_eq(arg, &parent);
	note("started");
}

void
suite_end(struct parent *arg, int status)
{
	if (arg->state == SUITE_ENDING)
		return;
	arg->state = SUITE_ENDING;
	arg->status = status;
	note("end");
}

int
sockets_prepare(struct parent *arg, const struct conf *conf, char *why,
    size_t size)
{
	ck_assert_ptr_eq(conf, arg->reload.next);
	note("sockets");
	if (play.refuse_sockets == NULL)
		return 0;
	snprintf(why, size, "%s", play.refuse_sockets);
	return -1;
}

void
sockets_commit(struct parent *arg)
{
	(void)arg;
	note("sockets!");
}

void
sockets_abort(struct parent *arg)
{
	(void)arg;
	note("sockets-");
}

int
kernel_prepare(struct kernel *k, const struct conf *conf,
    char why[KERNEL_WHY])
{
	(void)k;
	ck_assert_ptr_eq(conf, parent.reload.next);
	note("kernel");
	if (play.refuse_kernel == NULL)
		return 0;
	snprintf(why, KERNEL_WHY, "%s", play.refuse_kernel);
	return -1;
}

void
kernel_commit(struct kernel *k)
{
	(void)k;
	note("kernel!");
}

void
kernel_abort(struct kernel *k)
{
	(void)k;
	note("kernel-");
}

void
dns_refresh(struct parent *arg)
{
	(void)arg;
	note("dns");
}

void
notify_reloading(const struct notify *n)
{
	ck_assert_ptr_eq(n, &parent.notify);
	play.reloading++;
}

void
notify_ready(const struct notify *n, const char *status)
{
	ck_assert_ptr_eq(n, &parent.notify);
	ck_assert_str_ne(status, "");
	ck_assert_ptr_null(strchr(status, '\n'));
	play.reloading--;
}

void
parent_event_begin(struct wbuf *w, void *buf, size_t size, const char *what)
{
	row_begin(w, buf, size, "event");
	row_str(w, "what", what);
}

void
parent_event(struct parent *arg, const struct wbuf *w)
{
	struct row row;

	(void)arg;
	ck_assert_int_eq(row_parse(&row, w->p, w->len), 0);
	ck_assert_str_eq(row.table, "event");
	ck_assert_str_eq(row_get(&row, "what")->str, "reload");
	ck_assert_ptr_nonnull(row_get(&row, "text"));
	play.events++;
}

/* Configurations are made here, not read. */

const char *
slot_path(const char *name)
{
	static char path[80];

	snprintf(path, sizeof(path), "%s/w0/%s", play.dir, name);
	return path;
}

void
make_slot(const char *name, mode_t mode)
{
	int fd;

	fd = open(slot_path(name), O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

struct conf *
make_conf(size_t npeers, unsigned nallowed, bool psk)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct conf_peer *peer;
	char name[32];
	size_t i;

	play.confs++;
	TAILQ_INIT(&conf->peers);
	conf->path = strdup("/etc/warren.conf");
	conf->npeers = npeers;
	conf->address.at = calloc(2, sizeof(struct prefix));
	conf->address.n = 2;
	prefix_parse(&conf->address.at[0], "10.66.0.1/24");
	prefix_parse(&conf->address.at[1], "fd66::1/64");
	for (i = 0; i < npeers; i++) {
		peer = calloc(1, sizeof(*peer));
		snprintf(peer->name, sizeof(peer->name), "peer%zu", i);
		memcpy(peer->public_key, &i, sizeof(i));
		peer->where.file = peer->psk_where.file = conf->path;
		peer->where.line = peer->psk_where.line = 10 + (unsigned)i;
		peer->allowed.at = calloc(nallowed, sizeof(struct prefix));
		peer->allowed.n = nallowed;
		for (unsigned j = 0; j < nallowed; j++)
			prefix_parse(&peer->allowed.at[j], "192.0.2.0/24");
		if (psk) {
			snprintf(name, sizeof(name), "%zu.psk",
			    i % play.psk_files);
			peer->psk_file = strdup(slot_path(name));
		}
		TAILQ_INSERT_TAIL(&conf->peers, peer, entry);
	}
	return conf;
}

void
conf_free(struct conf *conf)
{
	struct conf_peer *peer;

	if (conf == NULL)
		return;
	play.confs--;
	while ((peer = TAILQ_FIRST(&conf->peers)) != NULL) {
		TAILQ_REMOVE(&conf->peers, peer, entry);
		free(peer->psk_file);
		free(peer->host);
		free(peer->allowed.at);
		free(peer);
	}
	free(conf->address.at);
	free(conf->key_file);
	free(conf->path);
	free(conf);
}

void
conf_errors_clear(struct conf_errors *e)
{
	size_t i;

	for (i = 0; i < e->kept; i++)
		free(e->line[i]);
	memset(e, 0, sizeof(*e));
}

struct conf *
conf_read(const char *path, conf_open *fn, void *arg,
    struct conf_errors *errors)
{
	struct conf *conf = play.on_disk;
	char *line;

	ck_assert_str_eq(path, "/etc/warren.conf");
	ck_assert(fn != NULL && arg != NULL);
	while (errors->n < play.parse_errors) {
		errors->n++;
		if (errors->kept == CONF_ERRORS_MAX)
			continue;
		ck_assert_int_ne(asprintf(&line, "/etc/warren.conf:%zu: \"%s\""
		    " is no word of this file, as far as can be seen",
		    errors->n, "blubb"), -1);
		errors->line[errors->kept++] = line;
	}
	play.on_disk = NULL;
	return conf;
}

const char *
conf_needs_restart(const struct conf *old, const struct conf *new)
{
	ck_assert_ptr_eq(old, parent.conf);
	ck_assert_ptr_nonnull(new);
	return play.restart;
}

/* The parent with its children. */

void
turn(int n)
{
	size_t queued;
	struct kid *k;

	while (n-- > 0) {
		event_base_loop(parent.base, EVLOOP_NONBLOCK);
		for (k = kid; k < kid + KIDS; k++) {
			queued = link_queued(&parent.member[k->proc].link);
			if (queued > play.queued_most)
				play.queued_most = queued;
			kid_read(k);
		}
	}
}

static void
lost(void *arg, struct link *l, enum msg_verdict v, const char *why)
{
	(void)arg;
	(void)why;
	(void)l;
	if (v == MSG_CLOSED)
		note("closed");
	else
		play.faults++;
}

static const struct link_row rows[] = {
	{ MSG_CONF_READY, reload_on_ready },
	{ MSG_CONF_NO, reload_on_no },
	{ MSG_CONF_DONE, reload_on_done },
	{ MSG_SLOT_WANT, reload_on_slot_want },
	{ MSG_SLOT_WRITTEN, reload_on_slot_written },
	{ MSG_RELOAD, reload_on_reload },
};

static void
make_parent(void)
{
	static char path[] = "/etc/warren.conf";

	parent.base = event_base_new();
	parent.host.base = parent.base;
	parent.host.self = PROC_PARENT;
	parent.host.phase = PHASE_RUN;
	parent.host.mode = MODE_CONFIGURED;
	parent.host.rows = rows;
	parent.host.nrows = sizeof(rows) / sizeof(rows[0]);
	parent.host.arg = &parent;
	parent.host.lost = lost;
	parent.state = SUITE_RUNNING;
	parent.monitoring = true;
	parent.conf_path = path;
}

/* What tests of a case write goes at its end, also when they fail. */
static void
make_dir(void)
{
	ck_assert_ptr_nonnull(mkdtemp(play.dir));
}

static void
remove_dir(void)
{
	char cmd[80];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", play.dir);
	ck_assert_int_eq(system(cmd), 0);
}

static void
setup(void)
{
	char cmd[80];
	struct kid *k;
	int s[2];

	log_init("test", keep, NULL);
	snprintf(cmd, sizeof(cmd), "rm -rf %s/w0", play.dir);
	ck_assert_int_eq(system(cmd), 0);
	make_parent();
	ck_assert_int_eq(slots_open(&parent.slots, play.dir, "w0"), 0);
	for (k = kid; k < kid + KIDS; k++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s), 0);
		ck_assert_int_eq(link_open(&parent.member[k->proc].link,
		    &parent.host, k->proc, s[0]), 0);
		imsg_init(&k->chan, s[1]);
	}
	ck_assert_int_eq(reload_init(&parent.reload, &parent), 0);
}

static void
teardown(void)
{
	struct kid *k;

	reload_clear(&parent.reload);
	reload_clear(&parent.reload);
	conf_free(parent.conf);
	conf_free(play.on_disk);
	slots_close(&parent.slots);
	for (k = kid; k < kid + KIDS; k++) {
		link_close(&parent.member[k->proc].link);
		imsg_clear(&k->chan);
	}
	event_base_free(parent.base);
	ck_assert_int_eq(play.confs, 0);
}

bool
play_possible(const char *name)
{
	if (geteuid() == 0)
		return true;
	printf("SKIP %s: needs root\n", name);
	return false;
}

TCase *
play_case(const char *name)
{
	TCase *tc = tcase_create(name);

	tcase_add_unchecked_fixture(tc, make_dir, remove_dir);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	return tc;
}

/* The words of the tests. */

void
start(void)
{
	parent.conf = make_conf(3, 2, false);
	reload_initial(&parent);
	turn(10);
	ck_assert_uint_eq(parent.reload.generation, 1);
	ck_assert_int_eq(parent.reload.state, RELOAD_IDLE);
	play.trace[0] = '\0';
}

void
ask(uint32_t id)
{
	say_plain(CTLD, MSG_RELOAD, id, NULL, 0);
	turn(10);
}

void
propose(uint32_t id, size_t npeers)
{
	play.on_disk = make_conf(npeers, 1, false);
	ask(id);
}

void
refused(uint32_t id, const char *says)
{
	ck_assert_int_eq(parent.state, SUITE_RUNNING);
	ck_assert_int_eq(parent.reload.state, RELOAD_IDLE);
	ck_assert_uint_eq(parent.reload.generation, 1);
	ck_assert_uint_eq(parent.conf->npeers, 3);
	ck_assert_int_eq(play.confs, 1);
	ck_assert_uint_eq(CTLD->answer_id, id);
	ck_assert_int_ne(CTLD->error, 0);
	ck_assert_msg(strstr(CTLD->text, says) != NULL, "%s", CTLD->text);
	ck_assert_ptr_nonnull(reload_problem(&parent));
	ck_assert_ptr_nonnull(strstr(play.last_log,
	    "running configuration stays"));
	ck_assert_int_eq(play.faults, 0);
	ck_assert_int_eq(play.reloading, 0);
	ck_assert_ptr_null(strstr(play.trace, "kernel!"));
}

void
accepted(size_t npeers)
{
	play.trace[0] = '\0';
	propose(77, npeers);
	ck_assert_uint_eq(CTLD->answer_id, 77);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_str_eq(CTLD->text, "reloaded: 3 peers added, 1 removed, "
	    "2 changed, 9994 as they were");
	ck_assert_uint_eq(parent.conf->npeers, npeers);
	ck_assert_ptr_null(reload_problem(&parent));
	ck_assert_str_eq(play.trace, "sockets kernel sockets! dns netd "
	    "cryptod ctld kernel! ");
	ck_assert_int_eq(play.faults, 0);
	ck_assert_int_eq(play.reloading, 0);
}
