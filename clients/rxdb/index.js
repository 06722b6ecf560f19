// The reference client of MY FACTURE PRO for RxDB: one replication for each table, one after another.
//
//   const replica = await createReplica({ database, published, api, device, offerUnsent })
//   await replica.synchronise()      // throws Problem; call it again later

import { replicateRxCollection } from 'rxdb/plugins/replication'
import { newId } from '../common/ids.js'
import { parts } from '../common/parts.js'
import { changedColumns, collections } from './collections.js'

export * from '../common/api.js'
export { newId }

const PULL_ROWS = 500
const PUSH_ROWS = 100
const MOST_PASSES = 3

/**
 * The copy of one device. `database` is an RxDatabase, `device` the id `dev_…` that the app keeps for this device.
 * `offerUnsent(text)` saves a file for the person before a revoked device is wiped.
 */
export async function createReplica({ database, published, api, device, offerUnsent }) {
  const names = published.tables.map(({ name }) => name)
  const writable = published.tables.filter(({ writes }) => writes !== 'nothing')
  let running = null
  let sent = 0
  const pulled = new Map() // by table and id of the documents that pulls brought: the clocks of the page
  let clocks = {} // of the last pull of each table in this pass
  await add()

  /** Add the collections that are missing. */
  async function add() {
    const missing = Object.entries(collections(published, keep)).filter(([name]) => !database.collections[name])
    await database.addCollections(Object.fromEntries(missing))
    const added = missing.map(([name]) => name)
    published.tables.filter(({ name }) => added.includes(name)).forEach((table) => protect(table, database[table.name]))
  }

  /** Store what the service did not accept. A column that is refused again keeps its last content. */
  async function keep(table, document, columns) {
    const id = `${table}/${document.id}`
    const known = await database.unsent.findOne(id).exec()
    const cells = Object.fromEntries(columns.map((name) => [name, document[name] ?? null]))
    await database.unsent.upsert({
      id,
      table_name: table,
      row_id: document.id,
      content: JSON.stringify({ ...(known ? JSON.parse(known.content) : {}), ...cells }),
      kept_at: new Date().toISOString(),
    })
  }

  /** A number that the device notes: the clock up to which a table is known, or the version of its schema. */
  async function noted(id) {
    const found = await database.positions.findOne(id).exec()
    return found ? found.clock : 0
  }

  /** Pull documents. RxDB takes an answer with fewer documents than it asked for as the end, so a short page is not
   * enough. It forgets the checkpoint of an answer without documents, so such a clock is noted. */
  async function pull(table, checkpoint, limit) {
    const documents = []
    let clock = Math.max(checkpoint ? checkpoint.clock : 0, await noted(table.name))
    const again = await database.positions.findOne(`again/${table.name}`).exec()
    if (again) clock = Math.min(clock, again.clock)
    for (let more = true; more && documents.length < limit; ) {
      const body = { checkpoint: clock ? { clock } : null, limit, device, schema_version: published.version }
      const answer = await api.post(`/v1/sync/rxdb/${table.name}/pull`, body)
      documents.push(...answer.documents)
      for (const each of answer.documents) pulled.set(`${table.name}/${each.id}`, { from: clock, clock: each.clock })
      clock = answer.checkpoint.clock
      more = answer.more
    }
    clocks[table.name] = clock
    if (again) await again.remove()
    if (!documents.length) await database.positions.upsert({ id: table.name, clock })
    return { documents, checkpoint: { clock } }
  }

  /** Push documents. Returns those of the service that they do not replace. */
  async function push(table, rows) {
    const conflicts = []
    for (const part of parts(rows)) {
      const body = { rows: part, device, schema_version: published.version }
      conflicts.push(...(await api.post(`/v1/sync/rxdb/${table.name}/push`, body)))
    }
    sent += rows.length
    await pullAgain(table, rows.filter(({ newDocumentState: { id } }) => !conflicts.some((each) => each.id === id)))
    return conflicts
  }

  /** RxDB skips a pulled document while an edit of it waits. If the service had the edit already, because an answer was
   * lost, the push makes no commit, and no later pull would bring the totals of that document: pull its page again. */
  async function pullAgain(table, accepted) {
    const skipped = accepted
      .map(({ newDocumentState: mine, assumedMasterState: assumed }) => [pulled.get(`${table.name}/${mine.id}`), assumed])
      .filter(([page, assumed]) => page && page.clock > ((assumed && assumed.clock) || 0))
      .map(([page]) => page.from)
    if (skipped.length) await database.positions.upsert({ id: `again/${table.name}`, clock: Math.min(...skipped) })
  }

  /** Replicate one table until it is in step. The first failure ends it: the app tries again later. */
  async function replicate(table, handlers) {
    let failure = null
    const stopping = (handler, batchSize) => ({
      batchSize,
      async handler(...input) {
        if (failure) throw failure // RxDB retries until it is cancelled
        try {
          return await handler(...input)
        } catch (error) {
          failure = error
          throw error
        }
      },
    })
    const state = replicateRxCollection({
      collection: database[table.name],
      replicationIdentifier: `facture-${device}`,
      live: true, // a replication that is not live cannot be cancelled while it fails
      waitForLeadership: false,
      retryTime: 50,
      pull: handlers.pull ? stopping(handlers.pull, PULL_ROWS) : undefined,
      push: handlers.push && table.writes !== 'nothing' ? stopping(handlers.push, PUSH_ROWS) : undefined,
    })
    await new Promise((resolve) => {
      state.error$.subscribe((error) => {
        failure = failure || error
        resolve()
      })
      state.awaitInitialReplication().then(resolve)
    })
    await state.cancel()
    if (failure) throw failure
  }

  /** Pull and push every table. A member who may not write still reads all of them. */
  async function pass() {
    let refusal = null
    for (const table of published.tables) {
      try {
        await replicate(table, { pull: (...input) => pull(table, ...input), push: (rows) => push(table, rows) })
      } catch (error) {
        if (!isRefusal(error)) throw error
        refusal = error
      }
    }
    if (refusal) throw refusal
  }

  /** Call `take(table, row)` with each change that waits. RxDB then takes it for sent: only before the copy goes. */
  async function takePending(table, take) {
    const push = async (rows) => {
      for (const row of rows) await take(table, row)
      return []
    }
    await replicate(table, { push })
  }

  /** Read everything anew, after what is pending was sent: the service no longer knows the checkpoint, or the app has a
   * newer schema, whose columns the copy lacks. `positions` goes last, so that a crash on the way begins again. */
  async function startAnew() {
    for (const table of writable) {
      try {
        await replicate(table, { push: (rows) => push(table, rows) })
      } catch (error) {
        if (!isRefusal(error)) throw error
        await takePending(table, ({ name }, { newDocumentState: mine, assumedMasterState: assumed }) =>
          mine._deleted ? null : keep(name, mine, changedColumns(table, mine, assumed)),
        )
      }
    }
    await remove([...names, 'positions'])
    await database.positions.upsert({ id: 'schema', clock: published.version })
  }

  /** Empty these collections. */
  async function remove(from) {
    for (const name of from) await database[name].remove()
    await add()
  }

  /** Delete the device's copy, after the person was offered what was not sent. */
  async function wipe() {
    const pending = []
    for (const table of writable) {
      await takePending(table, ({ name }, row) => pending.push({ table: name, ...row.newDocumentState }))
    }
    const unsent = (await database.unsent.find().exec()).map((row) => row.toJSON())
    await offerUnsent(JSON.stringify({ unsent, pending }, null, 1))
    await remove([...names, 'unsent', 'positions'])
  }

  async function round() {
    try {
      const schema = await noted('schema')
      if (schema && schema !== published.version) await startAnew()
      if (!schema) await database.positions.upsert({ id: 'schema', clock: published.version })
      for (let passes = 0, more = true; more && passes < MOST_PASSES; passes += 1) {
        sent = 0
        clocks = {}
        try {
          await pass()
          more = sent > 0 // the numbers and totals of what was sent
          await database.positions.upsert({ id: 'seen', clock: Math.min(...Object.values(clocks)) })
        } catch (error) {
          if (error.code !== 'clock_too_old') throw error
          await startAnew()
        }
      }
    } catch (error) {
      if (error.code === 'device_revoked' && error.body.wipe === true) await wipe()
      throw error
    }
  }

  return {
    /** Synchronise. A call while another one runs waits for that one. */
    synchronise() {
      running = running || round().finally(() => (running = null))
      return running
    },
    /** Ask the service to issue a draft. Its number comes with a later synchronisation. The device has seen the draft
     * up to the clock of its document, and as it was when a pass was complete: then no change of others waits. */
    async requestIssue(documentId) {
      const draft = await database.drafts.findOne(documentId).exec()
      const seen = Math.max((draft && draft.clock) || 0, await noted('seen'))
      const request = { id: newId('isr'), document_id: documentId, seen_clock: seen }
      return database.issue_requests.insert({ ...request, requested_at: new Date().toISOString() })
    },
  }
}

/** Refuse what the app may not write. RxDB would keep it for ever: no push sends it, so no answer replaces it. */
function protect({ name, writes }, collection) {
  const refuse = (document) => {
    if (writes !== 'all' || document.read_only) throw new Error(`${name}: this row is read-only`)
  }
  collection.preSave((_, document) => refuse(document), false)
  collection.preRemove((document) => refuse(document), false)
  if (writes === 'nothing') collection.preInsert(refuse, false)
}

/** Whether the service refused a push because the member may not write. */
function isRefusal({ status, code }) {
  return status === 403 && code !== 'device_revoked'
}
