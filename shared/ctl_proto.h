/* SPDX-License-Identifier: ISC */
/*
 * The protocol of the control socket, between warrenctl and ctld: frames on a
 * stream.  The client begins with HELLO and the versions it speaks; then it
 * asks, one request at a time, and gets any number of ROWs and a DONE that
 * carry the id of its request.  A leaf: knows no socket.
 */
#ifndef SHARED_CTL_PROTO_H
#define SHARED_CTL_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/codec.h"
#include "shared/row.h"

#define CTL_VERSION_MIN	1		/* what this build speaks */
#define CTL_VERSION_MAX	2
#define CTL_HEADER	12	/* u32 length, u16 type, u16 0, u32 id */
#define CTL_PAYLOAD	ROW_MAX		/* at most; the length's limit */
#define CTL_FRAME_MAX	(CTL_HEADER + CTL_PAYLOAD)
#define CTL_TEXT_MAX	2048	/* bytes of a text, NUL included */

enum ctl_type {
	CTL_HELLO = 1,			/* u16 min, u16 max version */
	CTL_WELCOME,			/* u16 version, texts: see below */
	CTL_SHOW,			/* u8 topic of row.h */
	CTL_LOG,			/* bool verbose */
	CTL_ROW,			/* a row of row.h */
	CTL_DONE,			/* u32 errno, text */
	/* Since version 2: */
	CTL_PEER,			/* text: a peer's name or public key */
	CTL_RELOAD,			/* nothing */
	CTL_MONITOR,			/* nothing; rows until it hangs up */
	CTL_METRICS			/* nothing; rows "text" with "text": a
					 * piece of whole lines of what the
					 * metrics socket answers */
};

struct ctl_frame {
	uint16_t	 type;
	uint32_t	 id;
	const uint8_t	*data;		/* points into the buffer */
	size_t		 len;
};

/*
 * The frame at the beginning of a buffer: 1 and its size in *used, 0 if more
 * bytes are needed, -1 (EBADMSG) if it is none.
 */
int	 ctl_frame_read(const void *, size_t, struct ctl_frame *,
	    size_t *used);
void	 ctl_frame_write(struct wbuf *, uint16_t type, uint32_t id,
	    const void *data, size_t len);

/* Each _write appends a whole frame; each _read is 0 or -1 (EBADMSG). */
void	 ctl_hello_write(struct wbuf *, uint32_t id, uint16_t min,
	    uint16_t max);
int	 ctl_hello_read(const struct ctl_frame *, uint16_t *min,
	    uint16_t *max);
/* The highest version that both speak, or 0. */
uint16_t ctl_version(uint16_t min, uint16_t max);

/*
 * Seconds after which ctld says that a process does not answer; a client that
 * wants to know that waits somewhat longer.
 */
#define CTL_LATE		30

struct ctl_welcome {
	uint16_t	 version;	/* of the protocol, from now on */
	char		 daemon[CTL_TEXT_MAX];	/* its version */
	char		 instance[CTL_TEXT_MAX];
};
void	 ctl_welcome_write(struct wbuf *, uint32_t id,
	    const struct ctl_welcome *);
int	 ctl_welcome_read(const struct ctl_frame *, struct ctl_welcome *);

void	 ctl_show_write(struct wbuf *, uint32_t id, enum show_topic);
int	 ctl_show_read(const struct ctl_frame *, enum show_topic *);
void	 ctl_log_write(struct wbuf *, uint32_t id, bool verbose);
int	 ctl_log_read(const struct ctl_frame *, bool *verbose);

/* name: a peer's name or public key. */
void	 ctl_peer_write(struct wbuf *, uint32_t id, const char *name);
int	 ctl_peer_read(const struct ctl_frame *, char name[CTL_TEXT_MAX]);
/* RELOAD, MONITOR and METRICS, which carry nothing. */
void	 ctl_plain_write(struct wbuf *, uint32_t id, enum ctl_type);
int	 ctl_plain_read(const struct ctl_frame *, enum ctl_type);

struct ctl_done {
	uint32_t	 error;		/* an errno, 0: done */
	char		 text[CTL_TEXT_MAX];	/* what to tell the operator */
};
void	 ctl_done_write(struct wbuf *, uint32_t id, int error,
	    const char *text);
int	 ctl_done_read(const struct ctl_frame *, struct ctl_done *);

#endif /* SHARED_CTL_PROTO_H */
