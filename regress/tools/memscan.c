/* SPDX-License-Identifier: ISC */
/*
 * Reads the memory of a process as root can, for tests of where secrets are.
 *
 *   memscan secrets PID	16-byte blocks of its locked arena that look
 *				random, in hex, one a line
 *   memscan find PID FILE	which of these patterns are anywhere in what
 *				it can read: "NAME in MAPPING", or "nothing"
 *
 * A line of FILE is NAME and `key BASE64' (32 bytes, looked for as bytes, in
 * hex and in base64), `hex HEX' (16 bytes or more) or `text TEXT'.  Bytes are
 * looked for in blocks of 16, and each word of these spread over a vector,
 * too, as a cipher has it.
 */
#include <sys/types.h>

#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK		16U
#define PATTERNS	65536U
#define NAME		40
#define CHUNK		(1U << 20)
#define KEY		32U
/* What may stand in the file of patterns. */
#define LINE		512

struct pattern {
	struct pattern	*next;		/* same first three bytes */
	uint8_t		 bytes[BLOCK];
	char		 name[NAME];
	bool		 found;
};

struct mapping {
	uint64_t	 start, end;
	bool		 readable;
	char		 name[128];
};

static struct pattern	 pattern[PATTERNS];
static size_t		 npatterns;
static struct pattern	*bucket[1 << 24];
static unsigned		 found;

static uint32_t
hash(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
}

static void
add(const char *name, const char *form, const void *bytes)
{
	struct pattern *p;

	if (npatterns == PATTERNS)
		errx(2, "too many patterns");
	p = &pattern[npatterns++];
	memcpy(p->bytes, bytes, BLOCK);
	snprintf(p->name, sizeof(p->name), "%s%s", name, form);
	p->next = bucket[hash(p->bytes)];
	bucket[hash(p->bytes)] = p;
}

/* A cipher on vectors has each word of its key as often as there are lanes. */
static void
add_words(const char *name, const uint8_t *block)
{
	uint8_t wide[BLOCK];
	size_t i, n;

	for (i = 0; i < BLOCK; i += 4) {
		if (block[i] == block[i + 1] && block[i] == block[i + 2])
			continue;	/* as much else may look like */
		for (n = 0; n < BLOCK; n += 4)
			memcpy(wide + n, block + i, 4);
		add(name, " as a vector", wide);
	}
}

static void
add_bytes(const char *name, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i + BLOCK <= len; i += BLOCK) {
		add(name, "", bytes + i);
		add_words(name, bytes + i);
	}
}

/* Beginning and end of it: whoever wiped one half has not wiped it. */
static void
add_text(const char *name, const char *form, const char *text)
{
	size_t len = strlen(text);

	if (len < BLOCK)
		errx(2, "%s: too short", name);
	add(name, form, text);
	add(name, form, text + len - BLOCK);
}

static void
add_key(const char *name, const char *text)
{
	char hex[2 * KEY + 1], upper[2 * KEY + 1];
	uint8_t key[KEY];
	size_t len, i;

	if (sodium_base642bin(key, sizeof(key), text, strlen(text), NULL,
	    &len, NULL, sodium_base64_VARIANT_ORIGINAL) == -1 || len != KEY)
		errx(2, "%s: not a key", name);
	add_bytes(name, key, sizeof(key));
	sodium_bin2hex(hex, sizeof(hex), key, sizeof(key));
	add_text(name, " in hex", hex);
	for (i = 0; i < sizeof(hex); i++)
		upper[i] = hex[i] >= 'a' ? (char)(hex[i] - 32) : hex[i];
	add_text(name, " in hex", upper);
	add_text(name, " in base64", text);
}

static void
add_hex(const char *name, const char *text)
{
	uint8_t bytes[LINE];
	size_t len;

	if (sodium_hex2bin(bytes, sizeof(bytes), text, strlen(text), NULL,
	    &len, NULL) == -1 || len < BLOCK)
		errx(2, "%s: not in hex", name);
	add_bytes(name, bytes, len);
}

static void
read_patterns(const char *path)
{
	char line[LINE], name[NAME], kind[8], value[LINE];
	FILE *fp = fopen(path, "r");

	if (fp == NULL)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (sscanf(line, "%39s %7s %511s", name, kind, value) != 3)
			errx(2, "%s: what is: %s", path, line);
		if (strcmp(kind, "key") == 0)
			add_key(name, value);
		else if (strcmp(kind, "hex") == 0)
			add_hex(name, value);
		else
			add_text(name, "", value);
	}
	fclose(fp);
	/* Nothing to look for is nothing found, and proves nothing. */
	if (npatterns == 0)
		errx(2, "%s: no patterns", path);
}

static void
look(const uint8_t *p, size_t len, const struct mapping *m)
{
	struct pattern *pat;
	size_t i;

	for (i = 0; i + BLOCK <= len; i++)
		for (pat = bucket[hash(p + i)]; pat != NULL; pat = pat->next) {
			if (pat->found || memcmp(p + i, pat->bytes,
			    BLOCK) != 0)
				continue;
			pat->found = true;
			found++;
			printf("%s in %s\n", pat->name, m->name);
		}
}

/* Random: bytes that are hardly ever zero, and differ. */
static bool
is_random(const uint8_t *p)
{
	unsigned i, zeros = 0, different = 0;
	bool seen[256] = { false };

	for (i = 0; i < BLOCK; i++) {
		zeros += p[i] == 0;
		different += !seen[p[i]];
		seen[p[i]] = true;
	}
	return zeros <= 1 && different >= 11;
}

static void
print_random(const uint8_t *p, size_t len, const struct mapping *m)
{
	char hex[2 * BLOCK + 1];
	size_t i;

	(void)m;
	for (i = 0; i + BLOCK <= len; i += BLOCK)
		if (is_random(p + i))
			puts(sodium_bin2hex(hex, sizeof(hex), p + i, BLOCK));
}

/*
 * A mapping, by pieces that overlap by a block, so that none is missed.  What
 * says that it can be read and cannot is only the kernel's own.
 */
static void
read_mapping(int mem, const struct mapping *m,
    void (*fn)(const uint8_t *, size_t, const struct mapping *))
{
	static uint8_t buf[CHUNK + BLOCK];
	size_t keep = 0, want;
	uint64_t at;
	ssize_t n;

	for (at = m->start; at < m->end; at += (uint64_t)n) {
		want = m->end - at < CHUNK ? (size_t)(m->end - at) : CHUNK;
		n = pread(mem, buf + keep, want, (off_t)at);
		if (n <= 0) {
			if (m->name[0] != '[')
				errx(2, "%s: cannot be read", m->name);
			return;
		}
		fn(buf, keep + (size_t)n, m);
		want = keep + (size_t)n;
		keep = want < BLOCK ? want : BLOCK;
		memmove(buf, buf + want - keep, keep);
	}
}

/* The first line of an entry; the others, which are facts of it, are not. */
static void
begin_mapping(const char *line, struct mapping *to)
{
	struct mapping m = { .name = "anonymous memory" };
	char perms[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*s %*s %*s %127[^\n]",
	    &m.start, &m.end, perms, m.name) < 3)
		return;
	m.readable = perms[0] == 'r';
	*to = m;
}

/* The flags end the entry of a mapping in smaps; the arena has all three. */
static void
walk(pid_t pid, bool arena_only,
    void (*fn)(const uint8_t *, size_t, const struct mapping *))
{
	struct mapping m = { 0 };
	char line[LINE], path[64];
	bool arena;
	unsigned n = 0;
	FILE *fp;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	if ((mem = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		err(2, "%s", path);
	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	if ((fp = fopen(path, "r")) == NULL)
		err(2, "%s", path);
	while (fgets(line, sizeof(line), fp) != NULL) {
		if (strncmp(line, "VmFlags:", 8) != 0) {
			begin_mapping(line, &m);
			continue;
		}
		arena = strstr(line, " dd") != NULL && strstr(line,
		    " lo") != NULL && strstr(line, " wf") != NULL;
		if (arena)
			snprintf(m.name, sizeof(m.name), "the arena");
		if (!m.readable || (arena_only && !arena))
			continue;
		read_mapping(mem, &m, fn);
		n++;
	}
	fclose(fp);
	close(mem);
	if (n == 0)
		errx(2, "%d: no such memory", (int)pid);
}

int
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "secrets") == 0) {
		walk((pid_t)atoi(argv[2]), true, print_random);
		return 0;
	}
	if (argc != 4 || strcmp(argv[1], "find") != 0)
		errx(2, "usage: memscan secrets PID | find PID FILE");
	read_patterns(argv[3]);
	walk((pid_t)atoi(argv[2]), false, look);
	if (found == 0)
		puts("nothing");
	return 0;
}
