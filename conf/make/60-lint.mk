# Layers, format, and what two analysers say. Everything is an error.

C_FILES = $(sort $(wildcard api/*.[ch] include/*/*.h pipeline/*/*.[ch] stages/*.[ch] stages/*/*.[ch] tests/*.[ch] tests/*/*.[ch] tests/*/*/*.[ch]))
OWN_FILES = $(filter-out tests/%,$(C_FILES))
CLANG_FORMAT := clang-format --style=file:conf/clang-format
LINT_FLAGS = -std=gnu17 -D_GNU_SOURCE -DKORE_SINGLE_BINARY -Iinclude -I$(BUILD)/gen -I. -isystem $(BUILD)/kore/include \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
TIDY := $(patsubst %.c,$(BUILD)/lint/%.tidy,$(filter %.c,$(OWN_FILES)))

.PHONY: lint lint-layers lint-format lint-tidy lint-cppcheck format
lint: lint-layers lint-format lint-cppcheck lint-tidy ## layers, format, cppcheck, clang-tidy, and lint-docs

lint-layers: ## that no folder includes what is above or beside it
	gawk -f tests/lint/layers.awk $(OWN_FILES)

lint-format: ## what `make format` would rewrite
	@$(CLANG_FORMAT) --dry-run --Werror $(C_FILES) && echo "format: $(words $(C_FILES)) files as conf/clang-format says"

lint-cppcheck: | $(GEN) ## cppcheck alone
	@mkdir -p $(BUILD)/lint/cppcheck
	cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,portability --inline-suppr \
		--cppcheck-build-dir=$(BUILD)/lint/cppcheck --suppressions-list=tests/lint/cppcheck.txt \
		-Iinclude -I$(BUILD)/gen -j2 $(filter %.c,$(OWN_FILES))

lint-tidy: $(TIDY) ## clang-tidy alone
	@echo "clang-tidy: $(words $(TIDY)) files without a warning"
$(BUILD)/lint/%.tidy: %.c conf/clang-tidy | $(GEN) $(BUILD)/kore/.patched
	@mkdir -p $(@D)
	@clang-tidy --quiet --config-file=conf/clang-tidy --warnings-as-errors='*' $< -- $(LINT_FLAGS) 2>/dev/null
	@touch $@

format: ## rewrite all C as conf/clang-format says
	$(CLANG_FORMAT) -i $(C_FILES)
