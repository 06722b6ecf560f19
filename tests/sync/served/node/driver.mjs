// Drives a device of the tests: one JSON command a line on the standard input, one JSON answer a line.

import { createInterface } from 'node:readline'

/** Answer commands one after another. `verbs` are functions by name. */
export function serve(verbs) {
  let last = Promise.resolve()
  createInterface({ input: process.stdin })
    .on('line', (line) => {
      const { verb, ...input } = JSON.parse(line)
      last = last.then(async () => {
        let answer
        try {
          answer = { value: (await verbs[verb](input)) ?? null }
        } catch (error) {
          answer = { error: String(error.stack) }
        }
        process.stdout.write(`${JSON.stringify(answer)}\n`)
      })
    })
    .on('close', () => last.then(() => process.exit(0)))
}

/**
 * A network that fails by a plan, one fault a request: `lose_request`, `lose_answer`, `duplicate`, `late` (the request
 * arrives after later ones), `lose_push_answer` (it waits for a push), or null. Without a plan it works. `crash`: nothing is pushed, as if the app had ended.
 * It keeps what reached the service, as { path, body, status, answer }.
 */
export function faulty(fetch) {
  let faults = []
  let crashed = false
  let delivered = []
  let late = []

  async function deliver(address, options) {
    const answer = await fetch(address, options)
    if (!options.body) return answer
    const text = await answer.clone().text()
    const path = new URL(address).pathname
    delivered.push({ path, body: JSON.parse(options.body), status: answer.status, answer: text })
    return answer
  }

  return {
    plan(next, crash) {
      faults = [...(next || [])]
      crashed = Boolean(crash)
    },
    async deliverLate() {
      const waiting = late
      late = []
      for (const [address, options] of waiting) await deliver(address, { ...options, signal: undefined })
    },
    taken() {
      const taken = delivered
      delivered = []
      return taken
    },
    async fetch(address, options) {
      if (crashed && new URL(address).pathname.endsWith('/push')) throw new Error('the app has ended')
      const pushes = new URL(address).pathname.endsWith('/push')
      const waits = faults[0] === 'lose_push_answer' && !pushes
      const fault = options.body && !waits ? faults.shift() || null : null
      if (fault === 'late') late.push([address, options])
      if (fault === 'lose_request' || fault === 'late') throw new Error('the request was lost')
      if (fault === 'duplicate') await deliver(address, options)
      const answer = await deliver(address, options)
      if (fault === 'lose_answer' || fault === 'lose_push_answer') throw new Error('the answer was lost')
      return answer
    },
  }
}
