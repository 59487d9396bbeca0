/* SPDX-License-Identifier: ISC */
/*
 * capget(2), capset(2) and the prctl(2)s about capability sets.
 */

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/securebits.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "caps.h"

struct caps_sets {
	uint64_t	effective;
	uint64_t	permitted;
	uint64_t	inheritable;
};

static int
caps_get(struct caps_sets *sets)
{
	struct __user_cap_header_struct	hdr;
	struct __user_cap_data_struct	data[_LINUX_CAPABILITY_U32S_3];

	memset(&hdr, 0, sizeof(hdr));
	memset(data, 0, sizeof(data));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	if (syscall(SYS_capget, &hdr, data) == -1)
		return -1;
	sets->effective = data[0].effective |
	    (uint64_t)data[1].effective << 32;
	sets->permitted = data[0].permitted |
	    (uint64_t)data[1].permitted << 32;
	sets->inheritable = data[0].inheritable |
	    (uint64_t)data[1].inheritable << 32;
	return 0;
}

/* Effective and permitted become `keep`, inheritable becomes empty. */
static int
caps_set(uint64_t keep)
{
	struct __user_cap_header_struct	hdr;
	struct __user_cap_data_struct	data[_LINUX_CAPABILITY_U32S_3];

	memset(&hdr, 0, sizeof(hdr));
	memset(data, 0, sizeof(data));
	hdr.version = _LINUX_CAPABILITY_VERSION_3;
	data[0].effective = data[0].permitted = (uint32_t)keep;
	data[1].effective = data[1].permitted = (uint32_t)(keep >> 32);
	return (int)syscall(SYS_capset, &hdr, data);
}

/*
 * The kernel may know capabilities that our header does not: go on until it
 * says EINVAL, which it says for the first number that it does not know.
 */
int
caps_drop_bounding(void)
{
	int	cap;

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1)
		return -1;
	for (cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL && cap > 0)
			break;
		return -1;
	}
	return 0;
}

/* 0 if the bounding set is empty. */
static int
caps_verify_bounding(void)
{
	int	cap, n;

	for (cap = 0; cap < 64; cap++) {
		n = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (n == 1) {
			errno = EPERM;
			return -1;
		}
		if (n == -1)
			break;
	}
	return 0;
}

int
caps_keep(const int *list, size_t n)
{
	struct caps_sets	sets;
	uint64_t		keep = 0;
	size_t			i;

	for (i = 0; i < n; i++) {
		if (list[i] < 0 || list[i] > 63) {
			errno = EINVAL;
			return -1;
		}
		keep |= UINT64_C(1) << list[i];
	}
	/* These two need CAP_SETPCAP, so they come before capset. */
	if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED |
	    SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED |
	    SECBIT_KEEP_CAPS_LOCKED, 0, 0, 0) == -1)
		return -1;
	if (caps_drop_bounding() == -1 || caps_set(keep) == -1)
		return -1;
	if (caps_get(&sets) == -1 || caps_verify_bounding() == -1)
		return -1;
	if (sets.effective != keep || sets.permitted != keep ||
	    sets.inheritable != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
caps_verify_none(void)
{
	uint64_t	any;

	if (caps_any(&any) == -1 || caps_verify_bounding() == -1)
		return -1;
	if (any != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
caps_current(uint64_t *effective)
{
	struct caps_sets	sets;

	if (caps_get(&sets) == -1)
		return -1;
	*effective = sets.effective;
	return 0;
}

int
caps_any(uint64_t *any)
{
	struct caps_sets	sets;

	if (caps_get(&sets) == -1)
		return -1;
	*any = sets.effective | sets.permitted | sets.inheritable;
	return 0;
}
