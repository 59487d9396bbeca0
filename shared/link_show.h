/* SPDX-License-Identifier: ISC */
/*
 * What was said over a link, as rows for warrenctl.
 */
#ifndef SHARED_LINK_SHOW_H
#define SHARED_LINK_SHOW_H

#include "shared/codec.h"
#include "shared/link.h"

/*
 * Gives emit() one row for each message type that was sent or received over
 * the link; none if it was never opened.
 */
void	 link_rows(struct link *, void (*emit)(void *arg, const struct wbuf *),
	    void *arg);
/* SHOW_IMSG: the same rows over `out`, with the asker's id. */
void	 link_show(struct link *, struct link *out, uint32_t id);

#endif /* SHARED_LINK_SHOW_H */
