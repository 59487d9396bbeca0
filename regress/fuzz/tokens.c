/* SPDX-License-Identifier: ISC */
/*
 * Command words against a tree with nested, equal and prefixing words, with
 * arguments and options.  What matched is found again by its whole words; the
 * answer names the very word that was wrong.
 */
#include "ctl/tokens.h"
#include "input.h"

#define WORDS	6

#define WORD(word, next, action) { word, next, action, "", TOKEN_WORD, NULL }
#define END	{ NULL, NULL, 0, NULL, TOKEN_WORD, NULL }

static const struct token_flag common[] = {
	{ "-j", NULL, 0, "" },
	{ "-i", "VALUE", 1, "" },
	{ NULL, NULL, 0, NULL }
};
static const struct token_flag own[] = {
	{ "--peer", NULL, 2, "" },
	{ "-k", "VALUE", TOKENS_FLAGS - 1, "" },
	{ NULL, NULL, 0, NULL }
};
static const struct token empty[] = {
	END
};
static const struct token argument[] = {
	{ "NAME", argument, 7, "", TOKEN_NAME, NULL },
	WORD("name", NULL, 8),
	END
};
static const struct token deep[] = {
	WORD("peer", NULL, 1),
	WORD("peers", argument, 2),
	WORD("pee", empty, 0),
	END
};
static const struct token top[] = {
	WORD("show", deep, 0),
	{ "shutdown", NULL, 3, "", TOKEN_WORD, own },
	WORD("s", deep, 4),
	WORD("log", empty, 5),
	{ "import", argument, 0, "", TOKEN_WORD, own },
	WORD("\377", NULL, 6),
	END
};

/* How many words of a table a word may mean, by its definition. */
static size_t
meanings(const struct token *t, const char *word)
{
	size_t n = 0, arguments = 0;

	for (; t->word != NULL; t++) {
		if (t->kind != TOKEN_WORD)
			arguments = 1;
		else if (strcmp(t->word, word) == 0)
			return 1;
		else
			n += *word != '\0' && tokens_begins(t, word);
	}
	return n == 0 && *word != '\0' ? arguments : n;
}

static int
is_said(const char *what, size_t n, char *const *words)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (what >= words[i] && what <= words[i] + strlen(words[i]))
			return 1;
	return 0;
}

/* What points somewhere points into what was said. */
static void
check_values(const struct tokens_result *r, size_t n, char *const *words)
{
	size_t i;

	MUST(r->nargs <= TOKENS_ARGS);
	for (i = 0; i < r->nargs; i++)
		MUST(*r->arg[i] != '\0' && is_said(r->arg[i], n, words));
	for (i = 0; i < TOKENS_FLAGS; i++)
		MUST(r->flag[i] == NULL || *r->flag[i] == '\0' ||
		    is_said(r->flag[i], n, words));
}

static void
check(const struct tokens_result *r, size_t n, char *const *words)
{
	struct tokens_result again;
	size_t i;
	char *full[WORDS];

	check_values(r, n, words);
	switch (r->verdict) {
	case TOKENS_OK:
		MUST(n > 0 && r->action != 0 && r->word == NULL);
		MUST(r->last->action == r->action);
		/* The same again means the same. */
		for (i = 0; i < n; i++)
			full[i] = words[i];
		tokens_match(top, common, n, full, &again);
		MUST(memcmp(&again, r, sizeof(again)) == 0);
		/* The last word may be said in full. */
		if (n != 1 || r->last->kind != TOKEN_WORD)
			return;
		full[0] = strdup(r->last->word);
		MUST(full[0] != NULL);
		tokens_match(top, common, 1, full, &again);
		MUST(again.verdict == TOKENS_OK && again.last == r->last);
		free(full[0]);
		return;
	case TOKENS_UNKNOWN:
		MUST(r->table != NULL && meanings(r->table, r->word) == 0);
		break;
	case TOKENS_AMBIGUOUS:
		MUST(r->table != NULL && meanings(r->table, r->word) > 1);
		break;
	case TOKENS_EXTRA:
		MUST(r->last != NULL);
		MUST(r->table == NULL || r->nargs == TOKENS_ARGS);
		break;
	case TOKENS_FLAG:
		MUST(r->word[0] == '-' && r->word[1] != '\0');
		break;
	case TOKENS_VALUE:
		MUST(r->word[0] == '-' && r->word == words[n - 1]);
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
	tokens_match(top, common, n, words, &r);
	check(&r, n, words);
	free(line);
	return 0;
}
