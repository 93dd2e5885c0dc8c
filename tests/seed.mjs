// Chance that can be played again: a test draws from a seed, prints it when it fails, and PATCHWORK_SEED=n plays that one alone.
import { randomInt } from 'node:crypto'

const given = process.env.PATCHWORK_SEED
const asked = process.env.SEEDS

// [seed, ...]: `count` of them (or as many as SEEDS says), one after the other from a random one; or only the one that is asked for.
export function seeds(count) {
  const first = given === undefined ? randomInt(2 ** 31) : Number(given)
  return Array.from({ length: given === undefined ? Number(asked ?? count) : 1 }, (_, i) => first + i)
}

// below(n) -> 0 .. n-1; often(p): true so often, of 1; pick(list); shuffle(list) -> a copy. Mulberry32, which is enough to choose by.
export function chance(seed) {
  let state = seed >>> 0
  const below = n => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return Math.floor(((t ^ (t >>> 14)) >>> 0) / 2 ** 32 * n)
  }
  const pick = list => list[below(list.length)]
  const shuffle = list => {
    const copy = [...list]
    for (let i = copy.length - 1; i > 0; i--) {
      const k = below(i + 1);
      [copy[i], copy[k]] = [copy[k], copy[i]]
    }
    return copy
  }
  const often = p => below(1_000_000) < p * 1_000_000
  return { below, often, pick, shuffle }
}

// Runs body(chance, seed) for each; what fails says with which seed. t: the test, whose report begins with the first seed.
export async function eachSeed(t, count, body) {
  const list = seeds(count)
  t.diagnostic(`PATCHWORK_SEED=${list[0]}${list.length > 1 ? ` and ${list.length - 1} after it` : ''}`)
  for (const seed of list) {
    try {
      await body(chance(seed), seed)
    } catch (e) {
      e.message = `PATCHWORK_SEED=${seed}: ${e.message}`
      throw e
    }
  }
}
