/* SPDX-License-Identifier: ISC */
/*
 * Files of wg-quick that are texts of a test, and what becomes of them.
 */
#ifndef REGRESS_UNIT_IMPORT_PLAY_H
#define REGRESS_UNIT_IMPORT_PLAY_H

#include "ctl/import.h"
#include "ctl/import_value.h"
#include "unit.h"

/* Any 32 bytes are a key here; these are only told apart. */
#define KEY_A	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE="
#define KEY_B	"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
#define KEY_C	"CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA="
#define KEY_D	"DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDA="
#define KEY_0	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define PEER(key)	"[Peer]\nPublicKey = " key "\n"

#define HEAD	"# Translated by \"warrenctl import\" from f.conf\n" \
		"interface wg0 {\n"
#define NO_KEY	"\t# There was no PrivateKey: the first start makes one.\n"

/* Why the last one was refused. */
extern char	 why[IMPORT_WHY];

/* The text becomes exactly this; has this in it; has it not. */
void		 gives(const char *text, const char *want);
void		 has(const char *text, const char *want);
void		 has_not(const char *text, const char *what);
/* It is refused, with these words. */
void		 fails(const char *text, const char *want);

#endif /* REGRESS_UNIT_IMPORT_PLAY_H */
