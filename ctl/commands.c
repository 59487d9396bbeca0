/* SPDX-License-Identifier: ISC */
/*
 * The commands: see commands.h.  This is the only place where their words
 * stand; completion and messages are made from it.
 */
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/output.h"

#define END	{ NULL, NULL, 0, NULL, TOKEN_WORD, NULL }
#define WORD(word, action, help) \
	{ word, NULL, action, help, TOKEN_WORD, NULL }
#define WORDS(word, next, action, help) \
	{ word, next, action, help, TOKEN_WORD, NULL }

const struct token_flag common_flags[] = {
	{ "-i", "INSTANCE", FLAG_INSTANCE, "the daemon of that name" },
	{ "-j", NULL, FLAG_JSON, "print JSON" },
	{ "-p", "PID", FLAG_PID, "the daemon of that process" },
	{ "-s", "SOCKET", FLAG_SOCKET, "the daemon at that socket" },
	{ NULL, NULL, 0, NULL }
};

static const struct token_flag status_flags[] = {
	{ "--check", NULL, FLAG_CHECK, "one line for a monitoring system" },
	{ NULL, NULL, 0, NULL }
};

static const struct token_flag import_flags[] = {
	{ "-k", "DIR", FLAG_KEYS, "where the keys go" },
	{ NULL, NULL, 0, NULL }
};

static const struct token show_words[] = {
	WORD("interface", DO_INTERFACE, "the interface"),
	WORD("config", DO_CONFIG, "the configuration that is in force"),
	WORD("routes", DO_ROUTES, "addresses, routes and rules"),
	WORD("health", DO_HEALTH, "what is wrong, and what to do"),
	WORD("processes", DO_PROCESSES, "the processes and their users"),
	WORD("sandbox", DO_SANDBOX, "what confines each process"),
	WORD("imsg", DO_IMSG, "messages between the processes"),
	WORD("memory", DO_MEMORY, "locked memory, rings, buffers"),
	WORD("counters", DO_COUNTERS, "what each process counts"),
	WORD("crypto", DO_CRYPTO, "ciphers and handshakes"),
	END
};

static const struct token log_words[] = {
	WORD("verbose", DO_VERBOSE, "log for debugging, too"),
	WORD("brief", DO_BRIEF, "log what matters"),
	END
};

static const struct token peer_words[] = {
	{ "NAME", NULL, DO_PEER, "a peer's name or public key", TOKEN_NAME,
	    NULL },
	END
};

static const struct token import_words[] = {
	{ "FILE", NULL, DO_IMPORT, "a file of wg-quick; -: standard input",
	    TOKEN_FILE, NULL },
	END
};

static const struct token completion_words[] = {
	WORD("bash", DO_COMPLETION, "for bash"),
	END
};

const struct token commands[] = {
	{ "status", NULL, DO_STATUS, "the interface and its peers, and health",
	    TOKEN_WORD, status_flags },
	WORDS("peers", peer_words, DO_PEERS, "a line for each peer, or one"),
	WORDS("show", show_words, 0, "one table"),
	WORD("monitor", DO_MONITOR, "what happens, as it happens"),
	WORD("reload", DO_RELOAD, "read the configuration again"),
	WORD("metrics", DO_METRICS, "counters for Prometheus"),
	WORDS("log", log_words, 0, "how much is logged"),
	{ "import", import_words, 0, "translate a file of wg-quick",
	    TOKEN_WORD, import_flags },
	WORD("genkey", DO_GENKEY, "make a private key"),
	WORD("pubkey", DO_PUBKEY, "the public key of a private one"),
	WORD("genpsk", DO_GENPSK, "make a preshared key"),
	WORDS("completion", completion_words, 0, "print a shell's completion"),
	WORD("version", DO_VERSION, "the version of warrenctl"),
	END
};

/* What the daemon is asked for; topic 0: not by SHOW. */
static const struct {
	const char	*name;
	enum show_topic	 topic;
	uint16_t	 version;
} rows[] = {
	[DO_STATUS] =		{ "status", SHOW_STATUS, 1 },
	[DO_PEERS] =		{ "peers", SHOW_PEERS, 2 },
	[DO_PEER] =		{ "peers", 0, 2 },
	[DO_INTERFACE] =	{ "show interface", SHOW_INTERFACE, 2 },
	[DO_CONFIG] =		{ "show config", SHOW_CONFIG, 2 },
	[DO_ROUTES] =		{ "show routes", SHOW_ROUTES, 2 },
	[DO_HEALTH] =		{ "show health", SHOW_HEALTH, 2 },
	[DO_PROCESSES] =	{ "show processes", SHOW_PROCESSES, 1 },
	[DO_SANDBOX] =		{ "show sandbox", SHOW_SANDBOX, 1 },
	[DO_IMSG] =		{ "show imsg", SHOW_IMSG, 1 },
	[DO_MEMORY] =		{ "show memory", SHOW_MEMORY, 1 },
	[DO_COUNTERS] =		{ "show counters", SHOW_COUNTERS, 1 },
	[DO_CRYPTO] =		{ "show crypto", SHOW_CRYPTO, 1 },
	[DO_MONITOR] =		{ "monitor", 0, 2 },
	[DO_RELOAD] =		{ "reload", 0, 2 },
	[DO_METRICS] =		{ "metrics", 0, 2 },
	[DO_VERBOSE] =		{ "log verbose", 0, 1 },
	[DO_BRIEF] =		{ "log brief", 0, 1 },
	[DO_VERSION] =		{ "version", 0, 0 },
};

const char *
command_name(enum action a)
{
	return rows[a].name;
}

uint16_t
command_version(enum action a)
{
	return rows[a].version;
}

bool
command_is_judged(enum action a)
{
	return a == DO_STATUS || a == DO_PEER || a == DO_HEALTH;
}

void
command_ask(struct wbuf *w, enum action a, const char *arg, uint32_t id)
{
	switch (a) {
	case DO_VERBOSE:
	case DO_BRIEF:
		ctl_log_write(w, id, a == DO_VERBOSE);
		break;
	case DO_PEER:
		ctl_peer_write(w, id, arg);
		break;
	case DO_MONITOR:
		ctl_plain_write(w, id, CTL_MONITOR);
		break;
	case DO_RELOAD:
		ctl_plain_write(w, id, CTL_RELOAD);
		break;
	case DO_METRICS:
		ctl_plain_write(w, id, CTL_METRICS);
		break;
	default:
		ctl_show_write(w, id, rows[a].topic);
	}
}

static const char *
verdict_text(enum tokens_verdict v)
{
	static const char *const texts[] = {
		[TOKENS_OK] = "",
		[TOKENS_UNKNOWN] = "unknown word",
		[TOKENS_AMBIGUOUS] = "ambiguous word",
		[TOKENS_INCOMPLETE] = "incomplete command",
		[TOKENS_EXTRA] = "nothing may follow here",
		[TOKENS_FLAG] = "unknown option",
		[TOKENS_VALUE] = "this option needs a value",
	};

	return texts[v];
}

static void
list_words(const struct tokens_result *r)
{
	const struct token *t;

	for (t = r->table; t != NULL && t->word != NULL; t++)
		if (r->verdict != TOKENS_AMBIGUOUS ||
		    (t->kind == TOKEN_WORD && tokens_begins(t, r->word)))
			fprintf(stderr, "  %-10s %s\n", t->word, t->help);
}

static void
list_flags(const struct token_flag *f)
{
	char text[32];

	for (; f != NULL && f->flag != NULL; f++) {
		snprintf(text, sizeof(text), "%s%s%s", f->flag,
		    f->value != NULL ? " " : "",
		    f->value != NULL ? f->value : "");
		fprintf(stderr, "  %-10s %s\n", text, f->help);
	}
}

void
command_wrong(const struct tokens_result *r)
{
	fprintf(stderr, "warrenctl: %s", verdict_text(r->verdict));
	if (r->word != NULL) {
		fprintf(stderr, ": ");
		output_text(stderr, r->word);
	}
	fprintf(stderr, "\n");
	/* Where nothing may follow there is nothing to list but options. */
	if (r->table == NULL && r->flags == NULL &&
	    r->verdict == TOKENS_EXTRA)
		return;
	fprintf(stderr, "valid %s%s%s:\n", r->last != NULL ? "after \"" :
	    "commands", r->last != NULL ? r->last->word : "",
	    r->last != NULL ? "\"" : "");
	list_words(r);
	if (r->verdict != TOKENS_AMBIGUOUS)
		list_flags(r->flags);
	if (r->verdict == TOKENS_FLAG)
		list_flags(common_flags);
}
