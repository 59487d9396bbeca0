/* SPDX-License-Identifier: ISC */
/*
 * A configuration, as warren.conf(5) has it: read from files, checked, and
 * printed in its canonical form.  Leaves: they know no process, open files
 * only by the function that they are given, and never see a private key.
 */
#ifndef PARENT_CONF_H
#define PARENT_CONF_H

#include <sys/queue.h>

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "shared/addr.h"

#define CONF_KEY		32	/* bytes of a public key */
#define CONF_PEER_NAME		64	/* of a peer, NUL included */
#define CONF_PEERS_MAX		65536
#define CONF_ADDRESSES_MAX	64
#define CONF_ALLOWED_MAX	65536	/* of one peer */
#define CONF_FILE_MAX		(64U << 20)	/* bytes of all files */
#define CONF_LINE_MAX		3072	/* of the canonical form */
#define CONF_MTU_DEFAULT	1420
#define CONF_INCLUDE_MAX	16	/* how deep files include files */
#define CONF_ERRORS_MAX		20	/* lines that are told */

enum conf_routes {
	CONF_ROUTES_MAIN,		/* the default */
	CONF_ROUTES_NONE,
	CONF_ROUTES_TABLE
};

/* Which library encrypts. */
enum conf_aead {
	CONF_AEAD_AUTO,			/* the default */
	CONF_AEAD_LIBSODIUM,
	CONF_AEAD_IPSECMB
};

struct conf_prefixes {
	struct prefix	*at;
	size_t		 n;
	size_t		 room;
};

/* Where a thing was said, for messages about it. */
struct conf_where {
	const char	*file;		/* lives as long as the conf */
	unsigned	 line;
};

struct conf_peer {
	TAILQ_ENTRY(conf_peer)	 entry;
	struct conf_where	 where;
	/* 1 to 63 letters, digits and . _ - @, no - at first. */
	char			 name[CONF_PEER_NAME];
	uint8_t			 public_key[CONF_KEY];
	char			*psk_file;	/* absolute, or NULL */
	struct conf_where	 psk_where;
	struct conf_where	 endpoint_where;
	/* One of these, or neither; port is in both. */
	struct endpoint		 endpoint;	/* family 0: not by address */
	char			*host;		/* a name, lower case, at most
						 * 253 characters, or NULL */
	uint16_t		 port;
	uint16_t		 keepalive;	/* seconds, 0 off */
	struct conf_prefixes	 allowed;	/* host bits are zero */
};
TAILQ_HEAD(conf_peers, conf_peer);

struct conf_file {
	STAILQ_ENTRY(conf_file)	 entry;
	char			*path;
};
STAILQ_HEAD(conf_files, conf_file);

struct conf {
	char			*path;		/* of the first file, absolute */
	struct conf_files	 files;		/* all that were read, one
						 * that was read twice twice */
	/* interface */
	struct conf_where	 where;
	char			 name[IFNAMSIZ];
	struct conf_prefixes	 address;	/* host bits are kept */
	uint16_t		 port;		/* 0: a random one */
	uint32_t		 mtu;		/* default 1420 */
	uint32_t		 fwmark;	/* not 0 if has_fwmark */
	bool			 has_fwmark;
	char			*key_file;	/* absolute; NULL: the slot */
	struct conf_where	 key_where;
	enum conf_routes	 routes;
	enum conf_aead		 aead;
	uint16_t		 workers;	/* 0: by the number of CPUs */
	uint32_t		 table;		/* of CONF_ROUTES_TABLE; neither
						 * 0 nor main's 254 */
	struct conf_peers	 peers;		/* in the order of the file */
	size_t			 npeers;
};

/*
 * How errors reach the caller: "FILE:LINE: what is wrong", no newline; what
 * is wrong with a whole file comes without a line.  FILE is an absolute path.
 * Reading ends at CONF_ERRORS_MAX of them.
 */
struct conf_errors {
	size_t		 n;		/* all */
	size_t		 kept;		/* less if memory was short */
	char		*line[CONF_ERRORS_MAX];
};
void	 conf_errors_clear(struct conf_errors *);

/*
 * Opens a file of the configuration for reading (the first one or an
 * include); an fd, or -1 with errno.  The path is absolute.  NULL in
 * conf_read: open(2).  Anything but a regular file is refused.
 */
typedef int	 conf_open(void *arg, const char *path);

/*
 * Reads and checks a configuration.  errors is set up here and is to be
 * cleared after either outcome.  NULL: errors has at least one line.
 * What one file can show to be wrong is found here: duplicate peers, keys or
 * allowed IPs, 0.0.0.0/0 with routes and without fwmark, an endpoint by
 * address that lies in the interface's own prefixes or in a routed allowed IP
 * other than /0, a missing interface.
 */
struct conf	*conf_read(const char *path, conf_open *open_file, void *arg,
		    struct conf_errors *errors);
/*
 * The same from memory; include opens files by the function.  The text need
 * not end in NUL.  For tests.
 */
struct conf	*conf_read_text(const char *path, const char *text, size_t len,
		    conf_open *open_file, void *arg,
		    struct conf_errors *errors);
void		 conf_free(struct conf *);

/*
 * The canonical form, which conf_read() reads to an equal configuration.
 * Macros and includes are resolved, paths absolute, host bits of allowed IPs
 * gone; no key but public ones.
 */
void		 conf_print(const struct conf *, FILE *);
/*
 * The same in pieces of whole lines of at most size bytes, which is at least
 * CONF_LINE_MAX: call with *at zeroed; the length of the piece, 0 at the end.
 * A piece does not end in NUL.
 */
struct conf_cursor {
	unsigned		 part;
	const struct conf_peer	*peer;
	size_t			 i;
};
size_t		 conf_print_piece(const struct conf *, struct conf_cursor *at,
		    char *, size_t size);

/*
 * What keeps `new` from taking the place of `old` without a restart: a text
 * (interface name, aead, workers, order of IPv4 addresses), or NULL if nothing
 * does.
 */
const char	*conf_needs_restart(const struct conf *old,
		    const struct conf *new);

#endif /* PARENT_CONF_H */
