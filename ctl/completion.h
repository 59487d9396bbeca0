/* SPDX-License-Identifier: ISC */
/*
 * Completion for shells, made from the table of commands.
 */
#ifndef CTL_COMPLETION_H
#define CTL_COMPLETION_H

#include <stdio.h>

#include "ctl/tokens.h"

/* A script for bash; common are the options allowed everywhere. */
void	 completion_bash(FILE *, const struct token *commands,
	    const struct token_flag *common);

#endif /* CTL_COMPLETION_H */
