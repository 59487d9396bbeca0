/* SPDX-License-Identifier: ISC */
/*
 * Which warren this is: the version that people read, and the build id by
 * which the parent and its children recognise that they were built from the
 * same sources.  STARTUP carries the id; a mismatch is fatal.
 */
#ifndef SHARED_VERSION_H
#define SHARED_VERSION_H

#include <stdint.h>

#define BUILD_ID_SIZE	32

/* The version as text, for example "0.1". */
const char	*warren_version(void);

/* The SHA-256 over all sources of this build, BUILD_ID_SIZE bytes. */
const uint8_t	*warren_build_id(void);

/* 1 if this build carries the sanitizers ("sanitizer build"), or 0. */
int		 warren_is_sanitizer_build(void);

#endif /* SHARED_VERSION_H */
