/* SPDX-License-Identifier: ISC */
/*
 * TAI64N labels (WireGuard paper 5.1) and the rule that none is sent twice.
 */

#include <errno.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/tai64n.h"

/* The TAI64 label of 1970-01-01: 2^62, and the 10 s of that year's offset. */
#define TAI64N_EPOCH		UINT64_C(0x400000000000000a)
#define NSEC_PER_SEC		UINT32_C(1000000000)

void
tai64n_label(uint8_t out[TAI64N_LEN], int64_t sec, uint32_t nsec)
{
	put_be64(out, TAI64N_EPOCH + (uint64_t)sec);
	put_be32(out + 8, nsec & ~(TAI64N_TICK_NSEC - 1));
}

int
tai64n_compare(const uint8_t a[TAI64N_LEN], const uint8_t b[TAI64N_LEN])
{
	return (memcmp(a, b, TAI64N_LEN));
}

int
tai64n_next(const uint8_t last[TAI64N_LEN], int64_t sec, uint32_t nsec,
    uint8_t out[TAI64N_LEN])
{
	uint8_t		wall[TAI64N_LEN];
	uint64_t	s;
	uint32_t	n;

	tai64n_label(wall, sec, nsec);
	if (tai64n_compare(wall, last) > 0) {
		memcpy(out, wall, TAI64N_LEN);
		return (0);
	}

	/* A mark read from a file may be anything: the sum must not wrap. */
	s = get_be64(last);
	n = get_be32(last + 8) & ~(TAI64N_TICK_NSEC - 1);
	if (n >= NSEC_PER_SEC - TAI64N_TICK_NSEC) {
		if (s == UINT64_MAX) {
			errno = EOVERFLOW;
			return (-1);
		}
		s++;
		n = 0;
	} else
		n += TAI64N_TICK_NSEC;
	put_be64(out, s);
	put_be32(out + 8, n);
	return (1);
}

int64_t
tai64n_unix(const uint8_t label[TAI64N_LEN])
{
	return ((int64_t)(get_be64(label) - TAI64N_EPOCH));
}
