/* SPDX-License-Identifier: ISC */
/*
 * Keypairs and their succession: see keypair.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "cryptod/engine.h"
#include "cryptod/keypair.h"

static void
keypair_drop(struct engine *e, struct keypair **p)
{
	struct keypair *kp = *p;

	if (kp == NULL)
		return;
	*p = NULL;
	if (e->out.settle != NULL)
		e->out.settle(e->out.arg);
	index_drop(&e->index, kp->local_index);
	loopguard_del(kp);
	/* Taking them back wipes the keys.  (P19) */
	if (secslab_put(&e->sessions, kp->keys) == -1)
		fatalx("the memory of session keys is corrupt");
	free(kp);
	e->keypairs--;
}

/* The initiator may use it at once: message 2 has proved it. */
static void
install_initiator(struct engine *e, struct remote *r, struct keypair *kp)
{
	keypair_drop(e, &r->previous);
	if (r->next != NULL) {
		r->previous = r->next;
		r->next = NULL;
		keypair_drop(e, &r->current);
	} else
		r->previous = r->current;
	r->current = kp;
}

/* The responder keeps it apart until the initiator was heard with it. */
static void
install_responder(struct engine *e, struct remote *r, struct keypair *kp)
{
	keypair_drop(e, &r->next);
	keypair_drop(e, &r->previous);
	r->next = kp;
}

static struct keypair *
keypair_alloc(struct engine *e)
{
	struct keypair *kp;

	kp = calloc(1, sizeof(*kp));
	if (kp == NULL)
		return NULL;
	kp->keys = secslab_get(&e->sessions);
	if (kp->keys == NULL) {
		free(kp);
		return NULL;
	}
	return kp;
}

int
keypair_begin(struct engine *e, struct remote *r, bool initiator)
{
	struct noise_handshake *hs = &r->secret->handshake;
	struct keypair *kp;
	uint32_t local_index = hs->local_index;
	uint32_t remote_index = hs->remote_index;

	kp = keypair_alloc(e);
	if (kp == NULL) {
		errno = ENOMEM;
		return -1;
	}
	if (noise_session_derive(hs, initiator, kp->keys->send,
	    kp->keys->recv) == -1) {
		secslab_put(&e->sessions, kp->keys);
		free(kp);
		errno = EINVAL;
		return -1;
	}
	kp->remote = r;
	kp->local_index = local_index;
	kp->remote_index = remote_index;
	kp->birth = e->now;
	kp->initiator = initiator;
	kp->sending = true;
	replay_init(&kp->replay);
	index_rename(&e->index, local_index, INDEX_KEYPAIR, kp);
	loopguard_add(&e->guard, kp);
	e->keypairs++;
	if (initiator)
		install_initiator(e, r, kp);
	else
		install_responder(e, r, kp);
	return 0;
}

bool
keypair_confirm(struct engine *e, struct keypair *kp)
{
	struct remote *r = kp->remote;

	if (kp != r->next)
		return false;
	keypair_drop(e, &r->previous);
	r->previous = r->current;
	r->current = r->next;
	r->next = NULL;
	return true;
}

bool
keypair_can_send(const struct engine *e, const struct keypair *kp)
{
	return kp != NULL && kp->sending &&
	    e->now - kp->birth < REJECT_AFTER_TIME &&
	    kp->send_counter < REPLAY_REJECT_AFTER;
}

bool
keypair_can_receive(const struct engine *e, const struct keypair *kp)
{
	return e->now - kp->birth < REJECT_AFTER_TIME &&
	    kp->replay.max < REPLAY_REJECT_AFTER;
}

void
keypairs_expire_sending(struct remote *r)
{
	if (r->current != NULL)
		r->current->sending = false;
	if (r->next != NULL)
		r->next->sending = false;
}

void
keypairs_clear(struct engine *e, struct remote *r)
{
	keypair_drop(e, &r->previous);
	keypair_drop(e, &r->current);
	keypair_drop(e, &r->next);
}
