/* SPDX-License-Identifier: ISC */
/*
 * A conversation with ctld of a configured instance: its parent configures
 * it, its siblings answer its questions, a client asks.
 */
#ifndef REGRESS_PRIVSEP_CTLD_CONF_PLAY_H
#define REGRESS_PRIVSEP_CTLD_CONF_PLAY_H

#include "regress/privsep/play.h"
#include "shared/msg_conf.h"
#include "shared/msg_crypto.h"
#include "shared/msg_net.h"

/* The file that configure() tells of, and the key of its one peer. */
#define FILE_NAME	"/etc/warren.conf"
extern const uint8_t	alice_key[KEY_SIZE];

extern int		client;		/* of the test; -1: none */
/* The content of the parent's next message. */
extern struct wbuf	w;

/* ctld, which has no configuration yet; or the one of configure(1). */
void	 setup(void);
void	 configured(void);
void	 teardown(void);

/*
 * What the parent says.  configure() is a whole transaction of id, with one
 * peer, "alice"; the others are parts of one.
 */
void	 configure(uint32_t id);
/* The same with these addresses of the interface. */
void	 configure_addresses(uint32_t id, const char *const *, size_t n);
void	 say_begin(uint32_t id);
void	 add_item(enum show_op, const uint8_t *key, const char *name,
	    const char *text);
void	 say_new(void);	/* empties w */
void	 say_items(uint32_t id);
void	 say_plain(uint16_t type, uint32_t id);

/* A new client, with a request. */
int	 ask(enum listener, enum ctl_type);
int	 ask_show(enum show_topic);

/*
 * The answers of siblings, each to the question that must come next: a
 * device of so many peers (even with a secret), one peer, and where it is.
 */
void	 answer_device(uint32_t peers, bool secret);
void	 answer_peer(const struct peer_info *);
void	 answer_endpoint(uint32_t device, uint16_t error, enum name_state);
void	 answer_endpoint_at(uint32_t device, const char *at, uint16_t error,
	    enum name_state);
/* alice, on device 5. */
struct peer_info a_peer(void);
/* The next question is for this topic: its id; or answers it with no row. */
uint32_t asked_show(enum proc, enum show_topic);
void	 end_show(enum proc, enum show_topic);
/* Ends what all are asked about health. */
void	 end_facts(void);

/* Waits for a line in the log. */
void	 logged(const char *text);

#endif /* REGRESS_PRIVSEP_CTLD_CONF_PLAY_H */
