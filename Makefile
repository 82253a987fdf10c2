# bardo's build. `make help` lists what it does.

BUILD ?= build
# A folder has one name: the lists of headers that the compiler writes have it, too.
override BUILD := $(patsubst $(CURDIR)/%,%,$(BUILD))
CC ?= cc
PREFIX ?= /usr
LIBEXEC ?= $(PREFIX)/lib/bardo
UNITS ?= $(PREFIX)/lib/systemd/system

VERSION := 0.1.0
# Never by hand: `make WERROR=1` is what the tests build with.
WERROR ?=

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wundef -Wformat=2 -Wwrite-strings -Wimplicit-fallthrough -Wnull-dereference \
	$(if $(WERROR),-Werror)
OPTIMISE ?= -O2
HARDEN ?= -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE
# What asan and ubsan add.
SANITIZE ?=

CPPFLAGS += -I. -I$(BUILD) -D_GNU_SOURCE -DBARDO_VERSION='"$(VERSION)"' -MMD -MP
CFLAGS ?= -g
BARDO_CFLAGS := -std=c17 $(OPTIMISE) $(WARNINGS) $(HARDEN) $(SANITIZE)
BARDO_LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(SANITIZE)

PKG_CONFIG ?= pkg-config
SSH_LIBS = $(shell $(PKG_CONFIG) --libs libssh)
BARDO_LIBS = $(shell $(PKG_CONFIG) --libs libgit2 libcurl libcjson sqlite3 libarchive \
	libprotobuf-c libcrypto)
TEST_LIBS = $(shell $(PKG_CONFIG) --libs cmocka nettle)

# One short line for each file; `make V=1` shows the commands themselves.
said = $(if $(V),,@printf '  %-6s %s\n' $(1) $(patsubst $(BUILD)/%,%,$(2));)

# ---- the folders; each may include only what stands before it ----

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(BUILD)/%.o,$(1))

BASE := $(call obj,$(call src,config/base))
CONFIG := $(call obj,$(call src,config) $(foreach d,record people app,$(call src,config/$(d)))) \
	$(BUILD)/config/schema.o
# (The archive is made anew each time, by `q`: two folders may each have a state.o.)
BUILDER_PARTS := engine git source recipe image check certificate proxy front options life run logs deploy doctor
BUILDER := $(call obj,$(call src,builder) $(foreach d,$(BUILDER_PARTS),$(call src,builder/$(d)))) \
	$(BUILD)/builder/image/trace.pb-c.o
HOOKS := $(call obj,$(call src,hooks))
COMMANDS := $(call obj,$(call src,receiver) $(call src,receiver/dispatch) $(call src,receiver/commands))
BARDOD := $(call obj,$(call src,receiver/bardod))
SSH := $(call obj,$(call src,receiver/ssh))

LIBBASE := $(BUILD)/libbase.a
LIBCONFIG := $(BUILD)/libconfig.a
LIBBUILDER := $(BUILD)/libbuilder.a
LIBHOOKS := $(BUILD)/libhooks.a
LIBBARDOD := $(BUILD)/libbardod.a
LIBBARDO_SSH := $(BUILD)/libbardo-ssh.a
PROGRAMS := $(BUILD)/bardod $(BUILD)/bardo-ssh $(BUILD)/bardo
GIT_HOOKS := $(addprefix $(BUILD)/hooks.d/,pre-receive proc-receive)

.PHONY: all clean help install
all: $(PROGRAMS) $(GIT_HOOKS)

$(LIBBASE): $(BASE)
$(LIBCONFIG): $(CONFIG)
$(LIBBUILDER): $(BUILDER)
$(LIBHOOKS): $(HOOKS)
$(LIBBARDOD): $(filter-out %/main.o,$(BARDOD))
$(LIBBARDO_SSH): $(filter-out %/main.o,$(SSH))
$(BUILD)/lib%.a:
	@rm -f $@
	$(call said,AR,$@) $(AR) qcs $@ $^

# bardod reads no network bytes and opens no database: it links libc alone, which
# tests/e2e checks. config's archive gives it the door's messages.
$(BUILD)/bardod: $(BUILD)/receiver/bardod/main.o $(LIBBARDOD) $(LIBCONFIG) $(LIBBASE)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $^ $(LDFLAGS)

$(BUILD)/bardo-ssh: $(BUILD)/receiver/ssh/main.o $(LIBBARDO_SSH) $(LIBCONFIG) $(LIBBASE)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $^ $(LDFLAGS) $(SSH_LIBS)

$(BUILD)/bardo: $(COMMANDS) $(LIBHOOKS) $(LIBBUILDER) $(LIBCONFIG) $(LIBBASE)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $^ $(LDFLAGS) $(BARDO_LIBS)

# git finds its hooks by name in one folder (core.hooksPath); all are bardo.
$(BUILD)/hooks.d/%: | $(BUILD)/bardo
	@mkdir -p $(@D)
	@ln -sfn ../bardo $@

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call said,CC,$@) $(CC) $(CPPFLAGS) $(BARDO_CFLAGS) $(CFLAGS) -c -o $@ $<

# Generated: the trace message of BuildKit, and the database's schema as strings.
$(BUILD)/builder/image/trace.pb-c.c: builder/image/trace.proto
	@mkdir -p $(@D)
	$(call said,PROTOC,$@) protoc-c --c_out=$(BUILD) $<
$(BUILD)/builder/image/trace.pb-c.h: $(BUILD)/builder/image/trace.pb-c.c
$(BUILD)/builder/image/trace.o: $(BUILD)/builder/image/trace.pb-c.h
$(BUILD)/builder/image/trace.pb-c.o: $(BUILD)/builder/image/trace.pb-c.c
	$(call said,CC,$@) $(CC) $(CPPFLAGS) -std=c17 $(OPTIMISE) $(HARDEN) $(SANITIZE) $(CFLAGS) -c -o $@ $<

# The steps from one version of the database to the next, in order.
SCHEMA := $(sort $(wildcard config/schema/*.sql))
$(BUILD)/config/schema.c: $(SCHEMA)
	@mkdir -p $(@D)
	@{ echo 'extern const char *const schema_steps[];'; \
	  echo 'const char *const schema_steps[] = {'; \
	  for f in $^; do \
		sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/"&\\n"/' $$f; echo ','; \
	  done; echo '0};'; } >$@
$(BUILD)/config/schema.o: $(BUILD)/config/schema.c
	$(call said,CC,$@) $(CC) $(CPPFLAGS) $(BARDO_CFLAGS) -Wno-overlength-strings $(CFLAGS) -c -o $@ $<

# ---- for the machine's own use ----

# The programs find each other in one folder, through /proc/self/exe.
install: all
	install -d $(DESTDIR)$(LIBEXEC)/hooks.d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/sbin \
		$(DESTDIR)$(UNITS)
	install -m 755 $(PROGRAMS) $(DESTDIR)$(LIBEXEC)
	for h in $(notdir $(GIT_HOOKS)); do \
		ln -sfn ../bardo $(DESTDIR)$(LIBEXEC)/hooks.d/$$h || exit 1; done
	ln -sfn $(LIBEXEC)/bardo $(DESTDIR)$(PREFIX)/bin/bardo
	ln -sfn $(LIBEXEC)/bardod $(DESTDIR)$(PREFIX)/sbin/bardod
	for u in contrib/systemd/*.service; do \
		sed 's,=/usr/sbin/,=$(PREFIX)/sbin/,' $$u >$(DESTDIR)$(UNITS)/$${u##*/} || exit 1; done
	chmod 644 $(patsubst contrib/systemd/%,$(DESTDIR)$(UNITS)/%,$(wildcard contrib/systemd/*.service))

help:
	@echo 'make            the programs, into $(BUILD)/'
	@echo 'make demo       the main job, on this machine, in a throwaway folder'
	@echo 'make check      every test; installs what is missing'
	@echo 'make bench      what it costs, beside sshd, a shell hook and the bare Engine'
	@echo 'make install    into DESTDIR, PREFIX ($(PREFIX)), LIBEXEC ($(LIBEXEC)),'
	@echo '                UNITS ($(UNITS))'
	@echo
	@echo 'make unit       unit tests'
	@echo 'make replay     fuzz targets over their corpora'
	@echo 'make e2e        real git, ssh and Engine; E2E=tests/e2e/FILE.bats for some'
	@echo 'make soak       50 deploys and 20 revives under load'
	@echo 'make lint       how the code looks, what it includes, static analysis'
	@echo 'make asan       unit tests and replays with the address and leak sanitizers'
	@echo 'make ubsan      the same for undefined behaviour'
	@echo 'make fuzz       each fuzz target for FUZZ_SECONDS ($(FUZZ_SECONDS))'
	@echo 'make clean'

clean:
	rm -rf $(BUILD) build-*

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
include tests/tests.mk
