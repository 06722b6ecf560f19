// Makes the schema, the migrations and the models of WatermelonDB from the published schema (`GET /v1/sync/schema`).
// An app keeps the answer as a file, because WatermelonDB needs it before the network is there.

import { Model, appSchema, tableSchema } from '@nozbe/watermelondb'
import { addColumns, createTable, schemaMigrations } from '@nozbe/watermelondb/Schema/migrations/index.js'

/** Edits that the service did not accept and the server's state replaced. They never leave the device. */
const UNSENT = {
  name: 'unsent',
  columns: [
    { name: 'table_name', type: 'string' },
    { name: 'row_id', type: 'string', isIndexed: true },
    { name: 'content', type: 'string' }, // JSON: the columns that the person changed
    { name: 'kept_at', type: 'string' },
  ],
}

const INDEXED = ['customer', 'document_id']

/** Columns that WatermelonDB accepts only as numbers of milliseconds that are never null. */
const TIMES = ['created_at', 'updated_at']

/** The columns of a table as WatermelonDB declares them. All but the times are optional: the service fills what the app
 * leaves empty. */
function columnsOf(table, fits) {
  return table.columns
    .filter(({ since }) => fits(since))
    .map(({ name, type }) => ({ name, type, isOptional: !TIMES.includes(name), isIndexed: INDEXED.includes(name) }))
}

/** The published schema: its tables and the local table `unsent`. */
export function databaseSchema(published) {
  const tables = published.tables.map((table) => ({ name: table.name, columns: columnsOf(table, () => true) }))
  return appSchema({ version: published.version, tables: [...tables, UNSENT].map(tableSchema) })
}

/** The steps from version 1 to the published version. The next pull brings the rows of what is new. */
export function databaseMigrations(published) {
  const versions = Array.from({ length: published.version - 1 }, (_, at) => at + 2)
  return schemaMigrations({
    migrations: versions.map((toVersion) => ({
      toVersion,
      steps: published.tables.flatMap((table) => {
        const added = columnsOf(table, (since) => since === toVersion)
        if (table.since === toVersion) return [createTable({ name: table.name, columns: added })]
        return table.since < toVersion && added.length ? [addColumns({ table: table.name, columns: added })] : []
      }),
    })),
  })
}

/** A model of a table. Each column is a property, except where WatermelonDB has one of this name (`_getRaw` reads it).
 * A column of JSON text is read and set as a value. */
function model({ name, columns }) {
  class Row extends Model {
    static table = name
  }
  for (const each of columns.filter((found) => !(found.name in Model.prototype))) {
    Object.defineProperty(Row.prototype, each.name, {
      get() {
        const raw = this._getRaw(each.name)
        return each.json && raw ? JSON.parse(raw) : raw
      },
      set(value) {
        this._setRaw(each.name, each.json && value !== null ? JSON.stringify(value) : value)
      },
    })
  }
  return Row
}

/** The model classes of all tables, for `new Database({ adapter, modelClasses })`. */
export function models(published) {
  return [...published.tables, UNSENT].map(model)
}
