/* SPDX-License-Identifier: ISC */
/*
 * Keys in files: 44 characters of base64 and a newline, as wg(8) has them.
 */
#ifndef CRYPTOD_KEYTEXT_H
#define CRYPTOD_KEYTEXT_H

#include <stddef.h>
#include <stdint.h>

#define KEYTEXT_READ	128		/* bytes of a file that are read */

/*
 * One read of fd into text, which is wiped.  0, or -1: EINVAL, that is no key
 * (nothing but white space may follow it, and it is not all zero); or what
 * read(2) said.  The key is wiped then.
 */
int	 keytext_read(int fd, char text[KEYTEXT_READ], uint8_t key[32]);
/* Writes KEYTEXT_SIZE bytes, the newline the last. */
#define KEYTEXT_SIZE	45
void	 keytext_write(char text[KEYTEXT_SIZE], const uint8_t key[32]);

#endif /* CRYPTOD_KEYTEXT_H */
