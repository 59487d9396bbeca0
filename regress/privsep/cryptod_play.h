/* SPDX-License-Identifier: ISC */
/*
 * A conversation with cryptod in configured mode: a test is its parent, netd
 * and ctld, and has the files that it reads and writes.
 */
#ifndef REGRESS_PRIVSEP_CRYPTOD_PLAY_H
#define REGRESS_PRIVSEP_CRYPTOD_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "regress/privsep/talk.h"
#include "shared/codec.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"

extern uint8_t	 private[32];		/* of the configurations */

/*
 * The slot of the sessions is answered as the parent would, whenever hear()
 * waits for something else; by_hand: the test does it.
 */
extern bool	 by_hand;
extern uint8_t	 saved[4096];		/* what was written last */
extern size_t	 nsaved;
extern int	 slot_fd;		/* the file that it has, or -1 */
extern unsigned	 saves;

/* The fixture of every test: it runs, and has no configuration. */
void	 setup(void);
void	 teardown(void);

/*
 * As next() and expect(), but for rings, index pages and slots that are
 * served; a descriptor is closed.
 */
bool	 hear(struct link *, struct imsg *, int ms);
void	 hear_of(struct link *, uint16_t type, struct imsg *);
/* A memfd with this content, to be read from its start. */
int	 file_of(const void *, size_t);
/* The parent says it, and waits while there is no room; fd is closed. */
void	 say(uint16_t type, uint32_t id, const void *, size_t, int fd);

/* An item of the n-th peer. */
void	 item(struct wbuf *, enum crypto_op, uint32_t n);
void	 key_file(uint32_t id, enum conf_key, const uint8_t key[32]);
/* A configuration with peers 1 to n, without its end. */
void	 offer(uint32_t id, bool initial, uint32_t n);
/* The same to its end: it is READY, and comes into force. */
void	 configure(uint32_t id, bool initial, uint32_t n,
	    struct conf_done *);
/* What is READY comes into force, once netd knows of it. */
void	 commit(uint32_t id, struct conf_done *);
/* It is not READY, in words with this part. */
void	 is_refused(uint32_t id, const char *part);
/* How many peers it says to ctld that there are. */
uint32_t peers(void);

/* It serves netd; faults that came before are forgotten. */
void	 lives(void);

#endif /* REGRESS_PRIVSEP_CRYPTOD_PLAY_H */
