/* SPDX-License-Identifier: ISC */
/*
 * Bounded writing and reading of message fields, one by one, little endian.
 * Both sides remember the first failure, so that a codec is a straight list
 * of fields with a single check at its end.
 */
#ifndef SHARED_CODEC_H
#define SHARED_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wbuf {
	uint8_t		*p;
	size_t		 len;		/* bytes written */
	size_t		 cap;
	bool		 fail;		/* something did not fit */
};

struct rbuf {
	const uint8_t	*p;
	size_t		 left;		/* bytes not read yet */
	bool		 fail;		/* something was missing or wrong */
};

void	 wbuf_init(struct wbuf *, void *, size_t);
void	 put_u8(struct wbuf *, uint8_t);
void	 put_u16(struct wbuf *, uint16_t);
void	 put_u32(struct wbuf *, uint32_t);
void	 put_u64(struct wbuf *, uint64_t);
void	 put_bytes(struct wbuf *, const void *, size_t);
/* A string of at most 65535 bytes: u16 length, bytes, no NUL. */
void	 put_str(struct wbuf *, const char *);

void	 rbuf_init(struct rbuf *, const void *, size_t);
uint8_t	 get_u8(struct rbuf *);
uint16_t get_u16(struct rbuf *);
uint32_t get_u32(struct rbuf *);
uint64_t get_u64(struct rbuf *);
/* A byte that must be 0 or 1. */
bool	 get_bool(struct rbuf *);
void	 get_bytes(struct rbuf *, void *, size_t);
/* Points into the buffer; NULL (and fail) if fewer than n bytes are left. */
const uint8_t *get_ref(struct rbuf *, size_t n);
/* Copies a string and its NUL into dst; fails if too long or with a NUL. */
void	 get_str(struct rbuf *, char *dst, size_t dstsize);
/* 0 if every field was there and nothing is left over, else -1 (EBADMSG). */
int	 rbuf_end(const struct rbuf *);

#endif /* SHARED_CODEC_H */
