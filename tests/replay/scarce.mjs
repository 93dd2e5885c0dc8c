// What a program has too little of, or has wrong: scarce.c preloaded into it, told by a file what to refuse.
import { chmodSync, copyFileSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './points.mjs'

const VALUES = ['allocated', 'failing', 'full', 'ahead', 'refused']

// A folder that PostgreSQL's user can read, too.
export class Scarcity {
  constructor() {
    this.dir = mkdtempSync('/var/tmp/patchwork-scarce-')
    chmodSync(this.dir, 0o755)
    this.preload = join(this.dir, 'scarce.so')
    copyFileSync(join(ROOT, 'build/tests/scarce.so'), this.preload)
    chmodSync(this.preload, 0o755)
  }

  // For one program, or several -> { env, get(name), set(name, n) }
  of(name) {
    const file = join(this.dir, name)
    const fd = openSync(file, 'w+')
    writeSync(fd, Buffer.alloc(8 * VALUES.length))
    chmodSync(file, 0o666)
    const bytes = Buffer.alloc(8)
    return {
      env: { LD_PRELOAD: this.preload, SCARCE: file },
      get(value) {
        readSync(fd, bytes, 0, 8, 8 * VALUES.indexOf(value))
        return Number(bytes.readBigInt64LE())
      },
      set(value, n) {
        bytes.writeBigInt64LE(BigInt(n))
        writeSync(fd, bytes, 0, 8, 8 * VALUES.indexOf(value))
      },
    }
  }

  end() {
    rmSync(this.dir, { recursive: true, force: true })
  }
}
