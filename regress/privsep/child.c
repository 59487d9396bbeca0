/* SPDX-License-Identifier: ISC */
/*
 * Starting and holding a child for a test: see child.h.
 */
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/child.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"
#include "shared/codec.h"
#include "shared/msg_parent.h"
#include "shared/version.h"

#define CHILD_LINK	3
#define FIRST_UID	64200		/* of nobody on any host */
#define LOCKED_MAX	(1024UL * 1024 * 1024)
#define SYNC_TYPE	0xfffe		/* no message has it */
#define SYNC_AGAIN	300		/* ms */

enum mode kid_mode = MODE_BARE;
uint16_t kid_workers = 1;

const struct kid_kind kid_kinds[KID_KINDS] = {
	{ PROC_CRYPTOD, MODE_BARE },
	{ PROC_NETD, MODE_BARE },
	{ PROC_CTLD, MODE_BARE },
	{ PROC_CRYPTOD, MODE_CONFIGURED },
	{ PROC_NETD, MODE_CONFIGURED },
	{ PROC_CTLD, MODE_CONFIGURED },
	{ PROC_RESOLVERD, MODE_CONFIGURED },
};

static char empty_dir[PATH_MAX];
static pid_t owner;

unsigned
kid_siblings(enum proc p)
{
	unsigned all = PROC_BIT(PROC_CRYPTOD) | PROC_BIT(PROC_NETD) |
	    PROC_BIT(PROC_CTLD);

	if (p == PROC_RESOLVERD)
		return PROC_BIT(PROC_NETD);
	if (p == PROC_NETD && kid_mode == MODE_CONFIGURED)
		all |= PROC_BIT(PROC_RESOLVERD);
	return all & ~PROC_BIT(p);
}

/* Where this build's programs are: BUILD, or where the test itself is. */
static void
program(enum proc p, char *path, size_t size)
{
	const char *build = getenv("BUILD");
	char self[PATH_MAX];
	ssize_t n;
	int i;

	if (build == NULL) {
		n = readlink("/proc/self/exe", self, sizeof(self) - 1);
		ck_assert_int_gt(n, 0);
		self[n] = '\0';
		for (i = 0; i < 3; i++)
			*strrchr(self, '/') = '\0';
		build = self;
	}
	ck_assert_int_lt(snprintf(path, size, "%s/libexec/warren/%s", build,
	    proc_name(p)), (int)size);
	ck_assert_msg(access(path, X_OK) == 0, "no %s", path);
}

static void
remove_empty_dir(void)
{
	if (getpid() == owner)
		(void)rmdir(empty_dir);
}

/*
 * One for all tests of a program, which fork, and it goes with the program.
 * What the environment says is read here, too.
 */
static __attribute__((constructor)) void
make_empty_dir(void)
{
	const char *tmp = getenv("TMPDIR");
	const char *workers = getenv("KID_WORKERS");

	if (workers != NULL)
		kid_workers = (uint16_t)strtoul(workers, NULL, 10);
	owner = getpid();
	snprintf(empty_dir, sizeof(empty_dir), "%s/privsep-empty.%d",
	    tmp != NULL ? tmp : "/tmp", (int)owner);
	if (mkdir(empty_dir, 0755) == 0)
		(void)atexit(remove_empty_dir);
}

/* As parent/spawn.c does it. */
static __attribute__((noreturn)) void
become(enum proc p, const char *path, int link, int err, pid_t parent)
{
	static char *const empty[] = { NULL };
	struct rlimit rl = { LOCKED_MAX, LOCKED_MAX };
	char name[32], uid[16], ppid[16];
	char *argv[] = { name, uid, uid, empty_dir, ppid, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(name, sizeof(name), "%s:test", proc_name(p));
	snprintf(uid, sizeof(uid), "%d", FIRST_UID + (int)p);
	snprintf(ppid, sizeof(ppid), "%d", (int)parent);
	(void)setrlimit(RLIMIT_MEMLOCK, &rl);
	link = fcntl(link, F_DUPFD_CLOEXEC, CHILD_LINK + 1);
	err = fcntl(err, F_DUPFD_CLOEXEC, CHILD_LINK + 1);
	if (dup2(null, 0) == -1 || dup2(null, 1) == -1 || dup2(err, 2) == -1 ||
	    dup2(link, CHILD_LINK) == -1)
		_exit(121);
	execve(path, argv, empty);
	_exit(122);
}

static void
pair(int fd[2])
{
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0, fd), 0);
}

void
kid_start(struct kid *k, enum proc p, unsigned pieces)
{
	char path[PATH_MAX];
	int i, fd[2], err[2];
	pid_t me = getpid();

	memset(k, 0, sizeof(*k));
	k->proc = p;
	k->hear = k->ring_bell = k->tun = -1;
	for (i = 0; i < LISTENER_COUNT; i++)
		k->listener[i] = -1;
	for (i = 0; i < PROC_COUNT; i++)
		k->link[i] = -1;
	program(p, path, sizeof(path));
	pair(fd);
	ck_assert_int_eq(pipe2(err, O_CLOEXEC), 0);
	fcntl(err[0], F_SETFL, O_NONBLOCK);
	k->pid = fork();
	ck_assert_int_ne(k->pid, -1);
	if (k->pid == 0)
		become(p, path, fd[1], err[1], me);
	close(fd[1]);
	close(err[1]);
	k->link[PROC_PARENT] = fd[0];
	k->err = err[0];
	kid_give(k, pieces);
}

int
kid_say_raw(struct kid *k, enum proc from, const void *msg, size_t len,
    const int *fds, int nfds)
{
	_Alignas(struct cmsghdr) uint8_t buf[CMSG_SPACE(8 * sizeof(int))];
	struct msghdr mh;
	struct cmsghdr *cm;
	struct iovec iov;

	iov.iov_base = (void *)(uintptr_t)msg;
	iov.iov_len = len;
	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	if (nfds > 0) {
		memset(buf, 0, sizeof(buf));
		mh.msg_control = buf;
		mh.msg_controllen = CMSG_SPACE((size_t)nfds * sizeof(int));
		cm = CMSG_FIRSTHDR(&mh);
		cm->cmsg_level = SOL_SOCKET;
		cm->cmsg_type = SCM_RIGHTS;
		cm->cmsg_len = CMSG_LEN((size_t)nfds * sizeof(int));
		memcpy(CMSG_DATA(cm), fds, (size_t)nfds * sizeof(int));
	}
	return sendmsg(k->link[from], &mh, MSG_DONTWAIT | MSG_NOSIGNAL) ==
	    -1 ? -1 : 0;
}

int
kid_say(struct kid *k, enum proc from, uint16_t type, const void *data,
    size_t len, const int *fds, int nfds)
{
	uint8_t msg[MSG_MAX + 64];

	ck_assert_uint_le(MSG_HEADER + len, sizeof(msg));
	put_le16(msg, type);
	put_le16(msg + 2, 0);
	put_le32(msg + 4, (uint32_t)len);
	put_le32(msg + 8, k->id != 0 ? k->id : kid_random32());
	if (len > 0)
		memcpy(msg + MSG_HEADER, data, len);
	return kid_say_raw(k, from, msg, MSG_HEADER + len, fds, nfds);
}

/* Says it and closes the fd, as a parent that hands something down. */
static void
hand(struct kid *k, enum proc from, uint16_t type, const struct wbuf *w,
    int fd)
{
	ck_assert_int_ne(fd, -1);
	(void)kid_say(k, from, type, w->p, w->len, &fd, 1);
	close(fd);
}

static void
give_links(struct kid *k)
{
	uint8_t buf[8];
	struct wbuf w;
	int i, fd[2];

	for (i = PROC_PARENT + 1; i < PROC_COUNT; i++) {
		if ((kid_siblings(k->proc) & PROC_BIT(i)) == 0)
			continue;
		pair(fd);
		k->link[i] = fd[0];
		wbuf_init(&w, buf, sizeof(buf));
		put_u8(&w, (uint8_t)i);
		hand(k, PROC_PARENT, MSG_LINK_FD, &w, fd[1]);
	}
}

static bool
has_ring(const struct kid *k)
{
	return k->proc == PROC_CRYPTOD || k->proc == PROC_NETD;
}

static void
give_bells(struct kid *k)
{
	uint8_t buf[8];
	struct wbuf w;
	int fd[2];

	if (!has_ring(k))
		return;
	ck_assert_int_eq(pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	k->hear = fd[0];
	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, BELL_RING);
	put_u16(&w, 0);
	hand(k, PROC_PARENT, MSG_BELL_FD, &w, fd[1]);
	ck_assert_int_eq(pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0);
	k->ring_bell = fd[1];
	wbuf_init(&w, buf, sizeof(buf));
	put_u8(&w, BELL_HEAR);
	put_u16(&w, 0);
	hand(k, PROC_PARENT, MSG_BELL_FD, &w, fd[0]);
	ring_set_bell(&k->ring, k->ring_bell);
}

/* Plays the sibling that shares memory with this child. */
static void
give_ring(struct kid *k)
{
	enum proc from = k->proc == PROC_NETD ? PROC_CRYPTOD : PROC_NETD;
	uint8_t buf[16];
	struct wbuf w;

	if (!has_ring(k))
		return;
	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, 0);
	put_u32(&w, RING_BULK_OUT);
	put_u32(&w, RING_URGENT_SLOTS);
	hand(k, from, MSG_RING, &w, ring_create(&k->ring, RING_BULK_OUT,
	    RING_URGENT_SLOTS));
	wbuf_init(&w, buf, sizeof(buf));
	if (k->proc == PROC_NETD)
		hand(k, from, MSG_INDEX_PAGE, &w, index_page_create(&k->page));
}

static void
give_device(struct kid *k)
{
	uint8_t buf[8];
	struct wbuf w;
	int i;

	wbuf_init(&w, buf, sizeof(buf));
	if (k->proc == PROC_NETD) {
		hand(k, PROC_PARENT, MSG_ROUTE_FD, &w, kid_fd(FD_NETLINK));
	} else if (k->proc == PROC_CRYPTOD) {
		put_u16(&w, 0);
		k->tun = kid_fd(FD_TUN);
		hand(k, PROC_PARENT, MSG_TUN_FD, &w, dup(k->tun));
	} else if (k->proc == PROC_CTLD)
		for (i = LISTENER_UAPI; i < LISTENER_COUNT; i++) {
			wbuf_init(&w, buf, sizeof(buf));
			put_u8(&w, (uint8_t)i);
			k->listener[i] = kid_fd(FD_LISTENER);
			hand(k, PROC_PARENT, MSG_LISTENER_FD, &w,
			    dup(k->listener[i]));
		}
}

static void
give_startup(struct kid *k)
{
	uint8_t buf[128];
	struct wbuf w;

	wbuf_init(&w, buf, sizeof(buf));
	put_u16(&w, MSG_VERSION);
	put_bytes(&w, warren_build_id(), BUILD_ID_SIZE);
	put_u8(&w, (uint8_t)kid_mode);
	put_u8(&w, 0);
	put_u8(&w, 0);
	put_u8(&w, AEAD_AUTO);
	put_u16(&w, kid_workers);
	put_str(&w, "test");
	(void)kid_say(k, PROC_PARENT, MSG_STARTUP, w.p, w.len, NULL, 0);
}

void
kid_give(struct kid *k, unsigned pieces)
{
	if ((pieces & PIECE_LINKS) != 0)
		give_links(k);
	if ((pieces & PIECE_RING) != 0)
		give_ring(k);
	if ((pieces & PIECE_BELLS) != 0)
		give_bells(k);
	if ((pieces & PIECE_DEVICE) != 0)
		give_device(k);
	if ((pieces & PIECE_STARTUP) != 0)
		give_startup(k);
}

void
kid_run(struct kid *k, enum proc p)
{
	kid_start(k, p, PIECE_ALL);
	ck_assert_msg(kid_wait_ready(k, 5000), "%s is not ready: %s",
	    proc_name(p), k->log);
	(void)kid_say(k, PROC_PARENT, MSG_GO, NULL, 0, NULL, 0);
}

static void
shut(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
kid_end(struct kid *k)
{
	int i;

	if (k->pid != 0) {
		kill(k->pid, SIGKILL);
		waitpid(k->pid, NULL, 0);
	}
	k->pid = 0;
	for (i = 0; i < PROC_COUNT; i++)
		shut(&k->link[i]);
	shut(&k->err);
	shut(&k->hear);
	shut(&k->ring_bell);
	shut(&k->tun);
	for (i = 0; i < LISTENER_COUNT; i++)
		shut(&k->listener[i]);
}

static void
add_log(struct kid *k, const void *text, size_t len)
{
	size_t used = strlen(k->log);

	/* Such a process exits with 1, like one that was right to end. */
	if (memmem(text, len, "Sanitizer", 9) != NULL ||
	    memmem(text, len, "runtime error", 13) != NULL)
		k->sanitized = true;
	if (len > sizeof(k->log) - 2)
		len = sizeof(k->log) - 2;
	if (len + 2 > sizeof(k->log) - used)
		used = 0;		/* the newest is what matters */
	memcpy(k->log + used, text, len);
	k->log[used + len] = '\n';
	k->log[used + len + 1] = '\0';
}

/* The memory of the child: only it may write there, and we use its ring. */
static void
memory(struct kid *k, uint16_t type, int fd)
{
	void *p;

	if (fd == -1)
		return;
	k->memfds++;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED || pwrite(fd, "x", 1, 0) != -1 ||
	    ftruncate(fd, 0) != -1 || fcntl(fd, F_ADD_SEALS, 0) != -1)
		k->writable = true;
	if (p != MAP_FAILED)
		munmap(p, 4096);
	if (type == MSG_RING && !k->attached && ring_attach(&k->ring, fd,
	    k->proc == PROC_NETD ? RING_BULK_IN : RING_BULK_OUT,
	    RING_URGENT_SLOTS) == 0)
		k->attached = true;
}

static void
take(struct kid *k, enum proc from, const uint8_t *p, size_t len, int fd)
{
	uint16_t type;

	if (len < MSG_HEADER)
		return;
	k->messages++;
	type = get_le16(p);
	len -= MSG_HEADER;
	p += MSG_HEADER;
	if (type == MSG_RING || type == MSG_INDEX_PAGE)
		memory(k, type, fd);
	else if (from != PROC_PARENT)
		return;
	else if (type == MSG_READY)
		k->ready = true;
	else if (type == MSG_LOG && len > 3)
		add_log(k, p + 3, len - 3);
	else if (type == MSG_FAULT && len == 4) {
		if (k->faults == KID_FAULTS)
			k->faults--;
		k->fault[k->faults].sibling = p[0];
		k->fault[k->faults].type = get_le16(p + 1);
		k->fault[k->faults].verdict = p[3];
		k->faults++;
	}
}

/* One message of a link; false: there is none, or no more ever. */
static bool
read_link(struct kid *k, enum proc from)
{
	_Alignas(struct cmsghdr) uint8_t cbuf[CMSG_SPACE(sizeof(int))];
	uint8_t buf[MSG_MAX];
	struct msghdr mh;
	struct cmsghdr *cm;
	struct iovec iov = { buf, sizeof(buf) };
	ssize_t n;
	int fd = -1;

	memset(&mh, 0, sizeof(mh));
	mh.msg_iov = &iov;
	mh.msg_iovlen = 1;
	mh.msg_control = cbuf;
	mh.msg_controllen = sizeof(cbuf);
	/* A reset comes once, before the last words. */
	do {
		n = recvmsg(k->link[from], &mh, MSG_DONTWAIT |
		    MSG_CMSG_CLOEXEC);
	} while (n == -1 && errno == ECONNRESET);
	if (n == -1 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		shut(&k->link[from]);
		return false;
	}
	cm = CMSG_FIRSTHDR(&mh);
	if (cm != NULL && cm->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cm), sizeof(fd));
	take(k, from, buf, (size_t)n, fd);
	if (fd != -1)
		close(fd);
	return true;
}

static void
read_stderr(struct kid *k)
{
	char buf[512];
	ssize_t n = read(k->err, buf, sizeof(buf));

	if (n > 0)
		add_log(k, buf, (size_t)n);
	else if (n == 0)
		shut(&k->err);
}

bool
kid_pump(struct kid *k, int ms)
{
	struct pollfd p[PROC_COUNT + 1];
	int i, n;

	for (i = 0; i < PROC_COUNT; i++) {
		p[i].fd = k->link[i];
		p[i].events = POLLIN;
		p[i].revents = 0;
	}
	p[i].fd = k->err;
	p[i].events = POLLIN;
	p[i].revents = 0;
	if (poll(p, PROC_COUNT + 1, ms) <= 0)
		return false;
	for (i = 0; i < PROC_COUNT; i++)
		for (n = 0; p[i].revents != 0 && n < 256; n++)
			if (!read_link(k, (enum proc)i))
				break;
	if (p[i].revents != 0)
		read_stderr(k);
	return true;
}

bool
kid_wait_ready(struct kid *k, int ms)
{
	long end = kid_ms() + ms;

	while (!k->ready && k->link[PROC_PARENT] != -1 && kid_ms() < end)
		kid_pump(k, 50);
	return k->ready;
}

int
kid_wait_exit(struct kid *k, int ms)
{
	long end = kid_ms() + ms;
	int status;

	do {
		if (waitpid(k->pid, &status, WNOHANG) == k->pid) {
			k->pid = 0;
			while (kid_pump(k, 0))
				;
			ck_assert_msg(!k->sanitized, "%s: a sanitizer's "
			    "report: %s", proc_name(k->proc), k->log);
			return status;
		}
		kid_pump(k, 1);
	} while (kid_ms() < end);
	return -1;
}

static bool
drop_sync(struct kid *k, enum proc from)
{
	bool found = false;
	unsigned i = 0;

	while (i < k->faults) {
		if (k->fault[i].type != SYNC_TYPE ||
		    k->fault[i].sibling != from) {
			i++;
			continue;
		}
		k->fault[i] = k->fault[--k->faults];
		found = true;
	}
	return found;
}

bool
kid_sync(struct kid *k, enum proc from, int ms)
{
	long now = kid_ms(), end = now + ms, again = now;

	while (now < end && k->link[PROC_PARENT] != -1) {
		if (now >= again && kid_say(k, from, SYNC_TYPE, NULL, 0,
		    NULL, 0) == 0)
			again = now + SYNC_AGAIN;
		kid_pump(k, now < again ? 20 : 1);
		if (drop_sync(k, from))
			return true;
		now = kid_ms();
	}
	return false;
}
