/* SPDX-License-Identifier: ISC */
/*
 * Steering of packets to queues: see steer.h.  A few instructions of eBPF
 * hash the addresses, the protocol and, but for fragments and what has
 * options, the ports.  What is too short for that goes to the first queue.
 */
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <linux/bpf.h>
#include <linux/if_tun.h>

#include "parent/steer.h"
#include "parent/tun.h"
#include "shared/log.h"

#define R0	BPF_REG_0
#define CTX	BPF_REG_6		/* where BPF_ABS wants it */
#define HASH	BPF_REG_7
#define PROTO	BPF_REG_8

/* r0 = the word, half word or byte there, in host order; too far: return. */
#define LOAD(size, at) \
	{ .code = BPF_LD | BPF_ABS | (size), .imm = (at) }
#define OP(op, dst, src) \
	{ .code = BPF_ALU | BPF_X | (op), .dst_reg = (dst), .src_reg = (src) }
#define OP_K(op, dst, k) \
	{ .code = BPF_ALU | BPF_K | (op), .dst_reg = (dst), .imm = (int)(k) }
#define COPY(dst, src) \
	{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = (dst), \
	    .src_reg = (src) }
#define JUMP(op, reg, k, over) \
	{ .code = BPF_JMP | BPF_K | (op), .dst_reg = (reg), \
	    .imm = (int)(k), .off = (over) }
#define ADD_WORD(at)	LOAD(BPF_W, at), OP(BPF_XOR, HASH, R0)

int
steer_load(void)
{
	struct bpf_insn code[] = {
		COPY(CTX, BPF_REG_1),
		OP_K(BPF_MOV, HASH, 0),
		LOAD(BPF_B, 0),
		OP_K(BPF_RSH, R0, 4),
		JUMP(BPF_JEQ, R0, 6, 15),	/* to IPv6 */
		/* IPv4: 15 instructions */
		ADD_WORD(12),
		ADD_WORD(16),
		LOAD(BPF_B, 9),
		COPY(PROTO, R0),
		OP(BPF_ADD, HASH, PROTO),
		LOAD(BPF_H, 6),
		JUMP(BPF_JSET, R0, 0x3fff, 29),	/* a fragment: out */
		LOAD(BPF_B, 0),
		JUMP(BPF_JNE, R0, 0x45, 27),	/* options: out */
		JUMP(BPF_JEQ, PROTO, IPPROTO_TCP, 1),
		JUMP(BPF_JNE, PROTO, IPPROTO_UDP, 25),	/* no ports: out */
		LOAD(BPF_W, 20),
		{ .code = BPF_JMP | BPF_JA, .off = 21 },	/* to ports */
		/* IPv6: 21 instructions, one of them for its ports */
		ADD_WORD(8),
		ADD_WORD(12),
		ADD_WORD(16),
		ADD_WORD(20),
		ADD_WORD(24),
		ADD_WORD(28),
		ADD_WORD(32),
		ADD_WORD(36),
		LOAD(BPF_B, 6),
		OP(BPF_ADD, HASH, R0),
		JUMP(BPF_JEQ, R0, IPPROTO_TCP, 1),
		JUMP(BPF_JNE, R0, IPPROTO_UDP, 3),	/* no ports: out */
		LOAD(BPF_W, 40),
		/* Ports. */
		OP_K(BPF_MUL, R0, 0x9e3779b1),
		OP(BPF_XOR, HASH, R0),
		/*
		 * Out.  The kernel takes the rest by the number of queues:
		 * three bits, which a product alone would take from bits
		 * below them, three of them of the source port.
		 */
		OP_K(BPF_MUL, HASH, 0x85ebca6b),
		COPY(R0, HASH),
		OP_K(BPF_RSH, R0, 13),
		OP(BPF_XOR, HASH, R0),
		OP_K(BPF_MUL, HASH, 0xc2b2ae35),
		OP_K(BPF_RSH, HASH, 16),
		COPY(R0, HASH),
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr a;

	memset(&a, 0, sizeof(a));
	a.prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
	a.insns = (uint64_t)(uintptr_t)code;
	a.insn_cnt = sizeof(code) / sizeof(code[0]);
	a.license = (uint64_t)(uintptr_t)"ISC";
	memcpy(a.prog_name, "warren_steer", 13);
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

/* The device keeps the program. */
static int
steer(int tun)
{
	int prog = steer_load(), r, saved;

	if (prog == -1)
		return -1;
	r = ioctl(tun, TUNSETSTEERINGEBPF, &prog);
	saved = errno;
	close(prog);
	errno = saved;
	return r;
}

void
steer_open(const char *name, int tun, int queue[TUN_QUEUES])
{
	unsigned i;

	for (i = 1; i < TUN_QUEUES; i++)
		queue[i] = 0;
	if (steer(tun) == -1) {
		log_info("interface %s has one queue: packets cannot be "
		    "steered to more: %s", name, strerror(errno));
		return;
	}
	for (i = 1; i < TUN_QUEUES; i++) {
		queue[i] = tun_queue(name);
		if (queue[i] == -1) {
			log_warn("cannot open queue %u of %s", i, name);
			queue[i] = 0;
			return;
		}
	}
}
