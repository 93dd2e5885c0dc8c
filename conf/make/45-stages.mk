# Tests of the stages link their objects, too: those named here, and tests/db/stages_*_test.c.

STAGE_OBJ := $(patsubst %.c,$(BUILD)/san/%.o,stages/stages.c $(sort $(wildcard stages/*/*.c)))
STAGE_TESTS := $(patsubst %,$(BUILD)/tests/unit/%,verdict verdict_policy replay statement formula effects collect collect_sync) \
	$(patsubst tests/db/%.c,$(BUILD)/tests/db/%,$(sort $(wildcard tests/db/stages_*_test.c)))

$(BUILD)/tests/unit/verdict $(BUILD)/tests/unit/verdict_policy: $(BUILD)/san/tests/unit/verdict_facts.o
$(BUILD)/tests/unit/collect $(BUILD)/tests/unit/collect_sync: $(BUILD)/san/tests/unit/collect_github.o
$(STAGE_TESTS): $(STAGE_OBJ)
$(filter $(BUILD)/tests/db/%,$(STAGE_TESTS)): $(BUILD)/san/tests/db/rows.o
# the library once more, behind the objects that need it
$(STAGE_TESTS): private LIBS := $(BUILD)/san/libpatchwork.a $(LIBS)
-include $(BUILD)/san/tests/db/rows.d
$(BUILD)/tests/unit/print: $(BUILD)/san/stages/print.o $(BUILD)/san/stages/print_value.o
$(BUILD)/tests/unit/print: private LIBS := $(BUILD)/san/libpatchwork.a $(LIBS)
