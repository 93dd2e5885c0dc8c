# make demo: one contribution from the wallet's login to the score, on a stack of its own under var/demo, so that one of
# `make up` goes on undisturbed.

.PHONY: demo
demo: install ## install, build, start a stack under var/, play one contribution, prove it offline, stop
	@$(MAKE) --no-print-directory -s $(PARALLEL) programs contract
	@node tests/demo/demo.mjs
