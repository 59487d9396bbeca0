/* SPDX-License-Identifier: ISC */
/*
 * Words and their unique prefixes: see tokens.h.
 */
#include <string.h>

#include "ctl/tokens.h"

int
tokens_begins(const struct token *t, const char *word)
{
	return word == NULL || strncmp(t->word, word, strlen(word)) == 0;
}

/* How many tokens a word may mean; the only one, or an exact one, in *hit. */
static size_t
find(const struct token *t, const char *word, const struct token **hit)
{
	size_t n = 0;

	*hit = NULL;
	if (*word == '\0')
		return 0;
	for (; t->word != NULL; t++) {
		if (strcmp(t->word, word) == 0) {
			*hit = t;
			return 1;
		}
		if (tokens_begins(t, word)) {
			*hit = t;
			n++;
		}
	}
	return n;
}

void
tokens_match(const struct token *table, size_t n, char *const *words,
    struct tokens_result *r)
{
	const struct token *hit = NULL;
	size_t i, found;

	r->action = 0;
	r->last = NULL;
	r->word = NULL;
	for (i = 0; i < n; i++) {
		r->table = table;
		r->word = words[i];
		if (table == NULL) {
			r->verdict = TOKENS_EXTRA;
			return;
		}
		found = find(table, words[i], &hit);
		if (found != 1) {
			r->verdict = found == 0 ? TOKENS_UNKNOWN :
			    TOKENS_AMBIGUOUS;
			return;
		}
		r->last = hit;
		table = hit->next;
	}
	r->word = NULL;
	r->table = table;
	if (hit == NULL || hit->action == 0) {
		r->verdict = TOKENS_INCOMPLETE;
		return;
	}
	r->verdict = TOKENS_OK;
	r->action = hit->action;
}
