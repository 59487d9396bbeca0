/* SPDX-License-Identifier: ISC */
/*
 * The context of resolverd and what its files offer each other.  The modules
 * with headers of their own (query, dnsmsg, hosts, cache) know nothing of it.
 */
#ifndef RESOLVERD_RESOLVERD_H
#define RESOLVERD_RESOLVERD_H

#include "resolverd/query.h"
#include "shared/child.h"

struct resolverd;

struct server {
	struct resolverd	*ctx;
	unsigned		 number;
	int			 fd;	/* connected; -1: none */
	struct event		*ev;
	struct endpoint		 at;	/* of the last one here, or none */
};

struct resolverd {
	struct child		 child;		/* must be first */
	struct resolver		 resolver;
	struct server		 server[SERVERS_MAX];
	char			*hosts;		/* text of the file */
	struct event		*timer;
	uint64_t		 wanted;	/* ns: the parent was asked */
};

/* servers.c: the sockets to the name servers, and the file of hosts. */
void	 servers_init(struct resolverd *);
void	 servers_clear(struct resolverd *);
/* 0, or -1: it could not be sent. */
int	 server_send(struct resolverd *, unsigned, const uint8_t *, size_t);
int	 on_dns_reset(void *, struct link *, struct imsg *);
int	 on_dns_fd(void *, struct link *, struct imsg *);
int	 on_hosts_fd(void *, struct link *, struct imsg *);

/* show.c */
int	 on_helper_show(void *, struct link *, struct imsg *);

/* resolverd.c: the timer is set anew after whatever changed the queries. */
void	 resolverd_arm(struct resolverd *);

/* sandbox_tables.c */
extern const struct sandbox_table resolverd_start;
extern const struct sandbox_table resolverd_run;

#endif /* RESOLVERD_RESOLVERD_H */
