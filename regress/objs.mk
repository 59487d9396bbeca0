# SPDX-License-Identifier: ISC
#
# The tests that are programs, and for each the objects that it truly needs
# (beside its own and unit.o).

# A file that does not call unit_run() is a helper of the others.
tests_in	 = $(sort $(patsubst regress/$(1)/%.c,%,\
		   $(shell grep -ls unit_run /dev/null regress/$(1)/*.c)))
UNITS		:= $(filter-out unit,$(call tests_in,unit))
PRIVSEPS	:= $(call tests_in,privsep)
# flow.c is a part of others.
TOOLS		:= $(filter-out flow,$(patsubst regress/tools/%.c,%,\
		   $(wildcard regress/tools/*.c)))
# Which check compiles, and only bench runs; bench.c is a part of them all.
BENCHES		:= $(filter-out bench,$(patsubst regress/bench/%.c,%,\
		   $(wildcard regress/bench/*.c)))
FUZZERS		:= $(sort $(patsubst regress/fuzz/%.c,%,$(shell grep -ls \
		   LLVMFuzzerTestOneInput /dev/null regress/fuzz/*.c)))

AEAD_OBJS		= cryptod/aead.o cryptod/aead_check.o \
		   cryptod/aead_ipsecmb.o cryptod/aead_sodium.o
# The protocol core of cryptod and all that it is made of.
CORE_OBJS		= $(AEAD_OBJS) cryptod/device.o cryptod/ecn.o \
		   cryptod/engine.o cryptod/ephemeral.o cryptod/handshake.o \
		   cryptod/icmp.o cryptod/inbound.o cryptod/index.o \
		   cryptod/ip.o cryptod/keypair.o cryptod/loopguard.o \
		   cryptod/noise.o cryptod/outbound.o cryptod/peer_timers.o \
		   cryptod/replay.o cryptod/seal.o cryptod/segment.o \
		   cryptod/checksum.o cryptod/strangers.o \
		   cryptod/symmetric.o cryptod/trie.o \
		   shared/blake2s.o shared/blake2s_kdf.o shared/index_page.o \
		   shared/log.o shared/secmem.o shared/tai64n.o \
		   shared/timer.o

# warrenctl's reader of wg-quick's files.
IMPORT_OBJS		= ctl/human.o ctl/import_finish.o ctl/import_keys.o \
		   ctl/import_parse.o ctl/import_print.o ctl/import_value.o \
		   shared/addr.o shared/codec.o shared/hex.o shared/log.o \
		   shared/row.o shared/utf8.o

# The reader of the configuration.
CONF_OBJS		= parent/conf.o parent/conf_check.o parent/conf_print.o \
		   parent/conf_set.o parent/conf_value.o parent/lex.o \
		   parent/lex_file.o parent/parse.o \
		   shared/addr.o shared/codec.o shared/hex.o shared/utf8.o

UNIT_OBJS_addr		= shared/addr.o shared/codec.o
UNIT_OBJS_aead		= $(AEAD_OBJS) regress/unit/vectors.o
UNIT_OBJS_aead_choice	= cryptod/aead.o cryptod/aead_check.o
UNIT_OBJS_badmac	= netd/badmac.o
UNIT_OBJS_blake2s	= regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o
UNIT_OBJS_checksum	= cryptod/checksum.o regress/unit/packets.o
# Messages, and a link to send them on.
CODEC_LINK		= regress/unit/codec_link.o shared/codec.o \
		   shared/imsg.o shared/link.o shared/log.o shared/msg_table.o
UNIT_OBJS_codec		= shared/codec.o
UNIT_OBJS_codec_conf	= $(CODEC_LINK) shared/addr.o shared/msg_conf.o
UNIT_OBJS_codec_crypto	= $(CODEC_LINK) shared/addr.o shared/msg_crypto.o \
		   shared/msg_net.o
UNIT_OBJS_codec_net	= $(CODEC_LINK) shared/addr.o shared/msg_helper.o \
		   shared/msg_net.o
UNIT_OBJS_codec_parent	= $(CODEC_LINK) shared/msg_parent.o shared/version.o
CONF_TEXT		= $(CONF_OBJS) regress/unit/conf_text.o
UNIT_OBJS_conf		= $(CONF_TEXT)
UNIT_OBJS_conf_errors	= $(CONF_TEXT)
UNIT_OBJS_conf_files	= $(CONF_TEXT)
UNIT_OBJS_conf_limits	= $(CONF_TEXT)
UNIT_OBJS_conf_print	= $(CONF_TEXT)
UNIT_OBJS_cookie	= netd/cookie.o shared/blake2s.o
UNIT_OBJS_ctl_proto	= shared/codec.o shared/ctl_proto.o
UNIT_OBJS_ctld_client	= ctld/client.o ctld/unlinger.o
UNIT_OBJS_ctld_health	= ctld/health.o ctld/health_peer.o \
		   regress/unit/ctld_health_play.o shared/addr.o \
		   shared/codec.o shared/hex.o
UNIT_OBJS_ctld_health_peer = $(UNIT_OBJS_ctld_health)
UNIT_OBJS_ctld_names	= ctld/devmap.o ctld/names.o
UNIT_OBJS_dedupe	= netd/dedupe.o
UNIT_OBJS_device	= $(CORE_OBJS) cryptod/change.o \
		   regress/unit/fakeclock.o shared/addr.o shared/codec.o
UNIT_OBJS_dispatch	= parent/dispatch.o shared/addr.o shared/clock.o \
		   shared/codec.o shared/imsg.o shared/link.o shared/log.o \
		   shared/msg_helper.o shared/msg_net.o shared/msg_parent.o \
		   shared/msg_table.o shared/version.o
UNIT_OBJS_dns_message	= resolverd/dnsmsg.o
UNIT_OBJS_dns_query	= regress/unit/dns_play.o resolverd/cache.o \
		   resolverd/dnsmsg.o resolverd/hosts.o resolverd/query.o
UNIT_OBJS_dns_trouble	= $(UNIT_OBJS_dns_query)
UNIT_OBJS_ecn		= cryptod/ecn.o
UNIT_OBJS_egress	= $(CORE_OBJS) cryptod/egress.o cryptod/ingress.o \
		   cryptod/open.o cryptod/workers.o shared/clock.o \
		   shared/ring.o shared/spin.o
UNIT_OBJS_envelope	= netd/cookie.o netd/dedupe.o netd/envelope.o \
		   netd/ratelimit.o shared/addr.o shared/blake2s.o \
		   shared/codec.o shared/ring.o
UNIT_OBJS_events	= cryptod/events.o shared/codec.o shared/hex.o \
		   shared/log.o shared/row.o
UNIT_OBJS_hex		= shared/hex.o
UNIT_OBJS_hosts_file	= resolverd/hosts.o
UNIT_OBJS_icmp		= cryptod/icmp.o cryptod/ip.o
UNIT_OBJS_imsg		= shared/imsg.o shared/msg_table.o
UNIT_OBJS_import	= $(IMPORT_OBJS) regress/unit/import_play.o
UNIT_OBJS_import_values	= $(UNIT_OBJS_import)
UNIT_OBJS_index		= cryptod/index.o shared/index_page.o
UNIT_OBJS_index_page	= shared/index_page.o
UNIT_OBJS_ip		= cryptod/ip.o
UNIT_OBJS_journal	= parent/journal.o
UNIT_OBJS_kernel	= parent/kernel_item.o parent/kernel_want.o \
		   shared/addr.o shared/codec.o
UNIT_OBJS_keyfile	= parent/keyfile.o
UNIT_OBJS_landlock	= shared/landlock.o
UNIT_OBJS_link		= shared/imsg.o shared/link.o shared/log.o \
		   shared/msg_table.o
UNIT_OBJS_link_starved	= $(UNIT_OBJS_link)
UNIT_OBJS_log		= shared/log.o
UNIT_OBJS_merge		= cryptod/checksum.o cryptod/ip.o cryptod/merge.o \
		   cryptod/segment.o regress/unit/merge_play.o \
		   regress/unit/packets.o
UNIT_OBJS_merge_rules	= $(UNIT_OBJS_merge)
UNIT_OBJS_metrics	= ctld/http.o ctld/prom.o
UNIT_OBJS_metrics_end	= ctld/health.o ctld/http.o ctld/metrics.o \
		   ctld/prom.o shared/addr.o shared/codec.o shared/hex.o \
		   shared/msg_table.o shared/row.o shared/version.o
UNIT_OBJS_msg_table	= shared/msg_table.o
# The tests of endpoints by name.
NAMES_OBJS		= netd/names.o netd/names_choice.o \
		   regress/unit/names_play.o shared/addr.o shared/codec.o \
		   shared/timer.o
UNIT_OBJS_names_ask	= $(NAMES_OBJS)
UNIT_OBJS_names_choice	= $(NAMES_OBJS)
UNIT_OBJS_names_failed	= $(NAMES_OBJS)
UNIT_OBJS_netd_device	= netd/cookie.o netd/device.o shared/blake2s.o
UNIT_OBJS_noise		= $(AEAD_OBJS) cryptod/noise.o cryptod/symmetric.o \
		   regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o shared/tai64n.o
UNIT_OBJS_notify	= parent/notify.o shared/log.o
UNIT_OBJS_priv		= shared/caps.o shared/priv.o
# The tests of the protocol's state machine, with two hosts.
PROTOCOL_OBJS		= $(CORE_OBJS) regress/unit/fakeclock.o \
		   regress/unit/hosts.o regress/unit/protocol_pair.o
UNIT_OBJS_protocol_hostile = $(PROTOCOL_OBJS)
UNIT_OBJS_protocol_keys	= $(PROTOCOL_OBJS)
UNIT_OBJS_protocol_packets = $(PROTOCOL_OBJS)
UNIT_OBJS_protocol_timers = $(PROTOCOL_OBJS)
UNIT_OBJS_ratelimit	= netd/ratelimit.o
# The tests of the transaction of a configuration, with played children.
RELOAD_OBJS		= parent/deliver.o parent/keyfile.o parent/reload.o \
		   parent/reload_asks.o parent/reload_commit.o \
		   parent/reload_report.o parent/slots.o \
		   regress/unit/reload_kids.o regress/unit/reload_play.o \
		   shared/addr.o shared/clock.o \
		   shared/codec.o shared/imsg.o shared/link.o shared/log.o \
		   shared/msg_conf.o shared/msg_table.o shared/row.o
UNIT_OBJS_reload	= $(RELOAD_OBJS)
UNIT_OBJS_reload_faults	= $(RELOAD_OBJS)
UNIT_OBJS_reload_load	= $(RELOAD_OBJS)
UNIT_OBJS_reload_refused = $(RELOAD_OBJS)
UNIT_OBJS_replay	= cryptod/replay.o
UNIT_OBJS_resolvconf	= parent/resolvconf.o shared/addr.o shared/codec.o
UNIT_OBJS_resume	= $(UNIT_OBJS_sessions)
UNIT_OBJS_ring		= shared/ring.o
UNIT_OBJS_row		= shared/codec.o shared/row.o
UNIT_OBJS_sandbox	= shared/caps.o shared/sandbox.o \
		   shared/sandbox_tables.o
UNIT_OBJS_secmem	= shared/secmem.o
UNIT_OBJS_segment	= cryptod/checksum.o cryptod/ip.o cryptod/segment.o \
		   regress/unit/packets.o
UNIT_OBJS_slots		= parent/keyfile.o parent/slots.o shared/log.o
UNIT_OBJS_slots_port	= parent/keyfile.o parent/slots.o shared/caps.o \
		   shared/log.o
UNIT_OBJS_sockets	= parent/sockets.o shared/clock.o shared/log.o
UNIT_OBJS_source	= netd/source.o shared/addr.o shared/codec.o
UNIT_OBJS_sessions	= $(CORE_OBJS) cryptod/resume.o cryptod/sessions.o \
		   regress/unit/fakeclock.o regress/unit/hosts.o \
		   shared/codec.o
UNIT_OBJS_stage		= $(CORE_OBJS) cryptod/commit.o cryptod/keytext.o \
		   cryptod/stage.o regress/unit/fakeclock.o \
		   regress/unit/hosts.o regress/unit/stage_play.o \
		   shared/addr.o shared/codec.o shared/hex.o
UNIT_OBJS_stage_commit	= $(UNIT_OBJS_stage)
UNIT_OBJS_stage_limits	= $(UNIT_OBJS_stage)
UNIT_OBJS_health	= $(CORE_OBJS) regress/unit/fakeclock.o \
		   regress/unit/hosts.o
UNIT_OBJS_spin		= shared/spin.o
UNIT_OBJS_starved	= $(CORE_OBJS) cryptod/resume.o cryptod/sessions.o \
		   regress/unit/fakeclock.o regress/unit/hosts.o shared/codec.o
UNIT_OBJS_static	= netd/static.o shared/addr.o shared/codec.o
UNIT_OBJS_steer		= parent/steer.o shared/log.o
UNIT_OBJS_symmetric	= $(AEAD_OBJS) cryptod/symmetric.o \
		   regress/unit/vectors.o shared/blake2s.o \
		   shared/blake2s_kdf.o
UNIT_OBJS_tai64n	= regress/unit/vectors.o shared/tai64n.o
UNIT_OBJS_timer		= shared/timer.o
UNIT_OBJS_tokens	= ctl/tokens.o
UNIT_OBJS_train		= $(CORE_OBJS) cryptod/open.o regress/unit/fakeclock.o \
		   regress/unit/hosts.o regress/unit/packets.o
UNIT_OBJS_trie		= cryptod/trie.o
UNIT_OBJS_tun		= $(CORE_OBJS) cryptod/merge.o cryptod/tun.o \
		   cryptod/workers.o regress/unit/packets.o shared/clock.o \
		   shared/spin.o
UNIT_OBJS_tun_create	= parent/tun.o shared/log.o
UNIT_OBJS_uapi		= ctld/uapi_parse.o shared/addr.o shared/codec.o \
		   shared/hex.o shared/imsg.o shared/link.o shared/log.o \
		   shared/msg_crypto.o shared/msg_table.o
# The tests of the sender of datagrams, with a played kernel.
UDP_SEND_OBJS		= netd/source.o netd/udp_send.o \
		   regress/unit/fakeclock.o regress/unit/udp_send_play.o \
		   shared/addr.o shared/codec.o
UNIT_OBJS_udp_send_failed = $(UDP_SEND_OBJS)
UNIT_OBJS_udp_send_mtu	= $(UDP_SEND_OBJS)
UNIT_OBJS_udp_send_trains = $(UDP_SEND_OBJS)
UNIT_OBJS_unlinger	= ctld/unlinger.o
UNIT_OBJS_workers	= cryptod/workers.o shared/clock.o shared/spin.o

FUZZ_OBJS_addr		= shared/addr.o shared/codec.o
FUZZ_OBJS_aead		= $(AEAD_OBJS)
FUZZ_OBJS_codecs	= shared/addr.o shared/codec.o shared/log.o \
		   shared/msg_conf.o shared/msg_helper.o \
		   shared/msg_crypto.o shared/msg_net.o shared/msg_parent.o \
		   shared/msg_table.o shared/version.o
FUZZ_OBJS_conf		= $(CONF_OBJS)
FUZZ_OBJS_cookie	= netd/cookie.o shared/blake2s.o
FUZZ_OBJS_ctl_proto	= shared/codec.o shared/ctl_proto.o
FUZZ_OBJS_dns		= resolverd/dnsmsg.o
FUZZ_OBJS_ecn		= cryptod/ecn.o cryptod/ip.o
FUZZ_OBJS_envelope	= netd/cookie.o netd/dedupe.o netd/envelope.o \
		   netd/ratelimit.o shared/blake2s.o
FUZZ_OBJS_hex		= shared/hex.o
FUZZ_OBJS_hosts		= resolverd/dnsmsg.o resolverd/hosts.o
FUZZ_OBJS_http		= ctld/http.o
FUZZ_OBJS_icmp		= cryptod/icmp.o cryptod/ip.o
FUZZ_OBJS_imsg		= shared/imsg.o shared/msg_table.o
FUZZ_OBJS_ip		= cryptod/ip.o
FUZZ_OBJS_journal	= parent/journal.o
FUZZ_OBJS_merge		= cryptod/checksum.o cryptod/ip.o cryptod/merge.o \
		   cryptod/segment.o regress/unit/packets.o
FUZZ_OBJS_names		= netd/names.o netd/names_choice.o \
		   regress/fuzz/names_play.o shared/addr.o shared/codec.o \
		   shared/timer.o
FUZZ_OBJS_netlink	= netd/cookie.o netd/device.o netd/route.o \
		   netd/source.o parent/kernel_item.o parent/netlink.o \
		   parent/netlink_event.o parent/netlink_parse.o \
		   parent/netlink_route.o regress/unit/fakeclock.o \
		   shared/addr.o shared/blake2s.o shared/codec.o \
		   shared/timer.o
FUZZ_OBJS_noise		= $(AEAD_OBJS) cryptod/noise.o cryptod/symmetric.o \
		   shared/blake2s.o shared/blake2s_kdf.o shared/tai64n.o
FUZZ_OBJS_import	= $(IMPORT_OBJS)
FUZZ_OBJS_output	= ctl/human.o ctl/json.o ctl/lines.o ctl/peers.o \
		   ctl/status.o ctl/text.o shared/codec.o shared/log.o \
		   shared/row.o shared/utf8.o
# Two cores, with another cryptography.
FUZZ_OBJS_pair		= $(filter-out $(AEAD_OBJS) shared/blake2s.o,$(CORE_OBJS)) \
		   cryptod/resume.o cryptod/sessions.o netd/cookie.o \
		   netd/dedupe.o netd/envelope.o netd/ratelimit.o \
		   regress/fuzz/pair_check.o regress/fuzz/pair_crypto.o \
		   regress/fuzz/pair_side.o cryptod/open.o \
		   regress/unit/fakeclock.o \
		   shared/codec.o shared/ring.o
FUZZ_OBJS_prom		= ctld/prom.o
FUZZ_OBJS_query		= regress/fuzz/query_play.o resolverd/cache.o \
		   resolverd/dnsmsg.o resolverd/hosts.o resolverd/query.o
FUZZ_OBJS_replay	= cryptod/replay.o
FUZZ_OBJS_resolvconf	= parent/resolvconf.o shared/addr.o shared/codec.o
FUZZ_OBJS_ring		= shared/ring.o
FUZZ_OBJS_row		= shared/codec.o shared/row.o
FUZZ_OBJS_segment	= cryptod/checksum.o cryptod/ip.o cryptod/segment.o \
		   regress/unit/packets.o
FUZZ_OBJS_sender	= netd/source.o netd/udp_send.o \
		   regress/unit/fakeclock.o shared/addr.o shared/codec.o
FUZZ_OBJS_source	= netd/source.o shared/addr.o shared/codec.o
FUZZ_OBJS_sessions	= cryptod/sessions.o shared/codec.o shared/tai64n.o
FUZZ_OBJS_stage		= $(CORE_OBJS) cryptod/commit.o cryptod/keytext.o \
		   cryptod/stage.o shared/addr.o shared/clock.o shared/codec.o \
		   shared/hex.o shared/imsg.o shared/link.o shared/msg_conf.o \
		   shared/msg_table.o
FUZZ_OBJS_timer		= shared/timer.o
FUZZ_OBJS_tokens	= ctl/tokens.o
FUZZ_OBJS_trie		= cryptod/trie.o
FUZZ_OBJS_uapi		= ctld/uapi_parse.o shared/addr.o shared/codec.o \
		   shared/hex.o shared/log.o shared/msg_crypto.o

# What plays the world of a child.
PRIVSEP_KID	= regress/privsep/child.o regress/privsep/fds.o \
		   shared/codec.o shared/index_page.o shared/msg_table.o \
		   shared/ring.o shared/version.o
PRIVSEP_TRIES	= $(PRIVSEP_KID) regress/privsep/tries.o
PRIVSEP_OBJS_hostile	= $(PRIVSEP_TRIES)
PRIVSEP_OBJS_wrong_parent = $(PRIVSEP_TRIES)
# The parent itself, with children that are played.
PRIVSEP_PARENT	= $(PRIVSEP_TRIES) regress/privsep/parent_play.o \
		   $(CONF_OBJS) parent/deliver.o parent/dispatch.o \
		   parent/events.o parent/keyfile.o parent/reload.o \
		   parent/reload_asks.o parent/reload_commit.o \
		   parent/reload_report.o \
		   parent/show.o parent/slots.o parent/suite.o \
		   parent/suite_start.o shared/clock.o \
		   shared/counter_show.o shared/imsg.o shared/link.o \
		   shared/link_show.o shared/log.o shared/msg_conf.o \
		   shared/msg_helper.o shared/msg_net.o shared/msg_parent.o \
		   shared/row.o
PRIVSEP_OBJS_parent_duties = $(PRIVSEP_PARENT)
PRIVSEP_OBJS_parent_rows = $(PRIVSEP_PARENT)
# And plays all sides of ctld.
PRIVSEP_PLAY	= $(PRIVSEP_KID) regress/privsep/play.o shared/addr.o \
		   shared/ctl_proto.o shared/hex.o shared/imsg.o shared/link.o \
		   shared/log.o shared/msg_conf.o shared/msg_crypto.o \
		   shared/msg_net.o shared/row.o
PRIVSEP_OBJS_ctld	= $(PRIVSEP_PLAY)
PRIVSEP_CTLD_CONF = $(PRIVSEP_PLAY) regress/privsep/ctld_conf_play.o
PRIVSEP_OBJS_ctld_conf	= $(PRIVSEP_CTLD_CONF)
PRIVSEP_OBJS_ctld_conf_metrics = $(PRIVSEP_CTLD_CONF)
PRIVSEP_OBJS_ctld_conf_show = $(PRIVSEP_CTLD_CONF)
PRIVSEP_CTLD_EVENTS = $(PRIVSEP_PLAY) regress/privsep/ctld_events_play.o
PRIVSEP_OBJS_ctld_events_told = $(PRIVSEP_CTLD_EVENTS)
PRIVSEP_OBJS_ctld_events_watch = $(PRIVSEP_CTLD_EVENTS)
PRIVSEP_OBJS_life	= $(PRIVSEP_KID) shared/imsg.o
PRIVSEP_OBJS_flood	= $(PRIVSEP_PLAY) regress/privsep/fill.o
PRIVSEP_ENEMY	= $(PRIVSEP_KID) regress/privsep/enemy_play.o
PRIVSEP_OBJS_enemy	= $(PRIVSEP_ENEMY) shared/addr.o shared/imsg.o shared/link.o \
		   shared/log.o shared/msg_crypto.o shared/msg_net.o \
		   shared/msg_parent.o
PRIVSEP_OBJS_enemy_lies	= $(PRIVSEP_ENEMY)
PRIVSEP_OBJS_enemy_memory = $(PRIVSEP_ENEMY)
# And a link to each of its sides.
PRIVSEP_TALK	= $(PRIVSEP_KID) regress/privsep/talk.o shared/addr.o \
		   shared/imsg.o shared/link.o shared/log.o \
		   shared/msg_net.o shared/msg_parent.o
PRIVSEP_CRYPTOD	= $(PRIVSEP_TALK) regress/privsep/cryptod_play.o \
		   cryptod/keytext.o shared/hex.o shared/msg_conf.o \
		   shared/msg_crypto.o
PRIVSEP_OBJS_cryptod_conf = $(PRIVSEP_CRYPTOD)
PRIVSEP_OBJS_cryptod_state = $(PRIVSEP_CRYPTOD) cryptod/sessions.o \
		   shared/tai64n.o
PRIVSEP_NETD	= $(PRIVSEP_TALK) regress/privsep/netd_play.o netd/cookie.o \
		   netd/source.o shared/blake2s.o shared/msg_conf.o \
		   shared/msg_crypto.o shared/msg_helper.o shared/row.o
PRIVSEP_OBJS_netd = $(PRIVSEP_NETD)
PRIVSEP_OBJS_netd_conf = $(PRIVSEP_NETD)
PRIVSEP_OBJS_resolverd = $(PRIVSEP_TALK) shared/msg_helper.o shared/row.o
# Processes held as the real ones are: see regress/privsep/held.h.
PRIVSEP_HELD	= regress/privsep/held.o cryptod/sandbox_tables.o \
		   ctld/sandbox_tables.o netd/sandbox_tables.o \
		   parent/confine.o parent/filter.o \
		   resolverd/sandbox_tables.o shared/addr.o shared/caps.o \
		   shared/child.o shared/clock.o shared/codec.o shared/imsg.o \
		   shared/landlock.o shared/link.o shared/link_show.o \
		   shared/log.o shared/msg_net.o shared/msg_parent.o \
		   shared/msg_table.o shared/priv.o shared/row.o \
		   shared/sandbox.o shared/sandbox_tables.o shared/version.o
PRIVSEP_OBJS_bounds	= $(PRIVSEP_HELD)
PRIVSEP_OBJS_verdicts	= $(PRIVSEP_HELD)

TOOL_OBJS_fence	=
TOOL_OBJS_flood	= shared/blake2s.o shared/hex.o
TOOL_OBJS_junk	= shared/blake2s.o shared/hex.o
TOOL_OBJS_kernelctl	= parent/journal.o parent/kernel.o \
		   parent/kernel_apply.o parent/kernel_del.o \
		   parent/kernel_item.o parent/kernel_link.o \
		   parent/kernel_show.o parent/kernel_undo.o \
		   parent/kernel_want.o parent/kernel_watch.o parent/netlink.o \
		   parent/netlink_event.o parent/netlink_parse.o \
		   parent/netlink_route.o parent/tun.o shared/addr.o \
		   shared/clock.o shared/codec.o shared/log.o shared/row.o
TOOL_OBJS_memscan =
TOOL_OBJS_relay	= cryptod/checksum.o cryptod/ip.o cryptod/merge.o \
		   cryptod/segment.o parent/netlink.o parent/netlink_parse.o \
		   parent/tun.o shared/log.o
TOOL_OBJS_scribble	= regress/tools/flow.o
TOOL_OBJS_tcpflow = regress/tools/flow.o
TOOL_OBJS_tunattach = parent/netlink.o parent/netlink_parse.o parent/tun.o \
		   shared/log.o
TOOL_OBJS_udpflow = regress/tools/flow.o
TOOL_OBJS_knock	= $(AEAD_OBJS) cryptod/noise.o cryptod/symmetric.o \
		   cryptod/ephemeral.o netd/cookie.o shared/blake2s.o \
		   shared/blake2s_kdf.o \
		   shared/clock.o shared/hex.o shared/tai64n.o
TOOL_OBJS_shakes = $(TOOL_OBJS_knock)

# They measure the objects of the daemons, as those were compiled.
BENCH_OBJS_aead		= $(AEAD_OBJS)
BENCH_OBJS_micro	= $(CORE_OBJS) cryptod/merge.o regress/unit/fakeclock.o \
		   regress/unit/hosts.o regress/unit/packets.o
BENCH_OBJS_rings	= shared/ring.o
BENCH_OBJS_workers	= $(AEAD_OBJS) cryptod/checksum.o cryptod/ip.o \
		   cryptod/merge.o cryptod/open.o cryptod/replay.o \
		   cryptod/seal.o cryptod/segment.o cryptod/workers.o \
		   regress/unit/packets.o shared/clock.o shared/spin.o
