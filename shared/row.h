/* SPDX-License-Identifier: ISC */
/*
 * A row of an answer to warrenctl: the name of its table and a few named
 * values.  Processes make rows, ctld checks and forwards them, warrenctl
 * prints them as text or JSON; none needs to know another's tables.
 */
#ifndef SHARED_ROW_H
#define SHARED_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/codec.h"

#define ROW_MAX		4096		/* bytes */
#define ROW_FIELDS_MAX	48
#define ROW_NAME_MAX	32		/* of a table or key, NUL included */

enum row_kind {
	ROW_U64,
	ROW_STR,
	ROW_BOOL
};

struct row_field {
	char		 key[ROW_NAME_MAX];
	enum row_kind	 kind;
	uint64_t	 num;		/* ROW_U64, ROW_BOOL */
	const char	*str;		/* ROW_STR; in the row's text */
};

struct row {
	char			 table[ROW_NAME_MAX];
	size_t			 n;
	struct row_field	 field[ROW_FIELDS_MAX];
	char			 text[ROW_MAX + ROW_FIELDS_MAX];
};

/* What SHOW can ask for. */
enum show_topic {
	SHOW_PROCESSES = 1,
	SHOW_SANDBOX,
	SHOW_IMSG,
	SHOW_MEMORY,
	SHOW_COUNTERS,
	SHOW_CRYPTO,
	SHOW_STATUS,
	SHOW_CONFIG,			/* the canonical text */
	SHOW_HEALTH,			/* facts that ctld judges */
	SHOW_ROUTES,			/* addresses, routes, rules */
	SHOW_INTERFACE,
	SHOW_PEERS,
	SHOW_TOPICS
};

/* Writing: w is set up by row_begin over buf. */
void	 row_begin(struct wbuf *, void *buf, size_t size, const char *table);
void	 row_u64(struct wbuf *, const char *key, uint64_t);
void	 row_str(struct wbuf *, const char *key, const char *);
void	 row_bool(struct wbuf *, const char *key, bool);

/*
 * Reads and checks a row: names are [a-z0-9_-], no key comes twice or is
 * "table", strings have no NUL, counts and sizes are bounded.  0, or -1
 * (EBADMSG).
 */
int	 row_parse(struct row *, const void *, size_t);
/* The field of that key, or NULL. */
const struct row_field	*row_get(const struct row *, const char *key);

#endif /* SHARED_ROW_H */
