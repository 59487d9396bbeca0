/* SPDX-License-Identifier: ISC */
/*
 * The command line: an interface's name for bare mode, nothing but options
 * for configured mode.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parent/conf_parse.h"
#include "parent/parent.h"
#include "parent/tun.h"
#include "shared/paths.h"
#include "shared/version.h"

#define EXIT_USAGE	2
#define OPT_CLEANUP	256

/* What was given, before it is known what it means together. */
struct given {
	const char	*file;
	const char	*instance;
	const char	*cleanup;
	bool		 check;
	bool		 verbose;
};

static __attribute__((noreturn)) void
usage(FILE *out, int status)
{
	fprintf(out, "usage: warrend [-dhv] [-a library] [-O list] [-w workers] "
	    "interface\n"
	    "       warrend [-dhnv] [-a library] [-f file] [-i instance] "
	    "[-O list]\n"
	    "               [-w workers]\n"
	    "       warrend --cleanup instance\n"
	    "       warrend -V\n");
	exit(status);
}

static const char *
check_name(const char *name, const char *what)
{
	if (tun_name_is_valid(name))
		return name;
	log_warnx("\"%s\" is no name for an %s: 1 to %d characters, no "
	    "space, '/', ':', '%%' or '\\', no '-' at first, not \".\" or "
	    "\"..\"",
	    name, what, INSTANCE_MAX - 1);
	exit(EXIT_USAGE);
}

/* Offloads that are not to be used: the names of a list, as bits. */
static uint8_t
read_offloads(char *list)
{
	static const struct {
		const char	*name;
		uint8_t		 bits;
	} known[] = {
		{ "all", OFFLOAD_ALL },
		{ "tun-queues", OFFLOAD_TUN_QUEUES },
		{ "tun-tcp", OFFLOAD_TUN_TCP },
		{ "tun-udp", OFFLOAD_TUN_UDP },
		{ "udp-receive", OFFLOAD_UDP_RECEIVE },
		{ "udp-send", OFFLOAD_UDP_SEND }
	};
	const size_t n = sizeof(known) / sizeof(known[0]);
	uint8_t bits = 0;
	char *name;
	size_t i;

	while ((name = strsep(&list, ",")) != NULL) {
		for (i = 0; i < n && strcmp(known[i].name, name) != 0; i++)
			;
		if (i == n) {
			log_warnx("\"%s\" is no offload: all, "
			    "tun-queues, tun-tcp, tun-udp, "
			    "udp-receive or udp-send", name);
			exit(EXIT_USAGE);
		}
		bits |= known[i].bits;
	}
	return bits;
}

/* The library that encrypts; what the configuration says goes before it. */
static enum conf_aead
read_aead(const char *name)
{
	static const char *const names[] = {
		[CONF_AEAD_AUTO] = "auto",
		[CONF_AEAD_LIBSODIUM] = "libsodium",
		[CONF_AEAD_IPSECMB] = "ipsec-mb"
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum conf_aead)i;
	log_warnx("\"%s\" is no library: auto, libsodium or ipsec-mb", name);
	exit(EXIT_USAGE);
}

/* 1 to WORKERS_MAX; what the configuration says goes before it. */
static uint16_t
read_workers(const char *text)
{
	const char *error;
	uint16_t workers;

	error = value_workers(&workers, text);
	if (error == NULL)
		return workers;
	log_warnx("\"%s\" %s", text, error);
	exit(EXIT_USAGE);
}

static void
read_all(struct parent *p, struct given *g, int argc, char **argv)
{
	static const struct option longopts[] = {
		{ "aead", required_argument, NULL, 'a' },
		{ "check", no_argument, NULL, 'n' },
		{ "cleanup", required_argument, NULL, OPT_CLEANUP },
		{ "file", required_argument, NULL, 'f' },
		{ "foreground", no_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ "instance", required_argument, NULL, 'i' },
		{ "no-offload", required_argument, NULL, 'O' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "version", no_argument, NULL, 'V' },
		{ "workers", required_argument, NULL, 'w' },
		{ NULL, 0, NULL, 0 }
	};
	int ch;

	while ((ch = getopt_long(argc, argv, "a:df:hi:nO:Vvw:", longopts,
	    NULL)) != -1) {
		switch (ch) {
		case 'a':
			p->aead = read_aead(optarg);
			break;
		case 'd':
			p->foreground = true;
			break;
		case 'f':
			g->file = optarg;
			break;
		case 'h':
			usage(stdout, 0);
		case 'i':
			g->instance = optarg;
			break;
		case 'n':
			g->check = true;
			break;
		case 'v':
			g->verbose = true;
			break;
		case 'O':
			p->without |= read_offloads(optarg);
			break;
		case 'w':
			p->workers = read_workers(optarg);
			break;
		case 'V':
			printf("warrend %s\n", warren_version());
			exit(0);
		case OPT_CLEANUP:
			g->cleanup = optarg;
			break;
		default:
			usage(stderr, EXIT_USAGE);
		}
	}
}

/* Absolute, since the parent leaves its directory when it is a daemon. */
static char *
path_of(const struct given *g)
{
	char *path, *cwd;
	int rc;

	if (g->file == NULL && g->instance == NULL)
		path = strdup(PATH_CONF_FILE);
	else if (g->file == NULL)
		path = asprintf(&path, "%s/%s.conf", PATH_CONF_DIR,
		    g->instance) == -1 ? NULL : path;
	else if (g->file[0] == '/')
		path = strdup(g->file);
	else {
		cwd = getcwd(NULL, 0);
		if (cwd == NULL)
			err(1, "current directory");
		rc = asprintf(&path, "%s/%s", cwd, g->file);
		free(cwd);
		if (rc == -1)
			path = NULL;
	}
	if (path == NULL)
		err(1, "memory");
	return path;
}

void
options_read(struct parent *p, int argc, char **argv)
{
	struct given g;

	memset(&g, 0, sizeof(g));
	read_all(p, &g, argc, argv);
	argc -= optind;
	argv += optind;
	if (g.verbose)
		log_setverbose(1);
	if (g.cleanup != NULL) {
		if (argc > 0 || g.file != NULL || g.instance != NULL ||
		    g.check || p->foreground)
			usage(stderr, EXIT_USAGE);
		p->cleanup = true;
		p->instance = check_name(g.cleanup, "instance");
		return;
	}
	if (argc == 1 && g.file == NULL && g.instance == NULL && !g.check) {
		p->mode = MODE_BARE;
		p->instance = p->ifname = check_name(argv[0], "interface");
		return;
	}
	if (argc > 0)
		usage(stderr, EXIT_USAGE);
	p->mode = MODE_CONFIGURED;
	p->procs |= PROC_BIT(PROC_RESOLVERD);
	p->check = g.check;
	if (g.instance != NULL)
		p->instance = check_name(g.instance, "instance");
	p->conf_path = path_of(&g);
}
