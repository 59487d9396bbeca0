/* SPDX-License-Identifier: ISC */
/*
 * Where things are.  The directories come from make (LIBEXECDIR and its
 * like, by way of the generated config.h) and are compiled in: nothing in
 * the environment can lead the parent to another child program.
 */
#ifndef SHARED_PATHS_H
#define SHARED_PATHS_H

#include "config.h"

/* The programs of the children, run by the parent as PATH_LIBEXEC "/netd". */
#define PATH_LIBEXEC	WARREN_LIBEXECDIR "/warren"

/* Runtime files, named by instance: PATH_RUN "/INSTANCE.sock". */
#define PATH_RUN	WARREN_RUNSTATEDIR "/warren"

/* The empty root-owned directory that the children are chrooted into. */
#define PATH_EMPTY	PATH_RUN "/empty"

/* The configuration, and that of further instances: PATH_CONF_DIR "/w1.conf". */
#define PATH_CONF_FILE	WARREN_SYSCONFDIR "/warren.conf"
#define PATH_CONF_DIR	WARREN_SYSCONFDIR "/warren"

/* What outlives a restart, a directory of root's for each instance. */
#define PATH_STATE	WARREN_LOCALSTATEDIR "/lib/warren"

/* Where the names of other hosts come from; as libc has them compiled in. */
#define PATH_RESOLV_CONF "/etc/resolv.conf"
#define PATH_HOSTS	"/etc/hosts"

/*
 * The directory of the UAPI sockets, IFNAME.sock.  wg(8) has it compiled in,
 * so it does not follow our prefix.
 */
#define PATH_UAPI	"/var/run/wireguard"

#define PATH_TUN	"/dev/net/tun"

#endif /* SHARED_PATHS_H */
