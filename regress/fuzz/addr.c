/* SPDX-License-Identifier: ISC */
/*
 * Endpoints and prefixes as text, on the wire and as a sockaddr.  The first
 * byte says which.
 */
#include <sys/socket.h>

#include "input.h"
#include "shared/addr.h"

static void
same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	MUST(a->family == b->family && a->port == b->port &&
	    a->scope == b->scope && memcmp(a->addr, b->addr, 16) == 0);
}

static void
same_prefix(const struct prefix *a, const struct prefix *b)
{
	MUST(a->family == b->family && a->cidr == b->cidr &&
	    memcmp(a->addr, b->addr, 16) == 0);
}

/* Whatever e is, its other forms give it back. */
static void
endpoint_forms(const struct endpoint *e)
{
	char text[ENDPOINT_TEXT], again[ENDPOINT_TEXT];
	uint8_t wire[ENDPOINT_WIRE];
	struct sockaddr_storage ss;
	struct endpoint f;
	struct wbuf w;
	struct rbuf r;
	socklen_t len;

	wbuf_init(&w, wire, sizeof(wire));
	put_endpoint(&w, e);
	MUST(!w.fail && w.len == ENDPOINT_WIRE);
	rbuf_init(&r, wire, sizeof(wire));
	get_endpoint(&r, &f);
	MUST(rbuf_end(&r) == 0);
	same_endpoint(e, &f);
	endpoint_print(e, text, sizeof(text));
	if (e->family == 0) {
		MUST(strcmp(text, "(none)") == 0);
		MUST(endpoint_to_sockaddr(e, &ss, &len) == -1);
		return;
	}
	MUST(endpoint_parse(&f, text) == 0);
	same_endpoint(e, &f);
	endpoint_print(&f, again, sizeof(again));
	MUST(strcmp(text, again) == 0);
	MUST(endpoint_to_sockaddr(e, &ss, &len) == 0 && len <= sizeof(ss));
	MUST(endpoint_from_sockaddr(&f, (struct sockaddr *)&ss) == 0);
	same_endpoint(e, &f);
}

static void
prefix_forms(const struct prefix *p)
{
	uint8_t wire[PREFIX_WIRE];
	char text[PREFIX_TEXT];
	struct prefix q;
	struct wbuf w;
	struct rbuf r;

	MUST(p->cidr <= (p->family == AF_INET ? 32 : 128));
	wbuf_init(&w, wire, sizeof(wire));
	put_prefix(&w, p);
	MUST(!w.fail && w.len == PREFIX_WIRE);
	rbuf_init(&r, wire, sizeof(wire));
	get_prefix(&r, &q);
	MUST(rbuf_end(&r) == 0);
	same_prefix(p, &q);
	prefix_print(p, text, sizeof(text));
	MUST(prefix_parse(&q, text) == 0);
	same_prefix(p, &q);
}

static void
from_text(struct input *in, int which)
{
	struct endpoint e;
	struct prefix p;
	char *text = calloc(1, in->left + 1);

	MUST(text != NULL);
	if (in->left > 0)
		memcpy(text, in->p, in->left);
	if (which == 0) {
		if (endpoint_parse(&e, text) == 0)
			endpoint_forms(&e);
		else
			MUST(e.family == 0);
	} else {
		if (prefix_parse(&p, text) == 0)
			prefix_forms(&p);
		else
			MUST(p.family == 0);
	}
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct endpoint e;
	struct prefix p;
	struct rbuf r;
	uint8_t which = input_u8(&in) % 4;

	rbuf_init(&r, in.p, in.left);
	switch (which) {
	case 2:
		get_endpoint(&r, &e);
		if (!r.fail)
			endpoint_forms(&e);
		break;
	case 3:
		get_prefix(&r, &p);
		if (!r.fail)
			prefix_forms(&p);
		break;
	default:
		from_text(&in, which);
	}
	return 0;
}
