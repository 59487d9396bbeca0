/* SPDX-License-Identifier: ISC */
/*
 * "peers" for people: a line for each peer.  The rows are those of "status";
 * here they become narrower ones, which the table prints.
 */
#include <string.h>

#include "ctl/output.h"

#define SESSION_MAX	180	/* seconds; paper section 6.1, Reject-After */
#define TRIES_MAX	3	/* unanswered handshakes that mean trouble */

/* A time that is far in the future is one of a clock that was set back. */
static bool
is_connected(uint64_t now, uint64_t then)
{
	return then != 0 &&
	    (then > now ? then - now : now - then) <= SESSION_MAX;
}

/* One word or two about a peer, the most important ones. */
static const char *
peer_state(const struct output *o, const struct row *row)
{
	uint64_t then = field_num(row, "latest_handshake");
	uint64_t tries = field_num(row, "tries");
	const char *name_state = field_str(row, "name_state");

	if (*field_str(row, "send_error") != '\0')
		return "cannot send";
	if (tries >= TRIES_MAX)
		return "no answer";
	if (tries > 0)
		return "connecting";
	if (is_connected(o->now, then))
		return "connected";
	if (*field_str(row, "endpoint") != '\0')
		return then != 0 ? "idle" : "not tried";
	if (strcmp(name_state, "unknown") == 0 ||
	    strcmp(name_state, "silent") == 0 ||
	    strcmp(name_state, "refused") == 0)
		return "no address";
	if (strcmp(name_state, "waiting") == 0)
		return "resolving";
	return "waiting";
}

static void
peers_row(struct output *o, const struct row *row)
{
	const char *name = field_str(row, "name");
	static struct row narrow;
	uint8_t buf[ROW_MAX];
	char text[96];
	struct wbuf w;

	if (strcmp(row->table, "peer") != 0)
		return;
	row_begin(&w, buf, sizeof(buf), "peer");
	row_str(&w, "name", *name != '\0' ? name :
	    field_str(row, "public_key"));
	row_str(&w, "endpoint", field_str(row, "endpoint"));
	human_age(text, sizeof(text), o->now,
	    field_num(row, "latest_handshake"));
	row_str(&w, "latest_handshake", text);
	human_bytes(text, sizeof(text), field_num(row, "rx_bytes"));
	row_str(&w, "rx", text);
	human_bytes(text, sizeof(text), field_num(row, "tx_bytes"));
	row_str(&w, "tx", text);
	row_str(&w, "state", peer_state(o, row));
	if (!w.fail && row_parse(&narrow, w.p, w.len) == 0)
		format_table.row(o, &narrow);
}

static void
peers_begin(struct output *o, const char *command)
{
	format_table.begin(o, command);
}

static void
peers_end(struct output *o)
{
	format_table.end(o);
}

const struct format format_peers = {
	.begin = peers_begin,
	.row = peers_row,
	.end = peers_end,
};
