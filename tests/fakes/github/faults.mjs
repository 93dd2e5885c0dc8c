// Faults set for requests to come. A fault is
//   { match: { method, path, body }, after, times, status, headers, json, body, patch, truncate, reset, delay_ms }
// match.path and match.body are regular expressions; the first `after` matches pass, then `times` (default 1) are hit.
//   delay_ms   wait first                      reset     close the connection without an answer
//   status, headers, json, body                answer this instead
//   patch      lay this over our JSON          truncate  promise the whole length, send so many bytes, close

export class Faults {
  constructor() {
    this.list = []
  }

  add(f) {
    const match = f.match ?? {}
    this.list.push({
      ...f, left: f.times ?? 1, skip: f.after ?? 0,
      method: match.method, path: match.path && new RegExp(match.path), text: match.body && new RegExp(match.body),
    })
  }

  take(method, path, body) {
    for (const f of this.list) {
      if (f.left <= 0) continue
      if ((f.method && f.method !== method) || (f.path && !f.path.test(path)) || (f.text && !f.text.test(body))) continue
      if (f.skip-- > 0) continue
      f.left--
      return f
    }
    return null
  }

  clear() {
    this.list = []
  }
}

// value with patch laid over it, object by object
export function overlay(value, patch) {
  if (!patch || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const out = value && typeof value === 'object' && !Array.isArray(value) ? { ...value } : {}
  for (const [k, v] of Object.entries(patch)) out[k] = overlay(out[k], v)
  return out
}
