/* SPDX-License-Identifier: ISC */
/*
 * The completion script for bash: a function that knows what may follow each
 * word, which is the table of commands, and one that finds out where the
 * cursor stands.  Words of the table are plain, so they need no quoting; names
 * of peers, sockets and files are anybody's, and bash must never expand them:
 * neither here (compgen -W would) nor on the command line where they end up.
 */
#include "ctl/completion.h"
#include "shared/paths.h"

#define DEPTH	4		/* of the tables, at most */

static void
print_flags(FILE *fp, const struct token_flag *f)
{
	for (; f != NULL && f->flag != NULL; f++)
		fprintf(fp, " %s", f->flag);
}

/* One line of the table: what may stand behind a path of words. */
static void
print_follow(FILE *fp, const char *path, const struct token *t,
    const struct token_flag *flags)
{
	fprintf(fp, "\t\"%s\")\techo \"", path);
	for (; t != NULL && t->word != NULL; t++) {
		if (t->kind == TOKEN_WORD)
			fprintf(fp, " %s", t->word);
		else
			fprintf(fp, " @%s", t->word);
	}
	print_flags(fp, flags);
	fprintf(fp, "\" ;;\n");
}

static void
print_table(FILE *fp, const char *path, const struct token *table,
    const struct token_flag *flags, int depth)
{
	const struct token_flag *here;
	char sub[256];

	print_follow(fp, path, table, flags);
	for (; table != NULL && table->word != NULL && depth < DEPTH;
	    table++) {
		here = table->flags != NULL ? table->flags : flags;
		if (table->next == NULL && here == NULL)
			continue;
		snprintf(sub, sizeof(sub), "%s/%s%s", path,
		    table->kind == TOKEN_WORD ? "" : "@", table->word);
		print_table(fp, sub, table->next, here, depth + 1);
	}
}

/* "-i | -k", those after which a value comes; "-i" stands in every command. */
static void
print_valued(FILE *fp, const struct token *table,
    const struct token_flag *flags, int depth)
{
	for (; flags != NULL && flags->flag != NULL; flags++)
		if (flags->value != NULL)
			fprintf(fp, "%s ", flags->flag);
	for (; table != NULL && table->word != NULL && depth < DEPTH; table++)
		print_valued(fp, table->next, table->flags, depth + 1);
}

static const char script[] =
    "\n"
    "# The one word or argument of a list that a word means; or nothing.\n"
    "_warrenctl_meant()\n"
    "{\n"
    "\tlocal hit= n=0 w\n"
    "\tfor w in $2; do\n"
    "\t\tcase $w in\n"
    "\t\t\"$1\")\techo \"$w\"; return ;;\n"
    "\t\t@*|-*)\t;;\n"
    "\t\t\"$1\"*)\thit=$w n=$((n + 1)) ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "\tif [ $n -eq 0 ]; then\n"
    "\t\tfor w in $2; do\n"
    "\t\t\tcase $w in @*) hit=$w n=1 ;; esac\n"
    "\t\tdone\n"
    "\tfi\n"
    "\t[ $n -eq 1 ] && echo \"$hit\"\n"
    "}\n"
    "\n"
    "# What the value of an option or an argument may be.\n"
    "_warrenctl_values()\n"
    "{\n"
    "\tlocal s\n"
    "\tshopt -u failglob dotglob\n"
    "\tcase $1 in\n"
    "\t-i)\tfor s in \"$_warrenctl_run\"/{,.}*.sock; do\n"
    "\t\t\tcase $s in *.read.sock|*.metrics.sock) continue ;; esac\n"
    "\t\t\ts=${s##*/}\n"
    "\t\t\tcase $s in -*) ;; *) echo \"${s%.sock}\" ;; esac\n"
    "\t\tdone ;;\n"
    "\t@NAME)\twarrenctl \"${_warrenctl_to[@]}\" peers 2>/dev/null |\n"
    "\t\t    awk 'NR > 1 && !/^-/ { print $1 }' ;;\n"
    "\tesac\n"
    "}\n"
    "\n"
    "# Offers lines that begin as $cur does: words that bash has no use for.\n"
    "_warrenctl_offer()\n"
    "{\n"
    "\tlocal LC_ALL=C w\n"
    "\twhile IFS= read -r w; do\n"
    "\t\tcase $w in\n"
    "\t\t''|*[!A-Za-z0-9._@+=/-]*) ;;\n"
    "\t\t\"$cur\"*)\tCOMPREPLY+=(\"$w\") ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "}\n"
    "\n"
    "# Files or directories: readline quotes what it inserts as a file name.\n"
    "_warrenctl_files()\n"
    "{\n"
    "\tlocal f\n"
    "\tcompopt -o filenames 2>/dev/null\n"
    "\twhile IFS= read -r f; do\n"
    "\t\tCOMPREPLY+=(\"$f\")\n"
    "\tdone < <(compgen \"$1\" -- \"$cur\")\n"
    "}\n"
    "\n"
    "_warrenctl()\n"
    "{\n"
    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} i=1 path= w\n"
    "\tlocal IFS=$' \\t\\n'\n"
    "\tlocal _warrenctl_to=()\n"
    "\tCOMPREPLY=()\n"
    "\twhile [ $i -lt $COMP_CWORD ]; do\n"
    "\t\tw=${COMP_WORDS[i]}\n"
    "\t\ti=$((i + 1))\n"
    "\t\tcase \" $_warrenctl_valued \" in\n"
    "\t\t*\" $w \"*)\n"
    "\t\t\tif [ $i -eq $COMP_CWORD ]; then\n"
    "\t\t\t\tcase $w in\n"
    "\t\t\t\t-k)\t_warrenctl_files -d ;;\n"
    "\t\t\t\t-s)\t_warrenctl_files -f ;;\n"
    "\t\t\t\t*)\t_warrenctl_offer < <(_warrenctl_values \"$w\") ;;\n"
    "\t\t\t\tesac\n"
    "\t\t\t\treturn\n"
    "\t\t\tfi\n"
    "\t\t\tcase $w in\n"
    "\t\t\t-i|-p|-s)\t_warrenctl_to+=(\"$w\" \"${COMP_WORDS[i]}\") ;;\n"
    "\t\t\tesac\n"
    "\t\t\ti=$((i + 1))\n"
    "\t\t\tcontinue ;;\n"
    "\t\tesac\n"
    "\t\tcase $w in -?*) continue ;; esac\n"
    "\t\tw=$(_warrenctl_meant \"$w\" \"$(_warrenctl_follow \"$path\")\")\n"
    "\t\t[ -n \"$w\" ] || return\n"
    "\t\tpath=$path/$w\n"
    "\tdone\n"
    "\tfor w in $(_warrenctl_follow \"$path\") $_warrenctl_common; do\n"
    "\t\tcase $w in\n"
    "\t\t@FILE)\t_warrenctl_files -f ;;\n"
    "\t\t@*)\t_warrenctl_offer < <(_warrenctl_values \"$w\") ;;\n"
    "\t\t-*)\tcase $cur in -*) _warrenctl_offer <<<\"$w\" ;; esac ;;\n"
    "\t\t*)\t_warrenctl_offer <<<\"$w\" ;;\n"
    "\t\tesac\n"
    "\tdone\n"
    "}\n"
    "complete -F _warrenctl warrenctl\n";

void
completion_bash(FILE *fp, const struct token *commands,
    const struct token_flag *common)
{
	fprintf(fp, "# Completion of warrenctl's commands for bash; made by\n"
	    "# \"warrenctl completion bash\".\n\n");
	fprintf(fp, "_warrenctl_run=%s\n", PATH_RUN);
	fprintf(fp, "_warrenctl_common=\"");
	print_flags(fp, common);
	fprintf(fp, "\"\n_warrenctl_valued=\"");
	print_valued(fp, commands, common, 0);
	fprintf(fp, "\"\n\n# What may follow some words; @: any word.\n"
	    "_warrenctl_follow()\n{\n\tcase $1 in\n");
	print_table(fp, "", commands, NULL, 0);
	fprintf(fp, "\tesac\n}\n%s", script);
}
