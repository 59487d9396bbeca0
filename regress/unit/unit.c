/* SPDX-License-Identifier: ISC */
/*
 * Check tells the name of a test in its logs only, so the suite logs TAP into
 * a memfd, and its lines are read back and said again in our own form.
 */
#include <sys/mman.h>

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

#define SKIPS_MAX	64

/*
 * Tests run in forked children: what they skipped comes back in shared
 * memory, by the name of the test's function.
 */
struct skips {
	unsigned int	n;
	char		func[SKIPS_MAX][64];
};

static struct skips	*skips;

static void	unit_prepare(void) __attribute__((constructor));

/*
 * Before main: the suite is made before unit_run() sees it, and a test case
 * takes its time limit when it is made.  Four seconds, the default, is short
 * for a busy machine under the sanitizers.
 */
static void
unit_prepare(void)
{
	setenv("CK_DEFAULT_TIMEOUT", "60", 0);
	skips = mmap(NULL, sizeof(*skips), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (skips == MAP_FAILED)
		err(1, "mmap");
}

void
unit_skip_in(const char *func, const char *what, const char *why)
{
	printf("SKIP %s: %s\n", what, why);
	fflush(stdout);
	if (skips->n < SKIPS_MAX)
		snprintf(skips->func[skips->n++], sizeof(skips->func[0]),
		    "%s", func);
}

/* START_TEST(x) may name its function x or x_fn. */
static int
test_is_skipped(const char *test)
{
	size_t		 len = strlen(test);
	unsigned int	 i;

	for (i = 0; i < skips->n; i++) {
		if (strncmp(skips->func[i], test, len) == 0 &&
		    (skips->func[i][len] == '\0' ||
		    strcmp(skips->func[i] + len, "_fn") == 0))
			return 1;
	}
	return 0;
}

/*
 * One line of TAP: "[not ]ok N - FILE:CASE:TEST: MESSAGE".  A loop test has
 * a line for each turn; those that pass are told once.
 */
static void
say(const char *name, char *line, char *last, size_t lastsize)
{
	char	*p, *test, *msg;
	int	 failed;

	line[strcspn(line, "\n")] = '\0';
	failed = strncmp(line, "not ok ", 7) == 0;
	if ((!failed && strncmp(line, "ok ", 3) != 0) ||
	    (p = strstr(line, " - ")) == NULL ||
	    (p = strchr(p + 3, ':')) == NULL ||
	    (test = strchr(p + 1, ':')) == NULL) {
		/* The rest of a message of several lines, or the plan. */
		if (*line != '\0' && strncmp(line, "1..", 3) != 0)
			printf("# %s\n", line);
		return;
	}
	test++;
	if ((msg = strchr(test, ':')) != NULL) {
		*msg++ = '\0';
		msg += strspn(msg, " ");
	} else
		msg = test + strlen(test);
	if (failed)
		printf("not ok %s/%s: %s\n", name, test, msg);
	else if (!test_is_skipped(test) && strcmp(test, last) != 0)
		printf("ok %s/%s\n", name, test);
	snprintf(last, lastsize, "%s", test);
}

int
unit_run(const char *name, Suite *suite)
{
	SRunner	*runner;
	FILE	*fp;
	char	 path[64], line[4096], last[128] = "";
	int	 fd, failed;

	if ((fd = memfd_create("tap", MFD_CLOEXEC)) == -1)
		err(1, "memfd_create");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fflush(stdout);
	runner = srunner_create(suite);
	srunner_set_tap(runner, path);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (lseek(fd, 0, SEEK_SET) == -1 || (fp = fdopen(fd, "r")) == NULL)
		err(1, "tap");
	while (fgets(line, sizeof(line), fp) != NULL)
		say(name, line, last, sizeof(last));
	fclose(fp);
	return failed == 0 ? 0 : 1;
}
