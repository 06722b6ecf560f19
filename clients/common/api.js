// Speaks HTTP to the service. The app gives the address, and a function that returns a valid access token.

/** A refusal by the service: a problem document (RFC 9457). `status` 0 means that no answer came. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`)
    this.name = 'Problem'
    this.status = status
    this.code = body.code
    this.body = body
  }
}

/** The body of an answer as JSON. A proxy on the way may answer something else. */
async function read(answer) {
  try {
    return await answer.json()
  } catch {
    throw new Problem(answer.status === 200 ? 0 : answer.status, { code: 'unreadable', detail: 'The answer is no JSON.' })
  }
}

/** A connection: `post(path, body)` and `download(url)` return the parsed answer or throw a Problem. */
export function connect({ url, token, company, fetch = globalThis.fetch, timeout = 60000 }) {
  async function ask(address, options) {
    const control = new AbortController()
    const timer = setTimeout(() => control.abort(), timeout)
    try {
      const answer = await fetch(address, { ...options, signal: control.signal })
      const body = await read(answer)
      if (!answer.ok) throw new Problem(answer.status, body)
      return body
    } catch (error) {
      if (error instanceof Problem) throw error
      throw new Problem(0, { code: 'no_answer', detail: String(error.message) })
    } finally {
      clearTimeout(timer)
    }
  }
  return {
    async post(path, body) {
      const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${await token()}` }
      if (company) headers.Company = company
      return ask(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
    },
    /** A large answer is a gzipped file behind an address of its own, which takes no token. */
    async download(address) {
      return ask(address, { method: 'GET' })
    },
  }
}
