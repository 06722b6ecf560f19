// The edits that the service did not accept and its state replaces. They are kept in the local table `unsent`.

import { newId } from '../common/ids.js'
import { changedColumns, names } from './changes.js'

/** Whether the server's row replaces the device's row, whatever the person changed in it. */
export function locked(table, remote) {
  return table.writes !== 'all' || Boolean(remote.read_only)
}

/** The pending edits that applying `answer` would lose, each with its `columns`. `given`: ids that the person gave up. */
export function lostEdits(waiting, byName, answer, given) {
  const found = []
  for (const edit of waiting.filter(({ raw }) => raw)) {
    const { created = [], updated = [], deleted = [] } = answer.changes[edit.table] || {}
    const remote = [...created, ...updated].find(({ id }) => id === edit.id)
    const columns = changedColumns(edit).filter((name) => !remote || remote[name] !== edit.raw[name])
    const absent = deleted.includes(edit.id) || (answer.experimentalStrategy && edit.list === 'updated')
    const lost = remote ? locked(byName[edit.table], remote) : absent
    if (columns.length && lost && !names(given, edit.table, edit.id)) found.push({ ...edit, columns })
  }
  return found
}

/** Copy edits into `unsent`. The rows are stored as synchronised, so they are never pushed. */
export async function keepUnsent(database, edits) {
  const rows = edits.map(({ table, id, raw, columns }) => ({
    id: newId('uns'),
    table_name: table,
    row_id: id,
    content: JSON.stringify(Object.fromEntries(columns.map((name) => [name, raw[name]]))),
    kept_at: new Date().toISOString(),
    _status: 'synced',
    _changed: '',
  }))
  const collection = database.get('unsent')
  if (rows.length) await database.batch(rows.map((row) => collection.prepareCreateFromDirtyRaw(row)))
}
