/* SPDX-License-Identifier: ISC */
/*
 * The undo journal: whatever the file has in it, what is to be undone is
 * bounded, and written again it is read as the same.
 */
#include <sys/socket.h>

#include "input.h"
#include "parent/journal.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[JOURNAL_LINE + 2 * JOURNAL_EXTRACT];
	static struct journal a, b;
	size_t i, k, len;

	if (journal_read(&a, "warren0", (const char *)data, size) == -1) {
		MUST(a.n == 0);
		return 0;
	}
	MUST(a.n <= JOURNAL_OPEN);
	len = journal_head(text, "warren0");
	for (i = 0; i < a.n; i++) {
		MUST(a.open[i].what <= JOURNAL_SRC_MARK);
		for (k = 0; k < i; k++)
			MUST(!journal_same(&a.open[i], &a.open[k]));
		len += journal_line(text + len, true, &a.open[i]);
	}
	MUST(journal_read(&b, "warren0", text, len) == 0);
	MUST(b.n == a.n && b.damaged == 0);
	for (i = 0; i < a.n; i++)
		MUST(journal_same(&a.open[i], &b.open[i]));
	len += journal_extract(text + len, &a);
	MUST(journal_read(&b, "warren0", text, len) == 0);
	MUST(b.n == a.n && b.damaged == 0);
	for (i = 0; i < a.n; i++)
		MUST(journal_same(&a.open[i], &b.open[i]));
	return 0;
}
