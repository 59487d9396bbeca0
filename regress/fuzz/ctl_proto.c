/* SPDX-License-Identifier: ISC */
/*
 * The control socket's stream: frames are found alike however the bytes
 * arrive, and what a reader accepts is written again byte by byte.
 */
#include <errno.h>

#include "input.h"
#include "shared/ctl_proto.h"

/* Write what the frame says, if it says it well; 0, or -1. */
static int
rewrite(const struct ctl_frame *f, struct wbuf *w)
{
	struct ctl_welcome welcome;
	struct ctl_done done;
	enum show_topic topic;
	uint16_t min, max, v;
	bool verbose;

	if (ctl_hello_read(f, &min, &max) == 0) {
		MUST(f->type == CTL_HELLO && min <= max);
		v = ctl_version(min, max);
		MUST(v == 0 || (v >= min && v <= max &&
		    v >= CTL_VERSION_MIN && v <= CTL_VERSION_MAX));
		ctl_hello_write(w, f->id, min, max);
	} else if (ctl_welcome_read(f, &welcome) == 0) {
		MUST(f->type == CTL_WELCOME);
		ctl_welcome_write(w, f->id, &welcome);
	} else if (ctl_show_read(f, &topic) == 0) {
		MUST(f->type == CTL_SHOW && topic > 0 &&
		    topic < SHOW_TOPICS);
		ctl_show_write(w, f->id, topic);
	} else if (ctl_log_read(f, &verbose) == 0) {
		MUST(f->type == CTL_LOG);
		ctl_log_write(w, f->id, verbose);
	} else if (ctl_done_read(f, &done) == 0) {
		MUST(f->type == CTL_DONE);
		ctl_done_write(w, f->id, (int)done.error, done.text);
	} else {
		MUST(errno == EBADMSG);
		return -1;
	}
	return 0;
}

/* One frame of exactly n bytes. */
static void
frame(const uint8_t *p, size_t n, const struct ctl_frame *f)
{
	static uint8_t buf[CTL_FRAME_MAX];
	struct ctl_frame again;
	struct wbuf w;
	uint8_t *part;
	size_t used, cut;

	MUST(n == CTL_HEADER + f->len && n <= CTL_FRAME_MAX);
	MUST(f->data == p + CTL_HEADER);
	wbuf_init(&w, buf, sizeof(buf));
	ctl_frame_write(&w, f->type, f->id, f->data, f->len);
	MUST(!w.fail && w.len == n && memcmp(buf, p, n) == 0);
	wbuf_init(&w, buf, sizeof(buf));
	if (rewrite(f, &w) == 0)
		MUST(!w.fail && w.len == n && memcmp(buf, p, n) == 0);
	/* All but the last bytes are no frame yet. */
	for (cut = 1; cut <= n; cut = 3 * cut) {
		part = input_dup(p, n - cut);
		MUST(ctl_frame_read(part, n - cut, &again, &used) == 0);
		free(part);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ctl_frame f;
	size_t used;
	int got;

	for (;;) {
		used = 0;
		got = ctl_frame_read(data, size, &f, &used);
		if (got != 1) {
			MUST(used == 0 && (got == 0 || errno == EBADMSG));
			MUST(got == -1 || size < CTL_FRAME_MAX);
			return 0;
		}
		MUST(used >= CTL_HEADER && used <= size);
		frame(data, used, &f);
		data += used;
		size -= used;
	}
}
