// What a person sees of a demo: one line per step with the time it took. Colours only on a terminal without NO_COLOR.
import { performance } from 'node:perf_hooks'

export const colour = (stream = process.stdout, env = process.env) => Boolean(stream.isTTY) && !env.NO_COLOR && env.TERM !== 'dumb'

export const time = ms => (ms < 9950 ? `${(ms / 1000).toFixed(2)} s` : `${(ms / 1000).toFixed(1)} s`).padStart(7)

export class Steps {
  constructor({ stream = process.stdout, paint = colour(stream) } = {}) {
    this.stream = stream
    this.paint = (code, text) => (paint ? `\x1b[${code}m${text}\x1b[0m` : text)
    this.live = paint // a line may be rewritten only where there is a terminal
    this.began = performance.now()
    this.done = 0
  }

  write(text) {
    if (!this.over) this.stream.write(text)
  }

  say(text = '') {
    this.write(`${text}\n`)
  }

  title(text) {
    this.say(`\n${this.paint(1, text)}`)
  }

  // The line of the step that goes on, and what of it is waited for; on a terminal its clock runs.
  goes(name) {
    this.now = name
    if (!this.live) return
    this.tick()
    this.clock ??= setInterval(() => { this.clear(); this.tick() }, 100).unref()
  }

  tick() {
    const room = Math.max((this.stream.columns || 80) - 12, 0) // a line that wraps cannot be rewritten
    const name = `${this.now} ...`.slice(0, room)
    const what = this.waits.length ? ` for ${this.waits.join(', ')}`.slice(0, room - name.length) : ''
    this.write(`  ${this.paint(2, time(performance.now() - this.from))}  ${name}${what && this.paint(2, what)}`)
  }

  halt() {
    clearInterval(this.clock)
    this.clock = undefined
    this.clear()
  }

  awaits(names) {
    this.waits = names
  }

  clear() {
    if (this.live) this.write('\r\x1b[K')
  }

  // A part of the step that goes on, and how long it took.
  part(name, ms) {
    this.clear()
    this.say(`  ${this.paint(2, `${time(ms)}  ${name}`)}`)
    this.goes(this.now)
  }

  // Nothing is said any more: a step that a signal breaks off has not failed.
  end() {
    this.halt()
    this.over = true
  }

  // Runs act and says what came of it: its answer, when it is text, stands behind the name.
  // What act throws is shown and thrown on.
  async step(name, act) {
    this.from = performance.now()
    this.waits = []
    this.goes(name)
    const line = (mark, text) => {
      this.halt()
      this.say(`${mark} ${this.paint(2, time(performance.now() - this.from))}  ${text}`)
    }
    try {
      const answer = await act()
      line(this.paint(32, '✓'), typeof answer === 'string' ? `${name}  ${this.paint(36, answer)}` : name)
      this.done++
      return answer
    } catch (e) {
      line(this.paint(31, '✗'), name)
      this.say(`  ${this.paint(31, e.message)}`)
      throw e
    }
  }

  // Rows of [name, value, remark] with the names in one column.
  table(rows) {
    const width = Math.max(...rows.map(([name]) => name.length))
    for (const [name, value, remark] of rows)
      this.say(`  ${this.paint(2, name.padEnd(width))}  ${value}${remark ? `  ${this.paint(2, remark)}` : ''}`)
  }

  total() {
    return `${this.done} steps in ${time(performance.now() - this.began).trim()}`
  }
}
