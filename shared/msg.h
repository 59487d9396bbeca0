/* SPDX-License-Identifier: ISC */
/*
 * Who can talk and what can be said: the processes, the message types and
 * the limits that every link shares.  The permission table over these names
 * is in msg_table.c; the fields of each message are in msg_*.c.
 */
#ifndef SHARED_MSG_H
#define SHARED_MSG_H

#define MSG_VERSION		1	/* of the protocol between processes */
#define MSG_MAX			16384	/* bytes of a datagram, with header */
#define MSG_HEADER		12
#define MSG_PAYLOAD		(MSG_MAX - MSG_HEADER)

enum proc {
	PROC_PARENT,
	PROC_CRYPTOD,
	PROC_NETD,
	PROC_CTLD,
	PROC_RESOLVERD,			/* configured mode only */
	PROC_COUNT
};
#define PROC_BIT(p)		(1U << (p))

enum phase {
	PHASE_SETUP,			/* until this process has sent READY */
	PHASE_RUN
};
#define PHASE_BIT(p)		(1U << (p))
#define PHASE_ANY		(PHASE_BIT(PHASE_SETUP) | PHASE_BIT(PHASE_RUN))

/* Who configures the instance; fixed at STARTUP. */
enum mode {
	MODE_BARE,			/* wg(8), through the UAPI */
	MODE_CONFIGURED			/* a file, through the parent */
};
#define MODE_BIT(m)		(1U << (m))
#define MODE_ANY		(MODE_BIT(MODE_BARE) | MODE_BIT(MODE_CONFIGURED))

enum msg_type {
	/* 01: parent */
	MSG_STARTUP		= 0x0101,
	MSG_READY		= 0x0102,
	MSG_GO			= 0x0103,
	MSG_LINK_FD		= 0x0104,
	MSG_BELL_FD		= 0x0105,
	MSG_TUN_FD		= 0x0106,
	MSG_UDP_FD		= 0x0107,
	MSG_UDP_CLOSE		= 0x0108,
	MSG_ROUTE_FD		= 0x0109,
	MSG_LISTENER_FD		= 0x010a,
	MSG_LINK_STATE		= 0x010b,
	MSG_LOG_LEVEL		= 0x010c,
	MSG_SHUTDOWN		= 0x010d,
	MSG_LOG			= 0x010e,
	MSG_FAULT		= 0x010f,
	MSG_TUN_GONE		= 0x0110,
	MSG_LISTEN_SET		= 0x0111,
	MSG_FWMARK_SET		= 0x0112,
	MSG_SOCKET_DONE		= 0x0113,
	MSG_SOCKET_STATE	= 0x0114,
	MSG_LOG_SET		= 0x0115,
	MSG_CONF_BEGIN		= 0x0120,
	MSG_CONF_ITEMS		= 0x0121,
	MSG_CONF_KEY		= 0x0122,
	MSG_CONF_END		= 0x0123,
	MSG_CONF_READY		= 0x0124,
	MSG_CONF_NO		= 0x0125,
	MSG_CONF_COMMIT		= 0x0126,
	MSG_CONF_ABORT		= 0x0127,
	MSG_CONF_DONE		= 0x0128,
	MSG_SLOT_FD		= 0x0130,
	MSG_SLOT_WANT		= 0x0131,
	MSG_SLOT_WRITTEN	= 0x0132,
	MSG_SLOT_DONE		= 0x0133,
	MSG_RELOAD		= 0x0140,
	MSG_RELOAD_DONE		= 0x0141,

	/* 02: crypto */
	MSG_RING		= 0x0201,
	MSG_INDEX_PAGE		= 0x0202,
	MSG_SET_BEGIN		= 0x0210,
	MSG_SET_ITEMS		= 0x0211,
	MSG_SET_END		= 0x0212,
	MSG_SET_IDS		= 0x0213,
	MSG_SET_DONE		= 0x0214,
	MSG_GET_DEVICE		= 0x0220,
	MSG_DEVICE		= 0x0221,
	MSG_GET_PEERS		= 0x0222,
	MSG_PEERS		= 0x0223,
	MSG_REMOTE_ADD		= 0x0230,
	MSG_REMOTE_DEL		= 0x0231,
	MSG_LOCAL_KEY		= 0x0232,

	/* 03: net and paths */
	MSG_ENDPOINT_SET	= 0x0301,
	MSG_SYNC		= 0x0302,
	MSG_SYNCED		= 0x0303,
	MSG_GET_ENDPOINTS	= 0x0304,
	MSG_ENDPOINTS		= 0x0305,
	MSG_HAS_ENDPOINT	= 0x0306,

	/* 04: ctl */
	MSG_SHOW		= 0x0401,
	MSG_ROW			= 0x0402,
	MSG_SHOW_END		= 0x0403,
	MSG_MONITOR		= 0x0404,
	MSG_EVENT		= 0x0405,

	/* 06: helpers */
	MSG_RESOLVE		= 0x0601,
	MSG_RESOLVED		= 0x0602,
	MSG_DNS_RESET		= 0x0603,
	MSG_DNS_FD		= 0x0604,
	MSG_HOSTS_FD		= 0x0605,
	MSG_DNS_WANTED		= 0x0606,
	MSG_HELPER_SHOW		= 0x0610,
	MSG_HELPER_ROW		= 0x0611,
	MSG_HELPER_SHOW_END	= 0x0612
};

/* The name of a process as logs and manuals print it. */
const char	*proc_name(enum proc);

#endif /* SHARED_MSG_H */
