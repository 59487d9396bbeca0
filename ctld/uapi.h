/* SPDX-License-Identifier: ISC */
/*
 * The UAPI socket, as wg(8) speaks to it: which operation a client is in, and
 * its answers.  A failed set is answered with a negative number, a failed get
 * with a positive one: Debian's wg shows anything else as a wrong error.
 */
#ifndef CTLD_UAPI_H
#define CTLD_UAPI_H

#include "ctld/client.h"
#include "ctld/uapi_parse.h"
#include "ctld/walk.h"

enum uapi_state {
	UAPI_OPERATION,			/* "get=1" or "set=1" comes next */
	UAPI_GET,			/* the empty line after get=1 */
	UAPI_SET,			/* lines of a set, to an empty one */
	UAPI_DROP			/* failed: the rest is dropped */
};

struct uapi_client {
	struct walk		 walk;	/* first: see walk_of() */
	enum uapi_state		 state;
	bool			 midline;	/* while dropping */
	struct uapi_set		 set;
};

extern const struct client_ops uapi_ops;

/* Answers a set (0 or an errno) and goes on with the connection. */
void	 uapi_set_answer(struct ctld *, struct client *, int error);

/* uapi_get.c: begins to answer a get. */
void	 uapi_get(struct ctld *, struct client *);

#endif /* CTLD_UAPI_H */
