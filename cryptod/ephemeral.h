/* SPDX-License-Identifier: ISC */
/*
 * Where ephemeral private keys come from.  It has a file of its own so that
 * a test with known answers can link another one; no daemon has a way to be
 * told an ephemeral.
 */
#ifndef CRYPTOD_EPHEMERAL_H
#define CRYPTOD_EPHEMERAL_H

#include <stdint.h>

/* Fill private (32 bytes) with a fresh, clamped X25519 private key. */
void	noise_ephemeral(uint8_t private[32]);

#endif /* CRYPTOD_EPHEMERAL_H */
