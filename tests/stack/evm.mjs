// The local chain: anvil's own accounts, the escrow and a test token deployed by plain JSON-RPC.
import { readFileSync } from 'node:fs'
import { until } from './proc.mjs'

export const CHAIN_ID = 338
export const WALLETS = ['deployer', 'operator', 'funder', 'contributor', 'maintainer'] // the accounts of the chain, in order
const FUNDS = 1_000_000_000_000n // a million test dollars of six decimals

let serial = 0
export async function rpc(url, method, params = []) {
  const resp = await fetch(url, {
    method: 'POST', headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: ++serial, method, params }), signal: AbortSignal.timeout(60_000),
  })
  const { result, error } = await resp.json()
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

export const chainReady = url => rpc(url, 'eth_chainId').then(id => Number(id) === CHAIN_ID, () => false)

// What anvil wrote about its accounts -> { name: { address, key } }
export function wallets(file) {
  const { available_accounts: addresses, private_keys: keys } = JSON.parse(readFileSync(file, 'utf8'))
  return Object.fromEntries(WALLETS.map((name, i) => [name, { address: addresses[i], key: keys[i] }]))
}

// It answers calls before that file is whole.
export function walletsWritten(file) {
  try {
    return Boolean(wallets(file).maintainer.key)
  } catch {
    return false
  }
}

const word = value => BigInt(value).toString(16).padStart(64, '0')
const contract = (build, name) => JSON.parse(readFileSync(`${build}/contract/${name}.json`, 'utf8'))

async function send(url, tx) {
  const hash = await rpc(url, 'eth_sendTransaction', [tx])
  const receipt = await until(`transaction ${hash}`, () => rpc(url, 'eth_getTransactionReceipt', [hash]))
  if (receipt.status !== '0x1') throw new Error(`transaction ${hash} failed`)
  return receipt
}

// -> { escrow, token } addresses; the funder and the maintainer own test dollars
export async function deploy(url, build, people) {
  const [escrow, token] = ['Escrow', 'Token'].map(name => contract(build, name))
  const from = people.deployer.address
  // One after the other: the node numbers the transactions of an account as they come, and two at once can clash.
  const { contractAddress: escrowAt } = await send(url, { from, data: escrow.bytecode + word(people.operator.address) })
  const { contractAddress: tokenAt } = await send(url, { from, data: token.bytecode })
  for (const name of ['funder', 'maintainer'])
    await send(url, { from, to: tokenAt, data: token.selectors['mint(address,uint256)'] + word(people[name].address) + word(FUNDS) })
  return { escrow: escrowAt, token: tokenAt }
}
