/* SPDX-License-Identifier: ISC */
/*
 * capget(2), capset(2) and the prctl(2)s about capability sets.
 */

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <linux/capability.h>
#include <linux/securebits.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
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

int
caps_drop_all(void)
{
	return caps_set(0);
}

static uint64_t
caps_bounding(void)
{
	uint64_t	set = 0;
	int		cap, n;

	for (cap = 0; cap < 64; cap++) {
		n = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
		if (n == -1)
			break;
		if (n == 1)
			set |= UINT64_C(1) << cap;
	}
	return set;
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
	if (caps_get(&sets) == -1)
		return -1;
	if (sets.effective != keep || sets.permitted != keep ||
	    sets.inheritable != 0 || caps_bounding() != 0) {
		errno = EPERM;
		return -1;
	}
	return 0;
}

int
caps_verify_none(char *left, size_t size)
{
	struct caps_sets	sets;
	size_t			i, at = 0;
	struct {
		const char	*name;
		uint64_t	 set;
	} all[4];

	left[0] = '\0';
	if (caps_get(&sets) == -1)
		return -1;
	all[0].name = "effective";
	all[0].set = sets.effective;
	all[1].name = "permitted";
	all[1].set = sets.permitted;
	all[2].name = "inheritable";
	all[2].set = sets.inheritable;
	all[3].name = "bounding";
	all[3].set = caps_bounding();
	for (i = 0; i < 4; i++)
		if (all[i].set != 0 && at < size)
			at += (size_t)snprintf(left + at, size - at,
			    "%s%s %" PRIx64, at == 0 ? "" : ", ", all[i].name,
			    all[i].set);
	if (at == 0)
		return 0;
	errno = EPERM;
	return -1;
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
