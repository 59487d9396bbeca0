/* SPDX-License-Identifier: ISC */
/*
 * What the rooms of the configuration's reader share: parse.y, which knows
 * the grammar, conf_value.c, which knows what a value may be, and
 * conf_check.c, which looks at the whole.
 */
#ifndef PARENT_CONF_PARSE_H
#define PARENT_CONF_PARSE_H

#include <stdarg.h>

#include "parent/conf.h"

/* An allowed IP and where it was said. */
struct conf_ref {
	struct prefix		 prefix;
	uint32_t		 i;	/* in the peer's list */
	uint32_t		 order;	/* in the files */
	struct conf_peer	*peer;
	struct conf_where	 where;
};

/* A configuration that is being read. */
struct conf_reading {
	struct conf		*conf;
	struct conf_errors	*errors;
	bool			 has_interface;
	struct conf_where	 mtu_where;
	struct conf_ref		*ref;	/* each allowed IP of each peer */
	size_t			 nrefs;
	size_t			 room;
	bool			 wrong;	/* a value of this statement; told */
	/* The peer whose block this is. */
	struct conf_peer	*peer;
	bool			 has_key;
	size_t			 before;	/* errors before it */
};

/* Tells an error; where is NULL for one that has no place. */
void	 conf_error(struct conf_errors *, const struct conf_where *,
	    const char *, ...) __attribute__((format(printf, 3, 4)));
void	 conf_verror(struct conf_errors *, const struct conf_where *,
	    const char *, va_list) __attribute__((format(printf, 3, 0)));
/* The same for memory that cannot be had. */
void	 conf_error_memory(struct conf_errors *);
/* Have as many been told as are kept? */
bool	 conf_is_hopeless(const struct conf_errors *);
/* One more, as NULL and ENOMEM or a place that is not yet filled. */
struct prefix	*conf_prefixes_add(struct conf_prefixes *);
/*
 * The absolute path of a file that is named in another one, or in the
 * working directory (from is NULL).  To be freed; NULL with ENAMETOOLONG if
 * it has more than CONF_PATH_LEN bytes, EINVAL if it is empty, or ENOMEM.
 */
#define CONF_PATH_LEN	1023
char	*conf_path(const char *from, const char *path);

/* parse.y: reads all of it; errors are told. */
struct lex;
void	 conf_parse(struct conf_reading *, struct lex *);
/* conf_check.c: what only the whole shows; errors are told. */
void	 conf_check(struct conf_reading *);

/*
 * conf_value.c: values from text; NULL, or what is wrong: a text that goes
 * on after the value in quotes.
 */
const char	*value_interface(char [IFNAMSIZ], const char *);
const char	*value_peer(char [CONF_PEER_NAME], const char *);
const char	*value_key(uint8_t [CONF_KEY], const char *);
/* An address of this host; without a length it is one of its own. */
const char	*value_address(struct prefix *, const char *);
/* Host bits are cleared. */
const char	*value_allowed(struct prefix *, const char *);
/* An address (family not 0; port is untouched) or a host name in lower case. */
#define CONF_HOST_LEN	253
const char	*value_host(struct endpoint *, char [CONF_HOST_LEN + 1],
		    const char *);
const char	*value_port(uint16_t *, const char *);
const char	*value_mtu(uint32_t *, const char *);
const char	*value_keepalive(uint16_t *, const char *);
const char	*value_fwmark(uint32_t *, const char *);
const char	*value_table(uint32_t *, const char *);
const char	*value_workers(uint16_t *, const char *);

#endif /* PARENT_CONF_PARSE_H */
