# Benchmarks, and what they and the proxy's tests use; included by tests/tests.mk.

$(BUILD)/tests/unit/haproxy_test $(BUILD)/tests/unit/haproxy_files_test \
	$(BUILD)/tests/unit/haproxy_watch_test: \
	$(addprefix $(BUILD)/tests/support/,proxy.o $(WEB_NAMES:%=%.o))

# Runs inside containers, which have no libraries.
$(BUILD)/tests/bench/web: tests/bench/web.c $(WEB_NAMES:%=tests/support/%.c)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c17 $(OPTIMISE) $(WARNINGS) $(CFLAGS) -static -o $@ $^ -lnettle

$(BUILD)/tests/bench/asker: tests/e2e/asker.c config/base/number.c tests/support/http.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c17 $(OPTIMISE) $(WARNINGS) $(CFLAGS) -o $@ $^

$(BUILD)/tests/bench/delay_link: tests/e2e/delay_link.c config/base/number.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -std=c17 $(OPTIMISE) $(WARNINGS) $(CFLAGS) -o $@ $^

# BENCH="deploy login": some of the measurements; ROUNDS=3: a quick look.
.PHONY: bench
bench: all $(addprefix $(BUILD)/tests/bench/,web asker delay_link)
	@tests/bench/run $(BUILD) $(BENCH)
