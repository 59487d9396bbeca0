/* SPDX-License-Identifier: ISC */
/*
 * The state directory of an instance, STATE/INSTANCE (root, 0700): two files
 * that cryptod reads and writes through the fds that it gets, and one of our
 * own.  A file is written beside the old one and takes its place when it is
 * on disk; whatever fails, the old one stays.
 */
#ifndef PARENT_SLOTS_H
#define PARENT_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/msg_conf.h"

#define SLOTS_PATH	256		/* of the directory, NUL included */
#define SLOTS_WHY	384

struct slots {
	int	 dir;			/* -1: not open */
	char	 path[SLOTS_PATH];	/* of the directory */
	int	 writing[SLOT_COUNT];	/* the fd of .NAME.new, or -1 */
	int	 error[SLOT_COUNT];	/* of the last write; 0: none */
	int	 port_error;
	bool	 port_refused;		/* it was there, and unreadable */
	char	 problem[SLOTS_WHY];
};

/*
 * Makes what is missing of state/instance, opens it, and removes what a killed
 * instance left half written.  Before any privilege is given up.  -1 after a
 * line in the log that names the mend.
 */
int	 slots_open(struct slots *, const char *state, const char *instance);
void	 slots_close(struct slots *);

/*
 * An fd to read the slot, or -1 with errno; ENOENT: it was never written.  On
 * other errors why (KEYFILE_WHY bytes are enough) says what is wrong and how
 * to mend it.
 */
int	 slots_begin_read(struct slots *, enum slot, char *why, size_t size);
/*
 * Could the key be read at a start, if there is one?  Opens the directory by
 * itself and makes nothing.  0, or -1 and why.
 */
int	 slots_check_key(const char *state, const char *instance, char *why,
	    size_t size);
/*
 * An fd to fill the slot's new file, which replaces one that was begun before;
 * or -1 with errno after a line in the log.
 */
int	 slots_want(struct slots *, enum slot);
/*
 * It is written, or error says why it could not be: 0 when it is on disk under
 * its name, or an errno after a line in the log; -1: nobody asked to write it.
 */
int	 slots_written(struct slots *, enum slot, int error);

/*
 * The UDP port of the last time; 0: none is known, which is told if the file
 * is there.
 */
uint16_t slots_port_load(struct slots *);
/*
 * Remembers it; nothing is written if it is the same, nor over a file that
 * could not be read, unless it is gone by now.  0, or an errno after a line in
 * the log.
 */
int	 slots_port_store(struct slots *, uint16_t port);

/*
 * There is nothing to write there now: that it once failed is no problem any
 * more.
 */
void	 slots_settle(struct slots *, enum slot);
void	 slots_port_settle(struct slots *);
/*
 * Why the last write failed, or that the port of the last time could not be
 * read: a sentence without a full stop; or NULL.
 */
const char	*slots_problem(struct slots *);

#endif /* PARENT_SLOTS_H */
