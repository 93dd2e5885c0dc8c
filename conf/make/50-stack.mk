# What Patchwork runs against on one machine: npm trees, the contract, and the stack of tests/stack/stack.mjs.

STACK_MODULES := tests/stack/node_modules/.installed
PEERS_MODULES := tests/peers/node_modules/.installed
CONTRACT := $(BUILD)/contract/Escrow.json

tests/%/node_modules/.installed: tests/%/package-lock.json tests/%/package.json
	tests/stack/install.sh npm $*

# The lock file names the compiler; the stamp beside its files is touched by every installation, so its time says nothing.
$(CONTRACT): stages/pay/escrow/Escrow.sol tests/stack/Token.sol tests/stack/OddTokens.sol \
		pipeline/outside/Signature.sol tests/stack/Wallets.sol tests/stack/compile.mjs tests/stack/package-lock.json | $(STACK_MODULES)
	$(call run,$@)node tests/stack/compile.mjs $(@D) $(filter %.sol,$^)

.PHONY: contract
contract: $(CONTRACT) ## compile the escrow contract and the test token

# As many at once as there are cores, unless the command line says how many.
PARALLEL = $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))
NODE = $(if $(shell command -v node),node,echo 'patchwork: Node.js is missing, make install installs it' >&2; false)

.PHONY: install up down status wipe
install: ## install what is missing: Debian packages and the npm trees
	@tests/stack/install.sh demo

# The programs are built by a second make: before the installation their libraries may not even be there to ask about.
up: install ## start Patchwork and its outside world on free loopback ports, in an empty world, and leave it running
	@$(MAKE) --no-print-directory -s $(PARALLEL) programs contract
	@node tests/stack/stack.mjs up

down: ## stop what `make up` started; the next `make up` begins anew, nothing but IPFS blocks and secrets stays
	@$(NODE) tests/stack/stack.mjs down

status: ## what of the stack is running
	@$(NODE) tests/stack/stack.mjs status

wipe: ## stop it and the demo's, remove var/ with database, secrets and logs
	@$(NODE) tests/stack/stack.mjs clean --dir var/demo
	@$(NODE) tests/stack/stack.mjs clean
