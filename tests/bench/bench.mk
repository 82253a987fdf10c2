# Benchmarks, and what they and the proxy's tests use; included by tests/tests.mk.

$(BUILD)/tests/unit/haproxy_test $(BUILD)/tests/unit/haproxy_files_test: \
	$(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/support/*.c))
