// A device of the tests: real RxDB with the reference client, driven by one JSON command a line.

import { addRxPlugin, createRxDatabase } from 'rxdb/plugins/core'
import { RxDBMigrationSchemaPlugin } from 'rxdb/plugins/migration-schema'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { connect, createReplica } from '../clients/rxdb/index.js'
import { faulty, serve } from './driver.mjs'

addRxPlugin(RxDBMigrationSchemaPlugin)
const state = { storage: getRxStorageMemory(), offered: [] }

async function open({ url, token, company, published, device }) {
  const network = faulty(fetch)
  const api = connect({ url, token: () => token, company, fetch: network.fetch })
  Object.assign(state, { api, network, device })
  await start(published)
}

/** Start the app of a schema on the data of the storage. */
async function start(published) {
  const { api, device, storage } = state
  const name = device.toLowerCase().replaceAll('_', '-')
  const database = await createRxDatabase({ name, storage, multiInstance: false })
  const offerUnsent = async (text) => state.offered.push(JSON.parse(text))
  const replica = await createReplica({ database, published, api, device, offerUnsent })
  Object.assign(state, { database, published, replica })
}

async function find(table, id) {
  return state.database[table].findOne(id).exec()
}

async function all(table) {
  const collection = state.database.collections[table]
  return collection ? (await collection.find().exec()).map((row) => row.toJSON()) : []
}

serve({
  open,
  /** Install the app of a newer schema on the same data. */
  async update({ published }) {
    await state.database.close()
    await start(published)
  },
  async issue({ document }) {
    return (await state.replica.requestIssue(document)).id
  },
  async create({ table, id, content }) {
    await state.database[table].insert({ id, ...content })
  },
  async edit({ table, id, content }) {
    await (await find(table, id)).patch(content)
  },
  async remove({ table, id }) {
    await (await find(table, id)).remove()
  },
  /** Synchronise: the code of the refusal, or null, and what reached the service. */
  async sync({ faults, crash }) {
    state.network.plan(faults, crash)
    let refused = null
    try {
      await state.replica.synchronise()
    } catch (error) {
      refused = error.code || String(error.stack)
    }
    return { refused, delivered: state.network.taken() }
  },
  async deliver_late() {
    await state.network.deliverLate()
    return { delivered: state.network.taken() }
  },
  /** The whole copy. RxDB does not mark what is pending. */
  async dump() {
    const names = state.published.tables.map(({ name }) => name)
    const tables = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await all(name)])))
    return { tables, deleted: {}, unsent: await all('unsent'), clock: null, offered: state.offered }
  },
})
