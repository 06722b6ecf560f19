// Synchronises a WatermelonDB with the service: pull all pages, push what is pending, pull what the push changed.
//
//   const device = createSync({ database, published, api, offerUnsent })
//   await device.synchronise()      // throws Problem; call it again later

import { Q } from '@nozbe/watermelondb'
import { synchronize } from '@nozbe/watermelondb/sync/index.js'
import { getLastPulledAt } from '@nozbe/watermelondb/sync/impl/index.js'
import { newId } from '../common/ids.js'
import { parts } from '../common/parts.js'
import { asChanges, idsOf, inOrder, names, pending } from './changes.js'
import { keepUnsent, locked, lostEdits } from './unsent.js'

const DEVICE = 'facture_device' // the device's id
const GIVEN_UP = 'facture_given_up' // changes that the person gave up: [{ table, id }]
const MOST_REVIVED = 100
const MOST_RETRIES = 50
const PREPARING_MS = 1000

/**
 * The synchronisation of one database. `published` is the answer of GET /v1/sync/schema. `offerUnsent(text)` saves a
 * file for the person before a revoked device is wiped. `onState({ syncing, more })` is for the screen.
 */
export function createSync({ database, published, api, offerUnsent, onState = () => {} }) {
  const tables = published.tables.map(({ name }) => name)
  const byName = Object.fromEntries(published.tables.map((table) => [table.name, table]))
  let running = null

  /** The device's id, made once. */
  async function deviceId() {
    const known = await database.localStorage.get(DEVICE)
    if (!known) await database.localStorage.set(DEVICE, newId('dev'))
    return known || database.localStorage.get(DEVICE)
  }

  async function givenUp() {
    return (await database.localStorage.get(GIVEN_UP)) || []
  }

  /** One pull. Returns the answer without its rows. `revive`: changes whose rows come back although they are pending. */
  async function pullPage({ replace, revive }) {
    const given = idsOf(await givenUp(), MOST_REVIVED)
    const wanted = idsOf([...(await givenUp()), ...revive], MOST_REVIVED)
    let [answer, kept, rest] = []
    await synchronize({
      database,
      sendCreatedAsUpdated: true,
      migrationsEnabledAtVersion: published.version > 1 ? 1 : undefined,
      conflictResolver: (table, local, remote, resolved) =>
        locked(byName[table], remote) || names(given, table, remote.id)
          ? { ...resolved, ...remote, _status: 'synced', _changed: '' }
          : resolved,
      async pullChanges({ lastPulledAt, schemaVersion, migration }) {
        const body = { last_pulled_at: lastPulledAt, schema_version: schemaVersion, migration, replace, revive: wanted }
        answer = await api.post('/v1/sync/pull', { ...body, device: await deviceId() })
        if (answer.url) answer = await api.download(answer.url)
        return answer
      },
      // The writes of a database run one after another: this one runs directly before the answer is applied.
      onWillApplyRemoteChanges: async () => {
        const lost = async () => lostEdits(await pending(database, tables), byName, answer, given)
        kept = database.write(async (writer) => keepUnsent(database, await writer.callReader(lost)))
      },
      onDidPullChanges: (found) => (rest = found),
    })
    await kept
    const left = (await givenUp()).filter(({ table, id }) => !names(given, table, id))
    await database.localStorage.set(GIVEN_UP, left)
    return rest
  }

  /** Pull until the device has everything. A device whose view is replaced pushes first. */
  async function pullAll(revive = []) {
    let replace = false
    for (let more = true; more; ) {
      try {
        const rest = await pullPage({ replace, revive })
        revive = []
        replace = false
        more = Boolean(rest.more)
        onState({ syncing: true, more })
      } catch (error) {
        if (error.code === 'replacement_preparing') {
          await new Promise((resolve) => setTimeout(resolve, PREPARING_MS))
          continue // The same pull goes on where the service has stopped.
        }
        if (error.code !== 'push_first' || replace) throw error
        await pushPending({ beforeReplacement: true })
        replace = true
      }
    }
  }

  /** Send everything that is pending, request by request. Returns the number of sent changes, and the refused ones. */
  async function pushPending({ beforeReplacement = false } = {}) {
    let [sent, refused, failure] = [0, [], null]
    await synchronize({
      database,
      sendCreatedAsUpdated: true,
      pullChanges: async ({ lastPulledAt }) => ({ changes: {}, timestamp: lastPulledAt }),
      async pushChanges({ changes, lastPulledAt }) {
        const waiting = parts(inOrder(changes, tables))
        const head = { last_pulled_at: lastPulledAt, schema_version: database.schema.version, device: await deviceId() }
        while (waiting.length && !failure) {
          const entries = waiting.shift()
          try {
            const answer = await api.post('/v1/sync/push', { ...head, changes: asChanges(entries, beforeReplacement) })
            sent += entries.length
            refused.push(...entries.filter(({ table, id }) => names(answer.experimentalRejectedIds, table, id)))
          } catch (error) {
            const conflicts = beforeReplacement ? conflictsOf(entries, error) : []
            if (!conflicts.length) failure = error
            refused.push(...conflicts)
            waiting.unshift(...[entries.filter((entry) => !conflicts.includes(entry))].filter(({ length }) => length))
          }
        }
        // What was not sent stays pending like what was refused. What was accepted is done, whatever comes later.
        return { experimentalRejectedIds: idsOf([...refused, ...waiting.flat()]) }
      },
    })
    if (failure && !(beforeReplacement && isRefusal(failure))) throw failure
    return { sent, refused }
  }

  /** Push, with one more pull when the service asks for it. Each round that sent something allows another one. */
  async function pushWithRetry() {
    let before = (await pending(database, tables)).length
    for (let round = 0; before; round += 1) {
      try {
        return await pushPending()
      } catch (error) {
        const left = (await pending(database, tables)).length
        const again = ['sync_conflict', 'pull_first'].includes(error.code) && (round === 0 || left < before)
        if (!again || round === MOST_RETRIES) throw error
        before = left
        await pullAll()
      }
    }
    return { sent: 0, refused: [] }
  }

  /** Delete the device's copy, after the person was offered what was not sent. The device keeps its id: otherwise it
   * would begin anew as another device. */
  async function wipe() {
    const id = await deviceId()
    const unsent = (await database.get('unsent').query().fetch()).map(({ _raw }) => _raw)
    await offerUnsent(JSON.stringify({ unsent, pending: await pending(database, tables) }, null, 1))
    await database.write(() => database.unsafeResetDatabase())
    await database.localStorage.set(DEVICE, id)
  }

  async function round() {
    onState({ syncing: true, more: true })
    try {
      await pullAll()
      const { sent, refused } = await pushWithRetry()
      if (sent) await pullAll(refused.filter(({ table, raw }) => !raw || raw.read_only || byName[table].writes === 'nothing'))
    } catch (error) {
      if (error.code === 'device_revoked' && error.body.wipe === true) await wipe()
      throw error
    } finally {
      onState({ syncing: false, more: false })
    }
  }

  return {
    /** Synchronise. A call while another one runs waits for that one. */
    synchronise() {
      running = running || round().finally(() => (running = null))
      return running
    },
    /** Ask the service to issue a draft. Its number comes with a later pull. */
    async requestIssue(documentId) {
      const seen = (await getLastPulledAt(database)) || 0
      return database.write(() =>
        database.get('issue_requests').create((row) => {
          row._raw.id = newId('isr')
          row._setRaw('document_id', documentId)
          row._setRaw('seen_clock', seen)
          row._setRaw('requested_at', new Date().toISOString())
        }),
      )
    },
    /** Give up a pending change: the next pull brings the server's row back. A row that the server never had goes away. */
    async discard(table, id) {
      const [row] = await database.get(table).query(Q.where('id', id)).fetch()
      if (row && row._raw._status === 'created') return database.write(() => row.destroyPermanently())
      return database.localStorage.set(GIVEN_UP, [...(await givenUp()), { table, id }])
    },
    /** The changes that wait to be sent: [{ table, list, id, raw }]. */
    pending: () => pending(database, tables),
  }
}

/** The changes that a conflict names. Only before a replacement: no pull can resolve a conflict there. */
function conflictsOf(entries, { code, body }) {
  return code === 'sync_conflict' ? entries.filter((each) => names(idsOf(body.conflicts), each.table, each.id)) : []
}

/** Whether the service refused the whole push for good, as for a viewer. Then the edits go to `unsent`. */
function isRefusal({ status, code }) {
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status) && code !== 'device_revoked'
}
