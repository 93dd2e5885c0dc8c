# make fuzz: each parser for TIME seconds on bytes that nobody wrote, from the published vectors on. No part of make check.

TIME := 20
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*.c))
FUZZ_LIB := $(sort $(wildcard $(addsuffix /*.c,$(addprefix pipeline/,base crypto model wire))))
CFLAGS_fuzz := -O1 -D__SANITIZE_ADDRESS__=1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all

$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(call run,$@)clang $(filter-out -W%,$(BASE_CFLAGS)) $(CFLAGS_fuzz) -c $< -o $@
$(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB:%.c=$(BUILD)/fuzz/obj/%.o)
	$(call run,$@)clang -fsanitize=fuzzer,address,undefined -o $@ $^ -lcjson -lsodium -lsecp256k1 -lcrypto
$(BUILD)/fuzz/seeds: tests/fuzz/seeds.mjs $(wildcard tests/vectors/*.json)
	@rm -rf $@ && node $< $@
-include $(patsubst %.c,$(BUILD)/fuzz/obj/%.d,$(FUZZ_SRC) $(FUZZ_LIB))

# What makes one fail is kept as build/fuzz/NAME-crash-...; `build/fuzz/NAME FILE` does it again.
.PHONY: fuzz
fuzz: $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%) $(BUILD)/fuzz/seeds ## parsers on bytes that nobody wrote: TIME=20 ONLY=json
	@for f in $(or $(ONLY),$(FUZZ_SRC:tests/fuzz/%.c=%)); do \
		mkdir -p $(BUILD)/fuzz/corpus/$$f; \
		$(BUILD)/fuzz/$$f -max_total_time=$(TIME) -max_len=4096 -timeout=10 -rss_limit_mb=1024 -verbosity=0 -print_final_stats=1 \
			-artifact_prefix=$(BUILD)/fuzz/$$f- $(BUILD)/fuzz/corpus/$$f $(BUILD)/fuzz/seeds >$(BUILD)/fuzz/$$f.log 2>&1 || \
			{ tail -n 40 $(BUILD)/fuzz/$$f.log; exit 1; }; \
		echo "$$f: $$(awk '/number_of_executed_units/ { print $$2 }' $(BUILD)/fuzz/$$f.log) inputs"; \
	done
