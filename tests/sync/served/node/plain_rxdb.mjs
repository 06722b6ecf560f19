// An app of RxDB without the reference client: one collection, and the replication as RxDB's documentation writes it.

import { createRxDatabase } from 'rxdb/plugins/core'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import { connect } from '../clients/common/api.js'
import { serve } from './driver.mjs'

const state = {}

function schemaOf(table) {
  const columns = table.columns.map(({ name, type }) => [name, { type: [type, 'null'] }])
  const own = { id: { type: 'string', maxLength: 64 }, clock: { type: ['number', 'null'] } }
  const properties = { ...own, ...Object.fromEntries(columns) }
  return { version: 0, primaryKey: 'id', type: 'object', properties, required: ['id'] }
}

serve({
  async open({ url, token, company, published, device, table }) {
    const name = device.toLowerCase().replaceAll('_', '-')
    const database = await createRxDatabase({ name, storage: getRxStorageMemory(), multiInstance: false })
    const schema = schemaOf(published.tables.find((each) => each.name === table))
    await database.addCollections({ [table]: { schema } })
    const api = connect({ url, token: () => token, company })
    Object.assign(state, { collection: database[table], api, device, checkpoints: [] })
  },
  async create({ id, content }) {
    await state.collection.insert({ id, ...content })
  },
  /** Replicate once. Returns the checkpoints that RxDB gave to the pull. */
  async sync() {
    const { collection, api, device } = state
    const checkpoints = []
    const replication = replicateRxCollection({
      collection,
      replicationIdentifier: `plain-${device}`,
      live: false,
      waitForLeadership: false,
      retryTime: 50,
      pull: {
        batchSize: 100,
        async handler(checkpoint, limit) {
          checkpoints.push(checkpoint ?? null)
          return api.post(`/v1/sync/rxdb/${collection.name}/pull`, { checkpoint: checkpoint ?? null, limit, device })
        },
      },
      push: {
        handler: (rows) => api.post(`/v1/sync/rxdb/${collection.name}/push`, { rows, device }),
      },
    })
    await replication.awaitInitialReplication()
    await replication.cancel()
    return checkpoints
  },
  async dump() {
    return (await state.collection.find().exec()).map((row) => row.id)
  },
})
