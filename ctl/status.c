/* SPDX-License-Identifier: ISC */
/*
 * "status" for people: the interface, then each peer, in the manner of
 * "wg show", then what is wrong and what to do about it.
 */
#include <string.h>

#include "ctl/output.h"

#define LABEL	17

static void
say(struct output *o, const char *label, const char *value)
{
	fprintf(o->fp, "  %s:%*s", label,
	    (int)(LABEL - strlen(label)), "");
	output_text(o->fp, value);
	putc('\n', o->fp);
}

static void
say_if(struct output *o, const char *label, const char *value)
{
	if (*value != '\0')
		say(o, label, value);
}

static void
say_num(struct output *o, const char *label, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)n);
	say(o, label, buf);
}

static void
head(struct output *o, const char *what, const char *value)
{
	fprintf(o->fp, "%s%s: ", o->rows > 0 ? "\n" : "", what);
	output_text(o->fp, value);
	putc('\n', o->fp);
}

static void
status_interface(struct output *o, const struct row *row)
{
	const char *ifname = field_str(row, "interface");
	const char *instance = field_str(row, "instance");
	char mark[24];

	head(o, "interface", *ifname != '\0' ? ifname : instance);
	if (*ifname != '\0' && strcmp(ifname, instance) != 0)
		say(o, "instance", instance);
	say(o, "state", field_num(row, "up") != 0 ? "up" : "down");
	say_num(o, "mtu", field_num(row, "mtu"));
	say(o, "public key", *field_str(row, "public_key") != '\0' ?
	    field_str(row, "public_key") : "(none)");
	if (field_num(row, "listen_port") != 0)
		say_num(o, "listening port", field_num(row, "listen_port"));
	if (field_num(row, "fwmark") != 0) {
		snprintf(mark, sizeof(mark), "0x%llx",
		    (unsigned long long)field_num(row, "fwmark"));
		say(o, "fwmark", mark);
	}
	say_num(o, "peers", field_num(row, "peers"));
	say(o, "mode", field_str(row, "mode"));
	say_if(o, "configuration", field_str(row, "config_file"));
	say_if(o, "private key", field_str(row, "key_source"));
	say_if(o, "addresses", field_str(row, "addresses"));
	say_if(o, "routes", field_str(row, "routes"));
	say(o, "version", field_str(row, "version"));
	if (strcmp(field_str(row, "build"), "normal") != 0)
		say(o, "build", field_str(row, "build"));
}

static void
status_transfer(struct output *o, const struct row *row)
{
	char rx[32], tx[32], line[96];

	human_bytes(rx, sizeof(rx), field_num(row, "rx_bytes"));
	human_bytes(tx, sizeof(tx), field_num(row, "tx_bytes"));
	snprintf(line, sizeof(line), "%s received, %s sent", rx, tx);
	say(o, "transfer", line);
}

/* A list that was cut says how long it is. */
static void
status_ips(struct output *o, const struct row *row)
{
	static const char cut[] = "...";
	const char *ips = field_str(row, "allowed_ips");
	size_t n = strlen(ips);
	char line[ROW_MAX + 48];

	if (n >= strlen(cut) && strcmp(ips + n - strlen(cut), cut) == 0)
		snprintf(line, sizeof(line), "%s (%llu in all)", ips,
		    (unsigned long long)field_num(row, "allowed_ips_count"));
	else
		snprintf(line, sizeof(line), "%s", n > 0 ? ips : "(none)");
	say(o, "allowed ips", line);
}

/* "alice (KEY)", or the key alone of a peer that has no name. */
static void
status_head(struct output *o, const struct row *row)
{
	const char *name = field_str(row, "name");
	const char *key = field_str(row, "public_key");
	char line[ROW_MAX + 8];

	if (*name != '\0' && *key != '\0')
		snprintf(line, sizeof(line), "%s (%s)", name, key);
	else
		snprintf(line, sizeof(line), "%s", *name != '\0' ? name : key);
	head(o, "peer", line);
}

/* What became of an endpoint's name, for people; "" if all is well. */
static const char *
name_trouble(const char *state)
{
	static const struct {
		const char	*state;
		const char	*text;
	} texts[] = {
		{ "waiting",	": being resolved" },
		{ "unknown",	": there is no such name" },
		{ "silent",	": no name server answers" },
		{ "refused",	": the name servers would not say" },
	};
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(texts[i].state, state) == 0)
			return texts[i].text;
	return "";
}

/* The address, and in brackets what is configured, if that is another one. */
static void
status_endpoint(struct output *o, const struct row *row)
{
	const char *ep = field_str(row, "endpoint");
	const char *name = field_str(row, "endpoint_name");
	char line[ROW_MAX + 64];

	if (*name != '\0' && strcmp(name, ep) != 0)
		snprintf(line, sizeof(line), "%s (%s%s)", *ep != '\0' ? ep :
		    "none", name, name_trouble(field_str(row, "name_state")));
	else
		snprintf(line, sizeof(line), "%s", *ep != '\0' ? ep :
		    "(none)");
	say(o, "endpoint", line);
}

static void
status_peer(struct output *o, const struct row *row)
{
	char age[96], every[48];

	status_head(o, row);
	status_endpoint(o, row);
	status_ips(o, row);
	human_age(age, sizeof(age), o->now,
	    field_num(row, "latest_handshake"));
	say(o, "latest handshake", age);
	if (field_num(row, "tries") != 0)
		say_num(o, "unanswered", field_num(row, "tries"));
	if (field_num(row, "rx_bytes") != 0 || field_num(row, "tx_bytes") != 0)
		status_transfer(o, row);
	say_if(o, "last send", field_str(row, "send_error"));
	if (field_num(row, "psk") != 0)
		say(o, "preshared key", "yes");
	if (field_num(row, "keepalive") != 0) {
		snprintf(every, sizeof(every), "every %llu seconds",
		    (unsigned long long)field_num(row, "keepalive"));
		say(o, "keepalive", every);
	}
}

/* "health: error: alice: no answer ..." and below it the advice. */
static void
status_health(struct output *o, const struct row *row)
{
	const char *peer = field_str(row, "peer");
	char line[ROW_MAX + 8];

	output_judge(o, row);
	snprintf(line, sizeof(line), "%s: %s%s%s", field_str(row, "severity"),
	    peer, *peer != '\0' ? ": " : "", field_str(row, "problem"));
	head(o, "health", line);
	say_if(o, "what to do", field_str(row, "advice"));
}

static void
status_begin(struct output *o, const char *command)
{
	(void)o;
	(void)command;
}

static void
status_row(struct output *o, const struct row *row)
{
	if (strcmp(row->table, "interface") == 0)
		status_interface(o, row);
	else if (strcmp(row->table, "peer") == 0)
		status_peer(o, row);
	else if (strcmp(row->table, "health") == 0)
		status_health(o, row);
}

static void
status_end(struct output *o)
{
	if (o->judged && o->errors + o->warnings == 0)
		head(o, "health", "ok");
}

const struct format format_status = {
	.begin = status_begin,
	.row = status_row,
	.end = status_end,
};
