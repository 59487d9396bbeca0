/* SPDX-License-Identifier: ISC */
/*
 * Counters as rows of "show counters".
 */
#ifndef SHARED_COUNTER_SHOW_H
#define SHARED_COUNTER_SHOW_H

#include "shared/codec.h"
#include "shared/counter.h"
#include "shared/link.h"
#include "shared/ring.h"

/* Fills w, over ROW_MAX bytes at buf, with the "counter" row of one. */
void	 counter_row(struct wbuf *, void *buf, enum proc,
	    const struct counter_text *, uint64_t value);
/* Answers SHOW_COUNTERS: n rows, of the n fields of a struct counters. */
void	 counters_send(struct link *, uint32_t id, enum proc,
	    const struct counter_text *, const void *counters, size_t n);
/* The same for what a ring counts. */
void	 counters_send_ring(struct link *, uint32_t id, enum proc,
	    const struct ring_counts *);

#endif /* SHARED_COUNTER_SHOW_H */
