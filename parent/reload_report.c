/* SPDX-License-Identifier: ISC */
/*
 * What is said of a reload: how it went, to the log, to who watches, to the
 * service manager and to who asked; and of what was wrong, in which words.
 */
#include <stdio.h>
#include <string.h>

#include "parent/parent.h"
#include "parent/reload_state.h"
#include "shared/row.h"

void
reload_join(const struct conf_errors *errors, char *buf, size_t size)
{
	size_t i, len, n = 0;

	buf[0] = '\0';
	for (i = 0; i < errors->kept; i++) {
		len = strlen(errors->line[i]);
		/* Room for the line below; a first one is cut if it must. */
		if (i > 0 && n + len + 40 > size)
			break;
		snprintf(buf + n, size - n, "%s%s", n > 0 ? "\n" : "",
		    errors->line[i]);
		n = strlen(buf);
	}
	if (errors->n > i && n + 40 <= size)
		snprintf(buf + n, size - n, "\nand %zu more errors",
		    errors->n - i);
}

void
reload_tame(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

void
reload_log(const char *before, const char *text)
{
	size_t len;

	for (;;) {
		len = strcspn(text, "\n");
		log_warnx("%s%.*s", before, (int)len, text);
		if (text[len] == '\0')
			return;
		text += len + 1;
	}
}

static void
tell_watchers(const struct reload *r)
{
	uint8_t buf[ROW_MAX];
	struct wbuf w;

	if (!r->parent->monitoring)
		return;
	parent_event_begin(&w, buf, sizeof(buf), "reload");
	row_str(&w, "result", r->failed ? "failed" : "done");
	row_str(&w, "text", r->text);
	parent_event(r->parent, &w);
}

void
reload_report(struct reload *r, int error, const char *text)
{
	r->when = time(NULL);
	r->failed = error != 0;
	snprintf(r->text, sizeof(r->text), "%s", text);
	tell_watchers(r);
	if (!r->initial)
		notify_ready(&r->parent->notify, r->failed ?
		    "the last reload failed, see the log" : r->text);
	if (r->asker != NULL)
		reload_done_send(r->asker, r->asker_id, error, r->text);
	r->asker = NULL;
}

void
reload_say_denied(char *text, size_t size)
{
	size_t n = strlen(text);

	snprintf(text + n, size - n, "\nwhile warrend runs it can read only "
	    "root's own files, and only in directories that it read from at "
	    "its start: a new one takes a restart");
}

const char *
reload_problem(struct parent *p)
{
	struct reload *r = &p->reload;

	if (!r->failed)
		return NULL;
	snprintf(r->problem, sizeof(r->problem), "the last reload failed, "
	    "what was in force before still is: %.*s",
	    (int)strcspn(r->text, "\n"), r->text);
	return r->problem;
}
