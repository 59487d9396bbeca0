/* SPDX-License-Identifier: ISC */
/*
 * A fuzzer is one file that includes this and defines
 * LLVMFuzzerTestOneInput().  "make fuzz" links it to libFuzzer; compiled with
 * FUZZ_REPLAY it gets this main(), which runs it over files and directories
 * of files, so that make check replays the corpus with any compiler.
 */
#ifndef REGRESS_FUZZ_FUZZ_H
#define REGRESS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* One input; must return 0, and must not crash. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#ifdef FUZZ_REPLAY
#include <sys/stat.h>

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned int
fuzz_replay(const char *path)
{
	struct dirent	**names;
	struct stat	  st;
	uint8_t		 *data;
	char		  sub[4096];
	unsigned int	  done = 0;
	size_t		  size;
	FILE		 *fp;
	int		  i, n;

	if (stat(path, &st) == -1)
		err(1, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		if ((n = scandir(path, &names, NULL, alphasort)) == -1)
			err(1, "%s", path);
		for (i = 0; i < n; i++) {
			snprintf(sub, sizeof(sub), "%s/%s", path,
			    names[i]->d_name);
			if (names[i]->d_name[0] != '.')
				done += fuzz_replay(sub);
			free(names[i]);
		}
		free(names);
		return done;
	}
	/* Exactly as large as the input: a read past its end is seen. */
	size = (size_t)st.st_size;
	if ((data = malloc(size > 0 ? size : 1)) == NULL)
		err(1, "malloc");
	if ((fp = fopen(path, "r")) == NULL ||
	    fread(data, 1, size, fp) != size)
		err(1, "%s", path);
	fclose(fp);
	/* Named before it runs, for the one that crashes. */
	fprintf(stderr, "# %s\n", path);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
	return 1;
}

int
main(int argc, char *argv[])
{
	unsigned int	done = 0;
	int		i;

	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
	for (i = 1; i < argc; i++)
		done += fuzz_replay(argv[i]);
	printf("ok %s: %u inputs\n", argv[0], done + 1);
	return 0;
}
#endif /* FUZZ_REPLAY */

#endif /* REGRESS_FUZZ_FUZZ_H */
