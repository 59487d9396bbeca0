/* SPDX-License-Identifier: ISC */
/*
 * What was read, as warren.conf(5).
 */
#include <string.h>

#include "ctl/import.h"
#include "ctl/output.h"

#define LINE	5	/* prefixes on a line of a list */

/* In quotes, as the lexer of the configuration wants them. */
static void
print_string(FILE *fp, const char *s)
{
	putc('"', fp);
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			putc('\\', fp);
		putc(*s, fp);
	}
	putc('"', fp);
}

static void
print_keyfile(FILE *fp, const struct import *im, const struct import_peer *p,
    const char *dir)
{
	char name[IMPORT_KEYFILE], path[1200];

	import_keyfile(name, im, p);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fprintf(fp, "\t%s file ", p == NULL ? "private-key" :
	    "preshared-key");
	print_string(fp, path);
	putc('\n', fp);
}

static void
print_addresses(FILE *fp, const struct import_ips *ips)
{
	char text[PREFIX_TEXT];
	size_t i;

	for (i = 0; i < ips->n; i++) {
		prefix_print(&ips->at[i], text, sizeof(text));
		fprintf(fp, "\taddress %s\n", text);
	}
}

static void
print_interface(const struct import *im, const char *dir, FILE *fp)
{
	fprintf(fp, "interface %s {\n", im->ifname);
	print_addresses(fp, &im->address);
	if (im->port != 0)
		fprintf(fp, "\tlisten port %u\n", im->port);
	if (im->mtu != 0)
		fprintf(fp, "\tmtu %u\n", im->mtu);
	if (im->fwmark != 0)
		fprintf(fp, "\tfwmark %u\n", im->fwmark);
	if (im->key != NULL)
		print_keyfile(fp, im, NULL, dir);
	else
		fprintf(fp, "\t# There was no PrivateKey: the first start "
		    "makes one.\n");
	if (im->routes == IMPORT_ROUTES_NONE)
		fprintf(fp, "\troutes none\n");
	else if (im->routes == IMPORT_ROUTES_TABLE)
		fprintf(fp, "\troutes table %u\n", im->table);
	if (im->notes.text != NULL)
		fputs(im->notes.text, fp);
	fprintf(fp, "}\n");
}

static void
print_allowed(FILE *fp, const struct import_ips *ips)
{
	char text[PREFIX_TEXT];
	size_t i, n = 0;

	for (i = 0; i < ips->n; i++) {
		if (ips->taken[i])
			continue;
		prefix_print(&ips->at[i], text, sizeof(text));
		fprintf(fp, "%s%s%s", n == 0 ? "\tallowed-ips { " : ",",
		    n == 0 ? "" : n % LINE == 0 ? "\n\t    " : " ", text);
		n++;
	}
	if (n > 0)
		fprintf(fp, " }\n");
}

static void
print_peer(const struct import *im, const struct import_peer *p,
    const char *dir, FILE *fp)
{
	char key[BASE64_KEY_SIZE];

	base64_key_encode(key, p->key);
	fprintf(fp, "\npeer \"%s\" {\n", p->name);
	fprintf(fp, "\tpublic-key \"%s\"\n", key);
	if (p->psk != NULL)
		print_keyfile(fp, im, p, dir);
	if (p->host[0] != '\0')
		/* The one word that would be a keyword there. */
		fprintf(fp, strcmp(p->host, "port") == 0 ?
		    "\tendpoint \"%s\" port %u\n" :
		    "\tendpoint %s port %u\n", p->host, p->port);
	print_allowed(fp, &p->allowed);
	if (p->keepalive != 0)
		fprintf(fp, "\tkeepalive %u\n", p->keepalive);
	if (p->notes.text != NULL)
		fputs(p->notes.text, fp);
	fprintf(fp, "}\n");
}

void
import_print(const struct import *im, const char *file, const char *dir,
    FILE *fp)
{
	const struct import_peer *p;

	fprintf(fp, "# Translated by \"warrenctl import\" from ");
	output_text(fp, file);
	fprintf(fp, "\n");
	print_interface(im, dir, fp);
	TAILQ_FOREACH(p, &im->peers, entry)
		print_peer(im, p, dir, fp);
}

size_t
import_left_out(const struct import *im)
{
	const struct import_peer *p;
	size_t n = im->notes.n;

	TAILQ_FOREACH(p, &im->peers, entry)
		n += p->notes.n;
	return n;
}
