// Splits what a device sends into requests that the service accepts: 1,000 rows and 1 MB.

const MOST_ROWS = 1000
const MOST_BYTES = 900000

/** The bytes of a value as JSON, never too few: a character outside ASCII counts as three. */
function bytes(value) {
  const text = JSON.stringify(value)
  return text.length + 2 * (text.match(/[^\x00-\x7f]/g) || []).length
}

/** The rows in their order, in as many parts as they need. */
export function parts(rows) {
  const found = []
  let size = 0
  for (const row of rows) {
    const weight = bytes(row) + 1
    if (!found.length || found.at(-1).length === MOST_ROWS || size + weight > MOST_BYTES) {
      found.push([])
      size = 0
    }
    found.at(-1).push(row)
    size += weight
  }
  return found
}
