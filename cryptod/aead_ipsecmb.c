/* SPDX-License-Identifier: ISC */
/*
 * ChaCha20-Poly1305 by intel-ipsec-mb's job API.  A job of this cipher is
 * done when its submission returns: nothing queues up, and no packet waits
 * for another.  A manager belongs to one thread.  The library makes no
 * system call, reads no environment and asks the CPU itself what it can do.
 */
#include "cryptod/aead_backend.h"

#ifdef HAVE_IPSECMB
#include <sys/mman.h>

#include <errno.h>
#include <intel-ipsec-mb.h>
#include <link.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

static _Thread_local IMB_MGR	*mgr;

/*
 * Pages of our own for the manager, and not from the heap: given back, they
 * are really gone, and a thread needs no heap of its own.
 */
static size_t
manager_size(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (imb_get_mb_mgr_size() + page - 1) / page * page;
}

static void
mb_end(void)
{
	if (mgr == NULL)
		return;
	sodium_memzero(mgr, manager_size());
	munmap(mgr, manager_size());
	mgr = NULL;
}

static int
mb_begin(void)
{
	IMB_ARCH arch = IMB_ARCH_NONE;
	void *p;

	if (mgr != NULL)
		return 0;
	p = mmap(NULL, manager_size(), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -1;
	mgr = imb_set_pointers_mb_mgr(p, 0, 1);
	if (mgr == NULL) {
		munmap(p, manager_size());
		errno = ENOTSUP;
		return -1;
	}
	/* It runs a self-test of its own, if it is of version 1.3 or later. */
	init_mb_mgr_auto(mgr, &arch);
	/*
	 * What it has for older CPUs reads behind its input and leaves key
	 * stream on the stack, and libsodium is as fast there.
	 */
	if (imb_get_errno(mgr) != 0 || arch < IMB_ARCH_AVX2) {
		mb_end();
		errno = ENOTSUP;
		return -1;
	}
	return 0;
}

static const char *
mb_detail(void)
{
	if (mgr == NULL)
		return "ipsec-mb";
	switch (mgr->used_arch) {
	case IMB_ARCH_AVX512:
		if ((mgr->features & IMB_FEATURE_AVX512_IFMA) != 0)
			return "ipsec-mb AVX-512 IFMA";
		return "ipsec-mb AVX-512";
	case IMB_ARCH_AVX2:
		return "ipsec-mb AVX2";
	default:
		return "ipsec-mb";
	}
}

/*
 * The self-test ran every cipher of a library of 12 MB: 3 MB of code became
 * resident, most of which is never used again.  Pages that cannot be written
 * are the file's; dropped, those that matter come back when they are called.
 */
static int
drop_code(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	uintptr_t inside = (uintptr_t)arg;
	const ElfW(Phdr) *ph;
	bool ours = false;
	size_t i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++) {
		ph = &info->dlpi_phdr[i];
		from = info->dlpi_addr + ph->p_vaddr;
		if (ph->p_type == PT_LOAD && inside >= from &&
		    inside - from < ph->p_memsz)
			ours = true;
	}
	if (!ours)
		return 0;
	for (i = 0; i < info->dlpi_phnum; i++) {
		ph = &info->dlpi_phdr[i];
		if (ph->p_type != PT_LOAD || (ph->p_flags & PF_W) != 0)
			continue;
		from = info->dlpi_addr + ph->p_vaddr;
		to = (from + ph->p_filesz) / page * page;
		from = (from + page - 1) / page * page;
		if (from < to)
			madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 1;
}

static void
mb_trim(void)
{
	void (*inside)(IMB_MGR *, IMB_ARCH *) = init_mb_mgr_auto;

	/* Linked statically it would be our own code: leave that alone. */
	if ((uintptr_t)inside - (uintptr_t)&mb_trim > 16 << 20)
		dl_iterate_phdr(drop_code, (void *)(uintptr_t)inside);
}

/* One job, done at once; false if the library did not do it. */
static bool
run_job(IMB_CIPHER_DIRECTION direction, IMB_CHAIN_ORDER order, void *dst,
    const void *src, size_t len, const void *ad, size_t adlen,
    const uint8_t *key, const uint8_t *nonce, uint8_t *tag)
{
	/* The AVX2 code reads 16 bytes more than a key has. */
	uint8_t padded[AEAD_KEYLEN + 32];
	IMB_JOB *job = IMB_GET_NEXT_JOB(mgr);

	memcpy(padded, key, AEAD_KEYLEN);
	job->cipher_mode = IMB_CIPHER_CHACHA20_POLY1305;
	job->hash_alg = IMB_AUTH_CHACHA20_POLY1305;
	job->cipher_direction = direction;
	job->chain_order = order;
	job->enc_keys = padded;
	job->dec_keys = padded;
	job->key_len_in_bytes = AEAD_KEYLEN;
	job->iv = nonce;
	job->iv_len_in_bytes = AEAD_NONCELEN;
	job->src = src;
	job->dst = dst;
	job->cipher_start_src_offset_in_bytes = 0;
	job->msg_len_to_cipher_in_bytes = len;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = len;
	job->u.CHACHA20_POLY1305.aad = ad;
	job->u.CHACHA20_POLY1305.aad_len_in_bytes = adlen;
	job->auth_tag_output = tag;
	job->auth_tag_output_len_in_bytes = AEAD_TAGLEN;
	job = IMB_SUBMIT_JOB_NOCHECK(mgr);
	/* The manager has pointers only; registers the library wipes (P19). */
	sodium_memzero(padded, AEAD_KEYLEN);
	return job != NULL && job->status == IMB_STATUS_COMPLETED;
}

static void
mb_seal(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	/* Never seen; a packet that nobody can open is a lost packet. */
	if (!run_job(IMB_DIR_ENCRYPT, IMB_ORDER_CIPHER_HASH, dst, src, len,
	    ad, adlen, key, nonce, (uint8_t *)dst + len))
		memset(dst, 0, len + AEAD_TAGLEN);
}

/* It decrypts whatever the tag says; what was forged is wiped. */
static int
mb_open(void *dst, const void *src, size_t len, const void *ad,
    size_t adlen, const uint8_t *key, const uint8_t *nonce)
{
	uint8_t tag[AEAD_TAGLEN];

	if (len < AEAD_TAGLEN)
		return -1;
	len -= AEAD_TAGLEN;
	if (run_job(IMB_DIR_DECRYPT, IMB_ORDER_HASH_CIPHER, dst, src, len,
	    ad, adlen, key, nonce, tag) &&
	    crypto_verify_16(tag, (const uint8_t *)src + len) == 0)
		return 0;
	memset(dst, 0, len);
	/* The right tag of a forged packet is nobody's business. */
	sodium_memzero(tag, sizeof(tag));
	return -1;
}

static const struct aead_backend backend = {
	.name = "ipsec-mb",
	.detail = mb_detail,
	.begin = mb_begin,
	.end = mb_end,
	.trim = mb_trim,
	.seal = mb_seal,
	.open = mb_open,
};

const struct aead_backend *const aead_ipsecmb = &backend;
#else
const struct aead_backend *const aead_ipsecmb = NULL;
#endif /* HAVE_IPSECMB */
