/* SPDX-License-Identifier: ISC */
/*
 * The grammar of the configuration, and what each statement does.
 *
 * Between the lexer and the grammar stands yylex(), which knows where a
 * statement begins: there it looks the word up in the table of the block,
 * takes definitions of macros, and passes over statements that it does not
 * know, so that one wrong word gives one error.  The grammar sees only
 * statements that begin well, each ended by a newline.
 */
%{
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf_parse.h"
#include "parent/conf_set.h"
#include "parent/lex.h"

/* byacc frees its stacks only if it is asked to. */
#define YY_NO_LEAKS

static int	 yylex(void);
static void	 yyerror(const char *);
static void	 include(const struct lex_token *);

/* The configuration that is being read. */
static struct conf_reading	*reading;
%}

%union {
	struct lex_token	 word;
}

%token		INTERFACE PEER INCLUDE
%token		ADDRESS LISTEN MTU FWMARK PRIVATEKEY ROUTES AEAD WORKERS
%token		PUBLICKEY PRESHAREDKEY ENDPOINT ALLOWEDIPS KEEPALIVE
%token		PORT KEYFILE TABLE MAIN NONE OFF
%token		AUTO LIBSODIUM IPSECMB
%token		BAD
%token <word>	WORD

%%

conf		: /* empty */
		| conf interface '\n'
		| conf peer '\n'
		| conf INCLUDE WORD '\n'	{ include(&$3); }
		| conf error '\n'		{ yyerrok; }
		;

interface	: INTERFACE WORD
		    { set_interface(reading, &$2); }
		    '{' interface_l '}'
		;

interface_l	: /* empty */
		| interface_l interface_s '\n'
		| interface_l error '\n'	{ yyerrok; }
		;

interface_s	: ADDRESS address
		| ADDRESS '{' address_l comma '}'
		| ADDRESS '{' '}'
		| LISTEN PORT WORD		{ set_port(reading, &$3); }
		| MTU WORD			{ set_mtu(reading, &$2); }
		| FWMARK WORD			{ set_fwmark(reading, &$2); }
		| PRIVATEKEY KEYFILE WORD
		    { set_key_file(reading, &$3); }
		| ROUTES TABLE MAIN
		    { set_routes(reading, CONF_ROUTES_MAIN); }
		| ROUTES NONE
		    { set_routes(reading, CONF_ROUTES_NONE); }
		| ROUTES TABLE WORD		{ set_table(reading, &$3); }
		| AEAD AUTO
		    { set_aead(reading, CONF_AEAD_AUTO); }
		| AEAD LIBSODIUM
		    { set_aead(reading, CONF_AEAD_LIBSODIUM); }
		| AEAD IPSECMB
		    { set_aead(reading, CONF_AEAD_IPSECMB); }
		| WORKERS AUTO
		    { set_workers(reading, NULL); }
		| WORKERS WORD
		    { set_workers(reading, &$2); }
		;

address_l	: address
		| address_l comma address
		;

address		: WORD				{ set_address(reading, &$1); }
		;

peer		: PEER WORD
		    { if (set_peer(reading, &$2) == -1) YYABORT; }
		    '{' peer_l '}'		{ set_peer_end(reading); }
		;

peer_l		: /* empty */
		| peer_l peer_s '\n'
		| peer_l error '\n'		{ yyerrok; }
		;

peer_s		: PUBLICKEY WORD
		    { set_public_key(reading, &$2); }
		| PRESHAREDKEY KEYFILE WORD
		    { set_psk_file(reading, &$3); }
		| ENDPOINT WORD PORT WORD
		    { set_endpoint(reading, &$2, &$4); }
		| ALLOWEDIPS allowed
		| ALLOWEDIPS '{' allowed_l comma '}'
		| ALLOWEDIPS '{' '}'
		| KEEPALIVE WORD
		    { set_keepalive(reading, &$2); }
		| KEEPALIVE OFF
		    { set_keepalive(reading, NULL); }
		;

allowed_l	: allowed
		| allowed_l comma allowed
		;

allowed		: WORD				{ set_allowed(reading, &$1); }
		;

comma		: /* empty */
		| ','
		;

%%

/* --- statements */

enum block { TOP, IN_INTERFACE, IN_PEER };

/* The words that begin a statement, and its form. */
static const struct statement {
	enum block	 block;
	int		 token;
	const char	*word;
	const char	*form;
} statements[] = {
	{ TOP, INTERFACE, "interface", "interface NAME { ... }" },
	{ TOP, PEER, "peer", "peer NAME { ... }" },
	{ TOP, INCLUDE, "include", "include FILE" },
	{ IN_INTERFACE, ADDRESS, "address", "address ADDRESS/LENGTH" },
	{ IN_INTERFACE, LISTEN, "listen", "listen port NUMBER" },
	{ IN_INTERFACE, MTU, "mtu", "mtu NUMBER" },
	{ IN_INTERFACE, FWMARK, "fwmark", "fwmark NUMBER" },
	{ IN_INTERFACE, PRIVATEKEY, "private-key", "private-key file FILE" },
	{ IN_INTERFACE, ROUTES, "routes", "routes table main, routes table "
	    "NUMBER or routes none" },
	{ IN_INTERFACE, AEAD, "aead", "aead auto, aead libsodium or aead "
	    "ipsec-mb" },
	{ IN_INTERFACE, WORKERS, "workers", "workers auto or workers NUMBER" },
	{ IN_PEER, PUBLICKEY, "public-key", "public-key \"KEY\"" },
	{ IN_PEER, PRESHAREDKEY, "preshared-key", "preshared-key file FILE" },
	{ IN_PEER, ENDPOINT, "endpoint", "endpoint HOST port NUMBER" },
	{ IN_PEER, ALLOWEDIPS, "allowed-ips", "allowed-ips PREFIX or "
	    "allowed-ips { PREFIX, ... }" },
	{ IN_PEER, KEEPALIVE, "keepalive", "keepalive SECONDS or keepalive "
	    "off" }
};
#define NSTATEMENTS	(sizeof(statements) / sizeof(statements[0]))

/* What stands between the '}' of a block and the end of its line. */
static const struct statement after_block = { TOP, 0, "}", "a new line" };

/* Within a statement some words are keywords, in others they are not. */
static const struct {
	int		 statement;
	int		 token;
	const char	*word;
} keywords[] = {
	{ LISTEN, PORT, "port" },
	{ ENDPOINT, PORT, "port" },
	{ PRIVATEKEY, KEYFILE, "file" },
	{ PRESHAREDKEY, KEYFILE, "file" },
	{ ROUTES, TABLE, "table" },
	{ ROUTES, MAIN, "main" },
	{ ROUTES, NONE, "none" },
	{ KEEPALIVE, OFF, "off" },
	{ AEAD, AUTO, "auto" },
	{ AEAD, LIBSODIUM, "libsodium" },
	{ AEAD, IPSECMB, "ipsec-mb" },
	{ WORKERS, AUTO, "auto" }
};
#define NKEYWORDS	(sizeof(keywords) / sizeof(keywords[0]))

/* What the configuration of a network will begin with. */
static const char *const reserved[] = {
	"accept", "control", "coordinator", "dns", "exit", "gateway", "join",
	"limit", "log", "metrics", "network", "policy", "portmap", "relay",
	"sandbox", "service", "stun", "uapi"
};

/* Unlike the lexer, byacc's parser has no place for a state of ours. */
static struct {
	struct lex		*lex;
	enum block		 block;
	struct conf_where	 block_where;
	/* The statement; NULL: one begins with the next word. */
	const struct statement	*statement;
	const struct statement	*last;		/* the same or the one before */
	unsigned		 words;		/* of it that were given */
	bool			 in_list;
	struct lex_token	 token;		/* the one given to yyparse */
	struct lex_token	 kept[4];	/* to be given again */
	unsigned		 nkept;
	bool			 skip;		/* the rest of the statement */
	struct conf_where	 seen[NSTATEMENTS];	/* in this block */
} in;

static const char *
block_name(enum block block)
{
	static const char *const names[] = {
		"a configuration", "an interface", "a peer"
	};

	return names[block];
}

/* "address, listen, ... or routes" */
static void
block_words(enum block block, char *buf, size_t size)
{
	size_t i, left = 0;

	for (i = 0; i < NSTATEMENTS; i++)
		left += statements[i].block == block;
	*buf = '\0';
	for (i = 0; i < NSTATEMENTS; i++) {
		if (statements[i].block != block)
			continue;
		strlcat(buf, statements[i].word, size);
		left--;
		strlcat(buf, left > 1 ? ", " : left == 1 ? " or " : "", size);
	}
}

/* The error for a word that begins no statement here. */
static void
unknown(const struct lex_token *t)
{
	char word[LEX_SHOWN], words[256];
	size_t i;

	if (t->type == '}') {
		conf_error(reading->errors, &t->where,
		    "\"}\" without its \"{\"");
		return;
	}
	lex_show(t, word);
	for (i = 0; in.block == TOP && t->type == LEX_WORD &&
	    i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strcmp(t->text, reserved[i]) == 0) {
			conf_error(reading->errors, &t->where,
			    "%s: not in this version", word);
			return;
		}
	block_words(in.block, words, sizeof(words));
	conf_error(reading->errors, &t->where,
	    "%s is not known in %s: wanted %s", word, block_name(in.block),
	    words);
}

static const struct statement *
statement_find(const struct lex_token *t)
{
	size_t i;

	if (t->type == LEX_WORD)
		for (i = 0; i < NSTATEMENTS; i++)
			if (statements[i].block == in.block &&
			    strcmp(statements[i].word, t->text) == 0)
				return &statements[i];
	return NULL;
}

/* --- words for the grammar */

static void
next(struct lex_token *t)
{
	if (in.nkept > 0)
		*t = in.kept[--in.nkept];
	else
		lex_next(in.lex, t);
}

static void
keep(const struct lex_token *t)
{
	in.kept[in.nkept++] = *t;
}

/*
 * Passes over the rest of a statement, of which t is the next word, with the
 * blocks and lists that begin in it.  The newline that ends it is left, and so
 * is a brace that ends the block around it.
 */
static void
skip(struct lex_token *t)
{
	unsigned depth = in.in_list ? 1 : 0;

	in.in_list = false;
	lex_quiet(in.lex, true);
	for (;; next(t)) {
		if (t->type == LEX_EOF || t->type == LEX_LEAVE)
			break;
		if (t->type == '\n' && depth == 0)
			break;
		if (t->type == '{')
			depth++;
		else if (t->type == '}' && depth > 0)
			depth--;
		else if (t->type == '}' && in.block != TOP)
			break;
	}
	lex_quiet(in.lex, false);
	if (t->type != '\n') {
		keep(t);
		t->type = '\n';
	}
}

/* The end of a file ends its statement and its block, with one error. */
static int
end_of_file(struct lex_token *t)
{
	keep(t);
	if (in.statement != NULL) {
		t->type = in.in_list ? LEX_BAD : '\n';
		in.statement = NULL;
		return in.in_list ? BAD : '\n';
	}
	/* Unless the lexer gave up, and the file does not end here. */
	if (!conf_is_hopeless(reading->errors))
		conf_error(reading->errors, &t->where, "the file ends "
		    "within the %s of line %u: \"}\" is missing",
		    in.block == IN_PEER ? "peer" : "interface",
		    in.block_where.line);
	in.block = TOP;
	in.statement = &after_block;
	return '}';
}

/* Most statements stand once in a block. */
static bool
is_repeated(const struct lex_token *t)
{
	struct conf_where *seen = &in.seen[in.statement - statements];
	char word[LEX_SHOWN];

	if (in.block == TOP || in.statement->token == ADDRESS ||
	    in.statement->token == ALLOWEDIPS)
		return false;
	if (seen->line == 0) {
		*seen = t->where;
		return false;
	}
	conf_error(reading->errors, &t->where,
	    "%s stands twice in this %s: first in line %u",
	    lex_show(t, word), in.block == IN_PEER ? "peer" : "interface",
	    seen->line);
	return true;
}

/*
 * A block that begins within another: the other one was not closed, and it is
 * most of all useful to say so and go on as if it were.
 */
static bool
is_unclosed(const struct lex_token *t)
{
	struct lex_token newline = *t;
	char word[LEX_SHOWN];

	if (in.block == TOP || t->type != LEX_WORD ||
	    (strcmp(t->text, "interface") != 0 &&
	    strcmp(t->text, "peer") != 0))
		return false;
	conf_error(reading->errors, &t->where,
	    "%s within the %s of line %u: \"}\" is missing",
	    lex_show(t, word), in.block == IN_PEER ? "peer" : "interface",
	    in.block_where.line);
	newline.type = '\n';
	keep(t);
	keep(&newline);
	return true;
}

/* A word where a statement begins; 0: it was not one, go on. */
static int
begin(struct lex_token *t)
{
	if (t->type == '\n' || t->type == LEX_LEAVE)
		return 0;
	if ((t->type == '}' && in.block != TOP) || is_unclosed(t)) {
		in.block = TOP;
		in.statement = &after_block;
		return '}';
	}
	if (t->type == LEX_WORD && in.block == TOP && !t->expanded &&
	    in.nkept == 0 && lex_is_assignment(in.lex)) {
		lex_define(in.lex, t);
		return 0;
	}
	in.statement = statement_find(t);
	if (in.statement != NULL && !is_repeated(t))
		return in.statement->token;
	if (in.statement == NULL && t->type != LEX_BAD)
		unknown(t);
	in.statement = NULL;
	if (t->type != '}')
		skip(t);
	return 0;
}

/* The '{' of a block may stand on the next line. */
static bool
brace_follows(void)
{
	struct lex_token t;

	do
		next(&t);
	while (t.type == '\n');
	keep(&t);
	return t.type == '{';
}

static int
within_list(const struct lex_token *t)
{
	switch (t->type) {
	case '\n':
		return 0;
	case '}':
		in.in_list = false;
		return '}';
	case ',':
		return ',';
	case LEX_WORD:
	case LEX_STRING:
		return WORD;
	}
	return BAD;
}

/* '{': anything but a block or a list where they begin is a wrong word. */
static int
brace(const struct lex_token *t)
{
	switch (in.statement->token) {
	case INTERFACE:
	case PEER:
		if (in.words != 2)
			break;
		in.block = in.statement->token == PEER ? IN_PEER :
		    IN_INTERFACE;
		in.block_where = t->where;
		in.statement = NULL;
		memset(in.seen, 0, sizeof(in.seen));
		break;
	case ADDRESS:
	case ALLOWEDIPS:
		in.in_list = in.words == 1;
		break;
	}
	return '{';
}

static int
within(struct lex_token *t)
{
	size_t i;

	switch (t->type) {
	case '\n':
		if ((in.statement->token == INTERFACE ||
		    in.statement->token == PEER) && brace_follows())
			return 0;
		in.statement = NULL;
		return '\n';
	case '{':
		return brace(t);
	case '}':
		/* The last statement of a block needs no newline. */
		keep(t);
		t->type = '\n';
		in.statement = NULL;
		return '\n';
	case ',':
	case '=':
		return t->type;
	case LEX_WORD:
		for (i = 0; i < NKEYWORDS; i++)
			if (keywords[i].statement == in.statement->token &&
			    strcmp(keywords[i].word, t->text) == 0)
				return keywords[i].token;
		return WORD;
	case LEX_STRING:
		return WORD;
	}
	return BAD;
}

static int
yylex(void)
{
	struct lex_token *t = &in.token;
	const struct statement *before = in.statement;
	int token = 0;

	if (in.skip) {
		in.skip = false;
		skip(t);
		in.statement = NULL;
		return '\n';
	}
	while (token == 0) {
		next(t);
		if ((t->type == LEX_EOF || t->type == LEX_LEAVE) &&
		    (in.statement != NULL || in.block != TOP))
			token = end_of_file(t);
		else if (t->type == LEX_EOF)
			return 0;
		else if (in.statement == NULL)
			token = begin(t);
		else if (in.in_list)
			token = within_list(t);
		else
			token = within(t);
	}
	if (in.statement != NULL && in.statement != before) {
		in.words = 0;
		reading->wrong = false;
	}
	if (in.statement != NULL)
		in.last = in.statement;
	in.words++;
	yylval.word = *t;
	return token;
}

static bool
wants_key_file(void)
{
	return in.last != NULL && (in.last->token == PRIVATEKEY ||
	    in.last->token == PRESHAREDKEY);
}

/*
 * The statement began well and went on wrongly; say what it should be.  What
 * stands in the place of a key file may be the key itself: it is not shown.
 */
static void
yyerror(const char *why)
{
	const struct lex_token *t = &in.token;
	char word[LEX_SHOWN];

	/* No memory for its stack: then it ends, and conf_parse() tells. */
	if (strcmp(why, "syntax error") != 0)
		return;
	if (reading->wrong || t->type == LEX_BAD)
		;
	else if (wants_key_file() && in.words <= 2)
		conf_error(reading->errors, &t->where,
		    "%s needs the name of a file: wanted %s",
		    in.last->word, in.last->form);
	else if (t->type == '\n')
		conf_error(reading->errors, &t->where,
		    "the line ends too early: wanted %s", in.last->form);
	else
		conf_error(reading->errors, &t->where,
		    "%s does not belong here: wanted %s", lex_show(t, word),
		    in.last->form);
	/* A newline is where the parser goes on by itself. */
	in.skip = t->type != '\n';
}

static void
include(const struct lex_token *t)
{
	char *path = set_path(reading, t);

	if (path != NULL)
		lex_enter(in.lex, path, &t->where);
	free(path);
}

void
conf_parse(struct conf_reading *r, struct lex *lex)
{
	memset(&in, 0, sizeof(in));
	in.lex = lex;
	reading = r;
	/* 1: given up, and why is told; 2: the parser has no memory. */
	if (yyparse() == 2)
		conf_error_memory(r->errors);
	memset(&in, 0, sizeof(in));
	reading = NULL;
}
