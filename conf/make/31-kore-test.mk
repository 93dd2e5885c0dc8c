# The substrate of patchwork-api under test: the same objects with the routes of tests/api/kore/probe*.c for its own.
# build/tests/api/probe-san is what most tests run; probe-rel proves the system call filter, which sanitizers need open.

SUBSTRATE := conf drain entry metrics pipe pipe_link redis sandbox window window_local
PROBE := probe probe_socket

define probe_flavour
$(BUILD)/$(1)/tests/api/kore/%.o: tests/api/kore/%.c $(KORE)/.patched | $(GEN)
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -DKORE_SINGLE_BINARY -isystem $(KORE)/include -c $$< -o $$@
$(BUILD)/tests/api/probe-$(1): $(SUBSTRATE:%=$(BUILD)/$(1)/api/%.o) $(PROBE:%=$(BUILD)/$(1)/tests/api/kore/%.o) \
		$(BUILD)/$(1)/libpatchwork.a $(KORE)/obj-$(1)/ldflags
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(CFLAGS_$(1)) $$(LDFLAGS_$(1)) -rdynamic -o $$@ $$(filter %.o,$$^) $(KORE)/obj-$(1)/*.o \
		$$(filter %.a,$$^) -lhiredis -lssl $$(LIBS) -ldl -lm
-include $(PROBE:%=$(BUILD)/$(1)/tests/api/kore/%.d)
endef
$(eval $(call probe_flavour,rel))
$(eval $(call probe_flavour,san))

.PHONY: check-kore
check-build: $(BUILD)/tests/api/probe-rel $(BUILD)/tests/api/probe-san
check-kore: $(BUILD)/tests/api/probe-rel $(BUILD)/tests/api/probe-san ## test the server under the API: HTTP, processes, pipe, windows
	node --test tests/api/kore/
