# What Patchwork runs against on one machine: npm trees, the contract, and the stack of tests/stack/stack.mjs.

STACK_MODULES := tests/stack/node_modules/.installed
PEERS_MODULES := tests/peers/node_modules/.installed
CONTRACT := $(BUILD)/contract/Escrow.json

tests/%/node_modules/.installed: tests/%/package-lock.json tests/%/package.json
	tests/stack/install.sh npm $*

$(CONTRACT): stages/pay/escrow/Escrow.sol tests/stack/Token.sol tests/stack/OddTokens.sol \
		pipeline/outside/Signature.sol tests/stack/Wallets.sol tests/stack/compile.mjs $(STACK_MODULES)
	node tests/stack/compile.mjs $(@D) $(filter %.sol,$^)

.PHONY: contract
contract: $(CONTRACT) ## compile the escrow contract and the test token

.PHONY: install up down status
install: ## install what is missing: Debian packages and the npm trees
	@tests/stack/install.sh demo

# The programs are built by a second make: before the installation their libraries may not even be there to ask about.
up: install ## start Patchwork and its outside world on free loopback ports, and leave it running
	@$(MAKE) --no-print-directory programs contract
	@node tests/stack/stack.mjs up

down: ## stop what `make up` started
	@node tests/stack/stack.mjs down

status: ## what of the stack is running
	@node tests/stack/stack.mjs status
