# Tests, checks of the code, and benchmarks; included by the Makefile.

UNIT := $(patsubst tests/unit/%_test.c,$(BUILD)/tests/unit/%_test,$(wildcard tests/unit/*_test.c))

$(BUILD)/tests/unit/%_test: $(BUILD)/tests/unit/%_test.o $(LIBHOOKS) $(LIBBUILDER) $(LIBCONFIG) $(LIBBASE)
	$(CC) $(CFLAGS) $(BARDO_LDFLAGS) -o $@ $^ $(LDFLAGS) $(TEST_LIBS) $(BARDO_LIBS)

.PHONY: unit
unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done
