# build/tests/vectors FILE... runs published test vectors through our encoders and decoders.

VECTORS_SRC := tests/vectors.c $(sort $(wildcard tests/vectors/*.c))
# Casper's values and transactions have a runner once their encodings exist.
VECTORS_FILES := $(filter-out $(patsubst %,tests/vectors/casper_%.json,clvalues deploys transactions), \
	$(sort $(wildcard tests/vectors/*.json)))

$(BUILD)/tests/vectors: $(VECTORS_SRC:%.c=$(BUILD)/san/%.o) $(BUILD)/san/libpatchwork.a
	@mkdir -p $(@D)
	$(call run,$@)$(CC) $(CFLAGS_san) $(LDFLAGS_san) -o $@ $^ $(LIBS)
-include $(VECTORS_SRC:%.c=$(BUILD)/san/%.d)

.PHONY: vectors
vectors: $(BUILD)/tests/vectors ## run the test vectors
	$< $(VECTORS_FILES)
	@! echo '{"cases":[{"kind":"unheard","in":{},"out":{}}]}' | $< /dev/stdin >/dev/null # no case is passed over
