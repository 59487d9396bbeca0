/* SPDX-License-Identifier: ISC */
/*
 * Ephemeral private keys, from the kernel's random numbers.
 */

#include <sodium.h>

#include "cryptod/ephemeral.h"

void
noise_ephemeral(uint8_t private[32])
{
	randombytes_buf(private, 32);
	private[0] &= 248;
	private[31] = (uint8_t)((private[31] & 127) | 64);
}
