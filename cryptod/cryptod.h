/* SPDX-License-Identifier: ISC */
/*
 * The context of the process cryptod, which all its handlers get.
 */
#ifndef CRYPTOD_CRYPTOD_H
#define CRYPTOD_CRYPTOD_H

#include "cryptod/change.h"
#include "cryptod/egress.h"
#include "cryptod/engine.h"
#include "cryptod/ingress.h"
#include "cryptod/tun.h"
#include "shared/child.h"
#include "shared/index_page.h"
#include "shared/ring.h"
#include "shared/secmem.h"

#define CRYPTOD_ARENA	(96U * 1024 * 1024)	/* address space for secrets */

struct cryptod {
	struct child		 child;		/* must be the first */
	struct secmem		 arena;
	struct engine		 engine;
	struct ring		 ring;
	struct index_page	 page;
	struct egress		 egress;
	struct ingress		 ingress;
	struct tun		 tun;
	struct event		*tun_event;
	struct event		*bell_event;
	struct event		*timer_event;
	int			 timer_fd;
	uint64_t		 timer_at;	/* what it is set to; 0: off */
	bool			 has_bell;
	bool			 has_tun;
	bool			 attached;	/* netd's ring is here */
	bool			 gone_said;	/* TUN_GONE was sent */

	/* The change that ctld makes, one at a time. */
	struct change		 change;
	uint32_t		 change_id;
	enum {
		CHANGE_NONE,
		CHANGE_OPEN,
		CHANGE_SYNC		/* waits for netd */
	}			 change_state;
	/* REMOTE_ADD or REMOTE_DEL being filled; order matters. */
	uint16_t		 batch_type;
	struct wbuf		 batch;
	uint8_t			 batch_buf[MSG_PAYLOAD];
};

/* control.c: handlers of messages from ctld and netd. */
int	 on_set_begin(void *, struct link *, struct imsg *);
int	 on_set_items(void *, struct link *, struct imsg *);
int	 on_set_end(void *, struct link *, struct imsg *);
int	 on_synced(void *, struct link *, struct imsg *);
int	 on_get_device(void *, struct link *, struct imsg *);
int	 on_get_peers(void *, struct link *, struct imsg *);
int	 on_has_endpoint(void *, struct link *, struct imsg *);
int	 on_link_state(void *, struct link *, struct imsg *);
/* Hooks of the engine; void * is the struct cryptod. */
void	 control_remote_added(void *, const struct remote *);
void	 control_remote_removed(void *, const struct remote *);
void	 control_local_changed(void *, uint8_t slot,
	    const struct noise_local *);
/* Sends what is batched for netd. */
void	 control_flush(struct cryptod *);
/* Once a turn: goes on reading from ctld, if it may. */
void	 control_pace(struct cryptod *);
/* netd or ctld took all that waited for it. */
void	 control_drained(void *, struct link *);

/* show.c */
int	 on_show(void *, struct link *, struct imsg *);

/* sandbox_tables.c */
extern const struct sandbox_table cryptod_start;
extern const struct sandbox_table cryptod_run;

#endif /* CRYPTOD_CRYPTOD_H */
