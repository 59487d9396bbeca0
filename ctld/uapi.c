/* SPDX-License-Identifier: ISC */
/*
 * Lines of the UAPI socket: see uapi.h.
 */
#include <sys/ioctl.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "ctld/ctld.h"
#include "ctld/uapi.h"
#include "shared/clock.h"
#include "shared/log.h"

static struct uapi_client *
uapi_of(struct client *c)
{
	return (struct uapi_client *)c->state;
}

/*
 * Answers a failed operation.  Nobody knows where in its input the client
 * is, so the rest up to an empty line is dropped and then the connection is
 * closed: closing now would kill a wg(8) that is still writing.
 */
static void
uapi_fail(struct ctld *ctx, struct client *c, int error)
{
	ctx->count.uapi_errors++;
	uapi_set_clear(&uapi_of(c)->set);
	uapi_of(c)->state = UAPI_DROP;
	c->lingering = true;
	client_printf(c, "errno=%d\n\n", error);
	client_flush(c);
}

void
uapi_set_answer(struct ctld *ctx, struct client *c, int error)
{
	if (error == 0)
		ctx->count.uapi_sets++;
	else
		ctx->count.uapi_errors++;
	client_printf(c, "errno=%d\n\n", -error);
	client_idle(c);
}

/* Asks by a socket that is here anyway; it is of the host's namespace. */
static uint32_t
scope_index(void *arg, const char *name)
{
	struct ctld *ctx = arg;
	struct ifreq ifr;

	memset(&ifr, 0, sizeof(ifr));
	strlcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	if (ioctl(ctx->acceptor[LISTENER_UAPI].fd, SIOCGIFINDEX, &ifr) == -1)
		return 0;
	return (uint32_t)ifr.ifr_ifindex;
}

static void
uapi_operation(struct ctld *ctx, struct client *c, const char *p, size_t len)
{
	struct uapi_client *u = uapi_of(c);

	if (len == 5 && memcmp(p, "get=1", 5) == 0)
		u->state = UAPI_GET;
	else if (len == 5 && memcmp(p, "set=1", 5) == 0) {
		u->state = UAPI_SET;
		uapi_set_init(&u->set, &ctx->budget, scope_index, ctx);
	} else {
		ctx->count.uapi_errors++;
		client_finish(c);
	}
}

/*
 * A file configures this instance.  A set is read to its end, and its lines,
 * which may be keys, are kept nowhere.
 */
static void
uapi_refused_line(struct ctld *ctx, struct client *c, size_t len)
{
	char text[64];

	if (len > 0)
		return;
	uapi_of(c)->state = UAPI_OPERATION;
	ctx->count.uapi_refused++;
	log_rate(&ctx->refusals, clock_boottime(), 5, 1, log_warnx,
	    "set by uid %u, pid %d refused: configured by %s", c->uid, c->pid,
	    names_file(ctx->conf.names));
	snprintf(text, sizeof(text), "a change by wg, uid %u, pid %d", c->uid,
	    c->pid);
	events_own(ctx, "refused", text);
	client_busy(c);
	uapi_set_answer(ctx, c, EPERM);
}

static void
uapi_line(struct ctld *ctx, struct client *c, const char *p, size_t len)
{
	struct uapi_client *u = uapi_of(c);
	int error;

	switch (u->state) {
	case UAPI_OPERATION:
		uapi_operation(ctx, c, p, len);
		break;
	case UAPI_GET:
		if (len > 0) {
			uapi_fail(ctx, c, EINVAL);
			break;
		}
		u->state = UAPI_OPERATION;
		uapi_get(ctx, c);
		break;
	case UAPI_SET:
		if (ctld_is_configured(ctx))
			uapi_refused_line(ctx, c, len);
		else if (len == 0) {
			u->state = UAPI_OPERATION;
			client_busy(c);
			set_queue_add(ctx, c, &u->set);
		} else if ((error = uapi_set_line(&u->set, p, len)) != 0)
			uapi_fail(ctx, c, -error);
		break;
	case UAPI_DROP:
		break;
	}
}

/* Takes the rest of a failed operation away. */
static size_t
uapi_drop(struct client *c, const uint8_t *p, size_t len)
{
	struct uapi_client *u = uapi_of(c);
	const uint8_t *nl = memchr(p, '\n', len);

	if (nl == p && !u->midline)
		client_finish(c);
	u->midline = nl == NULL;
	return nl == NULL ? len : (size_t)(nl - p) + 1;
}

static size_t
uapi_input(struct ctld *ctx, struct client *c, const uint8_t *p, size_t len)
{
	struct uapi_client *u = uapi_of(c);
	const uint8_t *nl;

	if (u->state == UAPI_DROP)
		return uapi_drop(c, p, len);
	nl = memchr(p, '\n', len);
	if (nl == NULL && len <= UAPI_LINE_MAX)
		return 0;
	if (nl == NULL || nl - p > UAPI_LINE_MAX) {
		if (u->state == UAPI_OPERATION) {
			ctx->count.uapi_errors++;
			client_finish(c);
		} else
			uapi_fail(ctx, c, u->state == UAPI_SET ? -EINVAL :
			    EINVAL);
		return uapi_drop(c, p, len);
	}
	uapi_line(ctx, c, (const char *)p, (size_t)(nl - p));
	return (size_t)(nl - p) + 1;
}

static bool
uapi_midway(const struct client *c)
{
	const struct uapi_client *u = (const struct uapi_client *)c->state;

	return u->state != UAPI_OPERATION;
}

static void
uapi_gone(struct ctld *ctx, struct client *c)
{
	ask_forget(ctx, c);
	set_queue_forget(ctx, c);
	uapi_set_clear(&uapi_of(c)->set);
	walk_clear(walk_of(c));
}

static void
uapi_late(struct ctld *ctx, struct client *c)
{
	int error = walk_of(c)->ops != NULL ? ETIMEDOUT : -ETIMEDOUT;

	set_queue_drop(ctx, c);
	uapi_gone(ctx, c);
	ctx->count.uapi_errors++;
	client_printf(c, "errno=%d\n\n", error);
	client_finish(c);
}

const struct client_ops uapi_ops = {
	.state = sizeof(struct uapi_client),
	.input = uapi_input,
	.room = walk_room,
	.midway = uapi_midway,
	.late = uapi_late,
	.gone = uapi_gone,
};
