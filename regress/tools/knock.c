/* SPDX-License-Identifier: ISC */
/*
 * A host whose clock is off: sends one initiation that is right in
 * everything, with a timestamp of its choice.
 *
 * usage: knock [-o offset] keyfile public address port
 *
 * keyfile holds the private key of the host that knocks, public is the key of
 * who is there, both in base64; offset is what its clock is ahead, in seconds.
 * Nothing is done with the answer.
 */
#include <sys/socket.h>
#include <sys/types.h>

#include <err.h>
#include <netdb.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cryptod/noise.h"
#include "netd/cookie.h"
#include "shared/hex.h"

#define USAGE	"usage: knock [-o offset] keyfile public address port"

static void
read_key(const char *path, uint8_t key[NOISE_KEYLEN])
{
	char text[64] = "";
	FILE *fp = fopen(path, "r");

	if (fp == NULL || fgets(text, sizeof(text), fp) == NULL)
		err(1, "%s", path);
	fclose(fp);
	text[strcspn(text, "\n")] = '\0';
	if (base64_key_decode(key, text, strlen(text)) == -1)
		errx(1, "%s: no key", path);
}

static void
make(const char *keyfile, const char *public, int64_t offset,
    uint8_t msg[NOISE_INITIATION_LEN])
{
	uint8_t key[NOISE_KEYLEN], label[TAI64N_LEN];
	struct noise_handshake h;
	struct noise_remote r;
	struct noise_local l;
	struct cookie_maker m;

	read_key(keyfile, key);
	memset(&l, 0, sizeof(l));
	noise_local_set(&l, key);
	if (base64_key_decode(key, public, strlen(public)) == -1)
		errx(2, "%s: no key", public);
	memset(&r, 0, sizeof(r));
	memset(&h, 0, sizeof(h));
	noise_remote_init(&r, &l, key, NULL);
	tai64n_label(label, (int64_t)time(NULL) + offset, 0);
	if (noise_initiation_create(&h, &l, &r, 0x6b6e6f63, label, msg) == -1)
		err(1, "initiation");
	cookie_maker_init(&m, key);
	if (cookie_maker_fill(&m, msg, NOISE_INITIATION_LEN, 1) == -1)
		errx(1, "envelope");
}

int
main(int argc, char **argv)
{
	struct addrinfo *ai, hints = { .ai_socktype = SOCK_DGRAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	uint8_t msg[NOISE_INITIATION_LEN];
	int64_t offset = 0;
	int ch, fd;

	while ((ch = getopt(argc, argv, "o:")) != -1) {
		if (ch != 'o')
			errx(2, USAGE);
		offset = strtoll(optarg, NULL, 10);
	}
	if (argc - optind != 4 || sodium_init() == -1)
		errx(2, USAGE);
	argv += optind;
	make(argv[0], argv[1], offset, msg);
	if (getaddrinfo(argv[2], argv[3], &hints, &ai) != 0)
		errx(2, "%s port %s: no address", argv[2], argv[3]);
	fd = socket(ai->ai_family, SOCK_DGRAM, 0);
	if (fd == -1 || sendto(fd, msg, sizeof(msg), 0, ai->ai_addr,
	    ai->ai_addrlen) != (ssize_t)sizeof(msg))
		err(1, "sendto");
	freeaddrinfo(ai);
	return 0;
}
