/* SPDX-License-Identifier: ISC */
/*
 * Bounded field codec: see codec.h.
 */
#include <errno.h>
#include <string.h>

#include "shared/bytes.h"
#include "shared/codec.h"

void
wbuf_init(struct wbuf *w, void *p, size_t cap)
{
	w->p = p;
	w->len = 0;
	w->cap = cap;
	w->fail = false;
}

static uint8_t *
wbuf_room(struct wbuf *w, size_t n)
{
	uint8_t *p;

	if (w->fail || w->cap - w->len < n) {
		w->fail = true;
		return NULL;
	}
	p = w->p + w->len;
	w->len += n;
	return p;
}

void
put_u8(struct wbuf *w, uint8_t v)
{
	uint8_t *p;

	if ((p = wbuf_room(w, 1)) != NULL)
		*p = v;
}

void
put_u16(struct wbuf *w, uint16_t v)
{
	uint8_t *p;

	if ((p = wbuf_room(w, 2)) != NULL)
		put_le16(p, v);
}

void
put_u32(struct wbuf *w, uint32_t v)
{
	uint8_t *p;

	if ((p = wbuf_room(w, 4)) != NULL)
		put_le32(p, v);
}

void
put_u64(struct wbuf *w, uint64_t v)
{
	uint8_t *p;

	if ((p = wbuf_room(w, 8)) != NULL)
		put_le64(p, v);
}

void
put_bytes(struct wbuf *w, const void *src, size_t n)
{
	uint8_t *p;

	if ((p = wbuf_room(w, n)) != NULL && n > 0)
		memcpy(p, src, n);
}

void
put_str(struct wbuf *w, const char *s)
{
	size_t n = strlen(s);

	if (n > UINT16_MAX) {
		w->fail = true;
		return;
	}
	put_u16(w, (uint16_t)n);
	put_bytes(w, s, n);
}

void
rbuf_init(struct rbuf *r, const void *p, size_t n)
{
	r->p = p;
	r->left = n;
	r->fail = false;
}

const uint8_t *
get_ref(struct rbuf *r, size_t n)
{
	const uint8_t *p;

	if (r->fail || r->left < n) {
		r->fail = true;
		return NULL;
	}
	p = r->p;
	r->p += n;
	r->left -= n;
	return p;
}

uint8_t
get_u8(struct rbuf *r)
{
	const uint8_t *p = get_ref(r, 1);

	return p != NULL ? *p : 0;
}

uint16_t
get_u16(struct rbuf *r)
{
	const uint8_t *p = get_ref(r, 2);

	return p != NULL ? get_le16(p) : 0;
}

uint32_t
get_u32(struct rbuf *r)
{
	const uint8_t *p = get_ref(r, 4);

	return p != NULL ? get_le32(p) : 0;
}

uint64_t
get_u64(struct rbuf *r)
{
	const uint8_t *p = get_ref(r, 8);

	return p != NULL ? get_le64(p) : 0;
}

bool
get_bool(struct rbuf *r)
{
	uint8_t v = get_u8(r);

	if (v > 1)
		r->fail = true;
	return v == 1;
}

void
get_bytes(struct rbuf *r, void *dst, size_t n)
{
	const uint8_t *p = get_ref(r, n);

	if (p != NULL && n > 0)
		memcpy(dst, p, n);
	else if (n > 0)
		memset(dst, 0, n);
}

void
get_str(struct rbuf *r, char *dst, size_t dstsize)
{
	const uint8_t *p;
	size_t n;

	dst[0] = '\0';
	n = get_u16(r);
	p = get_ref(r, n);
	if (p == NULL)
		return;
	if (n >= dstsize || memchr(p, '\0', n) != NULL) {
		r->fail = true;
		return;
	}
	memcpy(dst, p, n);
	dst[n] = '\0';
}

int
rbuf_end(const struct rbuf *r)
{
	if (r->fail || r->left != 0) {
		errno = EBADMSG;
		return -1;
	}
	return 0;
}
