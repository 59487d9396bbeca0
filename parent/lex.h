/* SPDX-License-Identifier: ISC */
/*
 * The words of a configuration: files that include files, macros, comments,
 * quoted strings.  What the words mean is parse.y's.
 *
 * A file is text: UTF-8 without control characters but tab and newline.  A
 * word is letters, digits and . : / - _ % @ and needs no quotes; a string is
 * in double quotes, with \" and \\ for these two.  # begins a comment; a
 * backslash at the end of a line joins it with the next one.  A macro is
 * NAME = WORDS, up to the end of its line, and $NAME stands for these words.
 */
#ifndef PARENT_LEX_H
#define PARENT_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "parent/conf.h"

#define LEX_WORD_MAX	1023		/* bytes of a word or a string */
#define LEX_MACRO_MAX	4096		/* words of a macro */
#define LEX_FILES_MAX	65536		/* included ones, and the first */
#define LEX_WORDS_MAX	(16U << 20)	/* of all files, macros expanded */

enum lex_type {
	LEX_EOF = 0,			/* all files are at their end */
	LEX_WORD = 256,
	LEX_STRING,			/* it was quoted */
	LEX_LEAVE,			/* the end of an included file */
	LEX_BAD				/* not a word; the error is told */
	/* and '\n' '{' '}' ',' '=' as themselves */
};

struct lex_token {
	int			 type;
	bool			 expanded;	/* it came out of a macro */
	struct conf_where	 where;
	/* LEX_WORD, LEX_STRING: lives as long as the lexer. */
	const char		*text;
};

struct lex;

/* NULL with ENOMEM.  Errors go to errors, files to the list. */
struct lex	*lex_new(conf_open *open_file, void *arg,
		    struct conf_files *files, struct conf_errors *errors);
void		 lex_free(struct lex *);
/*
 * Reads the file and goes on in it, up to its end.  at: where the include
 * stands, or NULL for the first file.  0, or -1 and the error is told.
 */
int		 lex_enter(struct lex *, const char *path,
		    const struct conf_where *at);
/* The same with a copy of this text instead of the file's. */
int		 lex_enter_text(struct lex *, const char *path,
		    const char *text, size_t len);
/* The next word; after the end or too many errors LEX_EOF again and again. */
void		 lex_next(struct lex *, struct lex_token *);
/* Words that are skipped: nothing is told about them. */
void		 lex_quiet(struct lex *, bool);
/* Is the next character a '='?  Blanks before it are skipped. */
bool		 lex_is_assignment(struct lex *);
/* After that and the name: reads the rest of the line. */
void		 lex_define(struct lex *, const struct lex_token *name);
/* Where the lexer is. */
struct conf_where
		 lex_where(const struct lex *);

/* In words, for messages: "mtu", the string "a b", the end of the line. */
#define LEX_SHOWN	128
const char	*lex_show(const struct lex_token *, char buf[LEX_SHOWN]);

#endif /* PARENT_LEX_H */
