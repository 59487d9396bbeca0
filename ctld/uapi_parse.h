/* SPDX-License-Identifier: ISC */
/*
 * The UAPI's set operation, line by line (www.wireguard.com/xplatform).  A
 * leaf: lines go in, packed operations for cryptod, endpoints for netd and port
 * and mark for the parent come out.  Nothing is applied before the whole of it
 * was read and found right.  There is no recursion and no list of lines (P48);
 * what it holds is budgeted and wiped.
 */
#ifndef CTLD_UAPI_PARSE_H
#define CTLD_UAPI_PARSE_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/addr.h"
#include "shared/msg_crypto.h"

#define UAPI_LINE_MAX	512		/* bytes without the newline */
#define UAPI_SET_MAX	(32U << 20)	/* bytes of memory a set may take */
#define UAPI_ALL_MAX	(64U << 20)	/* all sets together */

/* Memory of all sets that share it. */
struct uapi_budget {
	size_t	 used;
	size_t	 peak;
	size_t	 max;
};

/* Packed set_items, ready for SET_ITEMS. */
struct set_chunk {
	STAILQ_ENTRY(set_chunk)	 entry;
	size_t			 len;
	uint8_t			 data[MSG_PAYLOAD];
};
STAILQ_HEAD(set_chunks, set_chunk);

/* The endpoint of the n-th peer operation, from 0. */
struct set_endpoint {
	uint32_t	 ordinal;
	uint32_t	 device;	/* 0 until cryptod has told */
	struct endpoint	 endpoint;
};
#define ENDPOINT_CHUNK	256
struct endpoint_chunk {
	STAILQ_ENTRY(endpoint_chunk)	 entry;
	size_t				 n;
	struct set_endpoint		 at[ENDPOINT_CHUNK];
};
STAILQ_HEAD(endpoint_chunks, endpoint_chunk);

/*
 * The index of an interface, or 0: wg(8) writes the scope of a link-local
 * endpoint as a name (P33).
 */
typedef uint32_t (*uapi_scope)(void *arg, const char *name);

struct uapi_set {
	struct uapi_budget	*budget;
	uapi_scope		 scope;
	void			*scope_arg;
	size_t			 memory;
	struct set_chunks	 items;
	struct endpoint_chunks	 endpoints;
	uint32_t		 peers;		/* peer operations */
	bool			 has_port;
	bool			 has_mark;
	uint16_t		 port;
	uint32_t		 mark;
	/* The peer that lines are about. */
	struct set_item		 peer;
	struct set_chunk	*peer_chunk;	/* where it is packed */
	size_t			 peer_off;
};

/* scope may be NULL: then scopes are numbers only. */
void	 uapi_set_init(struct uapi_set *, struct uapi_budget *, uapi_scope,
	    void *scope_arg);
/* Wipes and frees; may be done twice. */
void	 uapi_set_clear(struct uapi_set *);
/*
 * One line, without its newline, after "set=1".  0, or the errno to answer:
 * EPROTO, EINVAL, ENOMEM.  After an error the set is only good for clearing.
 */
int	 uapi_set_line(struct uapi_set *, const char *, size_t);
/* Wipes and frees the first chunk of items; no line may follow. */
void	 uapi_set_shift(struct uapi_set *);

#endif /* CTLD_UAPI_PARSE_H */
