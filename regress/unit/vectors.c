/* SPDX-License-Identifier: ISC */
/*
 * The reader of known answers.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "unit.h"
#include "vectors.h"

static int	vectors_try(struct vectors *, const char *, const char *);

static int
vectors_try(struct vectors *v, const char *dir, const char *name)
{
	memset(v, 0, sizeof(*v));
	snprintf(v->path, sizeof(v->path), "%s/%s", dir, name);
	v->fp = fopen(v->path, "re");
	return (v->fp == NULL ? -1 : 0);
}

void
vectors_open(struct vectors *v, const char *name)
{
	static const char *const	 dirs[] = {
		"regress/vectors", "../vectors", "../../regress/vectors",
		"../../../regress/vectors", "vectors"
	};
	char				 exe[256], dir[400], *p;
	const char			*env;
	ssize_t				 n;
	size_t				 i;

	if ((env = getenv("REGRESS_VECTORS")) != NULL) {
		if (vectors_try(v, env, name) == 0)
			return;
		ck_abort_msg("%s: %s", v->path, strerror(errno));
	}
	for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		if (vectors_try(v, dirs[i], name) == 0)
			return;
	}
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		if ((p = strrchr(exe, '/')) != NULL)
			*p = '\0';
		for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
			snprintf(dir, sizeof(dir), "%s/%s", exe, dirs[i]);
			if (vectors_try(v, dir, name) == 0)
				return;
		}
	}
	ck_abort_msg("%s: no such file of known answers", name);
}

int
vectors_open_external(struct vectors *v, const char *name)
{
	const char	*env;

	if ((env = getenv("VECTORS")) == NULL || *env == '\0')
		return (-1);
	return (vectors_try(v, env, name));
}

int
vectors_next(struct vectors *v, int mincols)
{
	char	*p, *save;

	while (getline(&v->line, &v->linesize, v->fp) != -1) {
		v->lineno++;
		v->ncols = 0;
		if (v->line[0] == '#')
			continue;
		for (p = strtok_r(v->line, " \t\r\n", &save); p != NULL;
		    p = strtok_r(NULL, " \t\r\n", &save)) {
			if (v->ncols == VECTORS_COLS)
				ck_abort_msg("%s:%d: too many columns",
				    v->path, v->lineno);
			v->col[v->ncols++] = p;
		}
		if (v->ncols == 0)
			continue;
		if (v->ncols < mincols)
			ck_abort_msg("%s:%d: %d columns, not %d", v->path,
			    v->lineno, v->ncols, mincols);
		return (1);
	}
	fclose(v->fp);
	free(v->line);
	memset(v, 0, sizeof(*v));
	return (0);
}

size_t
vectors_hex(const struct vectors *v, int col, void *buf, size_t size)
{
	const char	*p = v->col[col];
	size_t		 len;

	if (strcmp(p, "-") == 0)
		return (0);
	if (sodium_hex2bin(buf, size, p, strlen(p), NULL, &len, NULL) == -1)
		ck_abort_msg("%s:%d: column %d is not hex of at most %zu bytes",
		    v->path, v->lineno, col, size);
	return (len);
}

uint64_t
vectors_number(const struct vectors *v, int col)
{
	char		*end;
	uint64_t	 n;

	errno = 0;
	n = strtoull(v->col[col], &end, 10);
	if (errno != 0 || *end != '\0' || end == v->col[col])
		ck_abort_msg("%s:%d: column %d is not a number", v->path,
		    v->lineno, col);
	return (n);
}

size_t
vectors_find(const char *name, const char *key, void *buf, size_t size)
{
	struct vectors	v;
	size_t		len = 0;
	int		found = 0;

	vectors_open(&v, name);
	while (vectors_next(&v, 2) == 1) {
		if (!found && strcmp(v.col[0], key) == 0) {
			len = vectors_hex(&v, 1, buf, size);
			found = 1;
		}
	}
	if (!found)
		ck_abort_msg("%s: no %s", name, key);
	return (len);
}

void
vectors_get(const char *name, const char *key, void *buf, size_t size)
{
	if (vectors_find(name, key, buf, size) != size)
		ck_abort_msg("%s: %s is not of %zu bytes", name, key, size);
}
