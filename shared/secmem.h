/* SPDX-License-Identifier: ISC */
/*
 * Memory for secrets: one arena between two guard pages that is never swapped,
 * never in a core dump and all zero in a forked child.  Objects of one kind
 * come from a slab; after secmem_init() nothing here makes a system call.
 * Arena and slabs belong to one thread; objects may be used by any.
 */
#ifndef SHARED_SECMEM_H
#define SHARED_SECMEM_H

#include <stddef.h>
#include <stdint.h>

#define SECMEM_ALIGN	64	/* of all that is handed out: a cache line */

struct secmem {
	unsigned char	*base;		/* first usable byte */
	size_t		 size;		/* usable bytes, whole pages */
	size_t		 used;		/* bytes given to slabs and buffers */
};

struct secslab_head;

struct secslab {
	struct secmem		*arena;
	struct secslab_head	*freelist;
	const char		*name;
	size_t			 size;	/* what was asked for */
	size_t			 stride;	/* what an object costs */
	size_t			 used;	/* objects handed out */
	size_t			 free;	/* objects on the free list */
	size_t			 peak;	/* most objects ever handed out */
	size_t			 bad;	/* refused puts */
};

struct secslab_stat {
	const char	*name;
	size_t		 used, free, peak;	/* objects */
	size_t		 used_bytes, free_bytes, peak_bytes;
};

/*
 * Reserve and lock `size` bytes (rounded up to pages).  Pages are locked as
 * they are touched, so this costs nothing for what is never used.  Call it
 * with CAP_IPC_LOCK: it may then exceed RLIMIT_MEMLOCK, and no later limit or
 * loss of the capability matters.  -1 with errno; the caller should die.
 */
int	 secmem_init(struct secmem *, size_t);

/* Wipe and unmap.  For tests and tools; a daemon ends with its arena. */
void	 secmem_clear(struct secmem *);

/* A zeroed buffer that is never given back.  NULL with ENOMEM or EINVAL. */
void	*secmem_alloc(struct secmem *, size_t);

/* Prepare a slab of `size`-byte objects; takes nothing from the arena yet. */
int	 secslab_init(struct secslab *, struct secmem *, size_t, const char *);

/* A zeroed object aligned to SECMEM_ALIGN, or NULL with ENOMEM.  O(1). */
void	*secslab_get(struct secslab *);

/*
 * Wipe an object and take it back; NULL is fine.  -1 and nothing changed:
 * EALREADY it is free already, EINVAL not an object of this slab, or
 * something wrote beyond its end.  O(1).
 */
int	 secslab_put(struct secslab *, void *);

void	 secslab_stat(const struct secslab *, struct secslab_stat *);

#endif /* SHARED_SECMEM_H */
