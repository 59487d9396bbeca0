/* SPDX-License-Identifier: ISC */
/*
 * The slot "sessions": what cryptod wants to know of its peers after a
 * restart.  This is its form on disk; resume.h says what it is good for.
 *
 * "WARRENS1", u32 number of notes, the mark, the notes, and a hash of all
 * that.  A file that is not exactly that is no file.
 */
#ifndef CRYPTOD_SESSIONS_H
#define CRYPTOD_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cryptod/device.h"

#define SESSIONS_HEAD	(8 + 4 + TAI64N_LEN)
#define SESSIONS_NOTE	(NOISE_KEYLEN + TAI64N_LEN + 8 + 1 + ENGINE_FROM)
#define SESSIONS_SUM	32
#define SESSIONS_SIZE(n) (SESSIONS_HEAD + (n) * (size_t)SESSIONS_NOTE +	\
			    SESSIONS_SUM)
#define SESSIONS_MAX	SESSIONS_SIZE(DEVICES_MAX)	/* bytes */

/* Of one device. */
struct session_note {
	uint8_t		 public[NOISE_KEYLEN];
	uint8_t		 timestamp[TAI64N_LEN];	/* greatest accepted */
	int64_t		 heard;		/* authentic; wall time, s; 0 never */
	bool		 has_from;
	uint8_t		 from[ENGINE_FROM];	/* netd's, where it was */
};

struct sessions {
	uint8_t			 mark[TAI64N_LEN]; /* no label was greater */
	size_t			 n;
	struct session_note	*note;
	int64_t			 written;	/* s; the file's; 0: unknown */
};

/* Writes SESSIONS_SIZE(n) bytes. */
void	 sessions_encode(const struct sessions *, uint8_t *);
/* 0, or -1: EBADMSG (not ours, or damaged), ENOMEM. */
int	 sessions_decode(struct sessions *, const uint8_t *, size_t);
/* Frees the notes. */
void	 sessions_clear(struct sessions *);

#endif /* CRYPTOD_SESSIONS_H */
