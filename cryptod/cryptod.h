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
#include "cryptod/resume.h"
#include "cryptod/stage.h"
#include "cryptod/tun.h"
#include "cryptod/workers.h"
#include "shared/child.h"
#include "shared/index_page.h"
#include "shared/ring.h"
#include "shared/secmem.h"
#include "shared/spin.h"

#define CRYPTOD_ARENA	(96U * 1024 * 1024)	/* address space for secrets */

/* Configured mode: the parent's transaction, one at a time. */
struct configure {
	enum {
		CONFIGURE_IDLE,
		CONFIGURE_OPEN,		/* items come */
		CONFIGURE_MAKING,	/* a new private key goes to disk */
		CONFIGURE_MARKING,	/* the mark of our labels does */
		CONFIGURE_READY,	/* we said READY */
		CONFIGURE_REFUSED,	/* we said NO */
		CONFIGURE_SYNC		/* in force; waits for netd */
	}			 state;
	uint32_t		 id;
	bool			 committed;	/* there was one */
	struct stage		 stage;
	struct conf_done	 done;
};

/* A state file that is being filled. */
struct slot_writer {
	enum {
		SLOT_IDLE,
		SLOT_WANTED,		/* the parent was asked */
		SLOT_UNWANTED,		/* the same, but never mind */
		SLOT_SPARE,		/* an empty file, for later */
		SLOT_WRITING,
		SLOT_WRITTEN		/* the parent renames it */
	}			 state;
	int			 fd;
	int			 error;		/* of the write */
	uint8_t			*buf;		/* NULL: nothing yet */
	size_t			 len;
	size_t			 at;
	bool			 owned;		/* buf is ours to free */
};

struct cryptod {
	struct child		 child;		/* must be the first */
	struct secmem		 arena;
	struct engine		 engine;
	struct ring		 ring;
	struct spin		 spin;
	struct workers		 workers;
	struct index_page	 page;
	struct egress		 egress;
	struct ingress		 ingress;
	struct tun		 tun;
	struct tun_queue {
		struct cryptod	*cryptod;
		struct event	*event;
	}			 queue[TUN_QUEUES];
	struct event		*bell_event;
	struct event		*timer_event;
	int			 timer_fd;
	uint64_t		 timer_at;	/* what it is set to; 0: off */
	bool			 has_bell;
	bool			 has_tun;
	int			 tun_fd[TUN_QUEUES];
	unsigned		 nqueues;
	unsigned		 missing;	/* of them */
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
	struct configure	 configure;
	struct slot_writer	 slot[SLOT_COUNT];
	struct sessions		 loaded;	/* for the first commit */
	struct resume		 resume;
	struct timer		 save_timer;
	uint64_t		 save_debt;	/* ns: until it is paid off */
	uint64_t		 save_again;	/* ns: after a failure */
	uint8_t			 saving_mark[TAI64N_LEN];
	bool			 mark_raised;	/* before the first label */
	struct log_limit	 event_limit;
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
/* Once a turn: goes on reading from the parent, and from ctld if it may. */
void	 control_pace(struct cryptod *);
/* netd or ctld took all that waited for it. */
void	 control_drained(void *, struct link *);

/* configure.c: the parent's configuration. */
int	 configure_init(struct cryptod *);
int	 on_conf_begin(void *, struct link *, struct imsg *);
int	 on_conf_items(void *, struct link *, struct imsg *);
int	 on_conf_key(void *, struct link *, struct imsg *);
int	 on_conf_end(void *, struct link *, struct imsg *);
int	 on_conf_commit(void *, struct link *, struct imsg *);
int	 on_conf_abort(void *, struct link *, struct imsg *);
/* netd knows all; 0, or -1: it was not asked. */
int	 configure_synced(struct cryptod *, const struct imsg *);
/* The private key's slot: 0, or an errno. */
void	 configure_key_written(struct cryptod *, int error);
/* The mark is on disk, or cannot be. */
void	 configure_marked(struct cryptod *);

/* slots.c: state files. */
void	 slots_init(struct cryptod *);
/*
 * Fills the slot with len bytes of buf, which must stay, or is freed if
 * owned.  0, or -1: it is being filled already.
 */
int	 slot_write(struct cryptod *, enum slot, void *buf, size_t len,
	    bool owned);
/* buf goes away: what is not written yet will not be. */
void	 slot_abandon(struct cryptod *, enum slot);
/* Once a turn; true: there is more to write. */
bool	 slots_turn(struct cryptod *);
/*
 * Before the first label of this life: the mark of the last one goes up on
 * disk.  False: there is none, or it cannot be; else configure_marked() is
 * called when it is done.
 */
bool	 slots_raise_mark(struct cryptod *);
/* The end: writes what is news into the file that is at hand. */
void	 slots_end(struct cryptod *);
int	 on_slot_fd(void *, struct link *, struct imsg *);
int	 on_slot_done(void *, struct link *, struct imsg *);

/* events.c */
void	 events_hook(void *, const struct engine_event *);
int	 on_monitor(void *, struct link *, struct imsg *);

/* show.c */
int	 on_show(void *, struct link *, struct imsg *);

/* sandbox_tables.c */
extern const struct sandbox_table cryptod_start;
extern const struct sandbox_table cryptod_run;

#endif /* CRYPTOD_CRYPTOD_H */
