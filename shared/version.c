/* SPDX-License-Identifier: ISC */
/*
 * The only file that sees the generated build id, so that a change anywhere
 * compiles this one file again and not the whole tree.
 */
#include <stdint.h>

#include "build_id.h"
#include "config.h"
#include "version.h"

static const char	version[] = WARREN_VERSION;
static const uint8_t	build_id[BUILD_ID_SIZE] = { WARREN_BUILD_ID };

const char *
warren_version(void)
{
	return version;
}

const uint8_t *
warren_build_id(void)
{
	return build_id;
}

int
warren_is_sanitizer_build(void)
{
#ifdef SANITIZER
	return 1;
#else
	return 0;
#endif
}
