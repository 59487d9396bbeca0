/* SPDX-License-Identifier: ISC */
/*
 * What the statements of a configuration do.  A wrong value is told, and the
 * reading's `wrong` says so for the rest of the statement.
 */
#ifndef PARENT_CONF_SET_H
#define PARENT_CONF_SET_H

#include "parent/conf_parse.h"
#include "parent/lex.h"

/* The absolute path of a file that is named here, to be freed, or NULL. */
char	*set_path(struct conf_reading *, const struct lex_token *);

/* interface NAME, and what is in it. */
void	 set_interface(struct conf_reading *, const struct lex_token *);
void	 set_address(struct conf_reading *, const struct lex_token *);
void	 set_port(struct conf_reading *, const struct lex_token *);
void	 set_mtu(struct conf_reading *, const struct lex_token *);
void	 set_fwmark(struct conf_reading *, const struct lex_token *);
void	 set_key_file(struct conf_reading *, const struct lex_token *);
void	 set_routes(struct conf_reading *, enum conf_routes);
void	 set_aead(struct conf_reading *, enum conf_aead);
void	 set_workers(struct conf_reading *, const struct lex_token *);
void	 set_table(struct conf_reading *, const struct lex_token *);

/* peer NAME: -1 if reading must end here.  What follows is for this peer. */
int	 set_peer(struct conf_reading *, const struct lex_token *);
void	 set_public_key(struct conf_reading *, const struct lex_token *);
void	 set_psk_file(struct conf_reading *, const struct lex_token *);
void	 set_endpoint(struct conf_reading *, const struct lex_token *host,
	    const struct lex_token *port);
void	 set_allowed(struct conf_reading *, const struct lex_token *);
/* NULL: off. */
void	 set_keepalive(struct conf_reading *, const struct lex_token *);
void	 set_peer_end(struct conf_reading *);

#endif /* PARENT_CONF_SET_H */
