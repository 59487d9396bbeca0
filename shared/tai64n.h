/* SPDX-License-Identifier: ISC */
/*
 * TAI64N labels as WireGuard's initiation carries them: 8 bytes of seconds
 * and 4 of nanoseconds, big endian, so that they compare as byte strings.
 * The nanoseconds are rounded down to a tick of 2^24 ns (16.8 ms), so that
 * a label is no fine clock for an observer.  All-zero means "none".
 */
#ifndef SHARED_TAI64N_H
#define SHARED_TAI64N_H

#include <stdint.h>

#define TAI64N_LEN		12
#define TAI64N_TICK_NSEC	(UINT32_C(1) << 24)

/* The label of a UNIX time; nsec is 0..999999999. */
void	tai64n_label(uint8_t out[TAI64N_LEN], int64_t sec, uint32_t nsec);
/* <0, 0 or >0, as memcmp. */
int	tai64n_compare(const uint8_t a[TAI64N_LEN],
	    const uint8_t b[TAI64N_LEN]);
/*
 * The next label to send: max(label of the UNIX time, last + 1 tick), so it
 * is greater than last whatever the clock does (P11).  last and out may be
 * the same memory.  Returns 0 if the clock was used, 1 if last + 1 tick was
 * (the clock did not move past it), -1 with EOVERFLOW if last is the end of
 * time; then out is not written.
 */
int	tai64n_next(const uint8_t last[TAI64N_LEN], int64_t sec,
	    uint32_t nsec, uint8_t out[TAI64N_LEN]);
/* The UNIX seconds of a label, for logs and for the clock's warning. */
int64_t	tai64n_unix(const uint8_t label[TAI64N_LEN]);

#endif /* SHARED_TAI64N_H */
