/* SPDX-License-Identifier: ISC */
/*
 * The page of live receiver indices: see index_page.h.
 */
#include <sys/mman.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/index_page.h"

#define PAGE_BYTES	sizeof(struct index_memory)
#define PAGE_SEALS	(F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE | \
			    F_SEAL_SEAL)

int
index_page_create(struct index_page *ip)
{
	void *p = MAP_FAILED;
	int fd;

	fd = memfd_create("warren-index", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd == -1 || ftruncate(fd, (off_t)PAGE_BYTES) == -1)
		goto fail;
	p = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED || fcntl(fd, F_ADD_SEALS, PAGE_SEALS) == -1)
		goto fail;
	ip->own = p;
	return fd;
fail:
	if (p != MAP_FAILED)
		munmap(p, PAGE_BYTES);
	if (fd != -1)
		close(fd);
	return -1;
}

int
index_page_attach(struct index_page *ip, int fd)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *p;

	if (seals == -1 || (seals & PAGE_SEALS) != PAGE_SEALS ||
	    fstat(fd, &st) == -1 || st.st_size < 0 ||
	    (size_t)st.st_size != PAGE_BYTES) {
		errno = EBADMSG;
		return -1;
	}
	p = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return -1;
	ip->peer = p;
	return 0;
}

void
index_page_masks(struct index_page *ip, const uint32_t mask[INDEX_MASKS])
{
	memcpy(ip->own->mask, mask, sizeof(ip->own->mask));
}

void
index_page_reach(struct index_page *ip, uint32_t slots)
{
	atomic_store_explicit(&ip->own->reach, slots, memory_order_release);
}

void
index_page_put(struct index_page *ip, uint32_t slot, uint32_t index)
{
	atomic_store_explicit(&ip->own->slot[slot & (INDEX_SLOTS - 1)], index,
	    memory_order_release);
}

bool
index_page_has(const struct index_page *ip, uint32_t index)
{
	const struct index_memory *m = ip->peer;
	uint32_t slot = index_slot(m->mask, index);

	/* What is out of reach is not even looked at: it would cost a page. */
	return index != 0 && slot < atomic_load_explicit(&m->reach,
	    memory_order_acquire) && atomic_load_explicit(&m->slot[slot],
	    memory_order_acquire) == index;
}
