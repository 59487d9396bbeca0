/* SPDX-License-Identifier: ISC */
/*
 * From wg-quick(8)'s files to warren.conf(5).  Secret keys stay where they are
 * in the text that was read, until it is wiped; they are only ever written to
 * files of their own.
 */
#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include <sys/queue.h>

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/addr.h"
#include "shared/hex.h"

#define IMPORT_FILE_MAX	(16U << 20)	/* bytes of a file */
#define IMPORT_PEERS	65536		/* at most, as in warren.conf(5) */
#define IMPORT_ADDRESSES 64		/* and these */
#define IMPORT_ALLOWED	65536
#define IMPORT_MTU_MAX	65447
#define IMPORT_NAME	64		/* of a peer, NUL included */
#define IMPORT_HOST	254		/* of an endpoint, NUL included */
#define IMPORT_WHY	512		/* of an error, NUL included */
#define IMPORT_FWMARK	51820		/* as wg-quick(8), if one is needed */

struct import_ips {
	struct prefix	*at;
	bool		*taken;		/* a later peer has it, too */
	size_t		 n;
	size_t		 room;
};

/* Lines of text that grow. */
struct import_notes {
	char		*text;		/* NULL: none */
	size_t		 len;
	size_t		 n;
};

struct import_peer {
	TAILQ_ENTRY(import_peer) entry;
	unsigned	 line;
	char		 name[IMPORT_NAME];
	bool		 named;		/* by "Name = ", not by any comment */
	bool		 has_key;
	uint8_t		 key[BASE64_KEYLEN];	/* public */
	const char	*psk;		/* BASE64_KEY_CHARS in the text, or
					 * NULL */
	char		 host[IMPORT_HOST];	/* name or address, or "" */
	uint16_t	 port;
	uint16_t	 keepalive;
	struct import_ips	 allowed;
	struct import_notes	 notes;
};
TAILQ_HEAD(import_peers, import_peer);

enum import_routes {
	IMPORT_ROUTES_MAIN,
	IMPORT_ROUTES_NONE,
	IMPORT_ROUTES_TABLE
};

struct import {
	char		 ifname[IFNAMSIZ];
	const char	*key;		/* as psk above */
	struct import_ips	 address;
	uint16_t	 port;		/* 0: none said */
	uint32_t	 mtu;		/* 0: none said */
	uint32_t	 fwmark;	/* 0: none */
	enum import_routes	 routes;
	uint32_t	 table;
	struct import_notes	 notes;
	struct import_peers	 peers;
	size_t		 npeers;
};

/*
 * Reads a file's text, which must outlive the result.  NULL and "FILE:LINE:
 * what is wrong", of which only the name of the file is hostile, in why.
 */
struct import	*import_parse(const char *file, const char *ifname,
		    const char *text, size_t len, char why[IMPORT_WHY]);
void		 import_free(struct import *);
/* A name that a peer may have, made from any text; "" if there is none. */
void		 import_name(char dst[IMPORT_NAME], const char *, size_t);
/* Is it the name of an interface that warren.conf(5) takes? */
bool		 import_is_ifname(const char *);

/* What is not taken over; where it stands is a comment. */
size_t		 import_left_out(const struct import *);
/* warren.conf(5); keys are named by their files in dir, an absolute path. */
void		 import_print(const struct import *, const char *file,
		    const char *dir, FILE *);

/*
 * Writes the key files.  All of them, or 0 new ones, -1 and why.  One that
 * holds the same key already is left as it is, any other is never touched.
 */
int		 import_write_keys(const struct import *, const char *dir,
		    char why[IMPORT_WHY]);
/* The name of a key file; peer NULL: that of the private key. */
#define IMPORT_KEYFILE	(IFNAMSIZ + IMPORT_NAME + 8)
void		 import_keyfile(char dst[IMPORT_KEYFILE], const struct import *,
		    const struct import_peer *);

/*
 * The command: file "-" is standard input, dir NULL the default.  The exit
 * status.
 */
int		 import_run(const char *file, const char *dir, FILE *);

#endif /* CTL_IMPORT_H */
