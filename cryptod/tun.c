/* SPDX-License-Identifier: ISC */
/*
 * The TUN device: see tun.h.
 */
#include <sys/uio.h>

#include <errno.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <unistd.h>

#include "cryptod/outbound.h"
#include "cryptod/tun.h"
#include "shared/bytes.h"

_Static_assert(sizeof(struct virtio_net_hdr) == TUN_VNET_HDR,
    "virtio header without the count of buffers");

void
tun_init(struct tun *t, int fd, struct engine *e)
{
	t->fd = fd;
	t->engine = e;
	t->gone = false;
}

int
tun_complete_checksum(uint8_t *p, size_t len, size_t start, size_t offset)
{
	uint32_t sum = 0;
	size_t i;

	/* Both numbers are the kernel's, and checked all the same (P39). */
	if (start > len || offset > len || start + offset + 2 > len)
		return -1;
	for (i = start; i + 1 < len; i += 2)
		sum += get_be16(p + i);
	if (i < len)
		sum += (uint32_t)p[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
	/* Zero would mean "no checksum" to UDP; both mean the same sum. */
	put_be16(p + start + offset, sum == 0 ? 0xffff : (uint16_t)sum);
	return 0;
}

/* 0 if the packet behind the header may be sent. */
static int
tun_header(struct tun *t, uint8_t *p, size_t len)
{
	struct counters *n = &t->engine->n;
	struct virtio_net_hdr h;

	memcpy(&h, t->buf, sizeof(h));
	if (h.gso_type != VIRTIO_NET_HDR_GSO_NONE) {
		n->tun_gso++;
		return -1;
	}
	if ((h.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) == 0)
		return 0;
	/* Of whatever protocol, not only of TCP and UDP (P45). */
	if (tun_complete_checksum(p, len, h.csum_start, h.csum_offset) == -1) {
		n->tun_bad_header++;
		return -1;
	}
	n->tun_checksums++;
	return 0;
}

static void
tun_failed(struct tun *t)
{
	if (errno == EBADFD || errno == ENODEV)
		t->gone = true;
}

void
tun_read(struct tun *t)
{
	uint8_t *p = t->buf + TUN_VNET_HDR;
	ssize_t n;
	size_t len;
	int i;

	for (i = 0; i < TUN_BATCH && !t->gone; i++) {
		n = read(t->fd, t->buf, TUN_VNET_HDR + TUN_PACKET_MAX);
		if (n == -1) {
			tun_failed(t);
			return;
		}
		t->engine->n.tun_read++;
		if (n <= TUN_VNET_HDR) {
			t->engine->n.tun_bad_header++;
			continue;
		}
		len = (size_t)n - TUN_VNET_HDR;
		if (tun_header(t, p, len) == 0)
			outbound_packet(t->engine, p, len);
	}
}

void
tun_write(struct tun *t, const uint8_t *p, size_t len)
{
	struct virtio_net_hdr h;
	struct iovec iov[2];

	memset(&h, 0, sizeof(h));
	iov[0].iov_base = &h;
	iov[0].iov_len = sizeof(h);
	iov[1].iov_base = (void *)(uintptr_t)p;
	iov[1].iov_len = len;
	if (writev(t->fd, iov, 2) != -1) {
		t->engine->n.tun_written++;
		return;
	}
	if (errno == EAGAIN || errno == ENOBUFS)
		t->engine->n.tun_write_full++;
	else
		t->engine->n.tun_write_failed++;
	tun_failed(t);
}
