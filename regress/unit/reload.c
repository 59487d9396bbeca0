/* SPDX-License-Identifier: ISC */
/*
 * The transaction of a configuration, against children played by this test:
 * what each is sent, what happens at which answer, and in which order the
 * sockets and the kernel hear of it.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/parent.h"
#include "parent/reload.h"
#include "shared/msg_net.h"
#include "shared/row.h"
#include "unit.h"

#define KIDS	3
#ifdef SANITIZER
#define LIMIT	5.0		/* seconds for 10,000 peers */
#else
#define LIMIT	1.0
#endif

enum say {
	SAY_READY,
	SAY_NO,
	SAY_NOTHING
};

/* A child. */
struct kid {
	enum proc	 proc;
	struct imsg_chan chan;
	enum say	 say;		/* at CONF_END */
	bool		 lazy;		/* no DONE */
	bool		 deaf;		/* reads nothing */
	uint32_t	 id;
	bool		 initial;
	unsigned	 begins, ends, commits, aborts;
	/* of the last configuration */
	unsigned	 peers, psks, allowed, locals, private, make_key;
	unsigned	 sessions, writes, slot_error;
	unsigned	 wrong;		/* a key without its peer */
	bool		 after_peer;	/* the last item was a peer */
	char		 last[CONF_PATH_MAX];	/* text, host or name */
	char		 lines[4096];	/* all texts */
	/* ctld */
	unsigned	 answers;
	uint32_t	 answer_id;
	int		 error;
	char		 text[RELOAD_TEXT_MAX];
};

static struct kid kid[KIDS] = {
	{ .proc = PROC_NETD }, { .proc = PROC_CRYPTOD },
	{ .proc = PROC_CTLD }
};
#define NETD	(&kid[0])
#define CRYPTOD	(&kid[1])
#define CTLD	(&kid[2])

static struct parent p;
static struct imsg im;
static char dir[] = "/tmp/warren-reload-XXXXXX";
static char trace[1024], last_log[LOG_LINE_MAX];
static int warnings, confs, faults, events, reloading;
static const char *refuse_sockets, *refuse_kernel, *restart;
static struct conf *on_disk;		/* what conf_read() gives next */
static unsigned parse_errors;
static size_t psk_files = SIZE_MAX;
static size_t queued_most;

static void
note(const char *what)
{
	ck_assert_uint_lt(strlen(trace) + strlen(what) + 1, sizeof(trace));
	strlcat(trace, what, sizeof(trace));
	strlcat(trace, " ", sizeof(trace));
}

static void
keep(void *arg, int level, const char *text)
{
	(void)arg;
	if (level >= LOG_LEVEL_WARN)
		warnings++;
	snprintf(last_log, sizeof(last_log), "%s", text);
}

/* The rest of the parent. */

void
suite_started(struct parent *arg)
{
	ck_assert_ptr_eq(arg, &p);
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
	if (refuse_sockets == NULL)
		return 0;
	snprintf(why, size, "%s", refuse_sockets);
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
	ck_assert_ptr_eq(conf, p.reload.next);
	note("kernel");
	if (refuse_kernel == NULL)
		return 0;
	snprintf(why, KERNEL_WHY, "%s", refuse_kernel);
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
	ck_assert_ptr_eq(n, &p.notify);
	reloading++;
}

void
notify_ready(const struct notify *n, const char *status)
{
	ck_assert_ptr_eq(n, &p.notify);
	ck_assert_str_ne(status, "");
	ck_assert_ptr_null(strchr(status, '\n'));
	reloading--;
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
	events++;
}

/* Configurations are made here, not read. */

static struct conf *
make_conf(size_t npeers, unsigned nallowed, bool psk)
{
	struct conf *conf = calloc(1, sizeof(*conf));
	struct conf_peer *peer;
	char name[64];
	size_t i;

	confs++;
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
			snprintf(name, sizeof(name), "%s/w0/%zu.psk", dir,
			    i % psk_files);
			peer->psk_file = strdup(name);
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
	confs--;
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
	struct conf *conf = on_disk;
	char *line;

	ck_assert_str_eq(path, "/etc/warren.conf");
	ck_assert(fn != NULL && arg != NULL);
	while (errors->n < parse_errors) {
		errors->n++;
		if (errors->kept == CONF_ERRORS_MAX)
			continue;
		ck_assert_int_ne(asprintf(&line, "/etc/warren.conf:%zu: \"%s\""
		    " is no word of this file, as far as can be seen",
		    errors->n, "blubb"), -1);
		errors->line[errors->kept++] = line;
	}
	on_disk = NULL;
	return conf;
}

const char *
conf_needs_restart(const struct conf *old, const struct conf *new)
{
	ck_assert_ptr_eq(old, p.conf);
	ck_assert_ptr_nonnull(new);
	return restart;
}

/* The children. */

static void
send_plain(struct kid *k, uint16_t type, uint32_t id, const void *data,
    size_t len)
{
	ck_assert_int_eq(imsg_send(&k->chan, type, id, -1, data, len), 0);
}

static void
say_no(struct kid *k, uint32_t id, const char *why)
{
	uint8_t buf[256];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_str(&w, why);
	send_plain(k, MSG_CONF_NO, id, buf, w.len);
}

static void
say_done(struct kid *k, uint32_t id)
{
	static const uint8_t counts[KIDS][16] = {
		{ 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0 },
		{ 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0x0a, 0x27, 0, 0 },
	};

	send_plain(k, MSG_CONF_DONE, id, counts[k - kid], 16);
}

static void
take_crypto(struct kid *k, struct rbuf *r)
{
	struct crypto_item it;

	get_crypto_item(r, &it);
	k->after_peer = it.op == CRYPTO_PEER;
	k->peers += it.op == CRYPTO_PEER;
	k->locals += it.op == CRYPTO_LOCAL;
	k->allowed += it.op == CRYPTO_ALLOWED_IP;
	k->make_key += it.op == CRYPTO_MAKE_KEY;
	if (it.op != CRYPTO_MAKE_KEY && it.op != CRYPTO_LOCAL &&
	    k->peers == 0)
		k->wrong++;
}

static void
take_items(struct kid *k)
{
	struct show_item show;
	struct net_item net;
	struct rbuf r;

	rbuf_init(&r, im.data, im.len);
	while (r.left > 0 && !r.fail) {
		switch (k->proc) {
		case PROC_NETD:
			get_net_item(&r, &net);
			k->peers++;
			snprintf(k->last, sizeof(k->last), "%s", net.host);
			break;
		case PROC_CRYPTOD:
			take_crypto(k, &r);
			break;
		default:
			get_show_item(&r, &show);
			k->peers += show.op == SHOW_ITEM_PEER;
			k->psks += show.op == SHOW_ITEM_PSK;
			snprintf(k->last, sizeof(k->last), "%s", show.text);
			strlcat(k->lines, show.text, sizeof(k->lines));
			strlcat(k->lines, "|", sizeof(k->lines));
		}
	}
	ck_assert_int_eq(rbuf_end(&r), 0);
}

static void
take_key(struct kid *k)
{
	enum conf_key kind;

	ck_assert_int_eq(conf_key_recv(&im, &kind), 0);
	ck_assert_int_ne(im.fd, -1);
	if (kind == CONF_KEY_PRIVATE) {
		k->private++;
		return;
	}
	k->psks++;
	if (!k->after_peer)
		k->wrong++;
	k->after_peer = false;
}

static void
take_slot(struct kid *k)
{
	enum slot slot;
	int error;
	bool wr;

	if (im.type == MSG_SLOT_DONE) {
		ck_assert_int_eq(slot_error_recv(&im, &slot, &error), 0);
		k->slot_error = (unsigned)error;
		note("slot-done");
		return;
	}
	ck_assert_int_eq(slot_fd_recv(&im, &slot, &wr), 0);
	if (!wr) {
		k->sessions++;
		return;
	}
	k->writes++;
	ck_assert_int_eq((int)write(im.fd, "key\n", 4), 4);
	send_plain(k, MSG_SLOT_WRITTEN, 0,
	    &(uint8_t[5]){ (uint8_t)slot }, 5);
}

static void
take_begin(struct kid *k)
{
	ck_assert_int_eq(conf_begin_recv(&im, &k->initial), 0);
	k->begins++;
	k->id = im.id;
	k->peers = k->psks = k->allowed = k->locals = k->private =
	    k->make_key = k->wrong = 0;
	k->after_peer = false;
	k->lines[0] = '\0';
}

static void
take_end(struct kid *k)
{
	k->ends++;
	if (k->say == SAY_READY)
		send_plain(k, MSG_CONF_READY, k->id, NULL, 0);
	else if (k->say == SAY_NO)
		say_no(k, k->id, "peer \"x\": its key\nis none");
}

static void
take(struct kid *k)
{
	static const char *const commits[KIDS] = { "netd", "cryptod", "ctld" };

	if (im.type >= MSG_CONF_BEGIN && im.type <= MSG_CONF_ABORT &&
	    im.type != MSG_CONF_BEGIN)
		ck_assert_uint_eq(im.id, k->id);
	switch (im.type) {
	case MSG_CONF_BEGIN:
		take_begin(k);
		break;
	case MSG_CONF_ITEMS:
		take_items(k);
		break;
	case MSG_CONF_KEY:
		take_key(k);
		break;
	case MSG_CONF_END:
		take_end(k);
		break;
	case MSG_CONF_COMMIT:
		k->commits++;
		note(commits[k - kid]);
		if (!k->lazy)
			say_done(k, k->id);
		break;
	case MSG_CONF_ABORT:
		k->aborts++;
		break;
	case MSG_SLOT_FD:
	case MSG_SLOT_DONE:
		take_slot(k);
		break;
	case MSG_RELOAD_DONE:
		ck_assert_int_eq(reload_done_recv(&im, &k->error, k->text),
		    0);
		k->answers++;
		k->answer_id = im.id;
		break;
	default:
		ck_abort_msg("%04x was sent", im.type);
	}
}

static void
kid_read(struct kid *k)
{
	ck_assert_int_eq(imsg_flush(&k->chan), 0);
	while (!k->deaf && imsg_recv(&k->chan, &im) == 1) {
		ck_assert_int_eq(msg_admit(im.type, PROC_PARENT, k->proc,
		    PHASE_RUN, MODE_CONFIGURED, im.len, im.fd), MSG_OK);
		take(k);
		if (im.fd != -1)
			close(im.fd);
	}
}

static void
turn(int n)
{
	size_t queued;
	struct kid *k;

	while (n-- > 0) {
		event_base_loop(p.base, EVLOOP_NONBLOCK);
		for (k = kid; k < kid + KIDS; k++) {
			queued = link_queued(&p.member[k->proc].link);
			if (queued > queued_most)
				queued_most = queued;
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
		faults++;
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

	p.base = event_base_new();
	p.host.base = p.base;
	p.host.self = PROC_PARENT;
	p.host.phase = PHASE_RUN;
	p.host.mode = MODE_CONFIGURED;
	p.host.rows = rows;
	p.host.nrows = sizeof(rows) / sizeof(rows[0]);
	p.host.arg = &p;
	p.host.lost = lost;
	p.state = SUITE_RUNNING;
	p.monitoring = true;
	p.conf_path = path;
}

static void
setup(void)
{
	struct kid *k;
	int s[2];

	log_init("test", keep, NULL);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	make_parent();
	ck_assert_int_eq(slots_open(&p.slots, dir, "w0"), 0);
	for (k = kid; k < kid + KIDS; k++) {
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET |
		    SOCK_NONBLOCK | SOCK_CLOEXEC, 0, s), 0);
		ck_assert_int_eq(link_open(&p.member[k->proc].link, &p.host,
		    k->proc, s[0]), 0);
		imsg_init(&k->chan, s[1]);
	}
	ck_assert_int_eq(reload_init(&p.reload, &p), 0);
}

static void
teardown(void)
{
	char cmd[80];
	struct kid *k;

	reload_clear(&p.reload);
	reload_clear(&p.reload);
	conf_free(p.conf);
	conf_free(on_disk);
	slots_close(&p.slots);
	for (k = kid; k < kid + KIDS; k++) {
		link_close(&p.member[k->proc].link);
		imsg_clear(&k->chan);
	}
	event_base_free(p.base);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	ck_assert_int_eq(system(cmd), 0);
	ck_assert_int_eq(confs, 0);
}

/* Begin with three peers, and get there. */
static void
start(void)
{
	p.conf = make_conf(3, 2, false);
	reload_initial(&p);
	turn(10);
	ck_assert_uint_eq(p.reload.generation, 1);
	ck_assert_int_eq(p.reload.state, RELOAD_IDLE);
	trace[0] = '\0';
}

static void
ask(uint32_t id)
{
	send_plain(CTLD, MSG_RELOAD, id, NULL, 0);
	turn(10);
}

/* It was refused, ctld was told, and the old one stays. */
static void
refused(uint32_t id, const char *says)
{
	ck_assert_int_eq(p.state, SUITE_RUNNING);
	ck_assert_int_eq(p.reload.state, RELOAD_IDLE);
	ck_assert_uint_eq(p.reload.generation, 1);
	ck_assert_uint_eq(p.conf->npeers, 3);
	ck_assert_int_eq(confs, 1);
	ck_assert_uint_eq(CTLD->answer_id, id);
	ck_assert_int_ne(CTLD->error, 0);
	ck_assert_msg(strstr(CTLD->text, says) != NULL, "%s", CTLD->text);
	ck_assert_ptr_nonnull(reload_problem(&p));
	ck_assert_ptr_nonnull(strstr(last_log, "running configuration stays"));
	ck_assert_int_eq(faults, 0);
	ck_assert_int_eq(reloading, 0);
	ck_assert_ptr_null(strstr(trace, "kernel!"));
}

/* And the next one is taken. */
static void
accepted(size_t npeers)
{
	trace[0] = '\0';
	on_disk = make_conf(npeers, 1, false);
	ask(77);
	ck_assert_uint_eq(CTLD->answer_id, 77);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_str_eq(CTLD->text, "reloaded: 3 peers added, 1 removed, "
	    "2 changed, 9994 as they were");
	ck_assert_uint_eq(p.conf->npeers, npeers);
	ck_assert_ptr_null(reload_problem(&p));
	ck_assert_str_eq(trace, "sockets kernel sockets! netd cryptod ctld "
	    "kernel! dns ");
	ck_assert_int_eq(faults, 0);
	ck_assert_int_eq(reloading, 0);
}

START_TEST(first)
{
	p.conf = make_conf(3, 2, false);
	reload_initial(&p);
	turn(10);
	ck_assert_str_eq(trace, "sockets kernel sockets! netd cryptod ctld "
	    "kernel! dns started ");
	ck_assert(NETD->initial && CRYPTOD->initial && CTLD->initial);
	ck_assert_uint_eq(CRYPTOD->make_key, 1);
	ck_assert_uint_eq(CRYPTOD->private, 0);
	ck_assert_uint_eq(CRYPTOD->sessions, 0);
	ck_assert_uint_eq(CRYPTOD->locals, 2);
	ck_assert_uint_eq(CRYPTOD->peers, 3);
	ck_assert_uint_eq(CRYPTOD->allowed, 6);
	ck_assert_uint_eq(NETD->peers, 3);
	ck_assert_uint_eq(CTLD->peers, 3);
	ck_assert_str_eq(CTLD->lines, "/etc/warren.conf|state directory|main|"
	    "10.66.0.1/24|fd66::1/64||||");
	ck_assert_int_eq(warnings, 0);
	ck_assert_int_eq(events, 1);
	accepted(5);
	ck_assert(!NETD->initial && !CRYPTOD->initial && !CTLD->initial);
	ck_assert_uint_eq(p.reload.generation, 2);
}
END_TEST

static void
make_slot(const char *name, mode_t mode)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s/w0/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

START_TEST(first_with_slots)
{
	make_slot("key", 0600);
	make_slot("sessions", 0600);
	start();
	ck_assert_uint_eq(CRYPTOD->make_key, 0);
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->sessions, 1);
	accepted(2);
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->sessions, 1);
}
END_TEST

/* What is lost with this file is time; what is wrong with a key is more. */
START_TEST(first_with_bad_slots)
{
	make_slot("sessions", 0644);
	start();
	ck_assert_uint_eq(CRYPTOD->sessions, 0);
	ck_assert_int_eq(warnings, 1);
	make_slot("key", 0640);
	on_disk = make_conf(2, 1, false);
	ask(5);
	refused(5, "/w0/key: group and others may read it; chmod 0600 ");
}
END_TEST

START_TEST(first_refused)
{
	CRYPTOD->say = SAY_NO;
	p.conf = make_conf(3, 2, false);
	reload_initial(&p);
	reload_request(&p, NULL, 0);
	turn(10);
	ck_assert_str_eq(trace, "end ");
	ck_assert_int_eq(p.status, 1);
	ck_assert_str_eq(last_log, "the configuration cannot be had: "
	    "peer \"x\": its key?is none");
	ck_assert_uint_eq(NETD->aborts, 1);
	ck_assert_uint_eq(NETD->begins, 1);
}
END_TEST

START_TEST(streams)
{
	static const char *const routes[] = { "|main|", "|none|",
	    "|table 51|" };
	struct conf_peer *peer;
	char path[64];

	start();
	on_disk = make_conf(4, 1, false);
	snprintf(path, sizeof(path), "%s/w0/own", dir);
	make_slot("own", 0600);
	make_slot("alice.psk", 0400);
	on_disk->key_file = strdup(path);
	on_disk->routes = _i;
	on_disk->table = 51;
	peer = TAILQ_FIRST(&on_disk->peers);
	snprintf(path, sizeof(path), "%s/w0/alice.psk", dir);
	peer->psk_file = strdup(path);
	peer = TAILQ_NEXT(peer, entry);
	endpoint_parse(&peer->endpoint, "192.0.2.1:7");
	peer->port = 7;
	peer = TAILQ_NEXT(peer, entry);
	endpoint_parse(&peer->endpoint, "[2001:db8::1]:8");
	peer->port = 8;
	peer = TAILQ_NEXT(peer, entry);
	peer->host = strdup("alice.example.net");
	peer->port = 51820;
	ask(1);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_ptr_nonnull(strstr(CTLD->lines, routes[_i]));
	ck_assert_ptr_nonnull(strstr(CTLD->lines, "|file /tmp/"));
	ck_assert_ptr_nonnull(strstr(CTLD->lines,
	    "|||192.0.2.1:7|[2001:db8::1]:8|alice.example.net:51820|"));
	ck_assert_str_eq(NETD->last, "alice.example.net");
	ck_assert_uint_eq(CRYPTOD->private, 1);
	ck_assert_uint_eq(CRYPTOD->psks, 1);
	ck_assert_uint_eq(CTLD->psks, 1);
	ck_assert_uint_eq(CRYPTOD->wrong, 0);
}
END_TEST

START_TEST(no_from_each)
{
	start();
	kid[_i].say = SAY_NO;
	on_disk = make_conf(4, 1, false);
	ask(5);
	refused(5, "peer \"x\": its key?is none");
	ck_assert_str_eq(trace, "");
	ck_assert_uint_eq(NETD->aborts, 1);
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_uint_eq(CTLD->aborts, 1);
	kid[_i].say = SAY_READY;
	accepted(4);
}
END_TEST

/* The others' READY may come when all is over, even after the next BEGIN. */
START_TEST(late_answers)
{
	uint32_t id;

	start();
	NETD->say = SAY_NOTHING;
	CTLD->say = SAY_NO;
	on_disk = make_conf(4, 1, false);
	ask(5);
	refused(5, "its key");
	id = NETD->id;
	send_plain(NETD, MSG_CONF_READY, id, NULL, 0);
	turn(5);
	ck_assert_int_eq(faults, 0);
	CTLD->say = SAY_NO;
	on_disk = make_conf(4, 1, false);
	ask(6);
	refused(6, "its key");
	CTLD->say = SAY_NOTHING;
	on_disk = make_conf(4, 1, false);
	ask(7);
	ck_assert_int_eq(p.reload.state, RELOAD_PREPARE);
	say_no(NETD, id + 1, "late");
	turn(5);
	ck_assert_int_eq(p.reload.state, RELOAD_PREPARE);
	ck_assert_int_eq(faults, 0);
	/* But each once. */
	send_plain(NETD, MSG_CONF_READY, id + 1, NULL, 0);
	turn(5);
	ck_assert_int_eq(faults, 1);
}
END_TEST

/* Each is one wrong thing to say while netd has not answered. */
START_TEST(breaches)
{
	uint32_t id;

	start();
	NETD->say = SAY_NOTHING;
	on_disk = make_conf(4, 1, false);
	ask(5);
	id = NETD->id;
	switch (_i) {
	case 0:				/* twice */
		send_plain(CRYPTOD, MSG_CONF_READY, id, NULL, 0);
		break;
	case 1:				/* after READY */
		say_no(CRYPTOD, id, "no");
		break;
	case 2:				/* of the last one */
		send_plain(NETD, MSG_CONF_READY, id - 1, NULL, 0);
		break;
	case 3:				/* of one to come */
		send_plain(NETD, MSG_CONF_READY, id + 1, NULL, 0);
		break;
	case 4:				/* before COMMIT */
		say_done(NETD, id);
		break;
	case 5:
		say_done(CRYPTOD, id);
		break;
	case 6:				/* no text */
		send_plain(NETD, MSG_CONF_NO, id, "\5\0abc", 5);
		break;
	case 7:
		send_plain(NETD, MSG_CONF_NO, id, "\3\0a\0c", 5);
		break;
	case 8:
		send_plain(CRYPTOD, MSG_SLOT_WRITTEN, 0, "\1\0\0\0", 5);
		break;
	case 9:
		send_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\3", 1);
		break;
	case 10:			/* not its to say */
		send_plain(NETD, MSG_RELOAD, 0, NULL, 0);
		break;
	}
	turn(5);
	ck_assert_int_eq(faults, 1);
	ck_assert_ptr_null(strstr(trace, "kernel"));
}
END_TEST

START_TEST(breaches_in_commit)
{
	uint32_t id;

	start();
	CRYPTOD->lazy = true;
	on_disk = make_conf(4, 1, false);
	ask(5);
	ck_assert_str_eq(trace, "sockets kernel sockets! netd cryptod ");
	id = NETD->id;
	switch (_i) {
	case 0:
		say_done(NETD, id);
		break;
	case 1:
		say_done(CTLD, id);
		break;
	case 2:
		say_done(CRYPTOD, id - 1);
		break;
	case 3:
		send_plain(CRYPTOD, MSG_CONF_READY, id, NULL, 0);
		break;
	case 4:
		say_no(CRYPTOD, id, "no");
		break;
	}
	turn(5);
	ck_assert_int_eq(faults, 1);
	ck_assert_ptr_null(strstr(trace, "ctld"));
	/* The end: what was prepared goes with it. */
	reload_clear(&p.reload);
	ck_assert_ptr_nonnull(strstr(trace, "kernel-"));
}
END_TEST

/* Nobody may speak when nothing is under way. */
START_TEST(breaches_in_peace)
{
	start();
	switch (_i) {
	case 0:
		send_plain(NETD, MSG_CONF_READY, NETD->id, NULL, 0);
		break;
	case 1:
		say_no(NETD, NETD->id, "no");
		break;
	case 2:
		say_done(NETD, NETD->id);
		break;
	case 3:
		send_plain(NETD, MSG_CONF_READY, NETD->id + 1, NULL, 0);
		break;
	case 4:
		send_plain(NETD, MSG_CONF_READY, 0, NULL, 0);
		break;
	}
	turn(5);
	ck_assert_int_eq(faults, 1);
}
END_TEST

/* READY, before all was sent. */
START_TEST(too_early)
{
	start();
	CRYPTOD->deaf = true;
	on_disk = make_conf(60000, 1, false);
	ask(5);
	send_plain(CRYPTOD, MSG_CONF_READY, p.reload.id, NULL, 0);
	turn(5);
	ck_assert_int_eq(faults, 1);
}
END_TEST

START_TEST(parse)
{
	start();
	parse_errors = 3;
	ask(5);
	refused(5, "/etc/warren.conf:1: \"blubb\" is no word");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\n/etc/warren.conf:3: "));
	ck_assert_uint_eq(NETD->begins, 1);
	ck_assert_int_eq(warnings, 3);
	parse_errors = 1000;
	ask(6);
	refused(6, "/etc/warren.conf:1: \"blubb\" is no word");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\nand 98"));
	ck_assert_ptr_nonnull(strstr(CTLD->text, " more errors"));
	parse_errors = 0;
	ask(7);
	accepted(4);
}
END_TEST

START_TEST(needs_restart)
{
	start();
	restart = "the name has changed: this needs a restart";
	on_disk = make_conf(4, 1, false);
	ask(5);
	refused(5, "/etc/warren.conf: the name has changed: this needs a ");
	ck_assert_uint_eq(NETD->begins, 1);
	restart = NULL;
	accepted(4);
}
END_TEST

START_TEST(others_refuse)
{
	start();
	refuse_sockets = "UDP port 53: Address already in use";
	on_disk = make_conf(4, 1, false);
	ask(5);
	refused(5, refuse_sockets);
	ck_assert_str_eq(trace, "sockets ");
	refuse_sockets = NULL;
	refuse_kernel = "10.0.0.1/8: is on eth0";
	trace[0] = '\0';
	on_disk = make_conf(4, 1, false);
	ask(6);
	refused(6, refuse_kernel);
	ck_assert_str_eq(trace, "sockets kernel sockets- ");
	refuse_kernel = NULL;
	ck_assert_uint_eq(CRYPTOD->aborts, 2);
	accepted(4);
}
END_TEST

/* Every key file that is wrong is told, not just the first. */
START_TEST(key_files)
{
	start();
	make_slot("0.psk", 0600);
	make_slot("1.psk", 0644);
	on_disk = make_conf(3, 1, true);
	ask(5);
	refused(5, "/etc/warren.conf:11: /tmp/");
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/1.psk: group and others"));
	ck_assert_ptr_nonnull(strstr(CTLD->text, "\n/etc/warren.conf:12: "));
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/2.psk: No such file"));
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_int_eq(warnings, 2);
	accepted(4);
	/* Our own. */
	on_disk = make_conf(3, 1, false);
	on_disk->key_file = strdup("/nonexistent/key");
	ask(6);
	ck_assert_int_eq(CTLD->error, EINVAL);
	ck_assert_ptr_nonnull(strstr(CTLD->text, "/nonexistent/key: No such"));
}
END_TEST

START_TEST(asked_meanwhile)
{
	start();
	NETD->say = SAY_NOTHING;
	on_disk = make_conf(4, 1, false);
	ask(5);
	ck_assert_uint_eq(CTLD->answers, 0);
	ck_assert_int_eq(reloading, 1);
	ask(6);
	ck_assert_uint_eq(CTLD->answers, 1);
	ck_assert_uint_eq(CTLD->answer_id, 6);
	ck_assert_int_eq(CTLD->error, EBUSY);
	/* SIGHUP thrice, and one reload after this. */
	reload_request(&p, NULL, 0);
	reload_request(&p, NULL, 0);
	reload_request(&p, NULL, 0);
	turn(5);
	ck_assert_uint_eq(NETD->begins, 2);
	on_disk = make_conf(5, 1, false);
	NETD->say = SAY_READY;
	send_plain(NETD, MSG_CONF_READY, NETD->id, NULL, 0);
	turn(20);
	ck_assert_uint_eq(NETD->begins, 3);
	ck_assert_uint_eq(p.reload.generation, 3);
	ck_assert_uint_eq(p.conf->npeers, 5);
	ck_assert_uint_eq(CTLD->answers, 2);
	ck_assert_uint_eq(CTLD->answer_id, 5);
	ck_assert_int_eq(faults, 0);
	/* Also after one that failed. */
	NETD->say = SAY_NOTHING;
	on_disk = make_conf(4, 1, false);
	ask(8);
	reload_request(&p, NULL, 0);
	on_disk = make_conf(6, 1, false);
	say_no(NETD, NETD->id, "no");
	NETD->say = SAY_READY;
	turn(20);
	ck_assert_uint_eq(p.conf->npeers, 6);
	ck_assert_int_eq(faults, 0);
}
END_TEST

START_TEST(asked_before)
{
	reload_request(&p, NULL, 0);
	ask(5);
	ck_assert_int_eq(CTLD->error, EBUSY);
	p.conf = make_conf(3, 2, false);
	on_disk = make_conf(4, 2, false);
	reload_initial(&p);
	turn(20);
	ck_assert_uint_eq(p.reload.generation, 2);
	ck_assert_uint_eq(p.conf->npeers, 4);
}
END_TEST

static void
wait_end(void)
{
	struct timespec ms = { 0, 1000000 };
	int i;

	for (i = 0; i < 5000 && p.state == SUITE_RUNNING; i++) {
		turn(1);
		nanosleep(&ms, NULL);
	}
	turn(2);
	ck_assert_int_eq(p.state, SUITE_ENDING);
	ck_assert_int_eq(p.status, 1);
}

START_TEST(silent)
{
	static const char *const names[] = { "netd", "cryptod", "ctld" };
	char want[64];

	start();
	p.reload.timeout_ms = 30;
	kid[_i % 3].say = _i < 3 ? SAY_NOTHING : SAY_READY;
	kid[_i % 3].lazy = true;
	on_disk = make_conf(4, 1, false);
	ask(5);
	wait_end();
	snprintf(want, sizeof(want), "%s did not %s the configuration",
	    names[_i % 3], _i < 3 ? "prepare" : "commit");
	ck_assert_msg(strstr(last_log, want) != NULL, "%s", last_log);
	ck_assert_int_eq(CTLD->error, ETIMEDOUT);
	ck_assert_uint_eq(CTLD->answer_id, 5);
	ck_assert_uint_eq(p.conf->npeers, 3);
	/* What comes now is of no matter. */
	send_plain(&kid[_i % 3], MSG_CONF_READY, NETD->id, NULL, 0);
	say_done(&kid[_i % 3], NETD->id);
	reload_request(&p, NULL, 0);
	turn(5);
	ck_assert_int_eq(faults, 0);
}
END_TEST

START_TEST(dead_child)
{
	start();
	kid[_i % 3].say = _i < 3 ? SAY_NOTHING : SAY_READY;
	kid[_i % 3].lazy = true;
	on_disk = make_conf(20000, 1, false);
	send_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	turn(_i < 3 ? 2 : 200);
	imsg_clear(&kid[_i % 3].chan);
	kid[_i % 3].deaf = true;
	event_base_loop(p.base, EVLOOP_NONBLOCK);
	event_base_loop(p.base, EVLOOP_NONBLOCK);
	ck_assert_ptr_nonnull(strstr(trace, "closed"));
	suite_end(&p, 1);
	event_base_loop(p.base, EVLOOP_NONBLOCK);
	reload_clear(&p.reload);
	ck_assert_int_eq(faults, 0);
}
END_TEST

START_TEST(slot_writes)
{
	char path[64];

	start();
	send_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\1", 1);
	turn(5);
	ck_assert_uint_eq(CRYPTOD->writes, 1);
	ck_assert_str_eq(trace, "slot-done ");
	ck_assert_uint_eq(CRYPTOD->slot_error, 0);
	snprintf(path, sizeof(path), "%s/w0/key", dir);
	ck_assert_int_eq(access(path, R_OK), 0);
	/* At the end, too: it is a child's last word. */
	p.state = SUITE_ENDING;
	send_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
	turn(5);
	snprintf(path, sizeof(path), "%s/w0/sessions", dir);
	ck_assert_int_eq(access(path, R_OK), 0);
	/* A directory that is gone: an error, not the end. */
	snprintf(path, sizeof(path), "rm -rf %s/w0", dir);
	ck_assert_int_eq(system(path), 0);
	send_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
	turn(5);
	ck_assert_uint_eq(CRYPTOD->slot_error, ENOENT);
	ck_assert_int_eq(faults, 0);
}
END_TEST

/* However often they ask: files are not touched that often. */
START_TEST(too_often)
{
	unsigned i, done = 0;

	start();
	for (i = 0; i < 300; i++) {
		trace[0] = '\0';
		parse_errors = 1;
		ask(1000 + i);
		ck_assert_uint_eq(CTLD->answer_id, 1000 + i);
		done += CTLD->error == EINVAL;
	}
	ck_assert_int_eq(CTLD->error, EBUSY);
	ck_assert_ptr_nonnull(strstr(CTLD->text, "try again"));
	ck_assert_uint_ge(done, 60);
	ck_assert_uint_lt(done, 150);
	for (i = 0, done = 0; i < 300; i++) {
		trace[0] = '\0';
		CRYPTOD->writes = 0;
		send_plain(CRYPTOD, MSG_SLOT_WANT, 0, "\2", 1);
		turn(5);
		done += CRYPTOD->writes;
	}
	ck_assert_uint_eq(CRYPTOD->slot_error, EBUSY);
	ck_assert_uint_ge(done, 8);
	ck_assert_uint_lt(done, 100);
	ck_assert_int_eq(faults, 0);
}
END_TEST

/* Who reads nothing is not sent more than fits the queue. */
START_TEST(slow_reader)
{
	struct kid *k = &kid[_i];

	start();
	psk_files = 1;
	make_slot("0.psk", 0600);
	k->deaf = true;
	on_disk = make_conf(20000, 3, true);
	ask(5);
	turn(300);
	ck_assert_uint_eq(k->ends, 1);
	ck_assert_uint_gt(queued_most, 0);
	ck_assert_uint_lt(queued_most, DELIVER_QUEUE + MSG_MAX);
	ck_assert_int_eq(p.reload.state, RELOAD_PREPARE);
	/* The loop turned all the while: others are served. */
	ck_assert_uint_eq(kid[(_i + 1) % 3].ends, 2);
	k->deaf = false;
	turn(5000);
	ck_assert_uint_eq(p.conf->npeers, 20000);
	ck_assert_uint_eq(CRYPTOD->psks, 20000);
	ck_assert_uint_eq(CRYPTOD->allowed, 60000);
	ck_assert_uint_eq(CRYPTOD->wrong, 0);
	ck_assert_uint_eq(CTLD->psks, 20000);
	ck_assert_uint_eq(NETD->peers, 20000);
	ck_assert_int_eq(faults, 0);
}
END_TEST

/* A turn of the loop sends a part, however much there is room for (P46). */
START_TEST(turns)
{
	start();
	on_disk = make_conf(1500, 1, false);
	reload_request(&p, NULL, 0);
	event_base_loop(p.base, EVLOOP_NONBLOCK | EVLOOP_ONCE);
	kid_read(NETD);
	ck_assert_uint_eq(NETD->begins, 2);
	ck_assert_uint_eq(NETD->ends, 1);
	turn(20);
	ck_assert_uint_eq(p.conf->npeers, 1500);
	ck_assert_uint_eq(NETD->peers, 1500);
}
END_TEST

/* NO in the midst of what is sent. */
START_TEST(early_no)
{
	start();
	CRYPTOD->deaf = true;
	on_disk = make_conf(60000, 1, false);
	ask(5);
	ck_assert_int_eq(p.reload.state, RELOAD_PREPARE);
	say_no(CRYPTOD, p.reload.id, "enough");
	turn(2);
	refused(5, "enough");
	CRYPTOD->deaf = false;
	turn(100);
	ck_assert_uint_eq(CRYPTOD->aborts, 1);
	ck_assert_uint_eq(CRYPTOD->ends, 1);
	accepted(4);
}
END_TEST

/* Of our CPU: how busy the host is must not matter. */
static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

START_TEST(ten_thousand)
{
	char name[16];
	double t;
	int i;

	start();
	for (i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "%d.psk", i);
		make_slot(name, 0600);
	}
	on_disk = make_conf(10000, 2, true);
	t = now();
	send_plain(CTLD, MSG_RELOAD, 5, NULL, 0);
	for (i = 0; i < 10000 && CTLD->answers == 0; i++)
		turn(1);
	t = now() - t;
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_uint_eq(CRYPTOD->psks, 10000);
	ck_assert_msg(t < LIMIT, "took %.3f s", t);
	if (getenv("VERBOSE") != NULL)
		fprintf(stderr, "10,000 peers with key files: %.3f s\n", t);
}
END_TEST

/* The longest of everything, and a peer with very many prefixes. */
START_TEST(huge)
{
	struct conf_peer *peer;
	char big[4096];

	start();
	memset(big, 'x', sizeof(big));
	big[0] = '/';
	big[sizeof(big) - 1] = '\0';
	on_disk = make_conf(2, CONF_ALLOWED_MAX, false);
	free(on_disk->path);
	on_disk->path = strdup(big);
	TAILQ_FOREACH(peer, &on_disk->peers, entry) {
		memset(peer->name, 'n', CONF_PEER_NAME - 1);
		peer->host = strndup(big + 1, CONF_HOST_MAX - 1);
		peer->port = 65535;
		peer->keepalive = 65535;
	}
	ask(5);
	turn(2000);
	ck_assert_int_eq(CTLD->error, 0);
	ck_assert_uint_eq(CRYPTOD->allowed, 2 * CONF_ALLOWED_MAX);
	ck_assert_uint_eq(strlen(NETD->last), CONF_HOST_MAX - 1);
	ck_assert_int_eq(faults, 0);
	/* And a name of a key file that fits nowhere. */
	on_disk = make_conf(2, 1, false);
	on_disk->key_file = strdup(big);
	ask(6);
	ck_assert_int_eq(CTLD->error, EINVAL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload");
	TCase *tc = tcase_create("reload");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, first);
	tcase_add_test(tc, first_with_slots);
	tcase_add_test(tc, first_with_bad_slots);
	tcase_add_test(tc, first_refused);
	tcase_add_loop_test(tc, streams, 0, 3);
	tcase_add_loop_test(tc, no_from_each, 0, 3);
	tcase_add_test(tc, late_answers);
	tcase_add_loop_test(tc, breaches, 0, 11);
	tcase_add_loop_test(tc, breaches_in_commit, 0, 5);
	tcase_add_loop_test(tc, breaches_in_peace, 0, 5);
	tcase_add_test(tc, too_early);
	tcase_add_test(tc, parse);
	tcase_add_test(tc, needs_restart);
	tcase_add_test(tc, others_refuse);
	tcase_add_test(tc, key_files);
	tcase_add_test(tc, asked_meanwhile);
	tcase_add_test(tc, asked_before);
	tcase_add_loop_test(tc, silent, 0, 6);
	tcase_add_loop_test(tc, dead_child, 0, 6);
	tcase_add_test(tc, slot_writes);
	tcase_add_test(tc, too_often);
	tcase_add_loop_test(tc, slow_reader, 0, 3);
	tcase_add_test(tc, turns);
	tcase_add_test(tc, early_no);
	tcase_add_test(tc, ten_thousand);
	tcase_add_test(tc, huge);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	if (geteuid() != 0) {
		/* Slots and key files are root's. */
		printf("SKIP reload: needs root\n");
		return 0;
	}
	return unit_run("reload", suite());
}
