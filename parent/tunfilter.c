/* SPDX-License-Identifier: ISC */
/*
 * The filter of the TUN device: see tunfilter.h.  A few instructions of eBPF,
 * which the kernel runs for each packet that it would queue for cryptod.  The
 * marks are in an array that is mapped here, so that a reload can change them
 * when bpf(2) is out of reach.  The device keeps the program, the program the
 * array, and the mapping goes with us.
 */
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_tun.h>

#include "parent/tunfilter.h"
#include "shared/log.h"

#define MARKS	2
#define SIZE	(MARKS * sizeof(uint32_t))
/* Longer than any packet.  What the filter returns is what is kept of it. */
#define WHOLE	INT32_MAX

/* Not in headers of before 5.5. */
#define MMAPABLE	(1U << 10)	/* BPF_F_MMAPABLE */
#define MAP_VALUE	2		/* BPF_PSEUDO_MAP_VALUE */

static int
bpf(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static uint64_t
address(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

static int
make_map(void)
{
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.map_type = BPF_MAP_TYPE_ARRAY;
	a.key_size = sizeof(uint32_t);
	a.value_size = SIZE;
	a.max_entries = 1;
	a.map_flags = MMAPABLE;
	return bpf(BPF_MAP_CREATE, &a);
}

/*
 *	r2 = packet->mark; r3 = marks
 *	if (r2 == r3[0] || r2 == r3[1]) return 0;
 *	return WHOLE;
 */
static int
load(int map)
{
	struct bpf_insn code[] = {
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_2,
		    .src_reg = BPF_REG_1,
		    .off = offsetof(struct __sk_buff, mark) },
		/* One instruction of two places. */
		{ .code = BPF_LD | BPF_IMM | BPF_DW, .dst_reg = BPF_REG_3,
		    .src_reg = MAP_VALUE, .imm = map },
		{ .imm = 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		    .imm = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_4,
		    .src_reg = BPF_REG_3, .off = 0 },
		{ .code = BPF_JMP | BPF_JEQ | BPF_X, .dst_reg = BPF_REG_2,
		    .src_reg = BPF_REG_4, .off = 3 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = BPF_REG_4,
		    .src_reg = BPF_REG_3, .off = sizeof(uint32_t) },
		{ .code = BPF_JMP | BPF_JEQ | BPF_X, .dst_reg = BPF_REG_2,
		    .src_reg = BPF_REG_4, .off = 1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0,
		    .imm = WHOLE },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = address(code);
	a.insn_cnt = sizeof(code) / sizeof(code[0]);
	a.license = address("ISC");
	memcpy(a.prog_name, "warren_mark", 12);
	return bpf(BPF_PROG_LOAD, &a);
}

static int
attach(int tun, int map)
{
	int prog, rc, saved;

	prog = load(map);
	if (prog == -1)
		return -1;
	rc = ioctl(tun, TUNSETFILTEREBPF, &prog);
	saved = errno;
	close(prog);
	errno = saved;
	return rc;
}

static int
make(struct tunfilter *f, int tun, uint32_t mark)
{
	int map, rc = -1, saved;
	void *p;

	map = make_map();
	if (map == -1)
		return -1;
	p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
	if (p != MAP_FAILED) {
		f->marks = p;
		tunfilter_marks(f, mark, mark);
		rc = attach(tun, map);
	}
	saved = errno;
	close(map);
	if (rc == -1 && f->marks != NULL) {
		munmap(p, SIZE);
		f->marks = NULL;
	}
	errno = saved;
	return rc;
}

void
tunfilter_open(struct tunfilter *f, int tun, uint32_t mark)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit old;
	bool limited;
	int rc, saved;

	memset(f, 0, sizeof(*f));
	/* Before 5.11 these count as locked memory, of all that is root's. */
	limited = getrlimit(RLIMIT_MEMLOCK, &old) == 0 &&
	    setrlimit(RLIMIT_MEMLOCK, &all) == 0;
	rc = make(f, tun, mark);
	saved = errno;
	if (limited)
		(void)setrlimit(RLIMIT_MEMLOCK, &old);
	if (rc == 0)
		return;
	snprintf(f->why, sizeof(f->why), "netd could send into the tunnel, "
	    "since the TUN device cannot have a filter: %s",
	    strerrordesc_np(saved));
	log_warnx("%s", f->why);
}

void
tunfilter_marks(struct tunfilter *f, uint32_t a, uint32_t b)
{
	if (f->marks == NULL)
		return;
	__atomic_store_n(&f->marks[0], a, __ATOMIC_SEQ_CST);
	__atomic_store_n(&f->marks[1], b, __ATOMIC_SEQ_CST);
}

const char *
tunfilter_problem(const struct tunfilter *f)
{
	return f->why[0] == '\0' ? NULL : f->why;
}
