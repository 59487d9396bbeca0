/* SPDX-License-Identifier: ISC */
/*
 * Sends datagrams that look like WireGuard, but are not.
 *
 * usage: junk [-n count] [-k key] address port
 *
 * A deterministic sequence over every form: each type with its right size,
 * one byte less and one more, reserved bytes set, random bytes of any size,
 * and empty ones.  With the public key of who is there (base64) it is a flood
 * of initiations instead, whose mac1 is right and of which nothing else is.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "shared/blake2s.h"
#include "shared/hex.h"

#define SIZE_MAX_JUNK	1500
#define USAGE		"usage: junk [-n count] [-k key] address port"
#define INITIATION	148
#define MAC1		(INITIATION - 32)
#define PAUSE_EVERY	64		/* datagrams between two pauses */

static uint64_t	state = 0x9e3779b97f4a7c15ULL;

static uint32_t
next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

static size_t
make(uint8_t *p, unsigned long n)
{
	static const size_t sizes[4] = { 148, 92, 64, 32 };
	size_t i, len, type = n % 5;

	for (i = 0; i < SIZE_MAX_JUNK; i++)
		p[i] = (uint8_t)next();
	if (type == 4)
		return next() % SIZE_MAX_JUNK;
	len = sizes[type];
	if (type == 3)
		len += next() % 1000;
	memset(p, 0, 4);
	p[0] = (uint8_t)(type + 1);
	switch (n / 5 % 5) {
	case 0:
		p[1 + next() % 3] = 1;	/* a reserved byte */
		break;
	case 1:
		return len - 1;
	case 2:
		return len + 1;
	}
	return len;
}

static void
mac1_key(uint8_t key[32], const char *text)
{
	uint8_t in[8 + 32] = "mac1----";

	if (base64_key_decode(in + 8, text, strlen(text)) == -1)
		errx(2, "%s: not a public key", text);
	blake2s(key, 32, in, sizeof(in), NULL, 0);
}

static size_t
make_initiation(uint8_t *p, const uint8_t key[32])
{
	size_t i;

	for (i = 4; i < MAC1; i++)
		p[i] = (uint8_t)next();
	memset(p, 0, 4);
	p[0] = 1;
	blake2s(p + MAC1, 16, p, MAC1, key, 32);
	memset(p + MAC1 + 16, 0, 16);
	return INITIATION;
}

int
main(int argc, char **argv)
{
	static uint8_t buf[SIZE_MAX_JUNK + 1];
	uint8_t key[32];
	const char *to = NULL;
	size_t len;
	struct addrinfo hints, *res;
	struct timespec pause = { 0, 1000000 };
	unsigned long i, count = 1000;
	int ch, error, s;

	while ((ch = getopt(argc, argv, "k:n:")) != -1) {
		if (ch == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (ch == 'k')
			mac1_key(key, to = optarg);
		else
			errx(2, USAGE);
	}
	if (argc - optind != 2)
		errx(2, USAGE);
	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_DGRAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
	error = getaddrinfo(argv[optind], argv[optind + 1], &hints, &res);
	if (error != 0)
		errx(1, "%s: %s", argv[optind], gai_strerror(error));
	s = socket(res->ai_family, SOCK_DGRAM, 0);
	if (s == -1 || connect(s, res->ai_addr, res->ai_addrlen) == -1)
		err(1, "%s", argv[optind]);
	for (i = 0; i < count; i++) {
		/* A closed port is told by the next send: go on. */
		len = to != NULL ? make_initiation(buf, key) : make(buf, i);
		if (send(s, buf, len, 0) == -1 &&
		    errno != ECONNREFUSED && errno != ENOBUFS)
			err(1, "send");
		if (i % PAUSE_EVERY == 0)
			nanosleep(&pause, NULL);
	}
	freeaddrinfo(res);
	close(s);
	return 0;
}
