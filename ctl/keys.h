/* SPDX-License-Identifier: ISC */
/*
 * Making keys, as wg(8) does; no daemon is needed.
 */
#ifndef CTL_KEYS_H
#define CTL_KEYS_H

/* From here on no core dump may hold a key (P19); ends the program if not. */
void	 keys_begin(void);
/* Each writes one key to standard output; returns the exit status. */
int	 keys_genkey(void);
int	 keys_genpsk(void);
/* Reads the private key from standard input: 44 characters, then space. */
int	 keys_pubkey(void);

#endif /* CTL_KEYS_H */
