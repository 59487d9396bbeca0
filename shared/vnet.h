/* SPDX-License-Identifier: ISC */
/*
 * The header before every packet of a TUN device with IFF_VNET_HDR, and the
 * names for UDP segmentation that headers older than Linux 6.2 lack.  They
 * are numbers of the kernel's interface and do not depend on what we were
 * compiled against; whether the kernel takes them, TUNSETOFFLOAD says.
 */
#ifndef SHARED_VNET_H
#define SHARED_VNET_H

#include <linux/if_tun.h>
#include <linux/virtio_net.h>

#ifndef TUN_F_USO4
#define TUN_F_USO4	0x20	/* UDP segmentation, IPv4 */
#endif
#ifndef TUN_F_USO6
#define TUN_F_USO6	0x40	/* UDP segmentation, IPv6 */
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4	5
#endif

/* In host byte order; without the count of buffers. */
#define VNET_HDR_LEN	10

_Static_assert(sizeof(struct virtio_net_hdr) == VNET_HDR_LEN,
    "virtio header without the count of buffers");

#endif /* SHARED_VNET_H */
