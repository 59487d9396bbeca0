/* SPDX-License-Identifier: ISC */
/*
 * The arena is handed out from the bottom and never shrinks; a slab keeps what
 * it got.  An object is followed by a small head that links free ones and says
 * whether it is free: the link is never inside the object, so a free object is
 * all zero, and an overrun is seen when the object comes back.
 */

#include <sys/mman.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "secmem.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SECMEM_ASAN
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define SECMEM_ASAN
#endif

#ifdef SECMEM_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)		((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n)	((void)(p), (void)(n))
#endif

#define SECSLAB_USED	UINT64_C(0x5ec5ab0000000001)
#define SECSLAB_FREE	UINT64_C(0x5ec5ab0000000002)

struct secslab_head {
	struct secslab_head	*next;
	uint64_t		 state;	/* secslab_mark() */
};

int
secmem_init(struct secmem *sm, size_t size)
{
	unsigned char	*map;
	size_t		 page;
	int		 saved;

	memset(sm, 0, sizeof(*sm));
	page = (size_t)sysconf(_SC_PAGESIZE);
	if (size == 0 || size > SIZE_MAX / 2) {
		errno = EINVAL;
		return -1;
	}
	size = (size + page - 1) / page * page;
	map = mmap(NULL, size + 2 * page, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return -1;
	if (mprotect(map + page, size, PROT_READ | PROT_WRITE) == -1 ||
	    mlock2(map + page, size, MLOCK_ONFAULT) == -1 ||
	    madvise(map + page, size, MADV_DONTDUMP) == -1 ||
	    madvise(map + page, size, MADV_WIPEONFORK) == -1) {
		saved = errno;
		munmap(map, size + 2 * page);
		errno = saved;
		return -1;
	}
	sm->base = map + page;
	sm->size = size;
	return 0;
}

void
secmem_clear(struct secmem *sm)
{
	size_t	page = (size_t)sysconf(_SC_PAGESIZE);

	if (sm->base != NULL) {
		ASAN_UNPOISON_MEMORY_REGION(sm->base, sm->used);
		sodium_memzero(sm->base, sm->used);
		munmap(sm->base - page, sm->size + 2 * page);
	}
	memset(sm, 0, sizeof(*sm));
}

void *
secmem_alloc(struct secmem *sm, size_t size)
{
	void	*p;

	if (size == 0) {
		errno = EINVAL;
		return NULL;
	}
	if (size > sm->size - sm->used) {
		errno = ENOMEM;
		return NULL;
	}
	/* used is always a multiple of SECMEM_ALIGN, and so is size. */
	p = sm->base + sm->used;
	size = (size + SECMEM_ALIGN - 1) / SECMEM_ALIGN * SECMEM_ALIGN;
	sm->used += size;
	return p;
}

int
secslab_init(struct secslab *slab, struct secmem *sm, size_t size,
    const char *name)
{
	size_t	stride;

	memset(slab, 0, sizeof(*slab));
	if (size == 0 || size > sm->size) {
		errno = EINVAL;
		return -1;
	}
	stride = size + sizeof(struct secslab_head);
	stride = (stride + SECMEM_ALIGN - 1) / SECMEM_ALIGN * SECMEM_ALIGN;
	slab->arena = sm;
	slab->name = name;
	slab->size = size;
	slab->stride = stride;
	return 0;
}

/* The head follows the object at once (padding apart), where overruns go. */
static size_t
secslab_offset(const struct secslab *slab)
{
	size_t	a = _Alignof(struct secslab_head);

	return (slab->size + a - 1) / a * a;
}

static struct secslab_head *
secslab_head(const struct secslab *slab, void *obj)
{
	void	*p = (unsigned char *)obj + secslab_offset(slab);

	return p;
}

static uint64_t
secslab_mark(const struct secslab *slab, uint64_t state)
{
	return state ^ (uint64_t)(uintptr_t)slab;
}

void *
secslab_get(struct secslab *slab)
{
	struct secslab_head	*head = slab->freelist;
	void			*obj;

	if (head != NULL) {
		slab->freelist = head->next;
		slab->free--;
		obj = (unsigned char *)head - secslab_offset(slab);
		ASAN_UNPOISON_MEMORY_REGION(obj, slab->size);
		memset(obj, 0, slab->size);
	} else {
		/* Fresh pages are zero and are used but once. */
		obj = secmem_alloc(slab->arena, slab->stride);
		if (obj == NULL)
			return NULL;
		head = secslab_head(slab, obj);
	}
	head->next = NULL;
	head->state = secslab_mark(slab, SECSLAB_USED);
	slab->used++;
	if (slab->used > slab->peak)
		slab->peak = slab->used;
	return obj;
}

/* Can this be an object of the slab?  Reads nothing but its head. */
static int
secslab_check(const struct secslab *slab, void *obj)
{
	const struct secmem	*sm = slab->arena;
	struct secslab_head	*head;
	uintptr_t		 p = (uintptr_t)obj;
	uintptr_t		 lo = (uintptr_t)sm->base;

	if (p < lo || p - lo >= sm->used ||
	    sm->used - (p - lo) < slab->stride ||
	    (p - lo) % SECMEM_ALIGN != 0)
		return EINVAL;
	head = secslab_head(slab, obj);
	if (head->state == secslab_mark(slab, SECSLAB_FREE))
		return EALREADY;
	if (head->state != secslab_mark(slab, SECSLAB_USED) ||
	    head->next != NULL)
		return EINVAL;
	return 0;
}

int
secslab_put(struct secslab *slab, void *obj)
{
	struct secslab_head	*head;
	int			 error;

	if (obj == NULL)
		return 0;
	error = secslab_check(slab, obj);
	if (error != 0) {
		slab->bad++;
		errno = error;
		return -1;
	}
	head = secslab_head(slab, obj);
	sodium_memzero(obj, slab->size);
	ASAN_POISON_MEMORY_REGION(obj, slab->size);
	head->state = secslab_mark(slab, SECSLAB_FREE);
	head->next = slab->freelist;
	slab->freelist = head;
	slab->used--;
	slab->free++;
	return 0;
}

void
secslab_stat(const struct secslab *slab, struct secslab_stat *st)
{
	st->name = slab->name;
	st->used = slab->used;
	st->free = slab->free;
	st->peak = slab->peak;
	st->used_bytes = slab->used * slab->stride;
	st->free_bytes = slab->free * slab->stride;
	st->peak_bytes = slab->peak * slab->stride;
}
