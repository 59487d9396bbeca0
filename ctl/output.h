/* SPDX-License-Identifier: ISC */
/*
 * How answers are shown.  Commands make or fetch rows; a format prints them.
 * Strings of rows may come from anywhere: every format escapes them.
 */
#ifndef CTL_OUTPUT_H
#define CTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "shared/row.h"

#define OUTPUT_VERSION	1		/* of the JSON */

struct output;

struct format {
	void	(*begin)(struct output *, const char *command);
	void	(*row)(struct output *, const struct row *);
	void	(*end)(struct output *);
};

struct output {
	const struct format	*format;
	FILE			*fp;
	void			*state;		/* of the format */
	size_t			 rows;
	uint64_t		 now;		/* seconds, for ages */
	/*
	 * The daemon judges its health in this answer, so that no row "health"
	 * means that all is well; and how many there were.
	 */
	bool			 judged;
	size_t			 errors;
	size_t			 warnings;
};

extern const struct format format_table;	/* aligned columns */
extern const struct format format_status;	/* as "wg show" */
extern const struct format format_peers;	/* a line for each peer */
extern const struct format format_text;		/* what rows have as "text" */
extern const struct format format_events;	/* a line for each, at once */
extern const struct format format_json;
extern const struct format format_json_lines;	/* an object for each row */

/* Fields of a row; 0 and "" if there is none of that kind. */
uint64_t	 field_num(const struct row *, const char *key);
const char	*field_str(const struct row *, const char *key);
/* Counts the row if it tells of a problem. */
void		 output_judge(struct output *, const struct row *);

/* malloc() and the like that end the program when there is no memory. */
void	*output_alloc(void *, size_t);

/* A string, escaped so that it cannot steer the terminal. */
void	 output_text(FILE *, const char *);
/*
 * The same for text that was made to be read or parsed: newlines, tabs,
 * backslashes and UTF-8 stay, but for what controls a terminal or turns text
 * around; a newline is put at the end if there is none.
 */
void	 output_lines(FILE *, const char *);

/* "12 seconds ago", "1 minute, 3 seconds ago", "never"; at most two units. */
void	 human_age(char *, size_t, uint64_t now, uint64_t then);
/* "999 B", "1.00 KiB", "12.34 GiB". */
void	 human_bytes(char *, size_t, uint64_t);

#endif /* CTL_OUTPUT_H */
