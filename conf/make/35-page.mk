# The pages at / and /console: the files of api/page/ as bytes in one C file, so that the program needs none of them at run time.

PAGE_FILES := $(sort $(wildcard api/page/*))

$(BUILD)/gen/page.list: NAMES = $(PAGE_FILES)
$(BUILD)/gen/page.c: $(PAGE_FILES) $(BUILD)/gen/page.list
	@{ printf '#include "api/page.h"\n'; n=0; \
	for f in $(PAGE_FILES); do \
		printf '\nstatic const unsigned char file_%d[] = {\n' $$n; n=$$((n + 1)); \
		od -An -v -tx1 $$f | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'; printf '};\n'; \
	done; \
	printf '\nconst struct page_file page_files[] = {\n'; n=0; \
	for f in $(PAGE_FILES); do printf '\t{ "%s", file_%d, sizeof(file_%d) },\n' $${f##*/} $$n $$n; n=$$((n + 1)); done; \
	printf '\t{ NULL, NULL, 0 },\n};\n'; } > $@

define page_flavour
$(BUILD)/$(1)/gen/page.o: $(BUILD)/gen/page.c $(KORE)/.patched
	@mkdir -p $$(@D)
	$$(call run,$$@)$$(CC) $$(BASE_CFLAGS) $$(CFLAGS_$(1)) -DKORE_SINGLE_BINARY -isystem $(KORE)/include -c $$< -o $$@
$(BUILD)/$(1)/patchwork-api: $(BUILD)/$(1)/gen/page.o
endef
$(eval $(call page_flavour,rel))
$(eval $(call page_flavour,san))
