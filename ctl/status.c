/* SPDX-License-Identifier: ISC */
/*
 * "status" for people: the interface, then each peer, in the manner of
 * "wg show".
 */
#include <string.h>

#include "ctl/output.h"

#define LABEL	17

static uint64_t
num(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind != ROW_STR ? f->num : 0;
}

static const char *
str(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	return f != NULL && f->kind == ROW_STR ? f->str : "";
}

static void
say(struct output *o, const char *label, const char *value)
{
	fprintf(o->fp, "  %s:%*s", label,
	    (int)(LABEL - strlen(label)), "");
	output_text(o->fp, value);
	putc('\n', o->fp);
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
	const char *ifname = str(row, "interface");
	const char *instance = str(row, "instance");
	char mark[24];

	head(o, "interface", *ifname != '\0' ? ifname : instance);
	if (*ifname != '\0' && strcmp(ifname, instance) != 0)
		say(o, "instance", instance);
	say(o, "state", num(row, "up") != 0 ? "up" : "down");
	say_num(o, "mtu", num(row, "mtu"));
	say(o, "public key", *str(row, "public_key") != '\0' ?
	    str(row, "public_key") : "(none)");
	if (num(row, "listen_port") != 0)
		say_num(o, "listening port", num(row, "listen_port"));
	if (num(row, "fwmark") != 0) {
		snprintf(mark, sizeof(mark), "0x%llx",
		    (unsigned long long)num(row, "fwmark"));
		say(o, "fwmark", mark);
	}
	say_num(o, "peers", num(row, "peers"));
	say(o, "mode", str(row, "mode"));
	say(o, "version", str(row, "version"));
	if (strcmp(str(row, "build"), "normal") != 0)
		say(o, "build", str(row, "build"));
}

static void
status_transfer(struct output *o, const struct row *row)
{
	char rx[32], tx[32], line[96];

	human_bytes(rx, sizeof(rx), num(row, "rx_bytes"));
	human_bytes(tx, sizeof(tx), num(row, "tx_bytes"));
	snprintf(line, sizeof(line), "%s received, %s sent", rx, tx);
	say(o, "transfer", line);
}

/* A list that was cut says how long it is. */
static void
status_ips(struct output *o, const struct row *row)
{
	static const char cut[] = "...";
	const char *ips = str(row, "allowed_ips");
	size_t n = strlen(ips);
	char line[ROW_MAX + 48];

	if (n >= strlen(cut) && strcmp(ips + n - strlen(cut), cut) == 0)
		snprintf(line, sizeof(line), "%s (%llu in all)", ips,
		    (unsigned long long)num(row, "allowed_ips_count"));
	else
		snprintf(line, sizeof(line), "%s", n > 0 ? ips : "(none)");
	say(o, "allowed ips", line);
}

static void
status_peer(struct output *o, const struct row *row)
{
	char age[96], every[48];

	head(o, "peer", str(row, "public_key"));
	say(o, "endpoint", *str(row, "endpoint") != '\0' ?
	    str(row, "endpoint") : "(none)");
	status_ips(o, row);
	human_age(age, sizeof(age), o->now, num(row, "latest_handshake"));
	say(o, "latest handshake", age);
	if (num(row, "rx_bytes") != 0 || num(row, "tx_bytes") != 0)
		status_transfer(o, row);
	if (num(row, "keepalive") != 0) {
		snprintf(every, sizeof(every), "every %llu seconds",
		    (unsigned long long)num(row, "keepalive"));
		say(o, "keepalive", every);
	}
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
}

static void
status_end(struct output *o)
{
	(void)o;
}

const struct format format_status = {
	.begin = status_begin,
	.row = status_row,
	.end = status_end,
};
