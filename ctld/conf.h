/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: what the parent says is to be shown.  It is prepared
 * beside the running one and takes its place at COMMIT.
 */
#ifndef CTLD_CONF_H
#define CTLD_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "ctld/names.h"
#include "shared/link.h"

enum conf_stage {
	CONF_NONE,			/* none is being prepared */
	CONF_ITEMS,			/* its items come */
	CONF_ENDED			/* all came and it was answered */
};

struct conf_state {
	struct names	*names;		/* in force; NULL: none yet */
	struct names	*next;		/* being prepared */
	enum conf_stage	 stage;
	uint32_t	 id;		/* of the transaction */
	int		 error;		/* why `next` cannot be had, or 0 */
	bool		 ready;		/* READY was said */
};

/* For the end of the process. */
void	 conf_clear(struct conf_state *);

/* Handlers. */
int	 conf_on_begin(void *, struct link *, struct imsg *);
int	 conf_on_items(void *, struct link *, struct imsg *);
int	 conf_on_end(void *, struct link *, struct imsg *);
int	 conf_on_commit(void *, struct link *, struct imsg *);
int	 conf_on_abort(void *, struct link *, struct imsg *);

#endif /* CTLD_CONF_H */
