# SPDX-License-Identifier: ISC
#
# The tests that are programs, and for each the objects that it truly needs
# (beside its own and unit.o).

# A file that does not call unit_run() is a helper of the others.
tests_in	 = $(sort $(patsubst regress/$(1)/%.c,%,\
		   $(shell grep -ls unit_run /dev/null regress/$(1)/*.c)))
UNITS		:= $(filter-out unit,$(call tests_in,unit))
PRIVSEPS	:= $(call tests_in,privsep)
TOOLS		:= $(patsubst regress/tools/%.c,%,$(wildcard regress/tools/*.c))
FUZZERS		:= $(patsubst regress/fuzz/%.c,%,$(wildcard regress/fuzz/*.c))

UNIT_OBJS_aead		= cryptod/aead.o regress/unit/vectors.o
UNIT_OBJS_blake2s	= regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o
UNIT_OBJS_cookie	= netd/cookie.o shared/blake2s.o
UNIT_OBJS_ecn		= cryptod/ecn.o
UNIT_OBJS_hex		= shared/hex.o
UNIT_OBJS_icmp		= cryptod/icmp.o cryptod/ip.o
UNIT_OBJS_ip		= cryptod/ip.o
UNIT_OBJS_landlock	= shared/landlock.o
UNIT_OBJS_log		= shared/log.o
UNIT_OBJS_noise		= cryptod/aead.o cryptod/noise.o cryptod/symmetric.o \
		   regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o shared/tai64n.o
UNIT_OBJS_priv		= shared/caps.o shared/priv.o
UNIT_OBJS_ratelimit	= netd/ratelimit.o
UNIT_OBJS_replay	= cryptod/replay.o
UNIT_OBJS_sandbox	= shared/caps.o shared/sandbox.o \
		   shared/sandbox_tables.o
UNIT_OBJS_secmem	= shared/secmem.o
UNIT_OBJS_symmetric	= cryptod/aead.o cryptod/symmetric.o \
		   regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o
UNIT_OBJS_tai64n	= regress/unit/vectors.o shared/tai64n.o
UNIT_OBJS_timer		= shared/timer.o
UNIT_OBJS_trie		= cryptod/trie.o
FUZZ_OBJS_addr		= shared/addr.o shared/codec.o
FUZZ_OBJS_ecn		= cryptod/ecn.o cryptod/ip.o
FUZZ_OBJS_hex		= shared/hex.o
FUZZ_OBJS_icmp		= cryptod/icmp.o cryptod/ip.o
FUZZ_OBJS_ip		= cryptod/ip.o
FUZZ_OBJS_replay	= cryptod/replay.o
FUZZ_OBJS_row		= shared/codec.o shared/row.o
