# C tests: tests/unit/NAME.c is one cmocka program build/tests/unit/NAME; tests/vectors.c is the vector runner.

UNIT_SRC := $(sort $(wildcard tests/unit/*.c))
UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)

$(BUILD)/tests/unit/%: $(BUILD)/san/tests/unit/%.o $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ -lcmocka $(LIBS)
-include $(UNIT_SRC:%.c=$(BUILD)/san/%.d)

.PHONY: unit
unit: $(UNIT) ## run the unit tests
	@for t in $(UNIT); do $$t || exit 1; done
