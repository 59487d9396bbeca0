/* SPDX-License-Identifier: ISC */
/*
 * A conversation with ctld: a test is its clients on one side, and its parent
 * and siblings on the other, one message after another.
 */
#ifndef REGRESS_PRIVSEP_PLAY_H
#define REGRESS_PRIVSEP_PLAY_H

#include "regress/privsep/child.h"
#include "shared/codec.h"
#include "shared/ctl_proto.h"
#include "shared/imsg.h"
#include "shared/row.h"

#define SLOW	5000		/* ms: longer is a hang */

extern struct kid kid;

/* A new connection to one of its listeners. */
int		 dial(int listener);
/* Reads what it says to the parent; the rest is asked() for. */
void		 hear(int ms);
/*
 * The next message to the parent (other than for the log) or to a sibling; it
 * must be of that type.  Its id; the message itself is in *last_asked.
 */
uint32_t	 asked(enum proc, uint16_t type);
extern struct imsg last_asked;
/* Is there none to be read within so many ms? */
bool		 is_silent(enum proc, int ms);
/* An answer; -1 if the link is full or closed. */
int		 answer(enum proc from, uint16_t type, uint32_t id,
		    const void *, size_t);
void		 answer_row(enum proc from, uint32_t id, const struct wbuf *);
/* Waits for that complaint. */
void		 faulted(enum proc, uint16_t type);

/* Sends HELLO and a request of w to a control socket; the connection. */
int		 ctl_dial(int listener, const struct wbuf *);
/* The next ROW or DONE on it, past the WELCOME. */
void		 ctl_next(int fd, struct ctl_frame *);
/* The next one must be a row of that table. */
void		 ctl_row(int fd, struct row *, const char *table);
/* The next one must be the end, with this error and text in its text. */
void		 ctl_end(int fd, int error, const char *text);
/* Fields of a row; they must be there. */
const char	*row_text(const struct row *, const char *key);
uint64_t	 row_num(const struct row *, const char *key);
/* Everything that comes, up to the end of the connection; NUL-terminated. */
size_t		 read_all(int fd, char *, size_t);

#endif /* REGRESS_PRIVSEP_PLAY_H */
