/* SPDX-License-Identifier: ISC */
/*
 * Configured mode: a configuration comes from the parent in pieces, and is
 * kept aside until the parent says that all can have it.
 */
#include <errno.h>

#include "netd/netd.h"
#include "shared/msg_conf.h"

static void
forget(struct netd *n)
{
	static_free(n->staged);
	n->staged = NULL;
	n->conf = CONF_IDLE;
}

int
on_conf_begin(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	bool initial;

	(void)l;
	if (n->conf != CONF_IDLE || conf_begin_recv(m, &initial) == -1)
		return -1;
	n->staged = static_new();
	n->conf = n->staged != NULL ? CONF_COMES : CONF_FAILED;
	n->conf_id = m->id;
	return 0;
}

int
on_conf_items(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;
	struct net_item it;
	struct rbuf r;

	(void)l;
	if ((n->conf != CONF_COMES && n->conf != CONF_FAILED) ||
	    m->id != n->conf_id)
		return -1;
	rbuf_init(&r, m->data, m->len);
	while (!r.fail && r.left > 0) {
		get_net_item(&r, &it);
		if (r.fail || n->conf == CONF_FAILED)
			continue;
		if (static_add(n->staged, &it) == 0)
			continue;
		if (errno != ENOMEM)
			return -1;
		n->conf = CONF_FAILED;
	}
	return rbuf_end(&r);
}

int
on_conf_end(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	if ((n->conf != CONF_COMES && n->conf != CONF_FAILED) ||
	    m->id != n->conf_id)
		return -1;
	if (n->conf == CONF_FAILED) {
		conf_no_send(l, m->id, "netd: no memory for so many peers");
		return 0;
	}
	n->conf = CONF_STAGED;
	conf_plain_send(l, MSG_CONF_READY, m->id);
	return 0;
}

int
on_conf_commit(void *arg, struct link *l, struct imsg *m)
{
	struct conf_done done;
	struct netd *n = arg;

	if (n->conf != CONF_STAGED || m->id != n->conf_id)
		return -1;
	peers_commit(n, &done);
	n->conf = CONF_IDLE;
	conf_done_send(l, m->id, &done);
	return 0;
}

int
on_conf_abort(void *arg, struct link *l, struct imsg *m)
{
	struct netd *n = arg;

	(void)l;
	if (n->conf == CONF_IDLE || m->id == n->conf_id)
		forget(n);
	return 0;
}
