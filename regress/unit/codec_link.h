/* SPDX-License-Identifier: ISC */
/*
 * A link to send messages on, and the other end of it: what one side of a
 * message writes is read, cut, and spoiled.
 */
#ifndef REGRESS_UNIT_CODEC_LINK_H
#define REGRESS_UNIT_CODEC_LINK_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/imsg.h"
#include "shared/link.h"
#include "unit.h"

extern struct link_host	host;
extern struct link	l;	/* where messages are sent */
extern struct imsg_chan	other;	/* where they come */
extern struct imsg	m;	/* the last that came, and its fd, or -1 */

/* Before and after each test: the parent's link to ctld, in bare mode. */
void	setup(void);
void	teardown(void);
/* If the link ends, the test fails: what host.lost is. */
void	lost(void *, struct link *, enum msg_verdict, const char *why);
/* The next message must be this one, as its row says; it is in m. */
void	got(uint16_t type, uint32_t id);
/* A file of no content that is as good as any for a descriptor. */
int	some_file(void);

/*
 * The message reads, and no truncation of it does, nor one byte more.  The
 * bytes lie in heap memory of exactly that size, so that ASan sees a read
 * beyond the end.
 */
#define READS(call) do {						\
	size_t _n, _len = m.len;					\
	uint8_t _all[MSG_MAX];						\
	memcpy(_all, m.data, _len);					\
	_all[_len] = 0;							\
	for (_n = 0; _n <= _len + 1; _n++) {				\
		uint8_t *_p = malloc(_n + (_n == 0));			\
		memcpy(_p, _all, _n);					\
		m.data = _p;						\
		m.len = _n;						\
		errno = 0;						\
		ck_assert_msg((call) == (_n == _len ? 0 : -1),		\
		    "%zu bytes of %zu", _n, _len);			\
		free(_p);						\
	}								\
	m.data = other.buf + MSG_HEADER;				\
	m.len = _len;							\
	ck_assert_int_eq((call), 0);					\
} while (0)

/* The byte at off is refused if it is v. */
#define REFUSES(off, v, call) do {					\
	uint8_t *_b = other.buf + MSG_HEADER + (off), _old = *_b;	\
	*_b = (v);							\
	ck_assert_int_eq((call), -1);					\
	*_b = _old;							\
	ck_assert_int_eq((call), 0);					\
} while (0)

#endif /* REGRESS_UNIT_CODEC_LINK_H */
