/* SPDX-License-Identifier: ISC */
/*
 * wg-quick's files: what is printed is text of a configuration, in which no
 * key of the input stands that is secret, every name is one, and none is
 * there twice.
 */
#include "ctl/import.h"
#include "input.h"

/* Comments are cut out and strings are closed in their line. */
static void
check_text(const char *s, size_t len)
{
	size_t i, quotes = 0, depth = 0;
	int comment = 0;

	for (i = 0; i < len; i++) {
		MUST(s[i] == '\n' || s[i] == '\t' ||
		    (s[i] >= ' ' && s[i] <= '~'));
		if (s[i] == '\n') {
			MUST(quotes % 2 == 0);
			comment = 0;
		} else if (s[i] == '#' && quotes % 2 == 0)
			comment = 1;
		else if (s[i] == '"' && !comment)
			quotes++;
		else if (s[i] == '{' && !comment)
			depth++;
		else if (s[i] == '}' && !comment) {
			MUST(depth > 0);
			depth--;
		}
	}
	MUST(depth == 0);
}

static void
check_names(const struct import *im)
{
	const struct import_peer *p, *q;
	char name[IMPORT_NAME], file[IMPORT_KEYFILE];
	size_t n = 0;

	TAILQ_FOREACH(p, &im->peers, entry) {
		import_name(name, p->name, strlen(p->name));
		MUST(*name != '\0' && strcmp(name, p->name) == 0);
		import_keyfile(file, im, p);
		MUST(strchr(file, '/') == NULL);
		n++;
		for (q = TAILQ_NEXT(p, entry); q != NULL && n < 50;
		    q = TAILQ_NEXT(q, entry))
			MUST(strcmp(p->name, q->name) != 0);
	}
	MUST(n == im->npeers);
}

/* A key that is secret; the same may be said as a public one. */
static void
check_secret(const struct import *im, const char *key, const char *out)
{
	const struct import_peer *p;
	char text[BASE64_KEY_SIZE];

	if (key == NULL)
		return;
	TAILQ_FOREACH(p, &im->peers, entry) {
		base64_key_encode(text, p->key);
		if (memcmp(text, key, BASE64_KEY_CHARS) == 0)
			return;
	}
	memcpy(text, key, BASE64_KEY_CHARS);
	text[BASE64_KEY_CHARS] = '\0';
	MUST(strstr(out, text) == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[IMPORT_WHY] = "", *out = NULL, *text;
	const struct import_peer *p;
	struct import *im;
	size_t len = 0;
	FILE *fp;

	text = (char *)input_dup(data, size);
	im = import_parse("FILE", "wg0", text, size, why);
	if (im == NULL) {
		MUST(strncmp(why, "FILE:", 5) == 0);
		free(text);
		return 0;
	}
	fp = open_memstream(&out, &len);
	MUST(fp != NULL);
	import_print(im, "FILE", "/k", fp);
	fclose(fp);
	check_text(out, len);
	check_names(im);
	check_secret(im, im->key, out);
	TAILQ_FOREACH(p, &im->peers, entry)
		check_secret(im, p->psk, out);
	import_free(im);
	free(out);
	free(text);
	return 0;
}
