/* SPDX-License-Identifier: ISC */
/*
 * sd_notify(3) without its library: see notify.h.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "parent/notify.h"
#include "shared/clock.h"
#include "shared/log.h"

#define TEXT_MAX	1024
#define PATIENCE	5		/* seconds, for what must arrive */

/* Fills in sun.  Its length, or 0 if this is no name of a socket. */
static socklen_t
address(struct sockaddr_un *sun, const char *name)
{
	size_t len = strlen(name);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len < 2 || len >= sizeof(sun->sun_path) ||
	    (name[0] != '/' && name[0] != '@'))
		return 0;
	memcpy(sun->sun_path, name, len);
	if (name[0] == '/')
		return sizeof(*sun);
	sun->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

/* Connected, so that no name is needed when nothing can be opened any more. */
static int
connect_to(const char *name)
{
	const struct timeval tv = { .tv_sec = PATIENCE };
	struct sockaddr_un sun;
	socklen_t len = address(&sun, name);
	int fd, saved;

	if (len == 0) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)) == 0 &&
	    connect(fd, (const struct sockaddr *)&sun, len) == 0)
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

void
notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	n->fd = -1;
	if (name != NULL && name[0] != '\0') {
		n->fd = connect_to(name);
		if (n->fd == -1)
			log_warn("cannot reach the service manager on %s",
			    name);
	}
	unsetenv("NOTIFY_SOCKET");
}

static void
notify_say(const struct notify *n, const char *text)
{
	if (n->fd != -1 && send(n->fd, text, strlen(text),
	    MSG_DONTWAIT | MSG_NOSIGNAL) == -1)
		log_debug("the service manager does not listen: %s",
		    strerrordesc_np(errno));
}

/*
 * Whoever waits for this would end us if it never came: a queue that is full
 * just now is worth a pause.
 */
static void
notify_insist(const struct notify *n, const char *text)
{
	ssize_t len;

	if (n->fd == -1)
		return;
	do
		len = send(n->fd, text, strlen(text), MSG_NOSIGNAL);
	while (len == -1 && errno == EINTR);
	if (len == -1)
		log_warn("cannot tell the service manager that all is ready");
}

void
notify_ready(const struct notify *n, const char *status)
{
	char text[TEXT_MAX];
	size_t i;

	snprintf(text, sizeof(text), "READY=1\nSTATUS=%s", status);
	/* One line: what follows a newline would be a word of its own. */
	for (i = sizeof("READY=1\n"); text[i] != '\0'; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	notify_insist(n, text);
}

void
notify_reloading(const struct notify *n)
{
	struct timespec ts;
	char text[TEXT_MAX];

	clock_gettime(CLOCK_MONOTONIC, &ts);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRIu64,
	    (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
	notify_say(n, text);
}

void
notify_stopping(const struct notify *n)
{
	notify_say(n, "STOPPING=1");
}
