/* SPDX-License-Identifier: ISC */
/*
 * What warrenctl can be told, and what that means.
 */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "ctl/tokens.h"
#include "shared/ctl_proto.h"

enum action {
	DO_STATUS = 1,
	DO_PEERS,
	DO_PEER,
	DO_INTERFACE,
	DO_CONFIG,
	DO_ROUTES,
	DO_HEALTH,
	DO_PROCESSES,
	DO_SANDBOX,
	DO_IMSG,
	DO_MEMORY,
	DO_COUNTERS,
	DO_CRYPTO,
	DO_MONITOR,
	DO_RELOAD,
	DO_METRICS,
	DO_VERBOSE,
	DO_BRIEF,
	DO_IMPORT,
	DO_GENKEY,
	DO_PUBKEY,
	DO_GENPSK,
	DO_COMPLETION,
	DO_VERSION
};

/* Options, by the id that tokens_match() files them under. */
enum flag {
	FLAG_INSTANCE,
	FLAG_JSON,
	FLAG_PID,
	FLAG_SOCKET,
	FLAG_CHECK,
	FLAG_KEYS
};

extern const struct token	commands[];
/* Allowed before the command and anywhere in it. */
extern const struct token_flag	common_flags[];

/* "show memory", as JSON names it. */
const char	*command_name(enum action);
/* Appends the request; arg is the command's argument, if it has one. */
void		 command_ask(struct wbuf *, enum action, const char *arg,
		    uint32_t id);
/* The version of the protocol that knows this request. */
uint16_t	 command_version(enum action);
/* Does the answer end with what the daemon thinks of its health? */
bool		 command_is_judged(enum action);
/* Says what could have been meant, on standard error. */
void		 command_wrong(const struct tokens_result *);

#endif /* CTL_COMMANDS_H */
