# Tests and checks of the code; included by the Makefile. `make help` lists the targets.

TEST_ARCHIVES := $(LIBBARDOD) $(LIBBARDO_SSH) $(LIBHOOKS) $(LIBBUILDER) $(LIBCONFIG) $(LIBBASE)

# ---- unit tests: one cmocka program for each tests/unit/NAME_test.c ----

# The web server of tests and benchmarks; -lnettle goes with it.
WEB_NAMES := web http stream websocket

UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/*_test.c))

$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(TEST_ARCHIVES)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LDFLAGS) $(TEST_LIBS) \
		$(BARDO_LIBS) $(SSH_LIBS)

$(BUILD)/tests/unit/ssh_session_test $(BUILD)/tests/unit/ssh_pump_test: \
	$(BUILD)/tests/support/ssh_world.o
$(BUILD)/tests/unit/check_listed_test: $(WEB_NAMES:%=$(BUILD)/tests/support/%.o)

.PHONY: unit-programs unit
unit-programs: $(UNIT)
unit: $(UNIT)
	@tests/run unit $(BUILD)

# ---- fuzz targets: tests/fuzz/NAME_fuzz.c, and its corpus in tests/fuzz/corpus/NAME ----

FUZZ := $(patsubst tests/fuzz/%_fuzz.c,%,$(wildcard tests/fuzz/*_fuzz.c))
REPLAYS := $(FUZZ:%=$(BUILD)/tests/fuzz/%_replay)
FUZZERS := $(FUZZ:%=$(BUILD)/tests/fuzz/%_fuzzer)
FUZZ_SECONDS ?= 60

# The same function without a fuzzer: any compiler, one run over the corpus.
$(BUILD)/tests/fuzz/%_replay: $(BUILD)/tests/fuzz/replay.o $(BUILD)/tests/fuzz/%_fuzz.o $(TEST_ARCHIVES)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $^ $(LDFLAGS) $(BARDO_LIBS) $(SSH_LIBS)

$(BUILD)/tests/fuzz/%_fuzzer: $(BUILD)/tests/fuzz/%_fuzz.o $(TEST_ARCHIVES)
	$(call said,LINK,$@) $(CC) $(CFLAGS) $(BARDO_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDFLAGS) $(BARDO_LIBS) $(SSH_LIBS)

.PHONY: replay-programs replay fuzzers fuzz
replay-programs: $(REPLAYS)
replay: $(REPLAYS)
	@tests/run replay $(BUILD)
fuzzers: $(FUZZERS)
fuzz:
	$(MAKE) BUILD=build-fuzz CC=clang OPTIMISE=-O1 HARDEN= \
		SANITIZE='-fsanitize=fuzzer-no-link,address,undefined' fuzzers
	@for name in $(FUZZ); do \
		echo "== $$name, $(FUZZ_SECONDS) s"; \
		mkdir -p build-fuzz/corpus/$$name; \
		build-fuzz/tests/fuzz/$${name}_fuzzer -max_total_time=$(FUZZ_SECONDS) \
			-artifact_prefix=build-fuzz/$$name- -verbosity=0 \
			build-fuzz/corpus/$$name tests/fuzz/corpus/$$name || exit 1; \
	done

# ---- sanitizers: unit tests and replays once more, leaks included ----

sanitized = $(MAKE) --no-print-directory BUILD=build-$(1) OPTIMISE=-O1 HARDEN= WERROR= \
	SANITIZE='$(2) -fno-omit-frame-pointer -fno-sanitize-recover=all' unit replay

.PHONY: asan ubsan
asan:
	$(call sanitized,asan,-fsanitize=address)
ubsan:
	$(call sanitized,ubsan,-fsanitize=undefined)

# ---- the code itself ----

.PHONY: lint
lint: $(BUILD)/builder/image/trace.pb-c.h
	@tests/run lint $(BUILD)

# gcc's analyser, one file at a time: its result is only a message. It sees no further than
# the file, so it doesn't know that err_set never gives 0, and thinks that what was not
# allocated is used.
ANALYZER_OFF := -Wno-analyzer-null-dereference -Wno-analyzer-null-argument
ANALYZED := $(patsubst %.c,$(BUILD)/analyzed/%.ok,$(wildcard \
	config/*.c config/base/*.c builder/*.c builder/*/*.c hooks/*.c receiver/*.c receiver/*/*.c))
$(BUILD)/analyzed/%.ok: %.c tests/tests.mk
	@mkdir -p $(@D)
	gcc $(filter-out -MMD -MP,$(CPPFLAGS)) -MMD -MP -MF $@.d -MT $@ -std=c17 -O1 \
		-fanalyzer $(ANALYZER_OFF) -Werror -c -o /dev/null $<
	@touch $@
.PHONY: analyze
analyze: $(ANALYZED)

# ---- everything, as .ci/run calls it; and the machine's own look at it ----

.PHONY: check e2e soak demo
check:
	@tests/run check $(BUILD)
e2e: all
	@tests/run e2e $(BUILD) $(E2E)
# 50 deploys and 20 revives under load, with HAProxy alone and with nginx before it; and 100
# times something is killed.
soak: all
	@LOAD_DEPLOYS=50 LOAD_REVIVES=10 LOAD_KILLS=100 LOAD_PAUSE=0 LOAD_RATE=0 E2E_JOBS=1 \
		tests/run e2e $(BUILD) tests/e2e/load.bats tests/e2e/load_nginx.bats
demo:
	@contrib/demo

include tests/bench/bench.mk
