/* SPDX-License-Identifier: ISC */
/*
 * The permission table and the one admission check over it.
 */
#include <sys/socket.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "shared/msg_table.h"

#define P	PROC_BIT(PROC_PARENT)
#define C	PROC_BIT(PROC_CRYPTOD)
#define N	PROC_BIT(PROC_NETD)
#define T	PROC_BIT(PROC_CTLD)
#define R	PROC_BIT(PROC_RESOLVERD)
#define SETUP	PHASE_BIT(PHASE_SETUP)
#define RUN	PHASE_BIT(PHASE_RUN)
#define ANY	PHASE_ANY
#define BARE	MODE_BIT(MODE_BARE)
#define CONF	MODE_BIT(MODE_CONFIGURED)
#define BOTH	MODE_ANY
#define BIG	MSG_PAYLOAD

static const struct msg_row rows[] = {
	/* type		name		from	to	phase	mode	min  max   fd
	 *	queue	overflow	what */
	{ MSG_STARTUP,	"STARTUP",	P,	C|N|T|R, SETUP,	BOTH,	40, 72, FD_NONE,
		1, OVER_CLOSE, "protocol version, build id, mode, instance" },
	{ MSG_READY,	"READY",	C|N|T|R,	P,	ANY,	BOTH,	60, 120, FD_NONE,
		1, OVER_CLOSE, "sandboxed; the same build; what the kernel says of it" },
	{ MSG_GO,	"GO",		P,	C|N|T|R, RUN,	BOTH,	0, 0, FD_NONE,
		1, OVER_CLOSE, "every process is ready: begin" },
	{ MSG_LINK_FD,	"LINK_FD",	P,	C|N|T|R, SETUP,	BOTH,	1, 1, FD_LINK,
		4, OVER_CLOSE, "the link to a sibling" },
	{ MSG_BELL_FD,	"BELL_FD",	P,	C|N,	SETUP,	BOTH,	3, 3, FD_PIPE,
		4, OVER_CLOSE, "one end of a doorbell pipe" },
	{ MSG_TUN_FD,	"TUN_FD",	P,	C,	SETUP,	BOTH,	2, 2, FD_TUN,
		8, OVER_CLOSE, "a queue of the TUN device" },
	{ MSG_UDP_FD,	"UDP_FD",	P,	N,	RUN,	BOTH,	3, 3, FD_UDP,
		8, OVER_CLOSE, "a bound socket; replaces the one of its family" },
	{ MSG_UDP_CLOSE, "UDP_CLOSE",	P,	N,	RUN,	BOTH,	0, 0, FD_NONE,
		8, OVER_CLOSE, "the link went down: close the sockets" },
	{ MSG_ROUTE_FD,	"ROUTE_FD",	P,	N,	SETUP,	BOTH,	0, 0, FD_NETLINK,
		1, OVER_CLOSE, "route events and route look-ups" },
	{ MSG_LISTENER_FD, "LISTENER_FD", P,	T,	SETUP,	BOTH,	1, 1, FD_LISTENER,
		4, OVER_CLOSE, "a socket that clients connect to" },
	{ MSG_LINK_STATE, "LINK_STATE",	P,	C|N|T,	RUN,	BOTH,	11, 32, FD_NONE,
		8, OVER_COALESCE, "the interface is up or down, its MTU and name" },
	{ MSG_LOG_LEVEL, "LOG_LEVEL",	P,	C|N|T|R, RUN,	BOTH,	1, 1, FD_NONE,
		8, OVER_COALESCE, "verbose or brief" },
	{ MSG_SHUTDOWN,	"SHUTDOWN",	P,	C|N|T|R, ANY,	BOTH,	0, 0, FD_NONE,
		1, OVER_DROP, "wipe and end" },
	{ MSG_LOG,	"LOG",		C|N|T|R,	P,	ANY,	BOTH,	3, 1100, FD_NONE,
		256, OVER_DROP, "a line for the log" },
	{ MSG_FAULT,	"FAULT",	C|N|T|R,	P,	ANY,	BOTH,	4, 4, FD_NONE,
		4, OVER_DROP, "a sibling broke the rules" },
	{ MSG_TUN_GONE,	"TUN_GONE",	C,	P,	RUN,	BOTH,	0, 0, FD_NONE,
		1, OVER_DROP, "the TUN device no longer exists" },
	{ MSG_LISTEN_SET, "LISTEN_SET",	T,	P,	RUN,	BARE,	2, 2, FD_NONE,
		4, OVER_CLOSE, "bare mode: the UDP port to listen on" },
	{ MSG_FWMARK_SET, "FWMARK_SET",	T,	P,	RUN,	BARE,	4, 4, FD_NONE,
		4, OVER_CLOSE, "bare mode: the mark of the UDP sockets" },
	{ MSG_SOCKET_DONE, "SOCKET_DONE", P,	T,	RUN,	BOTH,	4, 4, FD_NONE,
		64, OVER_CLOSE, "answer to LISTEN_SET, FWMARK_SET and LOG_SET" },
	{ MSG_SOCKET_STATE, "SOCKET_STATE", P,	N|T,	RUN,	BOTH,	6, 6, FD_NONE,
		8, OVER_COALESCE, "the port and the mark in force" },
	{ MSG_LOG_SET,	"LOG_SET",	T,	P,	RUN,	BOTH,	1, 1, FD_NONE,
		64, OVER_CLOSE, "an operator asks for verbose or brief" },
	{ MSG_CONF_BEGIN, "CONF_BEGIN",	P,	C|N|T,	RUN,	CONF,	1, 1, FD_NONE,
		2, OVER_CLOSE, "a configuration comes: prepare it" },
	{ MSG_CONF_ITEMS, "CONF_ITEMS",	P,	C|N|T,	RUN,	CONF,	1, BIG, FD_NONE,
		1024, OVER_CLOSE, "its parts, as this process needs them" },
	{ MSG_CONF_KEY,	"CONF_KEY",	P,	C,	RUN,	CONF,	1, 1, FD_FILE,
		64, OVER_CLOSE, "a key file: our own, or of the peer at hand" },
	{ MSG_CONF_END,	"CONF_END",	P,	C|N|T,	RUN,	CONF,	0, 0, FD_NONE,
		2, OVER_CLOSE, "that was all: say READY or NO" },
	{ MSG_CONF_READY, "CONF_READY",	C|N|T,	P,	RUN,	CONF,	0, 0, FD_NONE,
		2, OVER_CLOSE, "it can be had" },
	{ MSG_CONF_NO,	"CONF_NO",	C|N|T,	P,	RUN,	CONF,	2, 514, FD_NONE,
		2, OVER_CLOSE, "it cannot, and why" },
	{ MSG_CONF_COMMIT, "CONF_COMMIT", P,	C|N|T,	RUN,	CONF,	0, 0, FD_NONE,
		2, OVER_CLOSE, "all can: it is in force" },
	{ MSG_CONF_ABORT, "CONF_ABORT",	P,	C|N|T,	RUN,	CONF,	0, 0, FD_NONE,
		2, OVER_CLOSE, "forget it" },
	{ MSG_CONF_DONE, "CONF_DONE",	C|N|T,	P,	RUN,	CONF,	16, 16, FD_NONE,
		2, OVER_CLOSE, "it is in force here; how many peers changed" },
	{ MSG_SLOT_FD,	"SLOT_FD",	P,	C,	RUN,	CONF,	2, 2, FD_FILE,
		4, OVER_CLOSE, "a file of the state directory" },
	{ MSG_SLOT_WANT, "SLOT_WANT",	C,	P,	RUN,	CONF,	1, 1, FD_NONE,
		4, OVER_CLOSE, "asks for a new file to write" },
	{ MSG_SLOT_WRITTEN, "SLOT_WRITTEN", C,	P,	RUN,	CONF,	5, 5, FD_NONE,
		4, OVER_CLOSE, "it is written, to take the old one's place; or why not" },
	{ MSG_SLOT_DONE, "SLOT_DONE",	P,	C,	RUN,	CONF,	5, 5, FD_NONE,
		4, OVER_CLOSE, "it is on disk, or why not" },
	{ MSG_RELOAD,	"RELOAD",	T,	P,	RUN,	CONF,	0, 0, FD_NONE,
		64, OVER_CLOSE, "an operator asks to read the configuration anew" },
	{ MSG_RELOAD_DONE, "RELOAD_DONE", P,	T,	RUN,	CONF,	6, 2048, FD_NONE,
		64, OVER_CLOSE, "answer to RELOAD" },

	{ MSG_RING,	"RING",		C|N,	C|N,	SETUP,	BOTH,	10, 10, FD_MEMFD,
		1, OVER_CLOSE, "the memory that the sender writes and the receiver reads" },
	{ MSG_INDEX_PAGE, "INDEX_PAGE",	C,	N,	SETUP,	BOTH,	0, 0, FD_MEMFD,
		1, OVER_CLOSE, "the live receiver indices" },
	{ MSG_SET_BEGIN, "SET_BEGIN",	T,	C,	RUN,	BARE,	0, 0, FD_NONE,
		2, OVER_CLOSE, "bare mode: a change begins" },
	{ MSG_SET_ITEMS, "SET_ITEMS",	T,	C,	RUN,	BARE,	1, BIG, FD_NONE,
		16, OVER_CLOSE, "operations on keys, peers and allowed IPs" },
	{ MSG_SET_END,	"SET_END",	T,	C,	RUN,	BARE,	0, 0, FD_NONE,
		2, OVER_CLOSE, "the change is complete" },
	{ MSG_SET_IDS,	"SET_IDS",	C,	T,	RUN,	BARE,	4, BIG, FD_NONE,
		32, OVER_CLOSE, "the device id of each peer of the change, in order" },
	{ MSG_SET_DONE,	"SET_DONE",	C,	T,	RUN,	BARE,	4, 4, FD_NONE,
		2, OVER_CLOSE, "how the change went" },
	{ MSG_GET_DEVICE, "GET_DEVICE",	T,	C,	RUN,	BOTH,	1, 1, FD_NONE,
		64, OVER_CLOSE, "ask for the local key and the number of peers" },
	{ MSG_DEVICE,	"DEVICE",	C,	T,	RUN,	BOTH,	70, 70, FD_NONE,
		64, OVER_CLOSE, "answer to GET_DEVICE" },
	{ MSG_GET_PEERS, "GET_PEERS",	T,	C,	RUN,	BOTH,	13, 13, FD_NONE,
		64, OVER_CLOSE, "ask for the peers after a cursor" },
	{ MSG_PEERS,	"PEERS",	C,	T,	RUN,	BOTH,	13, BIG, FD_NONE,
		64, OVER_CLOSE, "answer to GET_PEERS, as many as fit" },
	{ MSG_REMOTE_ADD, "REMOTE_ADD",	C,	N,	RUN,	BOTH,	38, BIG, FD_NONE,
		4096, OVER_CLOSE, "public keys of devices, to authenticate the envelope" },
	{ MSG_REMOTE_DEL, "REMOTE_DEL",	C,	N,	RUN,	BOTH,	6, BIG, FD_NONE,
		4096, OVER_CLOSE, "devices that are gone" },
	{ MSG_LOCAL_KEY, "LOCAL_KEY",	C,	N,	RUN,	BOTH,	34, 34, FD_NONE,
		4096, OVER_CLOSE, "an own public key is set or taken away" },

	{ MSG_ENDPOINT_SET, "ENDPOINT_SET", T,	N,	RUN,	BARE,	29, BIG, FD_NONE,
		64, OVER_CLOSE, "bare mode: endpoints of devices" },
	{ MSG_SYNC,	"SYNC",		C|T,	N,	RUN,	BOTH,	0, 0, FD_NONE,
		16, OVER_CLOSE, "answer when all before this is done" },
	{ MSG_SYNCED,	"SYNCED",	N,	C|T,	RUN,	BOTH,	0, 0, FD_NONE,
		16, OVER_CLOSE, "answer to SYNC" },
	{ MSG_GET_ENDPOINTS, "GET_ENDPOINTS", T, N,	RUN,	BOTH,	6, BIG, FD_NONE,
		64, OVER_CLOSE, "ask for the endpoints of these devices" },
	{ MSG_ENDPOINTS, "ENDPOINTS",	N,	T,	RUN,	BOTH,	2, BIG, FD_NONE,
		64, OVER_CLOSE, "answer to GET_ENDPOINTS" },
	{ MSG_HAS_ENDPOINT, "HAS_ENDPOINT", N,	C,	RUN,	BOTH,	7, BIG, FD_NONE,
		4096, OVER_CLOSE, "devices whose endpoint is known, or no longer" },

	{ MSG_SHOW,	"SHOW",		T,	P|C|N,	RUN,	BOTH,	1, 1, FD_NONE,
		64, OVER_CLOSE, "ask for the rows of a topic" },
	{ MSG_ROW,	"ROW",		P|C|N,	T,	RUN,	BOTH,	2, BIG, FD_NONE,
		1024, OVER_CLOSE, "a row of the answer" },
	{ MSG_SHOW_END,	"SHOW_END",	P|C|N,	T,	RUN,	BOTH,	0, 1, FD_NONE,
		64, OVER_CLOSE, "the answer is complete, or was cut short" },
	{ MSG_MONITOR,	"MONITOR",	T,	P|C|N,	RUN,	BOTH,	1, 1, FD_NONE,
		8, OVER_COALESCE, "somebody watches, or no longer" },
	{ MSG_EVENT,	"EVENT",	P|C|N,	T,	RUN,	BOTH,	2, BIG, FD_NONE,
		256, OVER_DROP, "something happened; a row for who watches" },

	{ MSG_RESOLVE,	"RESOLVE",	N,	R,	RUN,	CONF,	3, 255, FD_NONE,
		1024, OVER_DROP, "what addresses has this name" },
	{ MSG_RESOLVED,	"RESOLVED",	R,	N,	RUN,	CONF,	6, 278, FD_NONE,
		1024, OVER_DROP, "answer to RESOLVE: at most 16 addresses" },
	{ MSG_DNS_RESET, "DNS_RESET",	P,	R,	RUN,	CONF,	0, 0, FD_NONE,
		8, OVER_CLOSE, "forget all name servers; others follow" },
	{ MSG_DNS_FD,	"DNS_FD",	P,	R,	RUN,	CONF,	23, 23, FD_UDP,
		32, OVER_CLOSE, "a socket connected to a name server" },
	{ MSG_HOSTS_FD,	"HOSTS_FD",	P,	R,	RUN,	CONF,	0, 0, FD_FILE,
		8, OVER_CLOSE, "the file of names known without asking" },
	{ MSG_DNS_WANTED, "DNS_WANTED",	R,	P,	RUN,	CONF,	0, 0, FD_NONE,
		2, OVER_DROP, "no name server answers: are there others" },
	{ MSG_HELPER_SHOW, "HELPER_SHOW", P,	R,	RUN,	CONF,	1, 1, FD_NONE,
		64, OVER_DROP, "SHOW, passed on for ctld" },
	{ MSG_HELPER_ROW, "HELPER_ROW",	R,	P,	RUN,	CONF,	2, BIG, FD_NONE,
		256, OVER_DROP, "a row of the answer" },
	{ MSG_HELPER_SHOW_END, "HELPER_SHOW_END", R, P,	RUN,	CONF,	0, 0, FD_NONE,
		64, OVER_DROP, "the answer is complete" },
};

#undef P
#undef C
#undef N
#undef T
#undef R

#define NROWS	(sizeof(rows) / sizeof(rows[0]))

const struct msg_row *
msg_rows(size_t *n)
{
	*n = NROWS;
	return rows;
}

const struct msg_row *
msg_row(uint16_t type)
{
	size_t lo = 0, hi = NROWS, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (rows[mid].type == type)
			return &rows[mid];
		if (rows[mid].type < type)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

size_t
msg_row_index(const struct msg_row *row)
{
	return (size_t)(row - rows);
}

bool
msg_brings_fd(enum proc from, enum proc to)
{
	const struct msg_row *row;

	for (row = rows; row < rows + NROWS; row++)
		if (row->fd != FD_NONE && from != to &&
		    (row->from & PROC_BIT(from)) != 0 &&
		    (row->to & PROC_BIT(to)) != 0)
			return true;
	return false;
}

static bool
sock_is(int fd, int domain, int type, int listening)
{
	int v;
	socklen_t len = sizeof(v);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &v, &len) == -1 ||
	    v != domain)
		return false;
	len = sizeof(v);
	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &len) == -1 || v != type)
		return false;
	len = sizeof(v);
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &v, &len) == 0 &&
	    v == listening;
}

static bool
memfd_is(int fd)
{
	const int want = F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE |
	    F_SEAL_SEAL;
	int seals = fcntl(fd, F_GET_SEALS);

	return seals != -1 && (seals & want) == want;
}

int
fd_is(int fd, enum fd_kind kind)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return 0;
	switch (kind) {
	case FD_NONE:
		return 0;
	case FD_LINK:
		return S_ISSOCK(st.st_mode) &&
		    sock_is(fd, AF_UNIX, SOCK_SEQPACKET, 0);
	case FD_LISTENER:
		return S_ISSOCK(st.st_mode) &&
		    sock_is(fd, AF_UNIX, SOCK_STREAM, 1);
	case FD_UDP:
		return S_ISSOCK(st.st_mode) &&
		    (sock_is(fd, AF_INET, SOCK_DGRAM, 0) ||
		    sock_is(fd, AF_INET6, SOCK_DGRAM, 0));
	case FD_NETLINK:
		return S_ISSOCK(st.st_mode) &&
		    sock_is(fd, AF_NETLINK, SOCK_RAW, 0);
	case FD_PIPE:
		return S_ISFIFO(st.st_mode);
	case FD_MEMFD:
		return S_ISREG(st.st_mode) && memfd_is(fd);
	case FD_TUN:
		return S_ISCHR(st.st_mode);
	case FD_FILE:
		return S_ISREG(st.st_mode);
	}
	return 0;
}

enum msg_verdict
msg_admit(uint16_t type, enum proc from, enum proc to, enum phase phase,
    enum mode mode, size_t size, int fd)
{
	const struct msg_row *row = msg_row(type);

	if (row == NULL)
		return MSG_UNKNOWN;
	if (from == to || (row->from & PROC_BIT(from)) == 0 ||
	    (row->to & PROC_BIT(to)) == 0)
		return MSG_FORBIDDEN;
	if ((row->phase & PHASE_BIT(phase)) == 0)
		return MSG_PHASE;
	if ((row->mode & MODE_BIT(mode)) == 0)
		return MSG_MODE;
	if (size < row->min || size > row->max)
		return MSG_SIZE;
	if ((fd != -1) != (row->fd != FD_NONE))
		return MSG_FD;
	if (fd != -1 && !fd_is(fd, row->fd))
		return MSG_FD;
	return MSG_OK;
}

const char *
proc_name(enum proc p)
{
	static const char *const names[PROC_COUNT] = {
		[PROC_PARENT] = "parent",
		[PROC_CRYPTOD] = "cryptod",
		[PROC_NETD] = "netd",
		[PROC_CTLD] = "ctld",
		[PROC_RESOLVERD] = "resolverd",
	};

	return (unsigned)p < PROC_COUNT ? names[p] : "unknown";
}

const char *
msg_verdict_name(enum msg_verdict v)
{
	static const char *const names[] = {
		[MSG_OK] = "ok",
		[MSG_UNKNOWN] = "unknown type",
		[MSG_FORBIDDEN] = "not allowed for this sender",
		[MSG_PHASE] = "not allowed in this phase",
		[MSG_MODE] = "not allowed in this mode",
		[MSG_SIZE] = "wrong size",
		[MSG_FD] = "wrong file descriptor",
		[MSG_UNREAD] = "not read in time",
		[MSG_CLOSED] = "link closed",
		[MSG_CONTENT] = "malformed content",
	};

	return (unsigned)v <= MSG_CONTENT ? names[v] : "unknown verdict";
}

const char *
fd_kind_name(enum fd_kind k)
{
	static const char *const names[] = {
		[FD_NONE] = "-",
		[FD_LINK] = "link",
		[FD_LISTENER] = "listener",
		[FD_UDP] = "udp",
		[FD_NETLINK] = "netlink",
		[FD_PIPE] = "pipe",
		[FD_MEMFD] = "memfd",
		[FD_TUN] = "tun",
		[FD_FILE] = "file",
	};

	return (unsigned)k <= FD_FILE ? names[k] : "?";
}

const char *
overflow_name(enum overflow o)
{
	static const char *const names[] = {
		[OVER_CLOSE] = "close",
		[OVER_DROP] = "drop",
		[OVER_COALESCE] = "coalesce",
	};

	return (unsigned)o <= OVER_COALESCE ? names[o] : "?";
}
