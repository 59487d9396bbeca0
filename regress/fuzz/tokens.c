/* SPDX-License-Identifier: ISC */
/*
 * Command words against a tree with nested, equal and prefixing words.  What
 * matched is found again by its whole words; the answer names the very word
 * that was wrong.
 */
#include "ctl/tokens.h"
#include "input.h"

#define WORDS	6

static const struct token empty[] = {
	{ NULL, NULL, 0, NULL }
};
static const struct token deep[] = {
	{ "peer", NULL, 1, "" },
	{ "peers", NULL, 2, "" },
	{ "pee", empty, 0, "" },
	{ NULL, NULL, 0, NULL }
};
static const struct token top[] = {
	{ "show", deep, 0, "" },
	{ "shutdown", NULL, 3, "" },
	{ "s", deep, 4, "" },
	{ "log", empty, 5, "" },
	{ "\377", NULL, 6, "" },
	{ NULL, NULL, 0, NULL }
};

/* How many words of a table a word may mean, by its definition. */
static size_t
meanings(const struct token *t, const char *word)
{
	size_t n = 0;

	for (; t->word != NULL; t++) {
		if (strcmp(t->word, word) == 0)
			return 1;
		n += *word != '\0' && tokens_begins(t, word);
	}
	return n;
}

static void
check(const struct tokens_result *r, size_t n, char *const *words)
{
	struct tokens_result again;
	size_t i;
	char *full[WORDS];

	switch (r->verdict) {
	case TOKENS_OK:
		MUST(n > 0 && r->action != 0 && r->word == NULL);
		MUST(r->last->action == r->action);
		/* The last word may be said in full. */
		for (i = 0; i < n; i++)
			full[i] = words[i];
		full[n - 1] = strdup(r->last->word);
		MUST(full[n - 1] != NULL);
		tokens_match(top, n, full, &again);
		MUST(again.verdict == TOKENS_OK && again.last == r->last);
		free(full[n - 1]);
		return;
	case TOKENS_UNKNOWN:
		MUST(r->table != NULL && meanings(r->table, r->word) == 0);
		break;
	case TOKENS_AMBIGUOUS:
		MUST(r->table != NULL && meanings(r->table, r->word) > 1);
		break;
	case TOKENS_EXTRA:
		MUST(r->table == NULL && r->last != NULL);
		break;
	case TOKENS_INCOMPLETE:
		MUST(r->word == NULL && r->table != NULL);
		return;
	}
	for (i = 0; i < n; i++)
		if (words[i] == r->word)
			return;
	MUST(!"the wrong word is one of those said");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct tokens_result r;
	char *words[WORDS], *line, *p;
	size_t n = 0;

	MUST((line = calloc(1, size + 1)) != NULL);
	input_copy(&in, line, size);
	/* Words end at a space or NUL; an empty one is a word, too. */
	for (p = line; n < WORDS && p <= line + size; p += strlen(p) + 1) {
		words[n++] = p;
		p[strcspn(p, " ")] = '\0';
	}
	if (size == 0)
		n = 0;
	tokens_match(top, n, words, &r);
	check(&r, n, words);
	free(line);
	return 0;
}
