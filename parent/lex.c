/* SPDX-License-Identifier: ISC */
/*
 * The lexer of the configuration: see lex.h.  Files are read whole and checked
 * to be text before their first word is looked at.  Words live in a pool that
 * goes away with the lexer.
 */
#include <sys/queue.h>
#include <sys/tree.h>

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parent/conf_parse.h"
#include "parent/lex.h"
#include "parent/lex_file.h"
#include "shared/utf8.h"

#define POOL_SIZE	(64 * 1024)

struct chunk {
	SLIST_ENTRY(chunk)	 entry;
	size_t			 used;
	char			 data[POOL_SIZE];
};

struct macro {
	RB_ENTRY(macro)		 entry;
	const char		*name;
	struct conf_where	 where;
	struct lex_token	*word;
	size_t			 n;
};
RB_HEAD(macros, macro);

/* A file that is being read; the first one is the innermost. */
struct source {
	SLIST_ENTRY(source)	 entry;
	const char		*path;
	char			*text;
	size_t			 len;
	size_t			 at;
	unsigned		 line;
};

struct lex {
	conf_open		*open;
	void			*arg;
	struct conf_files	*files;
	struct conf_errors	*errors;
	SLIST_HEAD(, source)	 sources;
	unsigned		 depth;
	struct conf_where	 last;	/* where the last file ended */
	SLIST_HEAD(, chunk)	 pool;
	struct macros		 macros;
	/* The macro that is being expanded, and where. */
	const struct macro	*macro;
	size_t			 word;
	struct conf_where	 macro_where;
	size_t			 bytes;	/* of all files */
	size_t			 nfiles;
	size_t			 words;
	int			 previous;	/* type of the last token */
	bool			 ended;
	bool			 quiet;
};

static int
macro_cmp(const struct macro *a, const struct macro *b)
{
	return strcmp(a->name, b->name);
}

RB_PROTOTYPE(macros, macro, entry, macro_cmp)
RB_GENERATE(macros, macro, entry, macro_cmp)

/* What is wrong with a word; nothing if it is skipped anyway. */
static void __attribute__((format(printf, 3, 4)))
tell(struct lex *l, const struct conf_where *at, const char *fmt, ...)
{
	va_list ap;

	if (l->quiet)
		return;
	va_start(ap, fmt);
	conf_verror(l->errors, at, fmt, ap);
	va_end(ap);
}

void
lex_quiet(struct lex *l, bool quiet)
{
	l->quiet = quiet;
}

/* --- memory */

/* size bytes that live as long as the lexer; NULL, and that is told. */
static void *
pool_get(struct lex *l, size_t size)
{
	struct chunk *c = SLIST_FIRST(&l->pool);
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (c == NULL || size > POOL_SIZE - c->used) {
		if (size > POOL_SIZE || (c = malloc(sizeof(*c))) == NULL) {
			conf_error_memory(l->errors);
			l->ended = true;
			return NULL;
		}
		c->used = 0;
		SLIST_INSERT_HEAD(&l->pool, c, entry);
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

static const char *
pool_text(struct lex *l, const char *text, size_t len)
{
	char *p = pool_get(l, len + 1);

	if (p != NULL) {
		memcpy(p, text, len);
		p[len] = '\0';
	}
	return p;
}

struct lex *
lex_new(conf_open *open_file, void *arg, struct conf_files *files,
    struct conf_errors *errors)
{
	struct lex *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->open = open_file;
	l->arg = arg;
	l->files = files;
	l->errors = errors;
	SLIST_INIT(&l->sources);
	SLIST_INIT(&l->pool);
	RB_INIT(&l->macros);
	return l;
}

static void
leave(struct lex *l)
{
	struct source *s = SLIST_FIRST(&l->sources);

	l->last.file = s->path;
	l->last.line = s->line;
	SLIST_REMOVE_HEAD(&l->sources, entry);
	l->depth--;
	free(s->text);
	free(s);
}

void
lex_free(struct lex *l)
{
	struct macro *m;
	struct chunk *c;

	if (l == NULL)
		return;
	while (!SLIST_EMPTY(&l->sources))
		leave(l);
	while ((m = RB_ROOT(&l->macros)) != NULL) {
		RB_REMOVE(macros, &l->macros, m);
		free(m->word);
		free(m);
	}
	while ((c = SLIST_FIRST(&l->pool)) != NULL) {
		SLIST_REMOVE_HEAD(&l->pool, entry);
		free(c);
	}
	free(l);
}

/* --- files */

static int
remember_file(struct lex *l, const char *path, const char **copy)
{
	struct conf_file *f;

	if ((f = malloc(sizeof(*f))) == NULL ||
	    (f->path = strdup(path)) == NULL) {
		free(f);
		conf_error_memory(l->errors);
		return -1;
	}
	STAILQ_INSERT_TAIL(l->files, f, entry);
	*copy = f->path;
	return 0;
}

/* Takes text, also if it fails. */
static int
enter(struct lex *l, const char *path, char *text, size_t len)
{
	struct source *s;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		conf_error_memory(l->errors);
		goto fail;
	}
	if (remember_file(l, path, &s->path) == -1)
		goto fail;
	s->text = text;
	s->len = len;
	s->line = 1;
	if (lex_check_text(s->path, text, len, l->errors) == -1)
		goto fail;
	l->bytes += len;
	l->nfiles++;
	SLIST_INSERT_HEAD(&l->sources, s, entry);
	l->depth++;
	return 0;
fail:
	free(text);
	free(s);
	return -1;
}

/* "PATH: why", or "FILE:LINE: include PATH: why". */
static void
no_file(struct lex *l, const struct conf_where *at, const char *path,
    const char *why)
{
	conf_error(l->errors, at, "%s%s: %s", at != NULL ? "include " : "",
	    path, why);
}

/* Does a file that is open now include this one? */
static bool
is_loop(const struct lex *l, const char *path)
{
	const struct source *s;

	SLIST_FOREACH(s, &l->sources, entry)
		if (strcmp(s->path, path) == 0)
			return true;
	return false;
}

int
lex_enter(struct lex *l, const char *path, const struct conf_where *at)
{
	char *text;
	size_t len;

	if (is_loop(l, path)) {
		no_file(l, at, path, "it includes itself");
		return -1;
	}
	if (l->depth > CONF_INCLUDE_MAX || l->nfiles == LEX_FILES_MAX) {
		no_file(l, at, path, l->nfiles == LEX_FILES_MAX ?
		    "too many files" : "files include files too deep");
		return -1;
	}
	text = lex_read_file(path, l->open, l->arg, CONF_FILE_MAX - l->bytes,
	    &len);
	if (text == NULL) {
		no_file(l, at, path, errno == EFBIG ?
		    "the configuration is larger than 64 MiB" :
		    errno == EPERM ? "not a regular file" : strerror(errno));
		return -1;
	}
	return enter(l, path, text, len);
}

int
lex_enter_text(struct lex *l, const char *path, const char *text, size_t len)
{
	char *copy;

	if (len > CONF_FILE_MAX) {
		no_file(l, NULL, path,
		    "the configuration is larger than 64 MiB");
		return -1;
	}
	if ((copy = malloc(len > 0 ? len : 1)) == NULL) {
		conf_error_memory(l->errors);
		return -1;
	}
	memcpy(copy, text, len);
	return enter(l, path, copy, len);
}

struct conf_where
lex_where(const struct lex *l)
{
	const struct source *s = SLIST_FIRST(&l->sources);
	struct conf_where w = l->last;

	if (s != NULL) {
		w.file = s->path;
		w.line = s->line;
	}
	return w;
}

/* --- characters */

static int
peek(const struct source *s, size_t ahead)
{
	return s->len - s->at > ahead ? (unsigned char)s->text[s->at + ahead] :
	    -1;
}

static bool
is_name(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_';
}

static bool
is_word(int c)
{
	return is_name(c) || c == '.' || c == ':' || c == '/' || c == '-' ||
	    c == '%' || c == '@';
}

/* Blanks, comments and joined lines; a newline is a word of its own. */
static void
skip_blanks(struct source *s)
{
	for (;;) {
		if (peek(s, 0) == ' ' || peek(s, 0) == '\t')
			s->at++;
		else if (peek(s, 0) == '\\' && peek(s, 1) == '\n') {
			s->at += 2;
			s->line++;
		} else if (peek(s, 0) == '#')
			while (peek(s, 0) != -1 && peek(s, 0) != '\n')
				s->at++;
		else
			return;
	}
}

/* --- words */

static void
bad(struct lex_token *t)
{
	t->type = LEX_BAD;
}

static void
too_long(struct lex *l, struct lex_token *t)
{
	tell(l, &t->where, "a word of more than %d bytes",
	    LEX_WORD_MAX);
	bad(t);
}

static void
lex_word(struct lex *l, struct source *s, struct lex_token *t)
{
	size_t begin = s->at;

	while (is_word(peek(s, 0)))
		s->at++;
	t->type = LEX_WORD;
	if (s->at - begin > LEX_WORD_MAX)
		too_long(l, t);
	else if ((t->text = pool_text(l, s->text + begin, s->at - begin)) ==
	    NULL)
		bad(t);
}

static void
lex_string(struct lex *l, struct source *s, struct lex_token *t)
{
	char buf[LEX_WORD_MAX + 1];
	size_t n = 0;
	int c;

	t->type = LEX_STRING;
	for (s->at++; (c = peek(s, 0)) != '"'; s->at++) {
		if (c == -1 || c == '\n') {
			tell(l, &t->where,
			    "a string without its closing quote");
			bad(t);
			return;
		}
		if (c == '\\') {
			s->at++;
			c = peek(s, 0);
			if (c != '"' && c != '\\') {
				tell(l, &t->where, "a backslash "
				    "in a string: only \\\" and \\\\ are "
				    "known");
				bad(t);
				return;
			}
		}
		/* Go on to the end of one that is too long. */
		if (n < sizeof(buf))
			buf[n++] = (char)c;
	}
	s->at++;
	if (n > LEX_WORD_MAX)
		too_long(l, t);
	else if ((t->text = pool_text(l, buf, n)) == NULL)
		bad(t);
}

static struct macro *
macro_find(struct lex *l, const char *name)
{
	struct macro key;

	key.name = name;
	return RB_FIND(macros, &l->macros, &key);
}

/* $NAME: true if its words follow, false if it is wrong. */
static bool
lex_dollar(struct lex *l, struct source *s, struct lex_token *t)
{
	const struct macro *m;
	struct lex_token name = *t;
	size_t begin = ++s->at;

	while (is_name(peek(s, 0)))
		s->at++;
	if (s->at == begin || s->at - begin > LEX_WORD_MAX) {
		tell(l, &t->where,
		    "\"$\" without the name of a macro");
		return false;
	}
	name.type = LEX_WORD;
	name.text = pool_text(l, s->text + begin, s->at - begin);
	if (name.text == NULL)
		return false;
	if ((m = macro_find(l, name.text)) == NULL) {
		char buf[LEX_SHOWN];

		tell(l, &t->where,
		    "macro %s is not defined above", lex_show(&name, buf));
		return false;
	}
	l->macro = m;
	l->word = 0;
	l->macro_where = t->where;
	return true;
}

static void
lex_unknown(struct lex *l, struct source *s, struct lex_token *t)
{
	size_t n = utf8_len((const uint8_t *)s->text + s->at,
	    s->len - s->at);

	if (peek(s, 0) == '\\')
		tell(l, &t->where, "a backslash that does not end its line");
	else if (peek(s, 0) == '[' && (l->previous == '\n' ||
	    l->previous == LEX_EOF))
		tell(l, &t->where, "\"[\" begins no statement: if this is a "
		    "file of wg-quick, warrenctl import translates it");
	else
		tell(l, &t->where, "\"%.*s\" can only stand in "
		    "a string, in double quotes", (int)n, s->text + s->at);
	s->at += n;
	bad(t);
}

/* The next word of the file; false: a macro was begun, ask again. */
static bool
lex_source(struct lex *l, struct source *s, struct lex_token *t)
{
	int c;

	skip_blanks(s);
	t->where.file = s->path;
	t->where.line = s->line;
	switch (c = peek(s, 0)) {
	case -1:
		/* A last line without its newline has one all the same. */
		if (l->previous != '\n' && l->previous != LEX_LEAVE)
			t->type = '\n';
		else {
			leave(l);
			t->type = SLIST_EMPTY(&l->sources) ? LEX_EOF :
			    LEX_LEAVE;
		}
		break;
	case '\n':
		s->line++;
		/* FALLTHROUGH */
	case '{':
	case '}':
	case ',':
	case '=':
		s->at++;
		t->type = c;
		break;
	case '"':
		lex_string(l, s, t);
		break;
	case '$':
		if (lex_dollar(l, s, t))
			return false;
		bad(t);
		break;
	default:
		if (is_word(c))
			lex_word(l, s, t);
		else
			lex_unknown(l, s, t);
	}
	return true;
}

/* The next word of the macro; false if there is none. */
static bool
lex_macro(struct lex *l, struct lex_token *t)
{
	if (l->macro == NULL || l->word == l->macro->n) {
		l->macro = NULL;
		return false;
	}
	*t = l->macro->word[l->word++];
	t->expanded = true;
	t->where = l->macro_where;
	return true;
}

void
lex_next(struct lex *l, struct lex_token *t)
{
	memset(t, 0, sizeof(*t));
	t->where = lex_where(l);
	if (l->words++ == LEX_WORDS_MAX) {
		tell(l, &t->where,
		    "the configuration has too many words");
		l->ended = true;
	}
	if (conf_is_hopeless(l->errors))
		l->ended = true;
	while (!l->ended && !lex_macro(l, t)) {
		if (SLIST_EMPTY(&l->sources))
			l->ended = true;
		else if (lex_source(l, SLIST_FIRST(&l->sources), t))
			break;
	}
	if (l->ended)
		t->type = LEX_EOF;
	l->previous = t->type;
}

/* --- macros */

bool
lex_is_assignment(struct lex *l)
{
	struct source *s = SLIST_FIRST(&l->sources);

	if (l->macro != NULL || s == NULL)
		return false;
	skip_blanks(s);
	return peek(s, 0) == '=';
}

static bool
name_is_good(const struct lex_token *name)
{
	const char *p;

	if (name->type != LEX_WORD || (*name->text >= '0' &&
	    *name->text <= '9'))
		return false;
	for (p = name->text; *p != '\0'; p++)
		if (!is_name(*p))
			return false;
	return true;
}

/* One more word of a macro; 0, or -1 and it is told. */
static int
macro_add(struct lex *l, struct macro *m, const struct lex_token *t)
{
	struct lex_token *p;

	if (m->n == LEX_MACRO_MAX) {
		tell(l, &m->where,
		    "a macro of more than %d words", LEX_MACRO_MAX);
		return -1;
	}
	/* Room for a power of two. */
	if ((m->n & (m->n - 1)) == 0) {
		p = realloc(m->word, (m->n == 0 ? 1 : 2 * m->n) * sizeof(*p));
		if (p == NULL) {
			conf_error_memory(l->errors);
			return -1;
		}
		m->word = p;
	}
	m->word[m->n++] = *t;
	return 0;
}

/* The words up to the end of the line; 0, or -1 and it is told. */
static int
macro_fill(struct lex *l, struct macro *m)
{
	struct lex_token t;
	int bad_words = 0;

	for (;;) {
		lex_next(l, &t);
		if (t.type == '\n' || t.type == LEX_EOF)
			break;
		if (t.type == '=') {
			tell(l, &t.where,
			    "\"=\" in the words of a macro");
			bad_words = 1;
		} else if (t.type == LEX_BAD ||
		    (bad_words == 0 && macro_add(l, m, &t) == -1))
			bad_words = 1;
	}
	if (bad_words == 0 && m->n == 0 && !l->ended) {
		tell(l, &m->where, "macro \"%.64s\" has no "
		    "words", m->name);
		bad_words = 1;
	}
	return bad_words == 0 ? 0 : -1;
}

void
lex_define(struct lex *l, const struct lex_token *name)
{
	const struct macro *other;
	struct macro *m;
	struct lex_token t;
	char buf[LEX_SHOWN];

	lex_next(l, &t);	/* the '=' */
	if ((m = calloc(1, sizeof(*m))) == NULL) {
		conf_error_memory(l->errors);
		l->ended = true;
		return;
	}
	m->name = name->text;
	m->where = name->where;
	if (!name_is_good(name))
		tell(l, &name->where, "%s cannot name a macro: "
		    "letters, digits and _, no digit at first",
		    lex_show(name, buf));
	else if ((other = macro_find(l, name->text)) != NULL)
		tell(l, &name->where,
		    "macro %s is already defined at %s:%u",
		    lex_show(name, buf), other->where.file,
		    other->where.line);
	/* Wrong words of a macro are told; that it is missing then is not. */
	macro_fill(l, m);
	if (!name_is_good(name) || RB_INSERT(macros, &l->macros, m) != NULL) {
		free(m->word);
		free(m);
	}
}

const char *
lex_show(const struct lex_token *t, char buf[LEX_SHOWN])
{
	size_t n;

	switch (t->type) {
	case LEX_WORD:
	case LEX_STRING:
		/* A long one is cut, not within a character. */
		if ((n = strlen(t->text)) > 64)
			for (n = 64; (t->text[n] & 0xc0) == 0x80; n--)
				continue;
		snprintf(buf, LEX_SHOWN, "\"%.*s%s\"", (int)n, t->text,
		    t->text[n] != '\0' ? "..." : "");
		break;
	case '\n':
	case LEX_LEAVE:
	case LEX_EOF:
		snprintf(buf, LEX_SHOWN, "the end of the line");
		break;
	default:
		snprintf(buf, LEX_SHOWN, "\"%c\"", t->type);
	}
	return buf;
}
