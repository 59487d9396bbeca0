/* SPDX-License-Identifier: ISC */
/*
 * Words and their unique prefixes: see tokens.h.
 */
#include <string.h>

#include "ctl/tokens.h"

int
tokens_begins(const struct token *t, const char *word)
{
	return t->kind != TOKEN_WORD || word == NULL ||
	    strncmp(t->word, word, strlen(word)) == 0;
}

/*
 * How many tokens a word may mean; the only one, or an exact one, in *hit.  An
 * argument is meant when no word is.
 */
static size_t
find(const struct token *t, const char *word, const struct token **hit)
{
	const struct token *argument = NULL;
	size_t n = 0;

	*hit = NULL;
	if (*word == '\0')
		return 0;
	for (; t->word != NULL; t++) {
		if (t->kind != TOKEN_WORD) {
			argument = t;
			continue;
		}
		if (strcmp(t->word, word) == 0) {
			*hit = t;
			return 1;
		}
		if (tokens_begins(t, word)) {
			*hit = t;
			n++;
		}
	}
	if (n == 0 && argument != NULL) {
		*hit = argument;
		return 1;
	}
	return n;
}

/* "-k", or "-kVALUE" of a short one that takes a value. */
static int
flag_is(const struct token_flag *f, const char *word)
{
	return strcmp(f->flag, word) == 0 ||
	    (f->value != NULL && strlen(f->flag) == 2 &&
	    strncmp(f->flag, word, 2) == 0);
}

static const struct token_flag *
flag_find(const struct token_flag *f, const char *word)
{
	if (f == NULL)
		return NULL;
	for (; f->flag != NULL; f++)
		if (flag_is(f, word))
			return f;
	return NULL;
}

struct walk {
	const struct token_flag	*common;
	char *const		*words;
	size_t			 n;
	size_t			 at;
};

/* An option; TOKENS_OK and w->at behind it and its value. */
static enum tokens_verdict
take_flag(struct walk *w, struct tokens_result *r)
{
	const char *word = w->words[w->at];
	const struct token_flag *f = flag_find(r->flags, word);

	if (f == NULL)
		f = flag_find(w->common, word);
	if (f == NULL || f->id >= TOKENS_FLAGS)
		return TOKENS_FLAG;
	w->at++;
	if (f->value == NULL)
		r->flag[f->id] = "";
	else if (strcmp(f->flag, word) != 0)
		r->flag[f->id] = word + 2;
	else if (w->at == w->n)
		return TOKENS_VALUE;
	else
		r->flag[f->id] = w->words[w->at++];
	return TOKENS_OK;
}

/* A word or an argument. */
static enum tokens_verdict
take_word(struct walk *w, struct tokens_result *r)
{
	const char *word = w->words[w->at];
	const struct token *hit;
	size_t found;

	if (r->table == NULL)
		return TOKENS_EXTRA;
	found = find(r->table, word, &hit);
	if (found != 1)
		return found == 0 ? TOKENS_UNKNOWN : TOKENS_AMBIGUOUS;
	if (hit->kind != TOKEN_WORD) {
		if (r->nargs == TOKENS_ARGS)
			return TOKENS_EXTRA;
		r->arg[r->nargs++] = word;
	}
	if (hit->flags != NULL)
		r->flags = hit->flags;
	r->last = hit;
	r->table = hit->next;
	w->at++;
	return TOKENS_OK;
}

void
tokens_match(const struct token *table, const struct token_flag *common,
    size_t n, char *const *words, struct tokens_result *r)
{
	struct walk w = { common, words, n, 0 };
	int options = 1;		/* until "--" */

	memset(r, 0, sizeof(*r));
	r->table = table;
	while (w.at < n) {
		r->word = words[w.at];
		if (options && strcmp(r->word, "--") == 0) {
			options = 0;
			w.at++;
			continue;
		}
		/* "-" alone is a file. */
		if (options && r->word[0] == '-' && r->word[1] != '\0')
			r->verdict = take_flag(&w, r);
		else
			r->verdict = take_word(&w, r);
		if (r->verdict != TOKENS_OK)
			return;
	}
	r->word = NULL;
	if (r->last == NULL || r->last->action == 0)
		r->verdict = TOKENS_INCOMPLETE;
	else
		r->action = r->last->action;
}
