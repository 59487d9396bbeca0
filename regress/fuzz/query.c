/* SPDX-License-Identifier: ISC */
/*
 * Names under way, with name servers that answer rightly, wrongly, late,
 * twice, for others, or not at all, that come and go and cannot be reached.
 * Each question is answered once, in time, and by nobody but who was asked;
 * in the end all is put right, and a name is found.
 */
#include <sys/socket.h>

#include "query_play.h"
#include "shared/bytes.h"

#define STEPS_MAX	200

static struct input	 in;

static const char	 hosts[] = "10.9.9.9 h.example # x\n"
			    "2001:db8::9 other H.example\n";

static size_t
question_end(const struct sent *s)
{
	size_t len = 12;

	while (s->msg[len] != 0)
		len += s->msg[len] + 1U;
	return len + 5;
}

static size_t
put_record(uint8_t *p, uint16_t owner, unsigned type, uint32_t ttl,
    const void *data, size_t len)
{
	put_be16(p, owner);
	put_be16(p + 2, (uint16_t)type);
	put_be16(p + 4, 1);
	put_be32(p + 6, ttl);
	put_be16(p + 10, (uint16_t)len);
	memcpy(p + 12, data, len);
	return 12 + len;
}

/* An answer: so many aliases, and then so many addresses; its length. */
static size_t
answer(const struct sent *s, uint8_t msg[2000], unsigned flags,
    unsigned aliases, unsigned n, uint8_t from, uint32_t ttl)
{
	uint8_t addr[16] = { 10 };
	size_t len = question_end(s);
	unsigned i, type = get_be16(s->msg + len - 4);
	uint16_t owner = 0xc00c;

	memcpy(msg, s->msg, len);
	put_be16(msg + 2, (uint16_t)flags);
	put_be16(msg + 6, (uint16_t)(aliases + n));
	put_be16(msg + 10, 0);
	for (i = 0; i < aliases; i++) {
		len += put_record(msg + len, owner, DNS_CNAME, ttl,
		    (const uint8_t[]){ 1, (uint8_t)('a' + i), 0 }, 3);
		owner = (uint16_t)(0xc000 | (len - 3));
	}
	for (i = 0; i < n; i++) {
		addr[3] = (uint8_t)(from + i);
		len += put_record(msg + len, owner, type, ttl, addr,
		    type == DNS_A ? 4 : 16);
	}
	return len;
}

/* Something like an answer to the last question but so many. */
static void
reply(uint8_t back, uint8_t form, uint8_t more)
{
	static const unsigned flags[] = { 0x8180, 0x8180, 0x8180, 0x8183,
	    0x8182, 0x8185, 0x8181, 0x8184, 0x8380, 0x0100 };
	static const uint32_t ttls[] = { 0, 60, 7200, 0x80000000 };
	const struct sent *s;
	uint8_t msg[2000], wrong;
	unsigned server;
	size_t len;

	if (world.nsent <= back)
		return;
	s = &world.sent[(world.nsent - 1 - back) % SENT_MAX];
	len = answer(s, msg, flags[(form & 15) % 10], more & 3,
	    form >> 4 & 7, more, ttls[more >> 2 & 3]);
	server = s->server;
	if ((more & 0x80) != 0) {
		wrong = input_u8(&in);
		if ((wrong & 1) != 0)
			server = wrong >> 5;
		if ((wrong & 2) != 0)
			put_be16(msg, (uint16_t)(get_be16(msg) ^ wrong >> 2));
		if ((wrong & 4) != 0)
			len = input_u8(&in) % len;
		if ((wrong & 8) != 0 && len > 30)
			input_xor(&in, msg + (wrong >> 4), 8);
		if ((wrong & 16) != 0 && len > 13)
			msg[13] ^= 0x20;
	}
	/* There is no socket of another. */
	if (server >= world.r.servers)
		return;
	world_deliver(server, msg, len);
	if ((form & 0x80) != 0 && server < world.r.servers)
		world_deliver(server, msg, len);
}

/* All that was sent since is answered as it should be. */
static unsigned
answer_all(unsigned since)
{
	uint8_t msg[2000];
	const struct sent *s;
	size_t len;

	if (world.nsent - since > SENT_MAX)
		since = world.nsent - SENT_MAX;
	for (; since != world.nsent; since++) {
		s = &world.sent[since % SENT_MAX];
		if (s->server >= world.r.servers)
			continue;
		len = answer(s, msg, 0x8180, since & 1, 1 + (since & 1), 7,
		    60);
		world_deliver(s->server, msg, len);
	}
	return since;
}

static void
step(void)
{
	uint8_t op = input_u8(&in), x = input_u8(&in), i;
	uint8_t raw[64];
	bool room = world.r.servers < SERVERS_MAX;
	size_t len;

	switch (op & 15) {
	case 0:
	case 1:
	case 2:
		world_ask((x | (op & 16) << 4) % NAMES, op >> 5);
		break;
	case 3:
		for (i = 0; i < 40; i++)
			world_ask((x * 40U + i) % NAMES, 0);
		break;
	case 4:
	case 5:
	case 6:
	case 7:
		reply(op >> 4, x, input_u8(&in));
		break;
	case 8:
		answer_all(world.nsent - (x < world.nsent ? x :
		    world.nsent));
		break;
	case 9:
		len = input_copy(&in, raw, x % sizeof(raw));
		if (world.r.servers > 0)
			world_deliver((op >> 4) % world.r.servers, raw, len);
		break;
	case 10:
		world_servers(x % (SERVERS_MAX + 2), (op & 16) != 0);
		break;
	case 11:
		MUST((resolver_add(&world.r, world.now) == 0) == room);
		break;
	case 12:
		if (world.r.servers > 0)
			resolver_failed(&world.r, x % world.r.servers,
			    world.now);
		break;
	case 13:
		world.unreachable = x;
		world.is_full = (op & 16) != 0;
		break;
	case 14:
		world.r.hosts = (op & 16) != 0 ? hosts : NULL;
		world.r.hosts_len = (op & 16) != 0 ? sizeof(hosts) - 1 : 0;
		world_pass(x * SEC / 50);
		break;
	default:
		if ((op & 16) != 0)
			world_leap(x * SEC);
		else
			world_pass(x * SEC / 4);
	}
	world_check();
}

/* Servers that are there, and say what they are asked. */
static void
liveness(uint8_t n)
{
	unsigned answered, i, before;
	const struct question *q;

	world.unreachable = 0;
	world.is_full = false;
	answered = world.nsent;
	world_servers(1 + n % SERVERS_MAX, true);
	for (i = 0; i < 100 && world.r.n > 0; i++) {
		answered = answer_all(answered);
		world_check();
		world_pass(SEC);
	}
	MUST(world.r.n == 0);
	if ((before = world.nquestions) == QUESTIONS_MAX)
		return;
	world_leap(3600 * SEC);
	world_ask(NAMES - 1, n >> 3);
	answer_all(answered);
	q = &world.question[before];
	MUST(!q->waits && q->half[0].answer.n > 0 && q->half[1].answer.n > 0);
	MUST(world.known[NAMES - 1].what.status == RESOLVE_OK);
	MUST(world.known[NAMES - 1].what.at[0].family == AF_INET6);
	world_check();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t size)
{
	unsigned steps;
	uint8_t seed;

	in.p = p;
	in.left = size;
	seed = input_u8(&in);
	world_begin(seed);
	world_servers(seed & 3, false);
	for (steps = 0; in.left > 0 && steps < STEPS_MAX; steps++)
		step();
	liveness(seed);
	resolver_clear(&world.r);
	return 0;
}
