// The changes that wait on the device, and their form on the wire. A change is { table, list, id, raw }: `list` is
// `created`, `updated` or `deleted`, and a deletion has no `raw`.

import { fetchLocalChanges } from '@nozbe/watermelondb/sync/impl/index.js'

/** The changes in the order of dependence: rows from customers to issue requests, then deletions in the opposite order. */
export function inOrder(changes, tables) {
  const rows = tables.flatMap((table) =>
    ['created', 'updated'].flatMap((list) => changes[table][list].map((raw) => ({ table, list, id: raw.id, raw }))),
  )
  const deleted = [...tables]
    .reverse()
    .flatMap((table) => changes[table].deleted.map((id) => ({ table, list: 'deleted', id, raw: null })))
  return [...rows, ...deleted]
}

/** Everything that waits to be sent. */
export async function pending(database, tables) {
  return inOrder((await fetchLocalChanges(database)).changes, tables)
}

/** The columns that the person changed in an updated row. */
export function changedColumns({ raw }) {
  return raw ? raw._changed.split(',').filter(Boolean) : []
}

/** The `changes` of one request. `partial`: an updated row states only the columns that the person changed. */
export function asChanges(entries, partial) {
  const changes = {}
  for (const entry of entries) {
    const { table, list, id, raw } = entry
    const { _status, _changed, ...row } = raw || {}
    const stated = partial && list === 'updated' ? ['id', ...changedColumns(entry)] : Object.keys(row)
    changes[table] = changes[table] || { created: [], updated: [], deleted: [] }
    changes[table][list].push(raw ? Object.fromEntries(stated.map((name) => [name, row[name]])) : id)
  }
  return changes
}

/** The ids of changes by table, at most so many of a table. */
export function idsOf(entries, most = Infinity) {
  const found = {}
  for (const { table, id } of entries) found[table] = [...(found[table] || []), id]
  return Object.fromEntries(Object.entries(found).map(([table, ids]) => [table, [...new Set(ids)].slice(0, most)]))
}

/** Whether ids by table name a row. */
export function names(ids, table, id) {
  return ((ids || {})[table] || []).includes(id)
}
