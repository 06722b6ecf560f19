// Makes the collections of RxDB from the published schema (`GET /v1/sync/schema`), with their conflict handlers.

/** Whether two documents have the same cells in these columns. */
function same(one, other, columns) {
  return columns.every((name) => (one[name] ?? null) === (other[name] ?? null))
}

/** The names of the columns that the app writes. */
function writable(table) {
  return table.columns.filter((column) => column.writable).map(({ name }) => name)
}

/** The columns that the person changed in a document. */
export function changedColumns(table, mine, assumed) {
  return writable(table).filter((name) => (mine[name] ?? null) !== ((assumed || {})[name] ?? null))
}

function schemaOf(table, version) {
  const columns = table.columns.map(({ name, type }) => [name, { type: [type, 'null'] }])
  const own = { id: { type: 'string', maxLength: 64 }, clock: { type: ['number', 'null'] } }
  const properties = { ...own, ...Object.fromEntries(columns) }
  return { version, primaryKey: 'id', type: 'object', properties, required: ['id'] }
}

/** Edits that the service did not accept and the server's state replaced. They are never sent. */
const UNSENT = {
  schema: {
    version: 0,
    primaryKey: 'id',
    type: 'object',
    properties: {
      id: { type: 'string', maxLength: 130 },
      table_name: { type: 'string' },
      row_id: { type: 'string' },
      content: { type: 'string' }, // JSON: the columns that the person changed
      kept_at: { type: 'string' },
    },
    required: ['id', 'table_name', 'row_id', 'content', 'kept_at'],
  },
}

/** Numbers that the device notes: the clock up to which a table is known, where its last pull brought nothing, and the
 * version of the schema. */
const POSITIONS = {
  schema: {
    version: 0,
    primaryKey: 'id',
    type: 'object',
    properties: { id: { type: 'string', maxLength: 64 }, clock: { type: 'number' } },
    required: ['id', 'clock'],
  },
}

/**
 * Merges by column, as WatermelonDB does: the columns that the person changed win. The master's document wins as a
 * whole if it was deleted, if the app may not change it, or if the service refused the change: then the columns of the
 * person go to `keep`.
 */
function conflictHandler(table, keep) {
  const own = writable(table)
  const all = ['_deleted', ...table.columns.map(({ name }) => name)]
  return {
    isEqual: (one, other) => same(one, other, all),
    async resolve({ assumedMasterState: assumed, realMasterState: master, newDocumentState: mine }) {
      const changed = changedColumns(table, mine, assumed)
      const refused = Boolean(assumed) && same(assumed, master, own) && assumed._deleted === master._deleted
      const settled = mine._deleted === master._deleted && same(mine, master, changed)
      if (master._deleted || master.read_only || refused || table.writes !== 'all' || settled) {
        if (!settled && !mine._deleted && changed.length) await keep(table.name, mine, changed)
        return master
      }
      if (mine._deleted) return { ...master, _deleted: true }
      return { ...master, ...Object.fromEntries(changed.map((name) => [name, mine[name]])) }
    },
  }
}

/** The collections for `database.addCollections`. `keep(table, document, columns)` stores what was refused. */
export function collections(published, keep) {
  const version = published.version - 1
  const migrationStrategies = Object.fromEntries(Array.from({ length: version }, (_, at) => [at + 1, (document) => document]))
  const tables = published.tables.map((table) => [
    table.name,
    { schema: schemaOf(table, version), migrationStrategies, conflictHandler: conflictHandler(table, keep) },
  ])
  return { ...Object.fromEntries(tables), unsent: UNSENT, positions: POSITIONS }
}
