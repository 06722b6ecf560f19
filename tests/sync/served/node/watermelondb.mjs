// A device of the tests: real WatermelonDB with the reference client, driven by one JSON command a line.

import lokijs from '@nozbe/watermelondb/adapters/lokijs/index.js'
import { Database } from '@nozbe/watermelondb'
import log from '@nozbe/watermelondb/utils/common/logger/index.js'
import { getLastPulledAt } from '@nozbe/watermelondb/sync/impl/index.js'
import { connect, createSync, databaseMigrations, databaseSchema, models } from '../clients/watermelondb/index.js'
import { faulty, serve } from './driver.mjs'

const Loki = lokijs.default
const logger = log.default
logger.silence()
console.error = () => {} // it explains at length each row that comes back under `created`

const state = {}

async function open({ url, token, company, published, device }) {
  const network = faulty(fetch)
  const api = connect({ url, token: () => token, company, fetch: network.fetch })
  Object.assign(state, { network, api, offered: [] })
  start(published, new Loki({ ...schemaOf(published), useWebWorker: false, useIncrementalIndexedDB: true, dbName: device }))
  await state.database.localStorage.set('facture_device', device)
}

function schemaOf(published) {
  const migrations = published.version > 1 ? databaseMigrations(published) : undefined
  return { schema: databaseSchema(published), migrations }
}

/** Start the app of a schema on a database. */
function start(published, adapter) {
  const database = new Database({ adapter, modelClasses: models(published) })
  const offerUnsent = async (text) => state.offered.push(JSON.parse(text))
  const sync = createSync({ database, published, api: state.api, offerUnsent })
  Object.assign(state, { database, published, sync })
}

async function find(table, id) {
  return state.database.get(table).find(id)
}

function fill(row, content) {
  for (const [name, value] of Object.entries(content)) row._setRaw(name, value)
}

async function raws(table) {
  return (await state.database.get(table).query().fetch()).map((row) => row._raw)
}

serve({
  open,
  /** Install the app of a newer schema on the same data. */
  async update({ published }) {
    start(published, await state.database.adapter.underlyingAdapter.testClone(schemaOf(published)))
  },
  async create({ table, id, content }) {
    await state.database.write(() =>
      state.database.get(table).create((row) => {
        row._raw.id = id
        fill(row, content)
      }),
    )
  },
  async create_many({ table, rows }) {
    const collection = state.database.get(table)
    const prepared = rows.map(({ id, ...content }) =>
      collection.prepareCreate((row) => {
        row._raw.id = id
        fill(row, content)
      }),
    )
    await state.database.write(() => state.database.batch(...prepared))
  },
  async edit({ table, id, content }) {
    const row = await find(table, id)
    await state.database.write(() => row.update(() => fill(row, content)))
  },
  async remove({ table, id }) {
    const row = await find(table, id)
    await state.database.write(() => row.markAsDeleted())
  },
  async issue({ document }) {
    return (await state.sync.requestIssue(document)).id
  },
  async discard({ table, id }) {
    await state.sync.discard(table, id)
  },
  /** Synchronise: the code of the refusal, or null, and what reached the service. */
  async sync({ faults, crash }) {
    state.network.plan(faults, crash)
    let refused = null
    try {
      await state.sync.synchronise()
    } catch (error) {
      refused = error.code || String(error.stack)
    }
    return { refused, delivered: state.network.taken() }
  },
  async deliver_late() {
    await state.network.deliverLate()
    return { delivered: state.network.taken() }
  },
  /** The whole copy. */
  async dump() {
    const { database, published, offered } = state
    const names = published.tables.map(({ name }) => name)
    const tables = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await raws(name)])))
    const gone = names.map(async (name) => [name, await database.adapter.getDeletedRecords(name)])
    return {
      tables,
      deleted: Object.fromEntries(await Promise.all(gone)),
      unsent: await raws('unsent'),
      clock: await getLastPulledAt(database),
      offered,
    }
  },
})
