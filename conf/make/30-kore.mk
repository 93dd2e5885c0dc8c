# patchwork-api: Kore's own source (Debian package kore, /usr/share/kore) with conf/kore.patch applied, and api/ over the
# library. Kore is compiled by its own Makefile, once per flavour, into objects that are linked with ours: one binary.

KORE := $(BUILD)/kore
API_SRC := $(sort $(wildcard api/*.c))
KORE_FLAGS_rel :=
KORE_FLAGS_san := SANITIZE=address,undefined NOOPT=1

$(KORE)/.patched: conf/kore.patch
	rm -rf $(KORE) && mkdir -p $(BUILD) && cp -r /usr/share/kore $(KORE)
	patch -s -d $(KORE) -p1 < conf/kore.patch
	touch $@

# Kore's struct layouts depend on its -D flags: these are the same for its objects and for ours. Its headers are
# system headers to the compiler, since they do not meet our warnings. -rdynamic: Kore finds hooks and handlers by name.
define api_flavour
$(KORE)/obj-$(1)/ldflags: $(KORE)/.patched
	$$(call run,$$(@D))env -u MAKEFLAGS -u MFLAGS $(MAKE) -s -j2 -C $(KORE) OBJDIR=obj-$(1) KORE_SINGLE_BINARY=1 $(KORE_FLAGS_$(1)) objects
$(BUILD)/$(1)/api/%.o: api/%.c $(KORE)/.patched | $(GEN)
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -DKORE_SINGLE_BINARY -isystem $(KORE)/include -c $$< -o $$@
$(BUILD)/$(1)/patchwork-api: $(API_SRC:%.c=$(BUILD)/$(1)/%.o) $(BUILD)/$(1)/libpatchwork.a $(KORE)/obj-$(1)/ldflags
	$$(call run,$$@)$$(CC) $$(CFLAGS_$(1)) $$(LDFLAGS_$(1)) -rdynamic -o $$@ $$(filter %.o,$$^) $(KORE)/obj-$(1)/*.o \
		$$(filter %.a,$$^) -lhiredis -lssl $$(LIBS) -ldl -lm
-include $$(patsubst %.c,$(BUILD)/$(1)/%.d,$(API_SRC))
endef
$(eval $(call api_flavour,rel))
$(eval $(call api_flavour,san))

programs: $(BUILD)/patchwork-api
$(BUILD)/patchwork-api: $(BUILD)/rel/patchwork-api
	@ln -f $< $@
programs-san: $(BUILD)/san/patchwork-api
