# C tests: tests/unit/NAME.c is one cmocka program build/tests/unit/NAME, but for what some of them share; tests/vectors.c is the
# vector runner.

UNIT_SHARED := tests/unit/collect_github.c tests/unit/verdict_facts.c
UNIT_SRC := $(filter-out $(UNIT_SHARED),$(sort $(wildcard tests/unit/*.c)))
UNIT := $(UNIT_SRC:tests/unit/%.c=$(BUILD)/tests/unit/%)

$(BUILD)/tests/unit/%: $(BUILD)/san/tests/unit/%.o $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ -lcmocka $(LIBS)
-include $(patsubst %.c,$(BUILD)/san/%.d,$(UNIT_SRC) $(UNIT_SHARED))

.PHONY: unit
unit: $(UNIT) ## run the unit tests
	@for t in $(UNIT); do $$t || exit 1; done
