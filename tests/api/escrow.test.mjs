// The escrow contract on a real EVM, driven by viem: who may do what, once, with which tokens.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, describe, test } from 'node:test'
import { load } from '../peers/load.mjs'
import { startStack } from '../stack/stack.mjs'

const viem = await load('viem')
const { privateKeyToAccount } = await load('viem/accounts')
const built = name => JSON.parse(readFileSync(new URL(`../../build/contract/${name}.json`, import.meta.url)))
const vectors = JSON.parse(readFileSync(new URL('../vectors/abi.json', import.meta.url))).cases
const Escrow = built('Escrow')
const Token = built('Token')

let stack
let client
let chain
let who // name -> wallet client
let escrow
let token
let serial = 0

const id = () => viem.keccak256(viem.toHex(`id ${++serial}`))
const AMOUNT = 5_000_000n

before(async () => {
  stack = await startStack({ dir: mkdtempSync(join(tmpdir(), 'patchwork-escrow-')), parts: ['evm'] })
  chain = viem.defineChain({ id: 338, name: 'local', nativeCurrency: { name: 'CRO', symbol: 'CRO', decimals: 18 }, rpcUrls: { default: { http: [stack.url('evm')] } } })
  client = viem.createPublicClient({ chain, transport: viem.http(), pollingInterval: 20 })
  who = Object.fromEntries(Object.entries(stack.wallets).map(([name, { key }]) =>
    [name, viem.createWalletClient({ account: privateKeyToAccount(key), chain, transport: viem.http() })]))
  escrow = { address: stack.contracts.escrow, abi: Escrow.abi }
  token = { address: stack.contracts.token, abi: Token.abi }
  await send('funder', token, 'approve', [escrow.address, viem.maxUint256])
})
after(() => stack.stop({ remove: true }))

const now = async () => (await client.getBlock()).timestamp
const read = (contract, functionName, args = []) => client.readContract({ ...contract, functionName, args })
const balance = name => read(token, 'balanceOf', [who[name].account.address])

async function send(name, contract, functionName, args) {
  const { request } = await client.simulateContract({ ...contract, functionName, args, account: who[name].account })
  const receipt = await client.waitForTransactionReceipt({ hash: await who[name].writeContract(request) })
  assert.equal(receipt.status, 'success')
  return { receipt, logs: viem.parseEventLogs({ abi: contract.abi, logs: receipt.logs }) }
}

// The contract refuses with that error.
async function refused(error, ...call) {
  await assert.rejects(send(...call), e => {
    const reverted = e.walk(x => x instanceof viem.ContractFunctionRevertedError)
    const name = reverted?.data?.errorName
    assert.equal(name && name !== 'Error' ? name : reverted?.reason, error, e.message)
    return true
  })
}

async function later(seconds) {
  await client.request({ method: 'evm_increaseTime', params: [seconds] })
  await client.request({ method: 'evm_mine', params: [] })
}

async function locked(amount = AMOUNT, seconds = 3600n) {
  const bounty = id()
  const deadline = (await now()) + seconds
  await send('funder', escrow, 'lock', [bounty, token.address, amount, deadline])
  return { bounty, deadline }
}

async function deploy(name) {
  const { abi, bytecode } = built(name)
  const hash = await who.deployer.deployContract({ abi, bytecode })
  const { contractAddress: address } = await client.waitForTransactionReceipt({ hash })
  return { abi, address }
}

describe('the interface is the published one', () => {
  test('selectors and topics', () => {
    const functions = vectors.filter(c => c.kind === 'call' && c.in.signature in Escrow.selectors)
    assert.deepEqual(functions.map(c => c.in.signature.split('(')[0]).sort(),
      ['lock', 'lockNonce', 'lockWithAuthorization', 'locks', 'paid', 'refund', 'release'])
    for (const c of functions) assert.equal(Escrow.selectors[c.in.signature], c.out.selector)
    for (const name of ['Locked', 'Released', 'Refunded']) {
      const wanted = vectors.find(c => c.kind === 'event' && c.in.event.startsWith(`${name}(`)).out.topics[0]
      assert.equal(viem.toEventSelector(Escrow.abi.find(x => x.type === 'event' && x.name === name)), wanted)
    }
    assert.equal(viem.encodeErrorResult({ abi: Escrow.abi, errorName: 'AlreadyPaid', args: [viem.zeroHash] }).slice(0, 10), '0xf4b76a0e')
  })

  test('the code knows no opcode newer than paris', () => {
    const code = viem.hexToBytes(Escrow.deployed.slice(0, Escrow.deployed.length - 2 * (53 + 2)))
    for (let at = 0; at < code.length; at++) {
      assert.notEqual(code[at], 0x5f, `PUSH0 at ${at}`)
      if (code[at] >= 0x60 && code[at] <= 0x7f) at += code[at] - 0x5f
    }
  })
})

describe('lock', () => {
  test('moves the money and says so', async () => {
    const had = await balance('funder')
    const bounty = id()
    const deadline = (await now()) + 100n
    const { logs } = await send('funder', escrow, 'lock', [bounty, token.address, AMOUNT, deadline])
    const event = logs.find(l => l.eventName === 'Locked')
    const funder = who.funder.account.address
    assert.deepEqual(event.args, { bountyId: bounty, funder, token: viem.getAddress(token.address), amount: AMOUNT, deadline })
    assert.equal(await balance('funder'), had - AMOUNT)
    assert.deepEqual(await read(escrow, 'locks', [bounty]), [funder, viem.getAddress(token.address), AMOUNT, deadline])
  })

  test('the funder may add and extend; nobody else may touch it', async () => {
    const { bounty, deadline } = await locked()
    await send('funder', escrow, 'lock', [bounty, token.address, 1n, deadline + 5n])
    assert.deepEqual((await read(escrow, 'locks', [bounty])).slice(2), [AMOUNT + 1n, deadline + 5n])
    await refused('BadDeadline', 'funder', escrow, 'lock', [bounty, token.address, 1n, deadline])
    await refused('NotFunder', 'maintainer', escrow, 'lock', [bounty, token.address, 1n, deadline + 9n])
    const other = await deploy('Token')
    await refused('BadToken', 'funder', escrow, 'lock', [bounty, other.address, 1n, deadline + 9n])
  })

  test('nothing, the past and what is no contract are refused', async () => {
    const soon = (await now()) + 100n
    await refused('ZeroAmount', 'funder', escrow, 'lock', [id(), token.address, 0n, soon])
    await refused('BadDeadline', 'funder', escrow, 'lock', [id(), token.address, 1n, 1n])
    await refused('BadToken', 'funder', escrow, 'lock', [id(), who.funder.account.address, 1n, soon])
    await refused('TransferFailed', 'maintainer', escrow, 'lock', [id(), token.address, 1n, soon]) // no allowance
  })
})

describe('lockWithAuthorization', () => {
  const types = {
    ReceiveWithAuthorization: ['address from', 'address to', 'uint256 value', 'uint256 validAfter', 'uint256 validBefore', 'bytes32 nonce']
      .map(f => ({ type: f.split(' ')[0], name: f.split(' ')[1] })),
  }

  async function authorization(bounty, deadline) {
    const from = who.funder.account.address
    const nonce = viem.keccak256(viem.encodeAbiParameters(viem.parseAbiParameters('uint256, address, bytes32, uint64'),
      [338n, escrow.address, bounty, deadline]))
    const validBefore = deadline + 1000n
    const signature = await who.funder.account.signTypedData({
      domain: { name: 'Patchwork Test Dollar', version: '1', chainId: 338, verifyingContract: token.address },
      types, primaryType: 'ReceiveWithAuthorization',
      message: { from, to: escrow.address, value: AMOUNT, validAfter: 0n, validBefore, nonce },
    })
    const { r, s, v } = viem.parseSignature(signature)
    return { nonce, args: [from, token.address, AMOUNT, deadline, 0n, validBefore, Number(v), r, s] }
  }

  test('anyone hands in what the funder signed, once, for that bounty and deadline alone', async () => {
    const bounty = id()
    const deadline = (await now()) + 100n
    const { nonce, args } = await authorization(bounty, deadline)
    assert.equal(await read(escrow, 'lockNonce', [bounty, deadline]), nonce)
    await refused('invalid signature', 'maintainer', escrow, 'lockWithAuthorization', [id(), ...args])
    await refused('invalid signature', 'maintainer', escrow, 'lockWithAuthorization', [bounty, ...args.slice(0, 3), deadline + 1n, ...args.slice(4)])
    await refused('invalid signature', 'maintainer', escrow, 'lockWithAuthorization', [bounty, ...args.slice(0, 2), AMOUNT - 1n, ...args.slice(3)])
    const { logs } = await send('maintainer', escrow, 'lockWithAuthorization', [bounty, ...args])
    assert.equal(logs.find(l => l.eventName === 'Locked').args.funder, who.funder.account.address)
    await refused('authorization is used', 'maintainer', escrow, 'lockWithAuthorization', [bounty, ...args])
  })
})

describe('release', () => {
  test('pays once per payout id, whatever else is asked', async () => {
    const { bounty } = await locked()
    const payout = id()
    const to = who.contributor.account.address
    const had = await balance('contributor')
    assert.equal(await read(escrow, 'paid', [payout]), false)
    const { logs } = await send('operator', escrow, 'release', [bounty, payout, to, 2_000_000n])
    assert.deepEqual(logs.find(l => l.eventName === 'Released').args, { bountyId: bounty, payoutId: payout, to, amount: 2_000_000n })
    assert.equal(await read(escrow, 'paid', [payout]), true)
    await refused('AlreadyPaid', 'operator', escrow, 'release', [bounty, payout, to, 2_000_000n])
    await refused('AlreadyPaid', 'operator', escrow, 'release', [(await locked()).bounty, payout, to, 1n])
    assert.equal(await balance('contributor'), had + 2_000_000n)
    await refused('Insufficient', 'operator', escrow, 'release', [bounty, id(), to, 3_000_001n])
    await send('operator', escrow, 'release', [bounty, id(), to, 3_000_000n])
    assert.equal((await read(escrow, 'locks', [bounty]))[2], 0n)
  })

  test('only the operator, only something, only to someone', async () => {
    const { bounty } = await locked()
    const to = who.contributor.account.address
    for (const name of ['funder', 'contributor', 'deployer']) await refused('NotOperator', name, escrow, 'release', [bounty, id(), to, 1n])
    await refused('ZeroAmount', 'operator', escrow, 'release', [bounty, id(), to, 0n])
    await refused('BadPayee', 'operator', escrow, 'release', [bounty, id(), viem.zeroAddress, 1n])
    await refused('BadPayee', 'operator', escrow, 'release', [bounty, id(), escrow.address, 1n])
    await refused('Insufficient', 'operator', escrow, 'release', [id(), id(), to, 1n])
  })
})

describe('refund', () => {
  test('after the deadline, by anyone, to the funder, once, and what was left', async () => {
    const { bounty, deadline } = await locked()
    await send('operator', escrow, 'release', [bounty, id(), who.contributor.account.address, 1_000_000n])
    await refused('TooEarly', 'funder', escrow, 'refund', [bounty])
    await later(Number(deadline - (await now())) + 1)
    const had = await balance('funder')
    const { logs } = await send('contributor', escrow, 'refund', [bounty])
    assert.deepEqual(logs.find(l => l.eventName === 'Refunded').args, { bountyId: bounty, to: who.funder.account.address, amount: 4_000_000n })
    assert.equal(await balance('funder'), had + 4_000_000n)
    await refused('ZeroAmount', 'contributor', escrow, 'refund', [bounty])
    await refused('Insufficient', 'operator', escrow, 'release', [bounty, id(), who.contributor.account.address, 1n])
    await refused('ZeroAmount', 'contributor', escrow, 'refund', [id()])
  })
})

describe('odd tokens', () => {
  let odd
  const lockOdd = async (amount = AMOUNT) => {
    const bounty = id()
    await send('funder', escrow, 'lock', [bounty, odd.address, amount, (await now()) + 3600n])
    return bounty
  }
  const use = async name => {
    odd = await deploy(name)
    await send('funder', odd, 'mint', [who.funder.account.address, 10n * AMOUNT])
  }
  beforeEach(() => { odd = null })

  test('no answer is a yes', async () => {
    await use('SilentToken')
    const bounty = await lockOdd()
    await send('operator', escrow, 'release', [bounty, id(), who.contributor.account.address, 1n])
    assert.equal(await read(odd, 'balanceOf', [who.contributor.account.address]), 1n)
  })

  test('false is a no: nothing is marked as paid', async () => {
    await use('FalseToken')
    const bounty = await lockOdd()
    const payout = id()
    await refused('TransferFailed', 'operator', escrow, 'release', [bounty, payout, who.contributor.account.address, 1n])
    assert.equal(await read(escrow, 'paid', [payout]), false)
  })

  test('true without money, and a fee on the way, are refused', async () => {
    for (const name of ['LyingToken', 'TaxedToken']) {
      await use(name)
      await assert.rejects(lockOdd(), /TransferFailed/)
    }
  })

  test('calling back while the token moves gets nowhere', async () => {
    await use('CallbackToken')
    const bounty = await lockOdd()
    const payout = id()
    const to = who.contributor.account.address
    for (const [functionName, args] of [['release', [bounty, payout, to, 1n]], ['refund', [bounty]], ['lock', [bounty, odd.address, 1n, viem.maxUint256 >> 192n]]]) {
      await send('funder', odd, 'aim', [escrow.address, viem.encodeFunctionData({ abi: escrow.abi, functionName, args })])
      await send('operator', escrow, 'release', [bounty, id(), to, 1n])
      assert.equal(await read(odd, 'came'), false)
      assert.equal(await read(odd, 'answer'), viem.encodeErrorResult({ abi: escrow.abi, errorName: 'Reentered' }))
    }
    assert.equal((await read(escrow, 'locks', [bounty]))[2], AMOUNT - 3n)
  })
})
