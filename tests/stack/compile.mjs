// compile.mjs OUT FILE.sol...: each contract of each file to OUT/NAME.json {abi, bytecode, deployed, selectors, compiler}.
// Warnings are errors. EVM version paris: Cronos need not know anything newer (no PUSH0).
import { createRequire } from 'node:module'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const solc = createRequire(import.meta.url)('solc')
const [out, ...files] = process.argv.slice(2)

const sources = Object.fromEntries(files.map(f => [basename(f), { content: readFileSync(f, 'utf8') }]))
const input = {
  language: 'Solidity',
  sources,
  settings: {
    evmVersion: 'paris',
    viaIR: true, // lockWithAuthorization has more values than the stack reaches
    optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode.object', 'evm.methodIdentifiers'] } },
  },
}
const result = JSON.parse(solc.compile(JSON.stringify(input)))

for (const e of result.errors ?? []) process.stderr.write(e.formattedMessage)
if (result.errors?.length) process.exit(1)

mkdirSync(out, { recursive: true })
for (const contracts of Object.values(result.contracts))
  for (const [name, c] of Object.entries(contracts)) {
    if (!c.evm.bytecode.object) continue // an interface
    const json = {
      abi: c.abi,
      bytecode: `0x${c.evm.bytecode.object}`,
      deployed: `0x${c.evm.deployedBytecode.object}`,
      selectors: Object.fromEntries(Object.entries(c.evm.methodIdentifiers).map(([k, v]) => [k, `0x${v}`])),
      compiler: solc.version(),
    }
    writeFileSync(join(out, `${name}.json`), JSON.stringify(json, null, 1) + '\n')
  }
