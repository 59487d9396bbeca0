/* SPDX-License-Identifier: ISC */
/*
 * Talking to ctld from all sides: see play.h.
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "regress/privsep/play.h"
#include "regress/unit/unit.h"
#include "shared/bytes.h"

struct kid kid;
struct imsg last_asked;

int
dial(int listener)
{
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&sun, 0, sizeof(sun));
	ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&sun, &len),
	    0);
	ck_assert_int_eq(connect(s, (struct sockaddr *)&sun, len), 0);
	return s;
}

void
hear(int ms)
{
	int cryptod = kid.link[PROC_CRYPTOD], netd = kid.link[PROC_NETD];

	kid.link[PROC_CRYPTOD] = kid.link[PROC_NETD] = -1;
	kid_pump(&kid, ms);
	kid.link[PROC_CRYPTOD] = cryptod;
	kid.link[PROC_NETD] = netd;
}

uint32_t
asked(enum proc who, uint16_t type)
{
	struct pollfd p = { kid.link[who], POLLIN, 0 };
	static uint8_t buf[MSG_MAX];
	ssize_t n;

	do {
		ck_assert_msg(poll(&p, 1, SLOW) == 1, "%04x was not sent",
		    type);
		n = recv(kid.link[who], buf, sizeof(buf), 0);
		ck_assert_int_ge(n, MSG_HEADER);
	} while (get_le16(buf) == MSG_LOG);
	ck_assert_msg(get_le16(buf) == type, "%04x came, not %04x",
	    get_le16(buf), type);
	last_asked.type = type;
	last_asked.id = get_le32(buf + 8);
	last_asked.len = (size_t)n - MSG_HEADER;
	last_asked.data = buf + MSG_HEADER;
	last_asked.fd = -1;
	return last_asked.id;
}

bool
is_silent(enum proc who, int ms)
{
	struct pollfd p = { kid.link[who], POLLIN, 0 };

	return poll(&p, 1, ms) == 0;
}

int
answer(enum proc from, uint16_t type, uint32_t id, const void *p, size_t len)
{
	uint8_t buf[MSG_MAX];

	put_le16(buf, type);
	put_le16(buf + 2, 0);
	put_le32(buf + 4, (uint32_t)len);
	put_le32(buf + 8, id);
	if (len > 0)
		memcpy(buf + MSG_HEADER, p, len);
	return kid_say_raw(&kid, from, buf, MSG_HEADER + len, NULL, 0);
}

void
answer_row(enum proc from, uint32_t id, const struct wbuf *w)
{
	ck_assert(!w->fail);
	ck_assert_int_eq(answer(from, MSG_ROW, id, w->p, w->len), 0);
}

void
faulted(enum proc who, uint16_t type)
{
	long end = kid_ms() + SLOW;

	while (kid.faults == 0 && kid_ms() < end)
		hear(100);
	ck_assert_msg(kid.faults > 0, "no fault for %04x", type);
	ck_assert_int_eq(kid.fault[0].sibling, who);
	ck_assert_uint_eq(kid.fault[0].type, type);
}

int
ctl_dial(int listener, const struct wbuf *request)
{
	uint8_t buf[64];
	struct wbuf w;
	int fd = dial(listener);

	wbuf_init(&w, buf, sizeof(buf));
	ctl_hello_write(&w, 0, CTL_VERSION_MIN, CTL_VERSION_MAX);
	ck_assert(!w.fail && !request->fail);
	ck_assert_int_eq(write(fd, w.p, w.len), (ssize_t)w.len);
	ck_assert_int_eq(write(fd, request->p, request->len),
	    (ssize_t)request->len);
	return fd;
}

static void
read_exactly(int fd, uint8_t *p, size_t len)
{
	struct pollfd pfd = { fd, POLLIN, 0 };
	ssize_t n;

	while (len > 0) {
		ck_assert_msg(poll(&pfd, 1, SLOW) == 1, "no answer");
		n = read(fd, p, len);
		ck_assert_msg(n > 0, "the answer ended");
		p += n;
		len -= (size_t)n;
	}
}

void
ctl_next(int fd, struct ctl_frame *f)
{
	static uint8_t buf[CTL_FRAME_MAX];
	size_t used;

	do {
		read_exactly(fd, buf, CTL_HEADER);
		ck_assert_uint_le(get_le32(buf), CTL_PAYLOAD);
		read_exactly(fd, buf + CTL_HEADER, get_le32(buf));
		ck_assert_int_eq(ctl_frame_read(buf, sizeof(buf), f, &used),
		    1);
	} while (f->type == CTL_WELCOME);
}

void
ctl_row(int fd, struct row *row, const char *table)
{
	struct ctl_frame f;
	struct ctl_done d;

	ctl_next(fd, &f);
	if (f.type == CTL_DONE && ctl_done_read(&f, &d) == 0)
		ck_abort_msg("the end (%u, \"%s\") and no %s", d.error,
		    d.text, table);
	ck_assert_uint_eq(f.type, CTL_ROW);
	ck_assert_int_eq(row_parse(row, f.data, f.len), 0);
	ck_assert_str_eq(row->table, table);
}

void
ctl_end(int fd, int error, const char *text)
{
	struct ctl_frame f;
	struct ctl_done d;

	ctl_next(fd, &f);
	ck_assert_uint_eq(f.type, CTL_DONE);
	ck_assert_int_eq(ctl_done_read(&f, &d), 0);
	ck_assert_msg((int)d.error == error, "error %u: %s", d.error, d.text);
	ck_assert_msg(strstr(d.text, text) != NULL, "no \"%s\" in: %s", text,
	    d.text);
}

const char *
row_text(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	ck_assert_msg(f != NULL && f->kind == ROW_STR, "no %s", key);
	return f->str;
}

uint64_t
row_num(const struct row *row, const char *key)
{
	const struct row_field *f = row_get(row, key);

	ck_assert_msg(f != NULL && f->kind != ROW_STR, "no %s", key);
	return f->num;
}

size_t
read_all(int fd, char *buf, size_t size)
{
	struct pollfd p = { fd, POLLIN, 0 };
	size_t len = 0;
	ssize_t n = 1;

	while (n > 0 && len < size - 1) {
		ck_assert_msg(poll(&p, 1, SLOW) == 1, "no end of the answer");
		n = read(fd, buf + len, size - 1 - len);
		if (n > 0)
			len += (size_t)n;
	}
	buf[len] = '\0';
	return len;
}
