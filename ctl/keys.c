/* SPDX-License-Identifier: ISC */
/*
 * Keys: see keys.h.  They never pass through stdio, whose buffers would keep
 * a copy.
 */
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/exit.h"
#include "ctl/keys.h"
#include "shared/hex.h"

void
keys_begin(void)
{
	static const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    setrlimit(RLIMIT_CORE, &none) == -1)
		err(EXIT_REFUSED, "core dumps");
	if (sodium_init() == -1)
		errx(EXIT_REFUSED, "libsodium does not start");
}

static int
write_key(const uint8_t key[BASE64_KEYLEN])
{
	char text[BASE64_KEY_SIZE];
	size_t off = 0;
	ssize_t n;

	base64_key_encode(text, key);
	text[BASE64_KEY_CHARS] = '\n';
	while (off < sizeof(text)) {
		n = write(STDOUT_FILENO, text + off, sizeof(text) - off);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			warn("standard output");
			break;
		}
		off += (size_t)n;
	}
	sodium_memzero(text, sizeof(text));
	return off == sizeof(text) ? EXIT_DONE : EXIT_REFUSED;
}

static void
warn_if_readable(void)
{
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IRWXO) != 0)
		warnx("warning: everyone may read this file; "
		    "consider umask 077");
}

static int
make_key(int private)
{
	uint8_t key[BASE64_KEYLEN];
	int status;

	keys_begin();
	warn_if_readable();
	randombytes_buf(key, sizeof(key));
	if (private) {
		key[0] &= 248;
		key[31] = (uint8_t)((key[31] & 127) | 64);
	}
	status = write_key(key);
	sodium_memzero(key, sizeof(key));
	return status;
}

int
keys_genkey(void)
{
	return make_key(1);
}

int
keys_genpsk(void)
{
	return make_key(0);
}

/* Standard input, up to size bytes of it; the number, -1 on an error. */
static ssize_t
read_all(char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 1;

	while (len < size && n != 0) {
		n = read(STDIN_FILENO, buf + len, size - len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* As wg(8): after a key only white space, however much of it. */
static bool
ends_here(void)
{
	char c;
	bool space = true;
	ssize_t n;

	while (space && (n = read_all(&c, 1)) != 0)
		space = n == 1 && (c == '\0' ||
		    isspace((unsigned char)c) != 0);
	sodium_memzero(&c, sizeof(c));
	return space;
}

int
keys_pubkey(void)
{
	char text[BASE64_KEY_CHARS];
	uint8_t key[BASE64_KEYLEN], pub[BASE64_KEYLEN];
	int status = EXIT_REFUSED;

	keys_begin();
	if (read_all(text, sizeof(text)) != sizeof(text) || !ends_here() ||
	    base64_key_decode(key, text, sizeof(text)) == -1)
		warnx("standard input is not a private key in base64");
	else if (crypto_scalarmult_base(pub, key) == 0)
		status = write_key(pub);
	sodium_memzero(text, sizeof(text));
	sodium_memzero(key, sizeof(key));
	return status;
}
