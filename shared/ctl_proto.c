/* SPDX-License-Identifier: ISC */
/*
 * Frames of the control socket: see ctl_proto.h.
 */
#include <errno.h>

#include "shared/bytes.h"
#include "shared/ctl_proto.h"

int
ctl_frame_read(const void *p, size_t n, struct ctl_frame *f, size_t *used)
{
	const uint8_t *b = p;
	uint32_t len;

	if (n < CTL_HEADER)
		return 0;
	len = get_le32(b);
	if (len > CTL_PAYLOAD || get_le16(b + 6) != 0) {
		errno = EBADMSG;
		return -1;
	}
	if (n - CTL_HEADER < len)
		return 0;
	f->type = get_le16(b + 4);
	f->id = get_le32(b + 8);
	f->data = b + CTL_HEADER;
	f->len = len;
	*used = CTL_HEADER + len;
	return 1;
}

void
ctl_frame_write(struct wbuf *w, uint16_t type, uint32_t id, const void *data,
    size_t len)
{
	if (len > CTL_PAYLOAD) {
		w->fail = true;
		return;
	}
	put_u32(w, (uint32_t)len);
	put_u16(w, type);
	put_u16(w, 0);
	put_u32(w, id);
	put_bytes(w, data, len);
}

/* Begins the payload of a frame, and ends it as a frame of w. */
struct payload {
	struct wbuf	 w;
	uint8_t		 buf[3 * CTL_TEXT_MAX];
};

static struct wbuf *
payload_begin(struct payload *p)
{
	wbuf_init(&p->w, p->buf, sizeof(p->buf));
	return &p->w;
}

static void
payload_end(struct payload *p, struct wbuf *w, uint16_t type, uint32_t id)
{
	if (p->w.fail)
		w->fail = true;
	else
		ctl_frame_write(w, type, id, p->buf, p->w.len);
}

static void
frame_rbuf(struct rbuf *r, const struct ctl_frame *f, uint16_t type)
{
	rbuf_init(r, f->data, f->len);
	if (f->type != type)
		r->fail = true;
}

void
ctl_hello_write(struct wbuf *w, uint32_t id, uint16_t min, uint16_t max)
{
	struct payload p;

	put_u16(payload_begin(&p), min);
	put_u16(&p.w, max);
	payload_end(&p, w, CTL_HELLO, id);
}

int
ctl_hello_read(const struct ctl_frame *f, uint16_t *min, uint16_t *max)
{
	struct rbuf r;

	frame_rbuf(&r, f, CTL_HELLO);
	*min = get_u16(&r);
	*max = get_u16(&r);
	if (*min > *max)
		r.fail = true;
	return rbuf_end(&r);
}

uint16_t
ctl_version(uint16_t min, uint16_t max)
{
	if (max > CTL_VERSION_MAX)
		max = CTL_VERSION_MAX;
	if (min < CTL_VERSION_MIN)
		min = CTL_VERSION_MIN;
	return min <= max ? max : 0;
}

void
ctl_welcome_write(struct wbuf *w, uint32_t id, const struct ctl_welcome *h)
{
	struct payload p;

	put_u16(payload_begin(&p), h->version);
	put_str(&p.w, h->daemon);
	put_str(&p.w, h->instance);
	payload_end(&p, w, CTL_WELCOME, id);
}

int
ctl_welcome_read(const struct ctl_frame *f, struct ctl_welcome *h)
{
	struct rbuf r;

	frame_rbuf(&r, f, CTL_WELCOME);
	h->version = get_u16(&r);
	get_str(&r, h->daemon, sizeof(h->daemon));
	get_str(&r, h->instance, sizeof(h->instance));
	return rbuf_end(&r);
}

void
ctl_show_write(struct wbuf *w, uint32_t id, enum show_topic topic)
{
	uint8_t v = (uint8_t)topic;

	ctl_frame_write(w, CTL_SHOW, id, &v, 1);
}

int
ctl_show_read(const struct ctl_frame *f, enum show_topic *topic)
{
	struct rbuf r;
	uint8_t v;

	frame_rbuf(&r, f, CTL_SHOW);
	v = get_u8(&r);
	if (v == 0 || v >= SHOW_TOPICS)
		r.fail = true;
	*topic = v;
	return rbuf_end(&r);
}

void
ctl_log_write(struct wbuf *w, uint32_t id, bool verbose)
{
	uint8_t v = verbose;

	ctl_frame_write(w, CTL_LOG, id, &v, 1);
}

int
ctl_log_read(const struct ctl_frame *f, bool *verbose)
{
	struct rbuf r;

	frame_rbuf(&r, f, CTL_LOG);
	*verbose = get_bool(&r);
	return rbuf_end(&r);
}

void
ctl_peer_write(struct wbuf *w, uint32_t id, const char *name)
{
	struct payload p;

	put_str(payload_begin(&p), name);
	payload_end(&p, w, CTL_PEER, id);
}

int
ctl_peer_read(const struct ctl_frame *f, char name[CTL_TEXT_MAX])
{
	struct rbuf r;

	frame_rbuf(&r, f, CTL_PEER);
	get_str(&r, name, CTL_TEXT_MAX);
	return rbuf_end(&r);
}

void
ctl_plain_write(struct wbuf *w, uint32_t id, enum ctl_type type)
{
	ctl_frame_write(w, (uint16_t)type, id, NULL, 0);
}

int
ctl_plain_read(const struct ctl_frame *f, enum ctl_type type)
{
	struct rbuf r;

	frame_rbuf(&r, f, (uint16_t)type);
	return rbuf_end(&r);
}

void
ctl_done_write(struct wbuf *w, uint32_t id, int error, const char *text)
{
	struct payload p;

	put_u32(payload_begin(&p), (uint32_t)error);
	put_str(&p.w, text);
	payload_end(&p, w, CTL_DONE, id);
}

int
ctl_done_read(const struct ctl_frame *f, struct ctl_done *d)
{
	struct rbuf r;

	frame_rbuf(&r, f, CTL_DONE);
	d->error = get_u32(&r);
	get_str(&r, d->text, sizeof(d->text));
	return rbuf_end(&r);
}
