/* SPDX-License-Identifier: ISC */
/*
 * Messages to and from the helpers of netd: resolverd.  Every x_recv returns
 * 0, or -1 (EBADMSG) on any wrong byte.
 */
#ifndef SHARED_MSG_HELPER_H
#define SHARED_MSG_HELPER_H

#include "shared/addr.h"
#include "shared/link.h"

#define RESOLVE_NAME_MAX	254	/* bytes, NUL included */
#define RESOLVE_ADDRS_MAX	16

/* RESOLVE; id is the asker's, and the answer's. */
void	 resolve_send(struct link *, uint32_t id, const char *name);
int	 resolve_recv(const struct imsg *, char name[RESOLVE_NAME_MAX]);

enum resolve_status {
	RESOLVE_OK,
	RESOLVE_NONE,			/* no such name, or no address */
	RESOLVE_SILENT,			/* no name server answered */
	RESOLVE_REFUSED			/* they, or resolverd, would not say */
};
struct resolved {
	enum resolve_status	 status;
	uint32_t		 ttl;	/* seconds; 0 if not OK */
	size_t			 n;	/* > 0 exactly if OK */
	struct {
		uint8_t		 family;	/* AF_INET or AF_INET6 */
		uint8_t		 addr[16];
	}			 at[RESOLVE_ADDRS_MAX];
};
void	 resolved_send(struct link *, uint32_t id, const struct resolved *);
int	 resolved_recv(const struct imsg *, struct resolved *);

void	 dns_reset_send(struct link *);
/* The socket is connected to it; resolverd sees by it that it is another. */
void	 dns_fd_send(struct link *, const struct endpoint *server, int fd);
int	 dns_fd_recv(const struct imsg *, struct endpoint *server);
void	 hosts_fd_send(struct link *, int fd);
void	 dns_wanted_send(struct link *);

/* SHOW, ROW and SHOW_END, by way of the parent. */
void	 helper_show_send(struct link *, uint32_t id, uint8_t topic);
int	 helper_show_recv(const struct imsg *, uint8_t *topic);
void	 helper_row_send(struct link *, uint32_t id, const struct wbuf *);
void	 helper_show_end_send(struct link *, uint32_t id);

#endif /* SHARED_MSG_HELPER_H */
