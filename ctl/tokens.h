/* SPDX-License-Identifier: ISC */
/*
 * The commands as a tree of tables of words, with arguments and options.  A
 * word may be cut short as long as it stays the only one it can mean; an
 * option is said in full, anywhere behind the word that has it.  A leaf: it
 * prints nothing and knows no command.
 */
#ifndef CTL_TOKENS_H
#define CTL_TOKENS_H

#include <stddef.h>

#define TOKENS_ARGS	2	/* arguments of a command, at most */
#define TOKENS_FLAGS	8	/* different options of all commands */

enum token_kind {
	TOKEN_WORD,
	/* Anything that is not empty; `word` is only its name for messages. */
	TOKEN_NAME,			/* of a peer */
	TOKEN_FILE
};

struct token_flag {
	const char	*flag;		/* "-k", "--check"; NULL ends a list */
	const char	*value;		/* the name of its value, or NULL */
	size_t		 id;		/* below TOKENS_FLAGS */
	const char	*help;
};

struct token {
	const char		*word;		/* NULL ends a table */
	const struct token	*next;		/* what may follow */
	int			 action;	/* if none follows; 0: must */
	const char		*help;
	enum token_kind		 kind;
	const struct token_flag	*flags;		/* allowed from here on */
};

enum tokens_verdict {
	TOKENS_OK,
	TOKENS_UNKNOWN,			/* no word begins like this */
	TOKENS_AMBIGUOUS,		/* several do */
	TOKENS_INCOMPLETE,		/* another word must follow */
	TOKENS_EXTRA,			/* nothing may follow */
	TOKENS_FLAG,			/* no such option here */
	TOKENS_VALUE			/* the option needs a value */
};

struct tokens_result {
	enum tokens_verdict	 verdict;
	int			 action;	/* TOKENS_OK */
	const struct token	*last;		/* the last word understood */
	const struct token	*table;		/* where it is wrong, or NULL */
	const char		*word;		/* what was said there */
	size_t			 nargs;
	const char		*arg[TOKENS_ARGS];
	const struct token_flag	*flags;		/* those of the command */
	/* By id: NULL not given, "" given without a value. */
	const char		*flag[TOKENS_FLAGS];
};

/*
 * Follows n words from a table.  common: options that are allowed behind every
 * word, or NULL.  Of an option said twice the last one counts.
 */
void	 tokens_match(const struct token *, const struct token_flag *common,
	    size_t n, char *const *words, struct tokens_result *);
/* Could this token be meant by a word (NULL: by any)? */
int	 tokens_begins(const struct token *, const char *word);

#endif /* CTL_TOKENS_H */
