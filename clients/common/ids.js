// Mints the ids of new rows: a prefix and a ULID, as the service does (48 bits of milliseconds, 80 random bits).
// React Native: import 'react-native-get-random-values' once, at the start of the app.

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** The digits of the lowest `length * 5` bits of a number, in Crockford's base 32. */
function digits(number, length) {
  let text = ''
  for (let at = 0; at < length; at += 1) {
    text = ALPHABET[number % 32] + text
    number = Math.floor(number / 32)
  }
  return text
}

/** A new id, such as `cus_01J…`. Ids of one device sort by time. */
export function newId(prefix, now = Date.now()) {
  const random = globalThis.crypto.getRandomValues(new Uint8Array(16))
  return `${prefix}_${digits(now, 10)}${Array.from(random, (byte) => ALPHABET[byte % 32]).join('')}`
}
