/* SPDX-License-Identifier: ISC */
/*
 * Makes a living process an enemy of its sibling: writes into the memory of
 * its rings, as the process itself could, while the sibling reads them.
 *
 * usage: scribble -p|-h [-t seconds] pid
 *        scribble -s pid
 *
 * -p: payloads of the records that were published last: a byte is changed and
 * put back, again and again, and in one record of DAMAGE it stays changed.
 * -h: headers of records, indices and anything else, at random.
 * For so many seconds (5), or until the process ends, which is no error.
 * Prints how many times it wrote.
 *
 * -s: tries what the seals forbid on all memory that the process shares, its
 * sibling's among it: to map it writable, to write, to resize it, to seal it
 * further.  Exits with 1 if one of these could be done.
 */
#include <sys/mman.h>
#include <sys/uio.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "regress/tools/flow.h"
#include "shared/ring.h"

#define DAMAGE		16
#define FLIPS		4
#define BEFORE_PAYLOAD	16	/* of a datagram: type, index, counter */
#define PAGE		4096
#define SEALS		(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | \
			    F_SEAL_SEAL)
#define USAGE		"usage: scribble -p|-h [-t seconds] pid\n" \
			"       scribble -s pid"

struct memory {
	unsigned long	 begin;
	unsigned long	 end;
	bool		 own;		/* the process may write there */
	bool		 ring;
};

static pid_t		pid;
static struct memory	memory[64];
static unsigned		memories;
static uint64_t		writes;

/* 0, or -1 when the process has ended. */
static int
transfer(bool put, unsigned long at, void *p, size_t len)
{
	struct iovec local = { p, len }, remote;
	ssize_t n;

	remote.iov_base = (void *)at;
	remote.iov_len = len;
	n = put ? process_vm_writev(pid, &local, 1, &remote, 1, 0) :
	    process_vm_readv(pid, &local, 1, &remote, 1, 0);
	if (n == -1 && errno != ESRCH && errno != EFAULT)
		err(1, "memory of %d", (int)pid);
	if (put)
		writes++;
	return n == (ssize_t)len ? 0 : -1;
}

static uint64_t
any(uint64_t below)
{
	static uint64_t x;

	/* The next instance meets other bytes. */
	if (x == 0)
		x = 88172645463325252 ^ (uint64_t)pid << 20;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (x >> 8) % below;
}

static void
find_memory(void)
{
	char path[64], line[512], mode[8];
	struct memory *m;
	FILE *fp;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	if ((fp = fopen(path, "r")) == NULL)
		return;
	while (memories < sizeof(memory) / sizeof(memory[0]) &&
	    fgets(line, sizeof(line), fp) != NULL) {
		m = &memory[memories];
		if (sscanf(line, "%lx-%lx %7s", &m->begin, &m->end,
		    mode) != 3 || strstr(line, "/memfd:warren-") == NULL)
			continue;
		m->own = mode[1] == 'w';
		m->ring = strstr(line, "warren-ring") != NULL;
		memories++;
	}
	fclose(fp);
}

static int
flip(unsigned long at)
{
	uint8_t was, is;
	int i;

	if (transfer(false, at, &was, 1) == -1)
		return -1;
	for (i = 0; i < FLIPS; i++) {
		is = (uint8_t)(was ^ (1 + any(255)));
		if (transfer(true, at, &is, 1) == -1 ||
		    ((i < FLIPS - 1 || any(DAMAGE) != 0) &&
		    transfer(true, at, &was, 1) == -1))
			return -1;
	}
	return 0;
}

/* Its bulk lane, behind the page of positions. */
static unsigned long
bulk_size(const struct memory *m)
{
	return m->end - m->begin - PAGE - RING_URGENT_SLOTS * RING_SLOT;
}

/* The record that begins where the head was when we looked last. */
static int
payload_turn(const struct memory *m, uint64_t *last)
{
	unsigned long lane = m->begin + PAGE, at;
	struct ring_page page;
	struct ring_hdr h;
	uint64_t head = *last;

	if (transfer(false, m->begin, &page, sizeof(page)) == -1)
		return -1;
	*last = atomic_load(&page.head[RING_BULK]);
	if (head == 0 || *last == head)
		return 0;
	at = lane + (head & (bulk_size(m) - 1));
	if (at + sizeof(h) > m->end)
		return 0;
	if (transfer(false, at, &h, sizeof(h)) == -1)
		return -1;
	at += sizeof(h);
	if (h.kind != RING_DATA || h.len <= BEFORE_PAYLOAD ||
	    h.len > RING_PAYLOAD_MAX || at + h.len > m->end ||
	    h.seg_size <= BEFORE_PAYLOAD)
		return 0;
	/* Of the first datagram: what is before the payload stays. */
	return flip(at + BEFORE_PAYLOAD + any((h.seg_size < h.len ?
	    h.seg_size : h.len) - BEFORE_PAYLOAD));
}

static int
header_turn(const struct memory *m)
{
	struct ring_page page;
	unsigned long at = m->begin;
	uint8_t byte = (uint8_t)any(256);
	uint64_t n;

	if (transfer(false, m->begin, &page, sizeof(page)) == -1)
		return -1;
	switch (any(8)) {
	case 0:
		at += any(sizeof(page));
		break;
	case 1:
		at += any(m->end - m->begin);
		break;
	default:
		/* What is read next: after the head, or before it. */
		if (!m->ring)
			return 0;
		n = atomic_load(&page.head[RING_BULK]) -
		    any(4) * RING_ALIGN + any(sizeof(struct ring_hdr));
		at += PAGE + (n & (bulk_size(m) - 1));
	}
	return at < m->end ? transfer(true, at, &byte, 1) : 0;
}

static void
scribble(bool payload, double time)
{
	uint64_t last[sizeof(memory) / sizeof(memory[0])] = { 0 };
	double end = flow_seconds() + time;
	unsigned i, turns;
	bool lives = true;

	while (lives && flow_seconds() < end)
		for (turns = 0; turns < 64; turns++)
			for (i = 0; i < memories; i++) {
				if (!memory[i].own ||
				    (payload && !memory[i].ring))
					continue;
				if ((payload ? payload_turn(&memory[i],
				    &last[i]) : header_turn(&memory[i])) == -1)
					lives = false;
			}
	printf("wrote %llu times%s\n", (unsigned long long)writes,
	    lives ? "" : ", then it ended");
}

static int
forbidden(const struct memory *m, const char *what, bool done)
{
	if (done)
		printf("%lx-%lx (%s's own): %s\n", m->begin, m->end,
		    m->own ? "its" : "a sibling", what);
	return done;
}

/* How many of the forbidden things could be done. */
static int
seals_of(const struct memory *m)
{
	size_t size = m->end - m->begin;
	char path[96];
	int fd, bad = 0;
	void *p;

	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", (int)pid,
	    m->begin, m->end);
	if ((fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	bad += forbidden(m, "mapped writable", p != MAP_FAILED);
	p = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		err(1, "%s: mmap", path);
	bad += forbidden(m, "made writable",
	    mprotect(p, size, PROT_READ | PROT_WRITE) == 0);
	munmap(p, size);
	bad += forbidden(m, "written", pwrite(fd, "x", 1, 0) != -1);
	bad += forbidden(m, "shrunk", ftruncate(fd, PAGE) != -1);
	bad += forbidden(m, "grown", ftruncate(fd, (off_t)size + PAGE) != -1);
	bad += forbidden(m, "sealed further",
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) != -1);
	bad += forbidden(m, "without a seal",
	    (fcntl(fd, F_GET_SEALS) & SEALS) != SEALS);
	close(fd);
	return bad;
}

static int
seals(void)
{
	unsigned i, own = 0;
	int bad = 0;

	for (i = 0; i < memories; i++) {
		own += memory[i].own;
		bad += seals_of(&memory[i]);
	}
	printf("%u of its own, %u of a sibling's, %d broken seals\n", own,
	    memories - own, bad);
	return bad != 0 || own == 0 || own == memories;
}

int
main(int argc, char **argv)
{
	double time = 5;
	int ch, mode = 0;

	while ((ch = getopt(argc, argv, "hpst:")) != -1) {
		switch (ch) {
		case 'h':
		case 'p':
		case 's':
			mode = ch;
			break;
		case 't':
			time = atof(optarg);
			break;
		default:
			errx(2, USAGE);
		}
	}
	if (mode == 0 || argc - optind != 1 ||
	    (pid = (pid_t)strtol(argv[optind], NULL, 10)) <= 0)
		errx(2, USAGE);
	find_memory();
	if (mode == 's')
		return seals();
	scribble(mode == 'p', time);
	return 0;
}
