# The two programs: `patchwork` (stages, relay, operators) and `patchwork-api` (see 30-kore.mk), over one library.

LIB_SRC := $(sort $(wildcard pipeline/*/*.c))
STAGES_SRC := $(sort $(wildcard stages/*.c stages/*/*.c))
SQL_FILES := $(sort $(wildcard sql/*/*.sql))
MIGRATIONS := $(sort $(wildcard migrations/*.sql))
GEN := $(BUILD)/gen/sql.h $(BUILD)/gen/version.h

# gen/NAME.list holds the names of the files that gen/NAME.c is made of: it is rewritten when one appears or vanishes.
.PHONY: FORCE
$(BUILD)/gen/sql.list: NAMES = $(SQL_FILES)
$(BUILD)/gen/migrations.list: NAMES = $(MIGRATIONS)
$(BUILD)/gen/%.list: FORCE
	@command -v gawk >/dev/null || { echo 'patchwork: gawk is missing, make install installs what the build needs' >&2; false; }
	@mkdir -p $(@D)
	@echo '$(NAMES)' | cmp -s - $@ || echo '$(NAMES)' > $@

$(BUILD)/gen/sql.h $(BUILD)/gen/sql.c &: $(SQL_FILES) $(BUILD)/gen/sql.list sql/embed.awk
	@gawk -v header=$(BUILD)/gen/sql.h -v source=$(BUILD)/gen/sql.c -f sql/embed.awk $(SQL_FILES)
$(BUILD)/gen/migrations.c: $(MIGRATIONS) $(BUILD)/gen/migrations.list sql/migrations.awk
	@gawk -v source=$@ -f sql/migrations.awk $(MIGRATIONS)

$(BUILD)/gen/version.list: NAMES = $(VERSION)
$(BUILD)/gen/version.h: $(BUILD)/gen/version.list
	@echo '#define PATCHWORK_VERSION "$(VERSION)"' > $@

define flavour
$(BUILD)/$(1)/%.o: %.c | $(GEN)
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -c $$< -o $$@
$(BUILD)/$(1)/gen/%.o: $(BUILD)/gen/%.c | $(GEN)
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -c $$< -o $$@
$(BUILD)/$(1)/libpatchwork.a: $(LIB_SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/gen/sql.o $(BUILD)/$(1)/gen/migrations.o
	$$(call run,$$@)rm -f $$@ && $$(AR) rcs $$@ $$^
$(BUILD)/$(1)/patchwork: $(STAGES_SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/libpatchwork.a
	$$(call run,$$@)$$(CC) $$(CFLAGS_$(1)) $$(LDFLAGS_$(1)) -o $$@ $$^ $$(LIBS)
-include $$(patsubst %.c,$(BUILD)/$(1)/%.d,$(LIB_SRC) $(STAGES_SRC) gen/sql.c gen/migrations.c)
endef
$(eval $(call flavour,rel))
$(eval $(call flavour,san))

.PHONY: programs programs-san
programs: $(BUILD)/patchwork ## build what is shipped
$(BUILD)/patchwork: $(BUILD)/rel/patchwork
	@ln -f $< $@
programs-san: $(BUILD)/san/patchwork ## build what the tests run, with sanitizers and fault points
