/* SPDX-License-Identifier: ISC */
/*
 * What tcpflow and udpflow share: see flow.h.
 */
#include <sys/socket.h>

#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "regress/tools/flow.h"

static uint64_t
word(uint64_t i)
{
	uint64_t x = i + 1;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

/* Words when it can. */
void
flow_fill(uint8_t *p, size_t len, uint64_t offset)
{
	uint64_t x;

	while (len > 0) {
		x = word(offset / 8);
		if (offset % 8 == 0 && len >= 8) {
			memcpy(p, &x, 8);
			p += 8;
			offset += 8;
			len -= 8;
		} else {
			*p++ = (uint8_t)(x >> (8 * (offset % 8)));
			offset++;
			len--;
		}
	}
}

double
flow_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
flow_port_write(int fd, const char *file)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	char port[16];
	FILE *fp;

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1 ||
	    getnameinfo((struct sockaddr *)&ss, len, NULL, 0, port,
	    sizeof(port), NI_NUMERICSERV | NI_DGRAM) != 0)
		err(1, "getsockname");
	if ((fp = fopen(file, "w")) == NULL || fprintf(fp, "%s\n", port) < 0 ||
	    fclose(fp) == EOF)
		err(1, "%s", file);
}
