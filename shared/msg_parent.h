/* SPDX-License-Identifier: ISC */
/*
 * Messages between the parent and its children: what each carries, and its
 * two sides.  Every x_recv returns 0, or -1 (EBADMSG) on any wrong byte.
 */
#ifndef SHARED_MSG_PARENT_H
#define SHARED_MSG_PARENT_H

#include "shared/link.h"
#include "shared/sandbox.h"

#define INSTANCE_MAX	16		/* IFNAMSIZ, NUL included */
#define WORKERS_MAX	16
#define TUN_QUEUES	8

/* What the kernel could do and is not asked for: `warrend -O` (P41). */
#define OFFLOAD_TUN_TCP		0x01	/* large TCP packets, both ways */
#define OFFLOAD_TUN_UDP		0x02	/* and of UDP */
#define OFFLOAD_UDP_SEND	0x04	/* UDP_SEGMENT */
#define OFFLOAD_UDP_RECEIVE	0x08	/* UDP_GRO */
#define OFFLOAD_TUN_QUEUES	0x10	/* more than one */
#define OFFLOAD_ALL		0x1f

/* Which library does ChaCha20-Poly1305. */
enum aead_choice {
	AEAD_AUTO,			/* the fastest that is right */
	AEAD_LIBSODIUM,
	AEAD_IPSECMB,
	AEAD_CHOICES
};

struct startup {
	enum mode	 mode;
	bool		 verbose;
	uint8_t		 without;	/* OFFLOAD_ bits: left out */
	enum aead_choice aead;
	uint16_t	 workers;	/* threads of cryptod, 1..WORKERS_MAX */
	char		 instance[INSTANCE_MAX];
};
/* Version and build id travel with it; a mismatch is EPROTO. */
void	 startup_send(struct link *, const struct startup *);
int	 startup_recv(const struct imsg *, struct startup *);

/* READY: the same build, and what the kernel says of the sandbox. */
void	 ready_send(struct link *, const struct sandbox_report *);
int	 ready_recv(const struct imsg *, struct sandbox_report *);

void	 go_send(struct link *);
void	 shutdown_send(struct link *);
void	 tun_gone_send(struct link *);

/* LINK_FD: fd is this child's end of its link to `sibling`. */
void	 link_fd_send(struct link *, enum proc sibling, int fd);
int	 link_fd_recv(const struct imsg *, enum proc *sibling);

/* BELL_FD: the end to ring (write) or to hear (read). */
enum bell {
	BELL_RING,
	BELL_HEAR
};
void	 bell_fd_send(struct link *, enum bell, uint16_t worker, int fd);
/* Checks the access mode of the end, too. */
int	 bell_fd_recv(const struct imsg *, enum bell *, uint16_t *worker);

/* TUN_FD: a queue of the device; they come downwards, the last one is 0. */
void	 tun_fd_send(struct link *, uint16_t queue, int fd);
int	 tun_fd_recv(const struct imsg *, uint16_t *queue);

/* UDP_FD: family is AF_INET or AF_INET6. */
void	 udp_fd_send(struct link *, uint8_t family, uint16_t port, int fd);
int	 udp_fd_recv(const struct imsg *, uint8_t *family, uint16_t *port);
void	 udp_close_send(struct link *);

void	 route_fd_send(struct link *, int fd);

enum listener {
	LISTENER_UAPI = 1,
	LISTENER_CONTROL,
	LISTENER_READ,			/* as CONTROL, but nothing changes */
	LISTENER_METRICS,		/* Prometheus text by HTTP */
	LISTENER_COUNT
};
void	 listener_fd_send(struct link *, enum listener, int fd);
int	 listener_fd_recv(const struct imsg *, enum listener *);

struct link_state {
	bool		 up;
	uint32_t	 mtu;
	uint32_t	 ifindex;	/* 0 when in another namespace */
	char		 ifname[INSTANCE_MAX];
};
void	 link_state_send(struct link *, const struct link_state *);
int	 link_state_recv(const struct imsg *, struct link_state *);

void	 log_level_send(struct link *, bool verbose);
/* LOG_SET, from ctld; answered by SOCKET_DONE. */
void	 log_set_send(struct link *, uint32_t id, bool verbose);
int	 log_level_recv(const struct imsg *, bool *verbose);	/* both */

/* LOG: level is LOG_LEVEL_*; text is at most LOG_LINE_MAX - 1 bytes. */
void	 log_send(struct link *, int level, const char *text);
int	 log_recv(const struct imsg *, int *level, char *text, size_t);
/* A sink for log_init(): arg is the link to the parent. */
void	 log_sink_link(void *arg, int level, const char *text);

int	 fault_recv(const struct imsg *, enum proc *sibling, uint16_t *type,
	    enum msg_verdict *);

/* LISTEN_SET and FWMARK_SET, from ctld; answered by SOCKET_DONE. */
void	 listen_set_send(struct link *, uint32_t id, uint16_t port);
int	 listen_set_recv(const struct imsg *, uint16_t *port);
void	 fwmark_set_send(struct link *, uint32_t id, uint32_t mark);
int	 fwmark_set_recv(const struct imsg *, uint32_t *mark);
/* error is an errno, 0 for success; id is the asker's. */
void	 socket_done_send(struct link *, uint32_t id, int error);
int	 socket_done_recv(const struct imsg *, int *error);
void	 socket_state_send(struct link *, uint16_t port, uint32_t mark);
int	 socket_state_recv(const struct imsg *, uint16_t *port,
	    uint32_t *mark);

#endif /* SHARED_MSG_PARENT_H */
